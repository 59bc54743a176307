//! Checks the authorization of every request, from the raw request alone: nothing here is shared with the driver.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use super::refusal::Refusal;
use super::rules::segments;

/// The account key: the bytes 0 to 63.
const KEY: [u8; 64] = {
    let mut key = [0; 64];
    let mut index = 0;
    while index < key.len() {
        key[index] = index as u8;
        index += 1;
    }
    key
};

/// How far `x-ms-date` may be off, either way.
const TOLERANCE: Duration = Duration::from_mins(15);

/// The account key in base64.
pub(super) fn key() -> String {
    STANDARD.encode(KEY)
}

/// What is accepted besides the account key.
#[derive(Default)]
pub(super) struct Credentials {
    /// Authorizations in full, unescaped.
    tokens: Mutex<HashSet<String>>,
}

impl Credentials {
    /// Accepts an authorization that equals `token`.
    pub(super) fn accept(&self, token: String) {
        self.tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token);
    }

    /// Checks the headers `authorization` and `x-ms-date` of a request for `path` (escaped, as sent) that arrived at
    /// `now`.
    pub(super) fn verify(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let token = unescape(required(headers, "authorization")?).ok_or_else(|| {
            Refusal::unauthorized("The authorization header is not escaped UTF-8.")
        })?;
        let date = required(headers, "x-ms-date")?;
        check_date(date, now)?;
        if self
            .tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&token)
        {
            return Ok(());
        }
        let payload = payload(method, path, date);
        let signature = token
            .strip_prefix("type=master&ver=1.0&sig=")
            .and_then(|signature| STANDARD.decode(signature).ok())
            .ok_or_else(|| Refusal::unauthorized("The authorization token is not known here."))?;
        let matches = Hmac::<Sha256>::new_from_slice(&KEY)
            .is_ok_and(|mac| mac.chain_update(&payload).verify_slice(&signature).is_ok());
        matches.then_some(()).ok_or_else(|| {
            Refusal::unauthorized(format!(
                "The signature does not fit: another key, or another text than '{}'.",
                payload.escape_debug()
            ))
        })
    }
}

/// A header that must be there.
fn required<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| Refusal::unauthorized(format!("The header '{name}' is required.")))
}

/// Form-url-decoding: a plus sign that was not escaped is a space, so a signature sent raw fails as it does at the
/// service.
fn unescape(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(Into::into)
}

/// The date must be in the one format that is specified, and near `now`.
fn check_date(date: &str, now: SystemTime) -> Result<(), Refusal> {
    let sent = httpdate::parse_http_date(date)
        .ok()
        .filter(|at| httpdate::fmt_http_date(*at) == date);
    let sent = sent.ok_or_else(|| {
        Refusal::unauthorized(
            "The header 'x-ms-date' is not a date like 'Tue, 01 Jul 2025 12:34:56 GMT'.",
        )
    })?;
    let off = now
        .duration_since(sent)
        .or_else(|_| sent.duration_since(now))
        .unwrap_or_default();
    if off > TOLERANCE {
        return Err(Refusal::forbidden(format!(
            "The authorization token is not valid at the current time: 'x-ms-date' is {date}, here it is {}.",
            httpdate::fmt_http_date(now)
        )));
    }
    Ok(())
}

/// The text that must have been signed.
fn payload(method: &Method, path: &str, date: &str) -> String {
    let (kind, link) = resource(path);
    format!(
        "{}\n{kind}\n{link}\n{}\n\n",
        method.as_str().to_lowercase(),
        date.to_lowercase()
    )
}

/// Type and link of the resource that a path names. A path of an even number of segments is a resource and signs its
/// own link; an odd one is a feed and signs its parent's. Offers are addressed by their id alone, in lower case.
fn resource(path: &str) -> (String, String) {
    let mut segments = segments(path);
    if let [kind, id] = segments.as_slice()
        && kind == "offers"
    {
        return (kind.clone(), id.to_lowercase());
    }
    if segments.len() % 2 == 1 {
        let kind = segments.pop().unwrap_or_default();
        return (kind, segments.join("/"));
    }
    let kind = segments.iter().rev().nth(1).cloned().unwrap_or_default();
    (kind, segments.join("/"))
}
