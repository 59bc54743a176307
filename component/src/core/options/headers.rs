//! Custom headers: what may be sent.

use crate::core::error::{Error, Result};
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

/// Checks the headers of one layer, or of a raw request, and lowers their names.
pub(in crate::core) fn check(headers: &mut [(String, String)]) -> Result<()> {
    let size = |(name, value): &(String, String)| name.len().saturating_add(value.len());
    let total = headers.iter().map(size).fold(0, usize::saturating_add);
    if headers.len() > MAX_HEADERS || total > MAX_HEADER_BYTES {
        return Err(Error::invalid(format!(
            "there are {} custom headers of {total} bytes together, at most {MAX_HEADERS} of {MAX_HEADER_BYTES} bytes \
             can be sent: leave some out",
            headers.len()
        )));
    }
    for (name, value) in headers {
        check_one(name, value)?;
        name.make_ascii_lowercase();
    }
    Ok(())
}

/// One layer's headers over a lower one's: a name of the higher layer replaces all of that name below it.
pub(super) fn merge(higher: &mut Vec<(String, String)>, lower: &[(String, String)]) {
    let own = higher.len();
    for (name, value) in lower {
        if !higher.iter().take(own).any(|(other, _)| other == name) {
            higher.push((name.clone(), value.clone()));
        }
    }
}

fn check_one(name: &str, value: &str) -> Result<()> {
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

    #[test]
    fn headers_merge_by_name() {
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect::<Vec<_>>()
        };
        let mut high = pairs(&[("X-A", "high")]);
        check(&mut high).unwrap();
        merge(
            &mut high,
            &pairs(&[("x-a", "low"), ("x-b", "low"), ("x-b", "twice")]),
        );
        assert_eq!(
            high,
            pairs(&[("x-a", "high"), ("x-b", "low"), ("x-b", "twice")])
        );
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
            let error = check(&mut [(name.to_owned(), value.to_owned())]).unwrap_err();
            assert!(!error.message.contains('\n'), "{name:?}");
        }
        assert!(check(&mut [("x-a".to_owned(), "plain; text=\"1\"".to_owned())]).is_ok());
    }
}
