use super::*;
use crate::core::candidates::testing::targets;
use crate::wire::ranges::Status;

/// `id min max parent*`, where `-` is the empty text.
fn row(text: &str) -> PartitionKeyRange {
    let mut words = text.split(' ');
    let point = |words: &mut std::str::Split<'_, char>| match words.next().unwrap() {
        "-" => Epk::MIN,
        hex => hex.parse().unwrap(),
    };
    PartitionKeyRange {
        id: words.next().unwrap().into(),
        min: point(&mut words),
        max: point(&mut words),
        parents: words.map(Rc::from).collect(),
        status: Status::Online,
    }
}

fn rows(texts: &[&str]) -> Vec<PartitionKeyRange> {
    texts.iter().map(|text| row(text)).collect()
}

fn map(texts: &[&str]) -> RangeMap {
    RangeMap::build(rows(texts), mark("\"1\"")).unwrap()
}

fn mark(etag: &str) -> Option<Mark> {
    Some(Mark {
        etag: etag.to_owned(),
        source: targets(&["east"]).remove(0),
    })
}

fn ids<'a>(ranges: impl IntoIterator<Item = &'a Rc<PartitionKeyRange>>) -> Vec<&'a str> {
    ranges.into_iter().map(|range| &*range.id).collect()
}

fn epk(hex: &str) -> Epk {
    hex.parse().unwrap()
}

#[test]
fn ranges_come_in_the_order_of_their_space() {
    let map = map(&["10 AA FF", "9 - 55", "2 55 AA"]);
    assert_eq!(ids(map.ranges()), ["9", "2", "10"]);
    assert_eq!(map.mark(), mark("\"1\"").as_ref());
    let unmarked = RangeMap::build(rows(&["0 - FF"]), None).unwrap();
    assert_eq!(unmarked.mark(), None);
}

#[test]
fn what_does_not_make_up_the_space_is_incomplete() {
    for (texts, expected) in [
        (&[][..], Incomplete::Gap),
        (&["0 - 55"], Incomplete::Gap),
        (&["0 55 FF"], Incomplete::Gap),
        (&["0 - 55", "1 56 FF"], Incomplete::Gap),
        (&["0 - 55", "1 54 FF"], Incomplete::Overlap),
        (&["0 - FF", "1 - FF"], Incomplete::Overlap),
        (&["0 - FF01"], Incomplete::Overlap),
        (&["0 - -", "1 - FF"], Incomplete::Overlap),
        (&["0 - 55", "1 55 55", "2 55 FF"], Incomplete::Overlap),
        (&["0 - 55", "1 55 44", "2 55 FF"], Incomplete::Overlap),
        // A parent is gone, and one of its children is missing.
        (&["0 - FF", "1 - 55 0"], Incomplete::Gap),
        // Children that do not name their parent.
        (&["0 - FF", "1 - 55", "2 55 FF"], Incomplete::Overlap),
        // Its own parent.
        (&["0 - FF 0"], Incomplete::Gap),
    ] {
        let result = RangeMap::build(rows(texts), None);
        assert_eq!(result.unwrap_err(), expected, "{texts:?}");
    }
}

#[test]
fn trailing_zeros_of_a_bound_do_not_count() {
    let map = map(&["0 - 5500", "1 55 AA0000000000", "2 AA00 FF00"]);
    assert_eq!(map.lookup(&epk("55")).unwrap().id, "1".into());
    assert_eq!(map.lookup(&epk("AA000000")).unwrap().id, "2".into());
}

#[test]
fn the_last_row_of_an_id_counts() {
    let map = map(&["0 - 55", "1 AA FF", "0 - AA", "1 - 01", "1 AA FF"]);
    assert_eq!(ids(map.ranges()), ["0", "1"]);
    assert_eq!(map.lookup(&epk("A9")).unwrap().id, "0".into());
}

