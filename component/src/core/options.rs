//! Options of a call, in layers: operation, then driver, then environment, then built-in default (spec driver-core §8).

use super::error::{Error, Result};
use crate::wire::headers::{is_header_name, is_header_text};

/// Names that belong to the connection: the HTTP import would refuse the whole request.
const CONNECTION_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Custom headers of one layer: their number, and the bytes of their names and values. Hosts limit what all headers of a
/// request may hold.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;

/// Options of one layer. Absent fields fall through to the next layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationOptions {
    /// Whether item writes return the item. Built-in default: no.
    pub content_response_on_write: Option<bool>,
    /// Headers to add.
    pub custom_headers: Vec<(String, String)>,
    /// The operation's activity id. Built-in default: a random one.
    pub activity_id: Option<String>,
}

impl OperationOptions {
    /// Checks the layer and lowers its header names.
    ///
    /// # Errors
    /// A header that cannot be sent, an activity id that is no UUID.
    pub fn checked(mut self) -> Result<Self> {
        let size = |(name, value): &(String, String)| name.len().saturating_add(value.len());
        let total = self
            .custom_headers
            .iter()
            .map(size)
            .fold(0, usize::saturating_add);
        if self.custom_headers.len() > MAX_HEADERS || total > MAX_HEADER_BYTES {
            return Err(Error::invalid(format!(
                "there are {} custom headers of {total} bytes together, at most {MAX_HEADERS} of {MAX_HEADER_BYTES} bytes \
                 can be sent: leave some out",
                self.custom_headers.len()
            )));
        }
        for (name, value) in &mut self.custom_headers {
            check_header(name, value)?;
            name.make_ascii_lowercase();
        }
        if let Some(id) = &self.activity_id
            && !is_uuid(id)
        {
            return Err(Error::invalid(
                "the activity id is no UUID: pass one like 6f0c2f0e-…, or none",
            ));
        }
        Ok(self)
    }

    /// This layer over a lower one. Custom headers merge by name.
    pub fn over(mut self, lower: &Self) -> Self {
        for (name, value) in &lower.custom_headers {
            if !self.custom_headers.iter().any(|(own, _)| own == name) {
                self.custom_headers.push((name.clone(), value.clone()));
            }
        }
        Self {
            content_response_on_write: self
                .content_response_on_write
                .or(lower.content_response_on_write),
            custom_headers: self.custom_headers,
            activity_id: self.activity_id.or_else(|| lower.activity_id.clone()),
        }
    }

    /// The layer that the environment pairs make. Malformed values are ignored.
    pub fn from_environment(pairs: &[(String, String)]) -> Self {
        let value = lookup(pairs, "AZURE_COSMOS_CONTENT_RESPONSE_ON_WRITE");
        Self {
            content_response_on_write: value.and_then(switch),
            ..Self::default()
        }
    }
}

/// The value of an environment pair.
pub fn lookup<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn switch(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text {
        _ if is("true") || is("enabled") => Some(true),
        _ if is("false") || is("disabled") => Some(false),
        _ => None,
    }
}

fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn check_header(name: &str, value: &str) -> Result<()> {
    if !is_header_name(name) {
        return Err(Error::invalid(
            "a custom header's name holds characters that no header name may hold: use letters, digits and hyphens",
        ));
    }
    if CONNECTION_HEADERS
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
    {
        return Err(Error::invalid(format!(
            "the header {name} belongs to the connection: leave it to the host"
        )));
    }
    if !is_header_text(value) {
        return Err(Error::invalid(format!(
            "the value of the custom header {name} holds line breaks, control or non-ASCII characters: encode it"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(name: &str, value: &str) -> OperationOptions {
        OperationOptions {
            custom_headers: vec![(name.to_owned(), value.to_owned())],
            ..OperationOptions::default()
        }
    }

    #[test]
    fn a_higher_layer_wins_field_by_field_and_headers_merge_by_name() {
        let mut low = with_header("x-a", "low");
        low.custom_headers
            .push(("x-b".to_owned(), "low".to_owned()));
        low.content_response_on_write = Some(true);
        let mut high = with_header("X-A", "high").checked().unwrap();
        high = high.over(&low);
        assert_eq!(high.content_response_on_write, Some(true));
        assert_eq!(
            high.custom_headers,
            [
                ("x-a".to_owned(), "high".to_owned()),
                ("x-b".to_owned(), "low".to_owned())
            ]
        );
        high.content_response_on_write = Some(false);
        assert_eq!(high.over(&low).content_response_on_write, Some(false));
    }

    #[test]
    fn headers_that_could_inject_are_refused() {
        let cases = [
            ("", "v"),
            ("x a", "v"),
            ("x:a", "v"),
            ("x\r\ny", "v"),
            ("x-a", "v\r\nx-b: w"),
            ("x-a", "v\n"),
            ("x-a", "\0"),
            ("x-a", "é"),
            ("Host", "elsewhere"),
            ("Transfer-Encoding", "chunked"),
            ("content-length", "0"),
        ];
        for (name, value) in cases {
            let error = with_header(name, value).checked().unwrap_err();
            assert!(!error.message.contains('\n'), "{name:?}");
        }
        assert!(with_header("x-a", "plain; text=\"1\"").checked().is_ok());
    }

    #[test]
    fn an_activity_id_is_a_uuid() {
        let with_id = |id: &str| OperationOptions {
            activity_id: Some(id.to_owned()),
            ..OperationOptions::default()
        };
        assert!(
            with_id("7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b11")
                .checked()
                .is_ok()
        );
        for id in [
            "",
            "x",
            "7ea3a1f2\r\n",
            "7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b1g",
            "7ea3a1f202b6f-4a62-8e0c-2f1a3c9d0b11",
        ] {
            assert!(with_id(id).checked().is_err());
        }
    }

    #[test]
    fn the_environment_is_a_layer_and_nonsense_in_it_is_ignored() {
        let layer = |value: &str| {
            let name = "AZURE_COSMOS_CONTENT_RESPONSE_ON_WRITE".to_owned();
            OperationOptions::from_environment(&[(name, value.to_owned())])
                .content_response_on_write
        };
        assert_eq!(layer("Enabled"), Some(true));
        assert_eq!(layer("false"), Some(false));
        assert_eq!(layer("perhaps"), None);
    }
}
