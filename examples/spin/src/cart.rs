//! Carts as JSON: `{"id":"ann","lines":{"apples":2}}`.

use serde_json::{Map, Value, json};

/// The most lines that one change may touch: a patch of the service has no more operations.
pub(crate) const MAX_CHANGES: usize = 10;

/// What is done to a line: a new quantity, or none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// A JSON pointer into the cart.
    pub(crate) path: String,
    /// A JSON number; none takes the line out.
    pub(crate) quantity: Option<String>,
}

/// The user of `/carts/{user}`: letters, digits, `-` and `_`, at most 64.
pub(crate) fn user(path: &str) -> Option<&str> {
    let user = path.strip_prefix("/carts/")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = (1..=64).contains(&user.len()) && user.bytes().all(plain);
    fits.then_some(user)
}

/// The whole cart, from `{"apples":2}`. None: something else.
pub(crate) fn whole(user: &str, body: &[u8]) -> Option<Vec<u8>> {
    let lines = lines(body)?;
    let fits = lines.values().all(|quantity| quantity.as_u64().is_some());
    fits.then(|| {
        json!({ "id": user, "lines": lines })
            .to_string()
            .into_bytes()
    })
}

/// Changes of lines, from `{"apples":3,"pears":null}`. None: something else, nothing at all, or too many.
pub(crate) fn changes(body: &[u8]) -> Option<Vec<Change>> {
    let lines = lines(body)?;
    if lines.is_empty() || lines.len() > MAX_CHANGES {
        return None;
    }
    let change = |(name, quantity): (String, Value)| {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let quantity = match quantity {
            Value::Null => None,
            number => Some(number.as_u64()?.to_string()),
        };
        Some(Change {
            path: ["/lines/", &escaped].concat(),
            quantity,
        })
    };
    lines.into_iter().map(change).collect()
}

/// What the user sees of a cart: its lines, without what the service adds. None: it is no cart.
pub(crate) fn shown(item: &[u8]) -> Option<Vec<u8>> {
    let mut item: Map<String, Value> = serde_json::from_slice(item).ok()?;
    Some(item.remove("lines")?.to_string().into_bytes())
}

fn lines(body: &[u8]) -> Option<Map<String, Value>> {
    let lines: Map<String, Value> = serde_json::from_slice(body).ok()?;
    (!lines.contains_key("")).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_plain_names() {
        for (path, expected) in [
            ("/carts/ann", Some("ann")),
            ("/carts/a-B_9", Some("a-B_9")),
            ("/carts/", None),
            ("/carts", None),
            ("/carts/a/b", None),
            ("/carts/%61", None),
            ("/other/ann", None),
        ] {
            assert_eq!(user(path), expected, "{path}");
        }
        assert_eq!(user(&["/carts/", &"a".repeat(65)].concat()), None);
    }

    #[test]
    fn a_cart_is_its_lines() {
        let cart = whole("ann", br#"{"apples":2}"#).unwrap();
        assert_eq!(cart, br#"{"id":"ann","lines":{"apples":2}}"#);
        assert_eq!(shown(&cart).unwrap(), br#"{"apples":2}"#);
        for wrong in [
            "[]",
            "{",
            r#"{"a":-1}"#,
            r#"{"a":"2"}"#,
            r#"{"a":null}"#,
            r#"{"":1}"#,
        ] {
            assert_eq!(whole("ann", wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn changes_are_pointers() {
        let change = |path: &str, quantity: Option<&str>| Change {
            path: path.to_owned(),
            quantity: quantity.map(str::to_owned),
        };
        let expected = [change("/lines/a~1b", Some("3")), change("/lines/c~0", None)];
        assert_eq!(changes(br#"{"a/b":3,"c~":null}"#).unwrap(), expected);
        for wrong in ["{}", "[]", r#"{"a":-1}"#, r#"{"a":"2"}"#] {
            assert_eq!(changes(wrong.as_bytes()), None, "{wrong}");
        }
        let many: Map<String, Value> = (0..11).map(|n| (n.to_string(), Value::from(1))).collect();
        assert_eq!(changes(Value::from(many).to_string().as_bytes()), None);
    }
}
