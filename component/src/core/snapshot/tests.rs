use super::*;
use crate::core::ranges::testing::ranges;
use crate::wire::account::{Consistency, Location};
use crate::wire::container::PartitionKeyDefinition;
use crate::wire::epk::KeyHash;

const ACCOUNT: &str = "https://a.example.com/";

/// The same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize % bound
    }

    fn bytes(&mut self, bound: usize) -> Vec<u8> {
        (0..self.below(bound))
            .map(|_| self.below(256) as u8)
            .collect()
    }
}

fn at(container: &str) -> ContainerRef {
    ContainerRef {
        database: "d".to_owned(),
        container: container.to_owned(),
    }
}

fn location(name: &str) -> Location {
    Location {
        name: name.to_owned(),
        database_account_endpoint: format!("https://a-{name}.example.com/"),
    }
}

fn container(rid: &str, paths: &[&str], hash: KeyHash) -> Rc<Container> {
    Rc::new(Container {
        rid: rid.to_owned(),
        definition: PartitionKeyDefinition {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            system_key: paths.is_empty(),
            hash,
        },
    })
}

/// Every kind of part, some of them several times.
fn parts() -> Vec<Part> {
    let document = AccountDocument {
        writable_locations: vec![location("eastus")],
        readable_locations: vec![location("eastus"), location("westus2")],
        enable_multiple_write_locations: true,
        consistency: Consistency::Eventual,
        per_partition_failover: true,
        hedging_disabled: Some(true),
        etag: None,
    };
    let session = |name: &str, rid: Option<&str>| Part::Session {
        at: at(name),
        rid: rid.map(str::to_owned),
        token: "0:1#9#1=8,12:-1#300".to_owned(),
    };
    let of = |name: &str, container| Part::Container {
        at: at(name),
        container,
    };
    vec![
        Part::Account {
            age: 299_999,
            document,
        },
        Part::Account {
            age: 0,
            document: AccountDocument {
                hedging_disabled: Some(false),
                ..AccountDocument::default()
            },
        },
        Part::Avoided {
            age: u64::MAX,
            writes_only: true,
            endpoint: "https://a-westus2.example.com/".to_owned(),
        },
        session("c", Some("r1")),
        session("größe 1", None),
        of("c", container("r1", &["/pk"], KeyHash::V2)),
        of("h", container("r2", &["/a", "/b", "/c"], KeyHash::Multi)),
        of("none", container("r3", &[], KeyHash::V1)),
        Part::Ranges {
            at: at("c"),
            rid: "r1".to_owned(),
            ranges: Rc::new(ranges(7, &["20", "40", "60AB"])),
        },
    ]
}

fn write(parts: &[Part]) -> Vec<u8> {
    let mut writer = Writer::new(ACCOUNT, 1_751_373_296);
    for part in parts {
        writer.push(part);
    }
    writer.finish()
}

/// All that can be read, and how many parts cannot.
fn read(bytes: &[u8]) -> Result<(Vec<Part>, usize), Refused> {
    let mut reader = Reader::open(bytes, ACCOUNT)?;
    let (mut parts, mut unreadable) = (Vec::new(), 0);
    while let Some(part) = reader.next_part() {
        match part {
            Some(part) => parts.push(part),
            None => unreadable += 1,
        }
    }
    Ok((parts, unreadable))
}

/// The same with another end, and with the check that belongs to it.
fn forged(head: usize, bytes: &[u8], more: &[u8]) -> Vec<u8> {
    Writer([&bytes[..head], more].concat()).finish()
}

#[test]
fn what_is_written_is_read() {
    let bytes = write(&parts());
    assert_eq!(
        Reader::open(&bytes, ACCOUNT).unwrap().created(),
        1_751_373_296
    );
    let (read, unreadable) = read(&bytes).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", parts()));
    assert_eq!((write(&read), unreadable), (bytes, 0));
    assert_eq!(self::read(&write(&[])).unwrap().0.len(), 0);
}

#[test]
fn whatever_did_not_arrive_as_it_was_written_is_refused() {
    let bytes = write(&parts());
    for length in 0..bytes.len() {
        let refused = read(&bytes[..length]).unwrap_err();
        assert_eq!(refused, Refused::Damaged, "{length}");
    }
    assert_eq!(
        read(&[&bytes[..], &[0]].concat()).unwrap_err(),
        Refused::Damaged
    );
    for place in 0..bytes.len() {
        for flip in 1..=255_u8 {
            let mut bytes = bytes.clone();
            bytes[place] ^= flip;
            let expected = match place {
                4 if bytes[place] > VERSION => Refused::Newer,
                _ => Refused::Damaged,
            };
            assert_eq!(read(&bytes).unwrap_err(), expected, "{place} {flip}");
        }
    }
}

#[test]
fn other_accounts_and_other_versions_are_told_apart() {
    let bytes = write(&parts());
    for account in ["https://b.example.com/", "https://a.example.com", ""] {
        assert_eq!(Reader::open(&bytes, account).unwrap_err(), Refused::Foreign);
    }
    let mut newer = forged(bytes.len(), &bytes, b"what nobody knows");
    newer[4] = 2;
    assert_eq!(read(&newer).unwrap_err(), Refused::Newer);
    newer[4] = 0;
    assert_eq!(read(&newer).unwrap_err(), Refused::Damaged);
}

