//! The envelope around a change in a change feed (spec data-plane §5.3).

use super::json::{self, Json};

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Create,
    /// It was replaced or patched.
    Replace,
    /// It was deleted, or its time to live was over.
    Delete,
    /// Something that this driver does not know.
    Unknown,
}

/// A change. Documents are the bytes that came.
#[derive(Debug, Clone, Default)]
pub struct Change<'a> {
    /// The item after the change; none after a delete.
    pub current: Option<Json<'a>>,
    /// The item before the change, if the service kept it.
    pub previous: Option<Json<'a>>,
    /// What happened; none in feeds of latest versions.
    pub kind: Option<ChangeKind>,
    /// The change's number in its partition.
    pub lsn: Option<u64>,
    /// The number of the change before it to the same item.
    pub previous_lsn: Option<u64>,
    /// When it happened, in seconds since 1970 (UTC).
    pub committed_seconds: Option<u64>,
    /// Whether the item was deleted because its time to live was over.
    pub expired: bool,
    /// The item's id, where the document cannot tell.
    pub id: Option<String>,
    /// The item's partition key as a JSON array, where the document cannot tell.
    pub partition_key: Option<Json<'a>>,
}

/// Reads a row of a change feed. None if it is no envelope but a document itself: not every service honours the request
/// for envelopes, so an object is one only if it has no member but `current`, `previous` and `metadata`, and at least one
/// of them.
pub fn parse(row: &[u8]) -> Option<Change<'_>> {
    let mut change = Change::default();
    let (mut known, mut strange, mut metadata) = (false, false, None);
    json::members(row, &mut |name, value| {
        known = true;
        match name {
            "current" => change.current = document(value),
            "previous" => change.previous = document(value),
            "metadata" => metadata = Some(value),
            _ => strange = true,
        }
    })?;
    if strange || !known {
        return None;
    }
    if let Some(metadata) = metadata {
        json::members(metadata.get().as_bytes(), &mut |name, value| match name {
            "operationType" => change.kind = Some(kind(value)),
            "lsn" => change.lsn = number(value),
            "previousImageLSN" => change.previous_lsn = number(value),
            "crts" => change.committed_seconds = number(value),
            "timeToLiveExpired" => change.expired = json::is_true(value),
            "id" => change.id = json::text(value),
            "partitionKey" => change.partition_key = Some(value),
            _ => {}
        })?;
    }
    Some(change)
}

/// Deletes come with an empty document, `null` or none.
fn document(value: Json<'_>) -> Option<Json<'_>> {
    let mut inside = value
        .get()
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace());
    let empty = value.get() == "null" || (inside.next(), inside.next()) == (Some(b'{'), Some(b'}'));
    (!empty).then_some(value)
}

fn kind(value: Json<'_>) -> ChangeKind {
    match json::text(value).as_deref() {
        Some("create") => ChangeKind::Create,
        Some("replace") => ChangeKind::Replace,
        Some("delete") => ChangeKind::Delete,
        _ => ChangeKind::Unknown,
    }
}

fn number(value: Json<'_>) -> Option<u64> {
    value.get().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    #[test]
    fn reads_the_documented_shape() {
        let row = br#"{"current":{"id":"1","n":1.0},"previous":{ "id":"1" },"metadata":{"operationType":"replace",
            "lsn":7,"crts":1700000000,"previousImageLSN":5,"timeToLiveExpired":true,"id":"1","partitionKey":["k"],"new":[]}}"#;
        let change = parse(row).unwrap();
        assert_eq!(change.current.unwrap().get(), r#"{"id":"1","n":1.0}"#);
        assert_eq!(change.previous.unwrap().get(), r#"{ "id":"1" }"#);
        assert_eq!(change.kind, Some(ChangeKind::Replace));
        assert_eq!((change.lsn, change.previous_lsn), (Some(7), Some(5)));
        assert_eq!(change.committed_seconds, Some(1_700_000_000));
        assert!(change.expired);
        assert_eq!(change.id.as_deref(), Some("1"));
        assert_eq!(change.partition_key.unwrap().get(), r#"["k"]"#);
    }

    #[test]
    fn kinds_and_deletes() {
        for (text, expected) in [
            ("\"create\"", ChangeKind::Create),
            ("\"replace\"", ChangeKind::Replace),
            ("\"delete\"", ChangeKind::Delete),
            ("\"initial\"", ChangeKind::Unknown),
            ("7", ChangeKind::Unknown),
        ] {
            let row = format!(r#"{{"metadata":{{"operationType":{text}}}}}"#);
            assert_eq!(parse(row.as_bytes()).unwrap().kind, Some(expected));
        }
        for current in ["null", "{}", "{ \n }"] {
            let row = format!(r#"{{"current":{current},"metadata":{{"lsn":1}}}}"#);
            let change = parse(row.as_bytes()).unwrap();
            assert!(change.current.is_none(), "{current}");
            assert_eq!((change.lsn, change.kind), (Some(1), None));
        }
    }

    #[test]
    fn documents_are_no_envelopes() {
        for row in [
            "{}",
            "7",
            "",
            "[]",
            r#"{"id":"1"}"#,
            r#"{"current":{},"id":"1"}"#,
            r#"{"metadata":7}"#,
            r#"{"current":{}"#,
        ] {
            assert!(parse(row.as_bytes()).is_none(), "{row}");
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
            "\"current\"",
            "\"metadata\"",
            "\"lsn\"",
            "\"x\"",
            "null",
            "1",
        ];
        let mut random = Random::new(5);
        for _ in 0..4000 {
            parse(random.text(&pieces, 16).as_bytes());
            parse(&random.bytes(16));
        }
    }
}
