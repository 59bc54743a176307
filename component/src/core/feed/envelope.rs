//! The rows of a rewritten `ORDER BY`: `{"_rid":…,"orderByItems":[{"item":…}],"payload":…}` (spec data-plane §3.7).

use std::cmp::Ordering;

use super::error::{FeedError, Result};
use super::row::Row;
use super::shape::Order;
use crate::wire::base64::{self, Form};
use crate::wire::json::Json;
use crate::wire::value::{self, Value};

/// What a row is ordered by in one column.
pub(super) type Key = Value<'static>;

/// A row with what decides its place.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// The whole envelope.
    pub(super) row: Row,
    /// The row to give; none if it is undefined.
    pub(super) payload: Option<Row>,
    /// `_rid`, never empty.
    pub(super) rid: Box<[u8]>,
    /// One for each column.
    pub(super) keys: Vec<Key>,
}

impl Head {
    /// Reads an envelope.
    pub(super) fn parse(row: Row, order: &[Order]) -> Result<Self> {
        let (mut rid, mut items, mut payload) = (None, None, None);
        for (name, value) in value::members(row.bytes()) {
            match &*name {
                b"_rid" | b"__sys_rid" => rid = value::text(value),
                b"orderByItems" => items = Some(value),
                b"payload" => payload = Some(row.part(value)),
                _ => (),
            }
        }
        let rid = rid.filter(|rid| !rid.is_empty());
        let (Some(rid), Some(items)) = (rid, items) else {
            return Err(FeedError::Malformed(
                "a sorted row lacks _rid or orderByItems",
            ));
        };
        Ok(Self {
            rid: rid.into(),
            keys: sort_keys(items, order)?,
            payload,
            row,
        })
    }
}

/// The keys of a row's `orderByItems`.
fn sort_keys(items: &[u8], order: &[Order]) -> Result<Vec<Key>> {
    let mut keys = Vec::with_capacity(order.len());
    for wrapper in value::elements(items) {
        let column = keys.len();
        let key = Value::of(item(wrapper)).ok_or(FeedError::Malformed("a sort key is no JSON"))?;
        keys.push(key.into_owned().ok_or(FeedError::UnorderedKey { column })?);
    }
    if keys.len() == order.len() {
        Ok(keys)
    } else {
        Err(FeedError::Malformed(
            "a sorted row has more or fewer keys than the query has columns",
        ))
    }
}

/// The keys of an envelope as a boundary has them.
pub(super) fn boundary_values(row: &Row) -> Vec<String> {
    let items = value::member(row.bytes(), b"orderByItems");
    let mut values = Vec::new();
    for wrapper in value::elements(items.unwrap_or(b"[]")) {
        let json = item(wrapper).unwrap_or(b"[]");
        values.push(String::from_utf8_lossy(json).into_owned());
    }
    values
}

/// The keys of a boundary; none if it does not fit the order.
pub(super) fn boundary_keys(values: &[String], order: &[Order]) -> Option<Vec<Key>> {
    let mut keys = Vec::with_capacity(values.len());
    for json in values {
        keys.push(match json.as_str() {
            "[]" => Value::Undefined,
            // Read in full, because this may come from outside.
            json if Json::parse(json.as_bytes()).is_some() => {
                Value::parse(json.as_bytes())?.into_owned()?
            }
            _ => return None,
        });
    }
    (keys.len() == order.len()).then_some(keys)
}

/// The `item` of a wrapper; none if it is undefined.
pub(super) fn item(wrapper: &[u8]) -> Option<&[u8]> {
    value::member(wrapper, b"item")
}

/// Column by column, each in its direction.
pub(super) fn compare_keys(one: &[Key], other: &[Key], order: &[Order]) -> Ordering {
    for ((one, other), column) in one.iter().zip(other).zip(order) {
        let ordering = one.order(other);
        if ordering != Ordering::Equal {
            return if column.descending {
                ordering.reverse()
            } else {
                ordering
            };
        }
    }
    Ordering::Equal
}

