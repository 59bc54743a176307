//! Who sends: the user agent (spec driver-core §11.2, §11.4).

use super::error::{Error, Result};
use crate::wire::base64::{self, Form};
use crate::wire::headers::is_header_name;

#[cfg(test)]
mod tests;

/// Feature flag: failover of single partitions is on (PPAF).
pub const PARTITION_FAILOVER: u32 = 1;

/// Feature flag: the circuit breaker of single partitions is on (PPCB).
pub const CIRCUIT_BREAKER: u32 = 2;

/// Some proxies silently refuse longer user agents.
const MAX_USER_AGENT: usize = 255;
const MAX_SUFFIX: usize = 25;
const MAX_CORRELATION_ID: usize = 50;
const MAX_WORKLOAD_ID: u8 = 50;
const MAX_PROPERTY_KEY: usize = 16;
const MAX_PROPERTY_VALUE: usize = 32;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the driver introduces itself to the service. Nothing of it changes what the service does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Ends the user agent: at most 25 letters, digits and `-_.~`. A driver's own replaces the runtime's.
    pub suffix: Option<String>,
    /// From 1 to 50; ends the user agent as `w{id}` if there is no suffix.
    pub workload_id: Option<u8>,
    /// A tag for dashboards, at most 50 letters, digits and `-_.~`; ends the user agent if there is neither suffix nor
    /// workload id.
    pub correlation_id: Option<String>,
    /// `{name}/{version}` of an SDK on top, in place of the driver's own at the beginning.
    pub wrapping_sdk_identifier: Option<String>,
    /// Keys and values to add. Key: at most 16 lower-case letters, digits and `-_`, beginning with a letter, not `drv`
    /// or `ft`. Value: 1 to 32 printable ASCII characters without `;()`, no space at either end.
    pub properties: Vec<(String, String)>,
}

impl Identity {
    /// Checks all limits. Of several properties with one key the last counts, in the place of the first.
    ///
    /// # Errors
    /// `invalid-argument`: a value outside of its limits.
    pub fn checked(mut self) -> Result<Self> {
        check_tag("user agent suffix", self.suffix.as_deref(), MAX_SUFFIX)?;
        check_tag(
            "correlation id",
            self.correlation_id.as_deref(),
            MAX_CORRELATION_ID,
        )?;
        if let Some(id) = self.workload_id
            && !(1..=MAX_WORKLOAD_ID).contains(&id)
        {
            return Err(Error::invalid(format!(
                "the workload id is {id}: give a number from 1 to {MAX_WORKLOAD_ID}"
            )));
        }
        let mut unique: Vec<(String, String)> = Vec::new();
        for (key, value) in self.properties {
            check_property(&key, &value)?;
            match unique.iter_mut().find(|(known, _)| *known == key) {
                Some((_, old)) => *old = value,
                None => unique.push((key, value)),
            }
        }
        self.properties = unique;
        Ok(self)
    }

    /// The user agent with these feature flags, to be made anew when they change:
    /// `{product} (drv={version}; wasi; wasm32[; ft={flags}][; {key}={value}]…)[ {suffix}]`.
    ///
    /// Never longer than 255 bytes: entries in parentheses go first, the last before the others, then the end of the
    /// suffix, then the end of the product.
    pub fn user_agent(&self, flags: u32) -> String {
        let mut text = self.product();
        let suffix = self.suffix();
        let mut separator = " (";
        for entry in self.entries(flags) {
            let needed = [
                text.len(),
                separator.len(),
                entry.len(),
                ")".len(),
                suffix.len(),
            ];
            if needed.iter().sum::<usize>() > MAX_USER_AGENT {
                break;
            }
            text.push_str(separator);
            text.push_str(&entry);
            separator = "; ";
        }
        if separator == "; " {
            text.push(')');
        }
        text.push_str(&suffix);
        // Too long only if nothing is in parentheses. Product and suffix are ASCII, so that any byte is a boundary.
        text.truncate(MAX_USER_AGENT);
        text.truncate(text.trim_end().len());
        text
    }

    fn product(&self) -> String {
        let wrapping = self.wrapping_sdk_identifier.as_deref().unwrap_or_default();
        let product = token(wrapping.trim());
        if product.is_empty() {
            return format!("cosmosdb-driver/{VERSION}");
        }
        product
    }

    /// What ends the user agent, with the space before it.
    fn suffix(&self) -> String {
        let given =
            |text: &Option<String>| text.as_deref().map(token).filter(|text| !text.is_empty());
        let suffix = given(&self.suffix)
            .or_else(|| self.workload_id.map(|id| format!("w{id}")))
            .or_else(|| given(&self.correlation_id));
        suffix.map_or_else(String::new, |suffix| format!(" {suffix}"))
    }

    fn entries(&self, flags: u32) -> Vec<String> {
        let mut entries = vec![
            format!("drv={VERSION}"),
            "wasi".to_owned(),
            "wasm32".to_owned(),
        ];
        if flags != 0 {
            entries.push(format!("ft={}", encode(flags)));
        }
        let text = |(key, value): &(String, String)| format!("{key}={value}");
        entries.extend(self.properties.iter().map(text));
        entries
    }
}

/// Big-endian without leading zero bytes, base64url without padding.
fn encode(flags: u32) -> String {
    let bytes = flags.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    base64::encode(Form::Url, bytes.get(zeros..).unwrap_or_default())
}

/// The text with `_` for what may not stand in a product: at most [`MAX_USER_AGENT`] characters, all ASCII.
fn token(text: &str) -> String {
    let fit = |c: char| {
        if c == '/' || is_header_name(c.encode_utf8(&mut [0; 4])) {
            c
        } else {
            '_'
        }
    };
    text.chars().take(MAX_USER_AGENT).map(fit).collect()
}

fn check_tag(what: &str, text: Option<&str>, limit: usize) -> Result<()> {
    let Some(text) = text else {
        return Ok(());
    };
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    if text.len() <= limit && text.bytes().all(safe) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the {what} has {} characters: give at most {limit}, only letters, digits and - _ . ~",
        text.chars().count()
    )))
}

fn check_property(key: &str, value: &str) -> Result<()> {
    let safe = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    };
    let named = key.len() <= MAX_PROPERTY_KEY
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.bytes().all(safe);
    if !named || key == "drv" || key == "ft" {
        return Err(Error::invalid(format!(
            "the key of a user agent property is not allowed: give 1 to {MAX_PROPERTY_KEY} lower-case letters, digits, - \
             and _, beginning with a letter; drv and ft are the driver's own"
        )));
    }
    let printable = |byte: u8| (b' '..=b'~').contains(&byte) && !b";()".contains(&byte);
    let sized = (1..=MAX_PROPERTY_VALUE).contains(&value.len());
    if !sized || value.trim() != value || !value.bytes().all(printable) {
        return Err(Error::invalid(format!(
            "the value of the user agent property {key} is not allowed: give 1 to {MAX_PROPERTY_VALUE} printable ASCII \
             characters without ; ( ) and without a space at either end"
        )));
    }
    Ok(())
}