#[test]
fn parts_of_a_later_driver_are_passed_over() {
    let empty = write(&[]);
    // A tag without a meaning; a body that goes on after its end.
    let (tag, mut body) = parts()[3].written();
    body.extend_from_slice(b"more");
    let mut more = vec![200, 2, 7, 7, tag];
    push_bytes(&mut more, &body);
    let (read, unreadable) = read(&forged(empty.len(), &empty, &more)).unwrap();
    assert_eq!(unreadable, 1);
    assert_eq!(format!("{read:?}"), format!("{:?}", &parts()[3..4]));
}

#[test]
fn forged_parts_make_no_sense_and_cost_no_memory() {
    let empty = write(&[]);
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1];
    for (tag, prefix) in [
        (1, &b"\x00\x00\x00"[..]),
        (1, b"\x00\x00\x00\x01"),
        (1, b"\x00\x00\x09"),
        (2, b""),
        (2, b"\x00\x00"),
        (3, b""),
        (3, b"\x01d\x01c"),
        (3, b"\x01d\x01c\x02r1"),
        (4, b"\x01d\x01c\x02r1\x09"),
        (4, b"\x01d\x01c\x02r1\x01\x00"),
        (5, b"\x01d\x01c\x02r1"),
        (5, b"\x01d\x01c\x02r1\x01\x010\x00\x09"),
        (5, b"\x01d\x01c\x02r1\x01\x010\x00\x00"),
    ] {
        let mut more = vec![tag];
        push_bytes(&mut more, &[prefix, &huge, b"rest"].concat());
        let (parts, unreadable) = read(&forged(empty.len(), &empty, &more)).unwrap();
        assert_eq!((parts.len(), unreadable), (0, 1), "{tag} {prefix:?}");
    }
    // A body that is longer than what is there; a number that has no end.
    for more in [
        &b"\x03\x7F1"[..],
        b"\x03",
        &[&b"\x03"[..], &[0x80; 11]].concat(),
    ] {
        let (parts, unreadable) = read(&forged(empty.len(), &empty, more)).unwrap();
        assert_eq!((parts.len(), unreadable), (0, 1), "{more:?}");
    }
}

#[test]
fn ids_that_no_header_can_carry_and_ranges_with_gaps_are_no_parts() {
    let session = Part::Session {
        at: at("c"),
        rid: Some("r\r\nx-evil: 1".to_owned()),
        token: "0:1".to_owned(),
    };
    let of = Part::Container {
        at: at("c"),
        container: container("r\n", &["/pk"], KeyHash::V2),
    };
    assert_eq!(read(&write(&[session, of])).unwrap().1, 2);
    let gap = b"\x01d\x01c\x02r1\x01\x010\x01\x20\x00\x00";
    let empty = write(&[]);
    let mut more = vec![5];
    push_bytes(&mut more, gap);
    assert_eq!(
        read(&forged(empty.len(), &empty, &more)).unwrap().1,
        1,
        "begins at 20"
    );
}

#[test]
fn any_bytes_with_a_good_check_are_read_without_harm() {
    let (empty, full) = (write(&[]), write(&parts()));
    let mut random = Random(3);
    for _ in 0..3000 {
        let bytes = random.bytes(200);
        let (read, _) = read(&forged(empty.len(), &empty, &bytes)).unwrap();
        // What was understood is understood again.
        let again = self::read(&write(&read)).unwrap();
        assert_eq!(
            (format!("{:?}", again.0), again.1),
            (format!("{read:?}"), 0)
        );
    }
    for _ in 0..3000 {
        let mut bytes = full.clone();
        let place = empty.len() + random.below(full.len() - empty.len());
        bytes[place] = random.below(256) as u8;
        let (read, _) = read(&Writer(bytes).finish()).unwrap();
        let again = self::read(&write(&read)).unwrap();
        assert_eq!(
            (format!("{:?}", again.0), again.1),
            (format!("{read:?}"), 0)
        );
    }
}

#[test]
fn size_is_bounded_both_ways() {
    let wide: Vec<_> = (1..30_000).map(|n| format!("{n:04X}")).collect();
    let wide: Vec<_> = wide.iter().map(String::as_str).collect();
    let wide = Part::Ranges {
        at: at("wide"),
        rid: "r".to_owned(),
        ranges: Rc::new(ranges(0, &wide)),
    };
    let mut all = vec![wide];
    all.extend(parts());
    // What does not fit is left out, what comes after it is not.
    assert_eq!(write(&all), write(&parts()));
    let many: Vec<_> = (0..20_000)
        .map(|n| Part::Session {
            at: at(&n.to_string()),
            rid: None,
            token: "0:1#9".to_owned(),
        })
        .collect();
    let bytes = write(&many);
    assert!((MAX_WRITTEN - 100..=MAX_WRITTEN).contains(&bytes.len()));
    assert!(read(&bytes).unwrap().0.len() > 10_000);
    assert_eq!(read(&vec![0; MAX_READ + 1]).unwrap_err(), Refused::TooLarge);
    assert_eq!(read(&vec![0; MAX_READ]).unwrap_err(), Refused::Damaged);
}
