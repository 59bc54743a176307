//! The `authorization` header (spec driver-core §2).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use percent_encoding::percent_encode_byte;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Invalid;
use super::base64::{self, Form};
use super::link::Link;

#[cfg(test)]
mod tests;

/// `type=master&ver=1.0&sig=`, escaped.
const MASTER: &str = "type%3Dmaster%26ver%3D1.0%26sig%3D";

/// The service's limit for a resource token, in bytes.
const MAX_TOKEN_BYTES: usize = 8192;

/// `type=aad&ver=1.0&sig=`, escaped.
const BEARER: &str = "type%3Daad%26ver%3D1.0%26sig%3D";

/// Of the token when escaped. Access tokens of Microsoft Entra are a few kilobytes.
const MAX_BEARER_BYTES: usize = 32 << 10;

/// An account key, primary or secondary, ready to sign: the key schedule of HMAC-SHA256, computed once. Wiped from
/// memory on drop, and never printed.
#[derive(Clone)]
pub struct MasterKey(Hmac<Sha256>);

impl MasterKey {
    /// Reads the key as the portal shows it; space around it is ignored. Errors: empty, or not base64.
    pub fn from_base64(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new(
                "the account key is empty: copy the primary or secondary key from the account's keys page",
            ));
        }
        base64::decode(Form::Standard, text.as_bytes())
            .map(Zeroizing::new)
            .and_then(|key| Hmac::new_from_slice(&key).ok())
            .map(Self)
            .ok_or_else(|| {
                Invalid::new(
                    "the account key is not base64, so nothing can be signed with it: \
                     copy the whole key, with the = at its end, from the account's keys page",
                )
            })
    }

    /// The header's value for one request: `date` is the text of its `x-ms-date`. The service accepts a signature
    /// for 15 minutes around that date.
    pub fn authorization(&self, method: &Method, link: &Link, date: &str) -> String {
        let mut text = String::with_capacity(link.signing().len().saturating_add(64));
        text.push_str(method.as_str());
        text.make_ascii_lowercase();
        text.extend(["\n", link.resource.segment(), "\n", link.signing(), "\n"]);
        let before_date = text.len();
        text.push_str(date);
        if let Some(date) = text.get_mut(before_date..) {
            date.make_ascii_lowercase();
        }
        // The fifth field is empty: requests carry `x-ms-date`, not `date`.
        text.push_str("\n\n");

        let signature = self.0.clone().chain_update(&text).finalize().into_bytes();
        escaped(MASTER, &base64::encode(Form::Standard, &signature))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(REDACTED)")
    }
}

/// The header's value for a resource token, `type=resource&ver=1&sig=…`.
///
/// Errors: does not begin with `type=resource` in any case of letters, is longer than 8192 bytes, or holds anything
/// but printable ASCII without spaces.
pub fn token(text: &str) -> Result<String, Invalid> {
    let kind = text.get(.."type=resource".len()).unwrap_or_default();
    if !kind.eq_ignore_ascii_case("type=resource") {
        return Err(Invalid::new(
            "the resource token does not begin with type=resource: pass the token as the permission's \
             _token property holds it, not escaped",
        ));
    }
    if text.len() > MAX_TOKEN_BYTES {
        return Err(Invalid::new(
            "the resource token is longer than 8192 bytes, the service's limit: check that it is one token",
        ));
    }
    if !is_printable(text) {
        return Err(Invalid::new(
            "the resource token holds a space, a line break or another character that no token has: \
             copy it again as one piece",
        ));
    }
    Ok(escaped("", text))
}

/// The header's value for a Microsoft Entra access token.
///
/// Errors: empty, longer than 32 KiB, begins with the word `Bearer`, or holds anything but printable ASCII without spaces.
pub fn bearer(text: &str) -> Result<String, Invalid> {
    let scheme = text.get(.."Bearer ".len()).unwrap_or_default();
    let problem = if text.is_empty() {
        "is empty: acquire one for the scope https://cosmos.azure.com/.default"
    } else if scheme.eq_ignore_ascii_case("Bearer ") {
        "begins with the word Bearer: pass the token alone, without the scheme"
    } else if !is_printable(text) {
        "holds a space, a line break or another character that no token has: pass it as one piece"
    } else {
        let header = escaped(BEARER, text);
        if header.len().saturating_sub(BEARER.len()) <= MAX_BEARER_BYTES {
            return Ok(header);
        }
        "is longer than 32 KiB, more than hosts send in a header: check that it is one access token"
    };
    Err(Invalid::new(format!("the bearer token {problem}")))
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A prefix, and a text in ASCII as form encoding escapes it, which would turn a space into `+`: no token holds one.
fn escaped(prefix: &str, text: &str) -> String {
    // Room for the few escapes of base64.
    let room = text.len().saturating_add(prefix.len()).saturating_add(16);
    let mut header = String::with_capacity(room);
    header.push_str(prefix);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_escaped) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        header.push_str(plain);
        header.extend(special.bytes().take(1).map(percent_encode_byte));
        rest = special.get(1..).unwrap_or_default();
    }
    header.push_str(rest);
    header
}

/// A table, so that all signatures take the same number of instructions.
fn is_escaped(byte: u8) -> bool {
    #[allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "the compiler carries it out"
    )]
    const ESCAPED: [bool; 128] = {
        let (mut escaped, mut byte) = ([true; 128], 0_u8);
        while byte < 128 {
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_');
            escaped[byte as usize] = !plain;
            byte += 1;
        }
        escaped
    };
    ESCAPED.get(usize::from(byte)).copied().unwrap_or(true)
}
