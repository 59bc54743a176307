//! Session tokens: how far each physical partition had got when it answered (spec driver-core §6.1, §6.2).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use super::Invalid;

#[cfg(test)]
mod tests;

/// A composite session token: `0:1#100#1=20#2=5,1:…`, the progress of each partition key range by its id.
///
/// Prints sorted by id and region, which is the form to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionToken(BTreeMap<String, Progress>);

/// How far one partition key range had got.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    /// Version 1: a log sequence number alone.
    Lsn(i64),
    /// Version 2: one number for each region.
    Vector(Vector),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Vector {
    /// Counts changes of the account's regions.
    version: i64,
    global: u64,
    /// By region id; -1 means none yet.
    regions: BTreeMap<u64, i64>,
}

impl SessionToken {
    /// Reads a token that a caller supplies. Errors: any malformed part.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut token = Self::default();
        for part in text.split(',') {
            let (id, progress) = parse_part(part).ok_or_else(|| {
                Invalid::new(
                    "the session token is malformed: pass it exactly as an earlier response gave it",
                )
            })?;
            token.advance(id.to_owned(), progress);
        }
        Ok(token)
    }

    /// Reads a token that a response carries: malformed parts are skipped.
    pub fn parse_lenient(text: &str) -> Self {
        let mut token = Self::default();
        for (id, progress) in text.split(',').filter_map(parse_part) {
            token.advance(id.to_owned(), progress);
        }
        token
    }

    /// Whether it says nothing about any partition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over what the other token knows, so that this one is as recent as both were.
    pub fn merge(&mut self, other: Self) {
        for (id, progress) in other.0 {
            self.advance(id, progress);
        }
    }

    /// Whether every partition that the other token knows has got here at least as far.
    pub fn is_as_recent_as(&self, other: &Self) -> bool {
        other.0.iter().all(|(id, theirs)| {
            self.0
                .get(id)
                .is_some_and(|ours| ours.is_as_recent_as(theirs))
        })
    }

    fn advance(&mut self, id: String, progress: Progress) {
        match self.0.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(progress);
            }
            Entry::Occupied(mut entry) => entry.get_mut().merge(progress),
        }
    }
}

impl Progress {
    /// Version 2 wins over version 1, whichever is newer: the numbers cannot be compared.
    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Lsn(ours), Self::Lsn(theirs)) => *ours = theirs.max(*ours),
            (Self::Vector(ours), Self::Vector(theirs)) => ours.merge(theirs),
            (ours @ Self::Lsn(_), theirs @ Self::Vector(_)) => *ours = theirs,
            (Self::Vector(_), Self::Lsn(_)) => {}
        }
    }

    fn is_as_recent_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lsn(ours), Self::Lsn(theirs)) => ours >= theirs,
            (Self::Vector(ours), Self::Vector(theirs)) => ours.is_as_recent_as(theirs),
            (ours, _) => matches!(ours, Self::Vector(_)),
        }
    }
}

impl Vector {
    fn merge(&mut self, mut other: Self) {
        let same_version = self.version == other.version;
        if same_version {
            self.global = self.global.max(other.global);
        } else if self.version < other.version {
            std::mem::swap(self, &mut other);
        }
        for (region, lsn) in other.regions {
            match self.regions.entry(region) {
                Entry::Occupied(mut entry) => {
                    let newer = lsn.max(*entry.get());
                    entry.insert(newer);
                }
                Entry::Vacant(entry) if same_version => {
                    entry.insert(lsn);
                }
                // The account has lost this region; keeping it would simulate progress.
                Entry::Vacant(_) => {}
            }
        }
    }

    fn is_as_recent_as(&self, other: &Self) -> bool {
        if self.version != other.version {
            return self.version > other.version;
        }
        self.global >= other.global
            && other
                .regions
                .iter()
                .all(|(region, theirs)| self.regions.get(region).is_some_and(|ours| ours >= theirs))
    }
}

/// `pkRangeId:token`.
fn parse_part(part: &str) -> Option<(&str, Progress)> {
    let (id, token) = part.trim().split_once(':')?;
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let progress = match token.split_once('#') {
        Some((version, rest)) => Progress::Vector(parse_vector(version, rest)?),
        None => Progress::Lsn(token.parse().ok()?),
    };
    Some((id, progress))
}

/// `globalLsn(#regionId=localLsn)*`, and perhaps a `#` at the end.
fn parse_vector(version: &str, rest: &str) -> Option<Vector> {
    let mut segments = rest.strip_suffix('#').unwrap_or(rest).split('#');
    let version = version.parse().ok()?;
    let global = segments.next()?.parse().ok()?;
    let mut regions = BTreeMap::new();
    for segment in segments {
        let (region, lsn) = segment.split_once('=')?;
        let lsn = lsn.parse::<i64>().ok()?.max(-1);
        let known = regions.entry(region.parse().ok()?).or_insert(lsn);
        *known = lsn.max(*known);
    }
    Some(Vector {
        version,
        global,
        regions,
    })
}

impl fmt::Display for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (id, progress) in &self.0 {
            write!(f, "{separator}{id}:{progress}")?;
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vector = match self {
            Self::Lsn(lsn) => return lsn.fmt(f),
            Self::Vector(vector) => vector,
        };
        write!(f, "{}#{}", vector.version, vector.global)?;
        for (region, lsn) in &vector.regions {
            write!(f, "#{region}={lsn}")?;
        }
        Ok(())
    }
}
