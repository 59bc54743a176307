//! Pages of feeds: an envelope around resources that stay as they came (spec data-plane §3.1, §8).

use super::json::{self, Json};

/// The name of the array in pages of items.
pub const ITEMS: &str = "Documents";

/// The resources of one page, in the service's order. None if the body is no object with an array of this name; what
/// else it holds does not matter.
pub fn rows<'a>(body: &'a [u8], array: &str) -> Option<Vec<Json<'a>>> {
    let mut rows = Vec::new();
    let found = json::rows(body, &|name| name == array, &mut |row| rows.push(row))?;
    found.then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_untouched() {
        let page = br#"{"_rid":"r","Documents":[{"n": 1.0},{"s":"\u00e9"}],"_count":2,"more":{}}"#;
        let rows = rows(page, ITEMS).unwrap();
        let texts: Vec<_> = rows.iter().map(|row| row.get()).collect();
        assert_eq!(texts, [r#"{"n": 1.0}"#, r#"{"s":"\u00e9"}"#]);
    }

    #[test]
    fn rows_may_be_as_deep_as_the_service_takes_them() {
        let row = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let page = format!(r#"{{"Documents":[{row},{row}]}}"#);
        let rows = rows(page.as_bytes(), ITEMS).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|found| found.get() == row));
    }

    #[test]
    fn what_is_no_page_is_none() {
        for body in [
            "",
            "[]",
            "{}",
            "<html>",
            r#"{"Documents":{}}"#,
            r#"{"Documents":null}"#,
            r#"{"Documents":["#,
            r#"{"Offers":[]}"#,
        ] {
            assert!(rows(body.as_bytes(), ITEMS).is_none(), "{body}");
        }
        assert_eq!(rows(br#"{"Offers":[]}"#, "Offers").unwrap().len(), 0);
    }
}
