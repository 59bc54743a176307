//! Pages of `GET …/pkranges`: a container's physical partitions (spec data-plane §2.2).

use std::rc::Rc;

use super::epk::Epk;
use super::json::{self, Json};

/// A partition key range: one physical partition and its part of the hash space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionKeyRange {
    /// Its id, usually a decimal number.
    pub id: Rc<str>,
    /// Its lowest point.
    pub min: Epk,
    /// The end of it, which is the lowest point of the next range.
    pub max: Epk,
    /// All ranges that it came from by splits and merges, back to the first.
    pub parents: Vec<Rc<str>>,
    /// What the service is doing with it.
    pub status: Status,
}

/// What the service is doing with a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// It serves requests. Also stands for a status that is absent or unknown.
    #[default]
    Online,
    /// It serves requests and is about to be split.
    Splitting,
    /// It serves none.
    Offline,
    /// Others have taken its place.
    Split,
}

/// Reads one page, in the service's order. None if the body is no such page, or if anything in it is malformed: a
/// range left out could be the one that replaces another.
pub fn parse(body: &[u8]) -> Option<Vec<PartitionKeyRange>> {
    let mut rows = None;
    let read = json::members(body, &mut |name, value| {
        if name == "PartitionKeyRanges" {
            rows = json::elements(value);
        }
    });
    read?;
    let rows = rows?;
    let mut ranges = Vec::with_capacity(rows.len());
    for row in rows {
        ranges.push(range(row)?);
    }
    Some(ranges)
}

fn range(row: Json<'_>) -> Option<PartitionKeyRange> {
    let (mut id, mut min, mut max) = (None, None, None);
    let (mut parents, mut status) = (Some(Vec::new()), Status::default());
    let read = json::members(row.get().as_bytes(), &mut |name, value| match name {
        "id" => id = json::text(value),
        "minInclusive" => min = point(value),
        "maxExclusive" => max = point(value),
        "parents" => parents = ids(value),
        "status" => status = state(value),
        _ => {}
    });
    read?;
    Some(PartitionKeyRange {
        id: id?.into(),
        min: min?,
        max: max?,
        parents: parents?,
        status,
    })
}

fn point(value: Json<'_>) -> Option<Epk> {
    json::text(value)?.parse().ok()
}

fn ids(value: Json<'_>) -> Option<Vec<Rc<str>>> {
    if value.get() == "null" {
        return Some(Vec::new());
    }
    let elements = json::elements(value)?;
    let mut ids = Vec::with_capacity(elements.len());
    for element in elements {
        ids.push(json::text(element)?.into());
    }
    Some(ids)
}

fn state(value: Json<'_>) -> Status {
    match value.get() {
        "\"splitting\"" => Status::Splitting,
        "\"offline\"" => Status::Offline,
        "\"split\"" => Status::Split,
        _ => Status::Online,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    fn page(rows: &str) -> Option<Vec<PartitionKeyRange>> {
        parse(format!(r#"{{"_rid":"r","PartitionKeyRanges":[{rows}],"_count":1}}"#).as_bytes())
    }

    #[test]
    fn reads_the_documented_shape_and_ignores_the_rest() {
        let ranges = page(
            r#"{"id":"1","minInclusive":"","maxExclusive":"1fff","parents":["0","7"],"status":"splitting",
                "throughputFraction":0.5,"ridPrefix":1,"_rid":"x","_self":"y","_etag":"z","_ts":0,"_lsn":0,
                "ownedArchivalPKRangeIds":[]},
               {"maxExclusive":"FF","minInclusive":"1FFF","id":"2"}"#,
        )
        .unwrap();
        let [first, second] = ranges.as_slice() else {
            panic!("{ranges:?}")
        };
        assert_eq!((&*first.id, first.status), ("1", Status::Splitting));
        assert_eq!(first.parents, ["0".into(), "7".into()]);
        assert_eq!(
            (first.min.to_hex(), first.max.to_hex()),
            (String::new(), "1FFF".to_owned())
        );
        assert_eq!((&*second.id, second.status), ("2", Status::Online));
        assert_eq!((&second.min, &second.max), (&first.max, &Epk::MAX));
        assert!(second.parents.is_empty());
    }

    #[test]
    fn every_status_has_a_meaning() {
        for (text, status) in [
            ("\"online\"", Status::Online),
            ("\"splitting\"", Status::Splitting),
            ("\"offline\"", Status::Offline),
            ("\"split\"", Status::Split),
            ("\"new\"", Status::Online),
            ("null", Status::Online),
        ] {
            let row = format!(
                r#"{{"id":"1","minInclusive":"","maxExclusive":"FF","parents":null,"status":{text}}}"#
            );
            assert_eq!(page(&row).unwrap()[0].status, status, "{text}");
        }
    }

    #[test]
    fn one_malformed_range_spoils_the_page() {
        let good = r#"{"id":"1","minInclusive":"","maxExclusive":"FF"}"#;
        assert_eq!(page(good).unwrap().len(), 1);
        assert_eq!(page("").unwrap().len(), 0);
        for bad in [
            "7",
            "null",
            "{}",
            r#"{"minInclusive":"","maxExclusive":"FF"}"#,
            r#"{"id":1,"minInclusive":"","maxExclusive":"FF"}"#,
            r#"{"id":"1","maxExclusive":"FF"}"#,
            r#"{"id":"1","minInclusive":""}"#,
            r#"{"id":"1","minInclusive":"0","maxExclusive":"FF"}"#,
            r#"{"id":"1","minInclusive":"","maxExclusive":"GG"}"#,
            r#"{"id":"1","minInclusive":"","maxExclusive":"FF","parents":"0"}"#,
            r#"{"id":"1","minInclusive":"","maxExclusive":"FF","parents":[0]}"#,
        ] {
            assert_eq!(page(&format!("{good},{bad}")), None, "{bad}");
        }
    }

    #[test]
    fn what_is_no_page_is_none() {
        for body in [
            &b""[..],
            b"[]",
            b"{}",
            b"<html>",
            b"\xFF",
            br#"{"PartitionKeyRanges":{}}"#,
            br#"{"PartitionKeyRanges":null}"#,
            br#"{"PartitionKeyRanges":["#,
        ] {
            assert_eq!(parse(body), None);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        let pieces = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"PartitionKeyRanges\"",
            "\"id\"",
            "\"minInclusive\"",
            "\"maxExclusive\"",
            "\"parents\"",
            "\"\"",
            "\"FF\"",
            "null",
            "1",
            " ",
        ];
        let mut random = Random::new(12);
        for _ in 0..4000 {
            let body = random.text(&pieces, 24);
            if let Some(ranges) = parse(body.as_bytes()) {
                assert!(ranges.len() <= body.len(), "{body}");
            }
            parse(&random.bytes(24));
        }
    }
}
