//! Stored documents: the client's text, untouched, and what the service adds to it.

use std::fmt::Write as _;

use serde_json::Value;

/// What the service adds, and therefore takes out of what a client sends back.
const SYSTEM: [&str; 5] = ["_rid", "_self", "_etag", "_attachments", "_ts"];

/// A version of a document.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// As it is sent.
    pub(super) text: String,
    /// The same, parsed.
    pub(super) value: Value,
    /// In quotes.
    pub(super) etag: String,
    /// The number of the write.
    pub(super) lsn: u64,
}

impl Document {
    /// Adds the service's properties to an object. A text that has some of them is written anew, any other is kept to
    /// the byte. None if it is no object.
    pub(super) fn new(text: &str, rid: &str, link: &str, lsn: u64, time: u64) -> Option<Self> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        let properties = value.as_object_mut()?;
        let known = properties.len();
        properties.retain(|name, _| !SYSTEM.contains(&name.as_str()));
        let is_empty = properties.is_empty();
        let kept = properties.len() == known;
        let own = if kept {
            text.to_owned()
        } else {
            value.to_string()
        };
        let etag = format!("\"{lsn:08x}-0000-0700-0000-{time:08x}0000\"");
        let mut text = own.trim_end().strip_suffix('}')?.to_owned();
        if !is_empty {
            text.push(',');
        }
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\"_rid\":\"{rid}\",\"_self\":\"{link}docs/{rid}/\",\"_etag\":{},\
             \"_attachments\":\"attachments/\",\"_ts\":{time}}}",
            Value::from(etag.as_str()),
        );
        Some(Self {
            value: serde_json::from_str(&text).ok()?,
            text,
            etag,
            lsn,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Document;

    #[test]
    fn the_text_of_a_client_is_kept() {
        let text = r#" { "id" : "1", "n": 1.50e0, "s": "\u0041" } "#;
        let document = Document::new(text, "R==", "dbs/D/colls/C/", 7, 9).unwrap();
        let expected = concat!(
            r#" { "id" : "1", "n": 1.50e0, "s": "\u0041" ,"_rid":"R==","_self":"dbs/D/colls/C/docs/R==/","#,
            r#""_etag":"\"00000007-0000-0700-0000-000000090000\"","_attachments":"attachments/","_ts":9}"#
        );
        assert_eq!(document.text, expected);
        let again = Document::new(&document.text, "R==", "", 8, 10).unwrap();
        assert_eq!(
            (again.value["_ts"].as_u64(), again.value["n"].as_f64()),
            (Some(10), Some(1.5))
        );
        assert_eq!(again.text.matches("_rid").count(), 1);
        assert!(
            Document::new("{}", "R", "", 1, 1)
                .unwrap()
                .text
                .starts_with("{\"_rid\"")
        );
        assert!(Document::new("[]", "R", "", 1, 1).is_none());
    }
}