#[test]
fn a_split_replaces_the_parent() {
    let before = map(&["0 - FF"]);
    let after = before
        .merge(rows(&["2 80 FF 0", "1 - 80 0"]), mark("\"2\""))
        .unwrap();
    assert_eq!(ids(after.ranges()), ["1", "2"]);
    assert_eq!(after.mark(), mark("\"2\"").as_ref());
    assert!(after.by_id("0").is_none() && after.by_id("2").is_some());
    // The map before is untouched.
    assert_eq!(ids(before.ranges()), ["0"]);

    let again = after
        .merge(rows(&["3 - 40 0 1", "4 40 80 0 1"]), None)
        .unwrap();
    assert_eq!(ids(again.ranges()), ["3", "4", "2"]);
    // The retired ones do not come back.
    let late = again.merge(rows(&["0 - FF", "1 - 80 0"]), None).unwrap();
    assert_eq!(ids(late.ranges()), ["3", "4", "2"]);
}

#[test]
fn a_merge_of_partitions_replaces_both_parents() {
    let before = map(&["0 - 40", "1 40 80", "2 80 FF"]);
    let after = before.merge(rows(&["3 40 FF 1 2"]), None).unwrap();
    assert_eq!(ids(after.ranges()), ["0", "3"]);
    assert!(after.by_id("1").is_none() && after.by_id("2").is_none());
}

#[test]
fn an_increment_without_rows_brings_a_new_etag() {
    let map = map(&["1 - 80 0", "2 80 FF 0"]);
    let same = map.merge(Vec::new(), mark("\"2\"")).unwrap();
    assert_eq!(ids(same.ranges()), ["1", "2"]);
    assert_eq!(same.mark(), mark("\"2\"").as_ref());
}

#[test]
fn half_of_a_split_is_incomplete() {
    let map = map(&["0 - 80", "1 80 FF"]);
    for (increment, expected) in [
        ("2 - 40 0", Incomplete::Gap),
        ("2 40 80", Incomplete::Overlap),
        ("2 - FF 0", Incomplete::Overlap),
    ] {
        let result = map.merge(rows(&[increment]), None);
        assert_eq!(result.unwrap_err(), expected, "{increment}");
    }
    // The whole of it may come in pieces and in any order.
    let rows = rows(&["3 40 80 0", "0 - 80", "2 - 40 0"]);
    assert_eq!(
        ids(map.merge(rows, None).unwrap().ranges()),
        ["2", "3", "1"]
    );
}

#[test]
fn a_changed_row_replaces_the_one_of_its_id() {
    let before = map(&["0 - 80", "1 80 FF"]);
    let mut changed = row("1 80 FF");
    changed.status = Status::Splitting;
    let after = before.merge(vec![changed], None).unwrap();
    assert_eq!(after.by_id("1").unwrap().status, Status::Splitting);
    assert_eq!(before.by_id("1").unwrap().status, Status::Online);
}

#[test]
fn points_and_spans_find_their_ranges() {
    let map = map(&["0 - 40", "1 40 80", "2 80 FF"]);
    for (point, id) in [
        ("", Some("0")),
        ("00", Some("0")),
        ("3FFFFF", Some("0")),
        ("40", Some("1")),
        ("4000", Some("1")),
        ("400001", Some("1")),
        ("80", Some("2")),
        ("FEFFFF", Some("2")),
        ("FF", None),
        ("FF01", None),
    ] {
        let found = map.lookup(&epk(point)).map(|range| &*range.id);
        assert_eq!(found, id, "{point}");
    }
    for (min, max, expected) in [
        ("", "FF", &["0", "1", "2"][..]),
        ("", "40", &["0"]),
        ("", "4000", &["0"]),
        ("", "4001", &["0", "1"]),
        ("3F", "41", &["0", "1"]),
        ("40", "80", &["1"]),
        ("41", "42", &["1"]),
        ("41", "FF", &["1", "2"]),
        ("90", "FFFF", &["2"]),
        ("41", "41", &[]),
        ("41", "4100", &[]),
        ("42", "41", &[]),
        ("FF", "FFFF", &[]),
    ] {
        let found = ids(map.overlapping(&epk(min), &epk(max)));
        assert_eq!(found, expected, "{min} {max}");
    }
}

