//! Session tokens: how far each physical partition had got when it answered (spec driver-core §6.1, §6.2).

use std::fmt;

use super::Invalid;

use progress::{Progress, cut};

mod progress;
#[cfg(test)]
mod tests;

/// A composite token names at most this many partition key ranges.
pub const MAX_RANGES: usize = 4096;

/// A composite session token: `0:1#100#1=20#2=5,1:…`, the progress of each partition key range by its id.
///
/// Prints sorted by id and region, which is the form to send. At most [`MAX_RANGES`] ranges of 64 regions each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionToken(Vec<Part>);

/// How far one range had got, as the text to send: most responses repeat what is known, and comparing texts tells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    id: Box<str>,
    progress: Box<str>,
}

/// Why a part was not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no `pkRangeId:progress`, or names more than 64 regions.
    Malformed,
    /// The token knows [`MAX_RANGES`] other ranges.
    Full,
}

impl SessionToken {
    /// Reads a token that a caller supplies. Errors: any malformed part, too many ranges.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut token = Self::default();
        for part in text.split(',') {
            if token.advance_part(part).is_err() {
                return Err(Invalid::new(
                    "the session token is malformed: pass it exactly as an earlier response gave it",
                ));
            }
        }
        Ok(token)
    }

    /// Reads a token that a response carries: malformed parts are skipped, and ranges beyond the limit.
    pub fn parse_lenient(text: &str) -> Self {
        let mut token = Self::default();
        for part in text.split(',') {
            token.advance_part(part).ok();
        }
        token
    }

    /// Whether it says nothing about any partition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The length of its text in bytes.
    pub fn text_len(&self) -> usize {
        let mut length = 0_usize;
        for part in &self.0 {
            // A colon within the part, a comma between two.
            let with_marks = part.id.len().saturating_add(part.progress.len());
            length = length.saturating_add(with_marks).saturating_add(2);
        }
        length.saturating_sub(1)
    }

    /// The progress of one range as text, without the id.
    pub fn progress(&self, id: &str) -> Option<&str> {
        let place = self.find(id).ok()?;
        self.0.get(place).map(|part| &*part.progress)
    }

    /// Takes over what the other token knows, so that this one is as recent as both were. Ranges beyond the limit are
    /// skipped.
    pub fn merge(&mut self, other: Self) {
        for part in other.0 {
            self.advance(&part.id, &part.progress).ok();
        }
    }

    /// Takes over one part of a composite, `pkRangeId:progress`.
    pub fn advance_part(&mut self, part: &str) -> Result<(), Refused> {
        let (id, progress) = cut(part.trim_ascii(), b':').ok_or(Refused::Malformed)?;
        self.advance(id, progress)
    }

    /// Takes over that the range has got this far. Passing one range's progress with the id of another re-keys it.
    pub fn advance(&mut self, id: &str, progress: &str) -> Result<(), Refused> {
        let found = self.find(id);
        let known = found.ok().and_then(|place| self.0.get(place));
        let known = known.map(|part| &*part.progress);
        if known == Some(progress) {
            return Ok(());
        }
        let theirs = Progress::parse(progress).ok_or(Refused::Malformed)?;
        let merged = match known.and_then(Progress::parse) {
            Some(ours) => ours.merged(theirs),
            None => theirs,
        };
        let progress = merged.to_string().into();
        match found {
            Ok(place) => {
                if let Some(part) = self.0.get_mut(place) {
                    part.progress = progress;
                }
            }
            Err(_) if !is_id(id) => return Err(Refused::Malformed),
            Err(_) if self.0.len() >= MAX_RANGES => return Err(Refused::Full),
            Err(place) => {
                let id = id.into();
                self.0.insert(place, Part { id, progress });
            }
        }
        Ok(())
    }

    /// Forgets the range with the lowest number. The service numbers ranges in ascending order, so that one is the
    /// likeliest to have been split since.
    pub fn forget_lowest(&mut self) {
        let mut lowest: Option<(usize, &str)> = None;
        for (place, part) in self.0.iter().enumerate() {
            // A longer decimal number is a higher one.
            let lower = lowest.is_none_or(|(_, id)| (part.id.len(), &*part.id) < (id.len(), id));
            if lower {
                lowest = Some((place, &part.id));
            }
        }
        if let Some((place, _)) = lowest {
            self.0.remove(place);
        }
    }

    /// Whether every partition that the other token knows has got here at least as far.
    pub fn is_as_recent_as(&self, other: &Self) -> bool {
        other.0.iter().all(|theirs| {
            let ours = self.progress(&theirs.id).and_then(Progress::parse);
            match (ours, Progress::parse(&theirs.progress)) {
                (Some(ours), Some(theirs)) => ours.is_as_recent_as(&theirs),
                _ => false,
            }
        })
    }

    fn find(&self, id: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|part| (*part.id).cmp(id))
    }
}

/// Printable, and nothing that separates parts.
fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b':' && byte != b',';
    !id.is_empty() && id.bytes().all(plain)
}

impl fmt::Display for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for part in &self.0 {
            for text in [separator, &part.id, ":", &part.progress] {
                f.write_str(text)?;
            }
            separator = ",";
        }
        Ok(())
    }
}
