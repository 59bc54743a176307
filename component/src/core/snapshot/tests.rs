use std::rc::Rc;

use super::*;
use crate::core::account::Target;
use crate::core::container::Container;
use crate::core::ranges::RangeMap;
use crate::core::ranges::testing::ranges as map;
use crate::core::routing::topology::Topology;
use crate::wire::account::{AccountDocument, Consistency, Location};
use crate::wire::container::PartitionKeyDefinition;
use crate::wire::endpoint::Endpoint;
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

/// A part with what it says.
#[derive(Debug)]
enum Said {
    Nothing,
    Account(Topology),
    Container(Container),
    Ranges(RangeMap),
}

type Told = (Kind, u64, [String; 4], Said);

fn configured() -> Rc<Target> {
    Rc::new(Target {
        region: None,
        endpoint: Endpoint::parse(ACCOUNT, None).unwrap(),
    })
}

fn topology(document: &AccountDocument) -> Said {
    Said::Account(Topology::new(document, &configured(), None, &[], None))
}

fn location(name: &str) -> Location {
    Location {
        name: name.to_owned(),
        database_account_endpoint: format!("https://a-{name}.example.com/"),
    }
}

fn definition(rid: &str, paths: &[&str], hash: KeyHash) -> Said {
    Said::Container(Container {
        rid: rid.to_owned(),
        definition: PartitionKeyDefinition {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            system_key: paths.is_empty(),
            hash,
        },
    })
}

fn told(kind: Kind, age: u64, texts: [&str; 4], said: Said) -> Told {
    (kind, age, texts.map(str::to_owned), said)
}

/// Every kind of part, some of them several times.
fn parts() -> Vec<Told> {
    let document = AccountDocument {
        writable_locations: vec![location("eastus")],
        readable_locations: vec![location("eastus"), location("westus2")],
        enable_multiple_write_locations: true,
        consistency: Consistency::Eventual,
        per_partition_failover: true,
        hedging_disabled: Some(true),
        etag: None,
    };
    let token = "0:1#9#1=8,12:-1#300";
    let west = "https://a-westus2.example.com/";
    let of = |name, said| {
        let rid = match &said {
            Said::Container(container) => container.rid.clone(),
            _ => "r1".to_owned(),
        };
        let kind = match &said {
            Said::Container(_) => Kind::Container,
            _ => Kind::Ranges,
        };
        told(kind, 0, ["d", name, &rid, ""], said)
    };
    vec![
        told(Kind::Account, 299_999, [""; 4], topology(&document)),
        told(
            Kind::Account,
            0,
            [""; 4],
            topology(&AccountDocument::default()),
        ),
        told(
            Kind::Avoided,
            u64::MAX,
            [west, "writes", "", ""],
            Said::Nothing,
        ),
        told(Kind::Session, 0, ["d", "c", "r1", token], Said::Nothing),
        told(Kind::Session, 0, ["größe 1", "c", "", token], Said::Nothing),
        of("c", definition("r1", &["/pk"], KeyHash::V2)),
        of("h", definition("r2", &["/a", "/b", "/c"], KeyHash::Multi)),
        of("none", definition("r3", &[], KeyHash::V1)),
        of("c", Said::Ranges(map(7, &["20", "40", "60AB"]))),
    ]
}

fn write(parts: &[Told]) -> Vec<u8> {
    let mut writer = Writer::new(ACCOUNT, 1_751_373_296);
    for (kind, age, texts, said) in parts {
        writer.begin(*kind, *age, texts.each_ref().map(String::as_str));
        match said {
            Said::Nothing => {}
            Said::Account(topology) => writer.account(topology),
            Said::Container(container) => writer.container(container),
            Said::Ranges(map) => writer.ranges(map),
        }
        writer.end();
    }
    writer.finish()
}

fn understood(part: Part<'_>) -> Option<Told> {
    let said = match part.kind {
        Kind::Account => topology(&account(part.body)?),
        Kind::Container => Said::Container(container(part.texts[2], part.body)?),
        Kind::Ranges => Said::Ranges(ranges(part.body)?),
        Kind::Avoided | Kind::Session => Said::Nothing,
    };
    Some((part.kind, part.age, part.texts.map(str::to_owned), said))
}

/// All that can be read, and how many parts cannot.
fn read(bytes: &[u8]) -> Result<(Vec<Told>, usize), Refused> {
    let mut reader = Reader::open(bytes, ACCOUNT)?;
    let (mut parts, mut unreadable) = (Vec::new(), 0);
    while let Some(part) = reader.next_part() {
        match part.and_then(understood) {
            Some(part) => parts.push(part),
            None => unreadable += 1,
        }
    }
    Ok((parts, unreadable))
}