/// The order in which the service gives documents with equal keys: by their number. What is no document's rid goes by
/// its text, for servers that number otherwise.
pub(super) fn compare_rids(one: &[u8], other: &[u8]) -> Ordering {
    match (ordinal(one), ordinal(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

/// The number of the document: the third and fourth word of its rid, lowest byte first.
fn ordinal(rid: &[u8]) -> Option<u64> {
    // A minus stands for a slash, so that the rid fits in a path.
    let rid: Vec<u8> = rid
        .iter()
        .map(|byte| if *byte == b'-' { b'/' } else { *byte })
        .collect();
    let bytes = base64::decode(Form::Standard, &rid)?;
    let of_collection = bytes.get(4)? & 0x80 != 0;
    let number = bytes.get(8..16)?.first_chunk()?;
    (of_collection && matches!(bytes.len(), 16 | 20)).then_some(u64::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::feed::tests::rid;

    fn head(json: &str, columns: usize) -> Result<Head> {
        let order = vec![Order::default(); columns];
        Head::parse(Row::made(json.as_bytes().to_vec()), &order)
    }

    #[test]
    fn envelopes_are_taken_apart() {
        let json = r#"{"_rid":"r\u0031","orderByItems":[{"item":1.50},{},{"item":null}],"payload": {"x": 1} }"#;
        let head = head(json, 3).unwrap();
        assert_eq!(&*head.rid, b"r1");
        assert_eq!(head.payload.unwrap().bytes(), br#"{"x": 1}"#);
        let keys = ["1.50", "[]", "null"];
        assert_eq!(boundary_values(&head.row), keys);
        let order = vec![Order::default(); 3];
        assert_eq!(
            boundary_keys(&keys.map(String::from), &order),
            Some(head.keys)
        );
        assert_eq!(boundary_keys(&keys.map(String::from), &order[..2]), None);
        for json in ["", "{}", "[1]", "nonsense", "\"a", "1 2"] {
            assert_eq!(
                boundary_keys(&[json.to_owned()], &order[..1]),
                None,
                "{json}"
            );
        }
    }

    #[test]
    fn envelopes_that_make_no_sense() {
        for json in [
            r#"{"orderByItems":[{}]}"#,
            r#"{"_rid":"","orderByItems":[{}]}"#,
            r#"{"_rid":1,"orderByItems":[{}]}"#,
            r#"{"_rid":"a"}"#,
            r#"{"_rid":"a","orderByItems":[]}"#,
            r#"{"_rid":"a","orderByItems":[{},{}]}"#,
            r#"{"_rid":"a","orderByItems":{}}"#,
            "7",
        ] {
            assert!(
                matches!(head(json, 1), Err(FeedError::Malformed(_))),
                "{json}"
            );
        }
        let cassandra = head(r#"{"__sys_rid":"a","orderByItems":[{}]}"#, 1).unwrap();
        assert!(cassandra.payload.is_none());
    }

    #[test]
    fn arrays_and_objects_are_no_sort_keys() {
        for key in ["[]", "{}", "[1]"] {
            let json = format!(r#"{{"_rid":"a","orderByItems":[{{"item":1}},{{"item":{key}}}]}}"#);
            let error = head(&json, 2).unwrap_err();
            let expected = FeedError::UnorderedKey { column: 1 };
            assert_eq!(error, expected);
            assert!(error.to_string().contains("column 2 of ORDER BY"));
        }
    }

    #[test]
    fn rids_order_by_number() {
        let numbers = [0_u64, 1, 63, 64, 255, 256, 65_535, 1 << 40];
        for (at, one) in numbers.iter().enumerate() {
            for (other_at, other) in numbers.iter().enumerate() {
                let order = compare_rids(rid(*one).as_bytes(), rid(*other).as_bytes());
                assert_eq!(order, at.cmp(&other_at), "{one} {other}");
            }
        }
        assert_eq!(compare_rids(b"b", b"a"), Ordering::Greater);
    }
}