#[test]
fn a_slice_is_cut_at_the_bounds_of_ranges() {
    let map = map(&["0 - 40", "1 40 8000", "2 80 FF"]);
    for (min, max, expected) in [
        (
            "",
            "FF",
            &["0 - 40 whole", "1 40 80 whole", "2 80 FF whole"][..],
        ),
        ("", "40", &["0 - 40 whole"]),
        ("", "3F", &["0 - 3F"]),
        ("3F", "41", &["0 3F 40", "1 40 41"]),
        ("4000", "80", &["1 4000 80 whole"]),
        ("10", "90", &["0 10 40", "1 40 80 whole", "2 80 90"]),
        ("90", "FFFF", &["2 90 FF"]),
        ("FF", "FFFF", &[]),
        ("41", "4100", &[]),
        ("42", "41", &[]),
    ] {
        let slice = EpkRange {
            min: epk(min),
            max: epk(max),
        };
        let tiles = map.tiles(&slice);
        let expected: Vec<_> = expected.iter().map(|text| text.split(' ')).collect();
        assert_eq!(tiles.len(), expected.len(), "{min} {max}");
        for (tile, mut words) in tiles.iter().zip(expected) {
            assert_eq!(*tile.range.id, *words.next().unwrap());
            let bounds = [words.next().unwrap(), words.next().unwrap()];
            let bounds = bounds.map(|hex| epk(hex.trim_matches('-')));
            assert_eq!([tile.slice.min.clone(), tile.slice.max.clone()], bounds);
            assert_eq!(tile.is_whole(), words.next().is_some());
        }
    }
}

#[test]
fn too_many_rows_are_refused_before_they_are_sorted() {
    let many = vec![row("0 - FF"); MAX_RANGES + 1];
    let result = RangeMap::build(many, None);
    assert_eq!(result.unwrap_err(), Incomplete::TooMany);
    let repeated = vec![row("0 - FF"); MAX_RANGES];
    assert_eq!(
        ids(RangeMap::build(repeated, None).unwrap().ranges()),
        ["0"]
    );
}

/// Splits and merges in any order, compared with a plain list.
#[test]
fn any_history_keeps_the_map_whole() {
    let mut state = 3_u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    // Bounds as 16-bit numbers, with their ids and ancestors.
    let mut live: Vec<(usize, usize, String, Vec<String>)> =
        vec![(0, 0xFF00, "0".to_owned(), Vec::new())];
    let text = |(min, max, id, parents): &(usize, usize, String, Vec<String>)| {
        let min = if *min == 0 {
            "-".to_owned()
        } else {
            format!("{min:04X}")
        };
        [&[id.clone(), min, format!("{max:04X}")][..], parents]
            .concat()
            .join(" ")
    };
    let mut map = map(&["0 - FF"]);
    for next in (1..600).step_by(2) {
        let at = below(live.len());
        let (min, max, id, mut ancestors) = live[at].clone();
        ancestors.push(id.clone());
        let new = if below(3) > 0 && max - min > 1 {
            let middle = min + 1 + below(max - min - 1);
            let left = (min, middle, next.to_string(), ancestors.clone());
            let right = (middle, max, (next + 1).to_string(), ancestors);
            vec![left, right]
        } else if let Some((_, max, other, others)) = live.get(at + 1).cloned() {
            ancestors.extend(others);
            ancestors.push(other);
            live.remove(at + 1);
            vec![(min, max, next.to_string(), ancestors)]
        } else {
            continue;
        };
        let mut increment: Vec<_> = new.iter().map(|range| row(&text(range))).collect();
        if below(2) == 0 {
            increment.reverse();
        }
        if increment.len() > 1 {
            let half = vec![increment[0].clone()];
            assert_eq!(map.merge(half, None).unwrap_err(), Incomplete::Gap);
        }
        live.splice(at..=at, new);
        map = map.merge(increment, None).unwrap();
        let expected: Vec<_> = live.iter().map(|range| row(&text(range))).collect();
        assert!(map.ranges().iter().map(|range| &**range).eq(&expected));
        assert!(map.by_id(&id).is_none());

        let point = below(0xFF00);
        let holds =
            |range: &&(usize, usize, String, Vec<String>)| range.0 <= point && point < range.1;
        let found = map.lookup(&epk(&format!("{point:04X}"))).unwrap();
        let whole = map.tiles(&EpkRange::ALL);
        assert_eq!(whole.len(), live.len());
        assert!(whole.iter().all(Tile::is_whole));
        assert_eq!(*found.id, *live.iter().find(holds).unwrap().2);
    }
    assert!(live.len() > 20);
}