/// The bytes of a part, whatever its body.
fn raw(kind: u8, texts: [&str; 4], body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new("", 0);
    let head = writer.bytes.len();
    writer.begin(Kind::Session, 0, texts);
    writer.bytes[head] = kind;
    writer.bytes.extend_from_slice(body);
    writer.end();
    writer.bytes.split_off(head)
}

/// The same with another end, and with the check that belongs to it.
fn forged(head: usize, bytes: &[u8], more: &[u8]) -> Vec<u8> {
    checked([&bytes[..head], more].concat())
}

fn checked(bytes: Vec<u8>) -> Vec<u8> {
    Writer { bytes, part: 0 }.finish()
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
    // A kind without a meaning; a body that goes on after its end.
    let body = b"\x01\x00\x01\x03/pkmore";
    let more = [raw(200, [""; 4], b"7"), raw(4, ["d", "c", "r1", ""], body)];
    let (read, unreadable) = read(&forged(empty.len(), &empty, &more.concat())).unwrap();
    assert_eq!(unreadable, 1);
    assert_eq!(format!("{read:?}"), format!("{:?}", &parts()[5..6]));
}

#[test]
fn forged_parts_make_no_sense_and_cost_no_memory() {
    let empty = write(&[]);
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1];
    for (kind, start) in [
        (1, &b"\x00\x00"[..]),
        (1, b"\x00\x00\x01\x01e"),
        (1, b"\x00\x09"),
        (4, b"\x09"),
        (4, b"\x01\x00"),
        (4, b"\x01\x00\x01"),
        (5, b""),
        (5, b"\x01\x010\x00\x01"),
        (5, b"\x01\x010\x00"),
        (5, b"\x01"),
    ] {
        let more = raw(
            kind,
            ["d", "c", "r1", ""],
            &[start, &huge, b"rest"].concat(),
        );
        let (parts, unreadable) = read(&forged(empty.len(), &empty, &more)).unwrap();
        assert_eq!((parts.len(), unreadable), (0, 1), "{kind} {start:?}");
    }
    // A part that is longer than what is there; a number that has no end.
    for more in [
        &b"\x03\x7F\x00\x00\x001"[..],
        b"\x03",
        b"\x03\x00\x00\x00",
        b"\x03\x01\x00\x00\x00\x00",
        &[&b"\x03\x0B\x00\x00\x00"[..], &[0x80; 11]].concat(),
    ] {
        let (parts, unreadable) = read(&forged(empty.len(), &empty, more)).unwrap();
        assert_eq!((parts.len(), unreadable), (0, 1), "{more:?}");
    }
}

#[test]
fn ids_that_no_header_can_carry_and_ranges_with_gaps_are_no_parts() {
    let rid = "r\r\nx-evil: 1";
    let session = told(Kind::Session, 0, ["d", "c", rid, "0:1"], Said::Nothing);
    let of = told(
        Kind::Container,
        0,
        ["d", "c", rid, ""],
        definition(rid, &[], KeyHash::V2),
    );
    assert_eq!(read(&write(&[session, of])).unwrap().1, 2);
    let empty = write(&[]);
    for body in [
        // No range, one that begins at 20, one whose id holds a space.
        &b"\x00"[..],
        b"\x01\x010\x01\x20\x00",
        b"\x01\x01 \x00\x00",
    ] {
        let more = raw(5, ["d", "c", "r1", ""], body);
        assert_eq!(read(&forged(empty.len(), &empty, &more)).unwrap().1, 1);
    }
    let more = raw(5, ["d", "c", "r1", ""], b"\x01\x010\x00\x00");
    assert_eq!(read(&forged(empty.len(), &empty, &more)).unwrap().1, 0);
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
        let (read, _) = read(&checked(bytes)).unwrap();
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
    let wide = Said::Ranges(map(0, &wide));
    let mut all = vec![told(Kind::Ranges, 0, ["d", "wide", "r", ""], wide)];
    all.extend(parts());
    // What does not fit is left out, what comes after it is not.
    assert_eq!(write(&all), write(&parts()));
    let one = |n: u32| {
        told(
            Kind::Session,
            0,
            ["d", &n.to_string(), "", "0:1#9"],
            Said::Nothing,
        )
    };
    let many: Vec<_> = (0..20_000).map(one).collect();
    let bytes = write(&many);
    assert!((MAX_WRITTEN - 100..=MAX_WRITTEN).contains(&bytes.len()));
    assert!(read(&bytes).unwrap().0.len() > 10_000);
    assert_eq!(read(&vec![0; MAX_READ + 1]).unwrap_err(), Refused::TooLarge);
    assert_eq!(read(&vec![0; MAX_READ]).unwrap_err(), Refused::Damaged);
}
