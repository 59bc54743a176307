//! A JSON object whose members are taken out by name: for documents of many optional members, and for those where nothing
//! may be left over.

use super::json::{self, Json};

/// The members that have not been taken. Null counts as absent.
#[derive(Debug)]
pub struct Object<'a>(Vec<(String, Json<'a>)>);

impl<'a> Object<'a> {
    /// Reads an object; none if the text is no such JSON.
    pub fn read(json: &'a [u8]) -> Option<Self> {
        let mut members = Vec::new();
        json::members(json, &mut |name, value| {
            if value.get() != "null" {
                members.push((name.to_owned(), value));
            }
        })?;
        Some(Self(members))
    }

    /// The value of a member, which is taken out; the first if there are several of the name.
    pub fn take(&mut self, name: &str) -> Option<Json<'a>> {
        let at = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.remove(at).1)
    }

    /// Whether every member was taken: none was unknown, none there twice.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_by_name() {
        let json = br#"{"a":1,"b":null,"c":[2],"a":3}"#;
        let mut object = Object::read(json).unwrap();
        let mut take = |name: &str| object.take(name).map(Json::get);
        for (name, expected) in [
            ("b", None),
            ("x", None),
            ("a", Some("1")),
            ("c", Some("[2]")),
        ] {
            assert_eq!(take(name), expected, "{name}");
        }
        assert!(!object.is_empty());
        assert_eq!(object.take("a").map(Json::get), Some("3"));
        assert!(object.is_empty() && object.take("a").is_none());
        for json in ["", "[]", "null", "{\"a\":}", "{} x"] {
            assert!(Object::read(json.as_bytes()).is_none());
        }
    }
}
