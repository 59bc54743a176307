//! How far one partition key range had got: what follows the colon in a session token.

use std::fmt;

/// Regions that a vector may name. Accounts have far fewer.
const MAX_REGIONS: usize = 64;

/// How far one partition key range had got.
#[derive(Debug)]
pub(super) enum Progress {
    /// Version 1: a log sequence number alone.
    Lsn(i64),
    /// Version 2: one number for each region.
    Vector(Vector),
}

#[derive(Debug)]
pub(super) struct Vector {
    /// Counts changes of the account's regions.
    version: i64,
    global: u64,
    regions: Regions,
}

/// Local progress by region id, in ascending order; -1 means none yet.
#[derive(Debug)]
struct Regions(Vec<(u64, i64)>);

impl Progress {
    /// `lsn`, or `version#globalLsn(#regionId=localLsn)*` and perhaps a `#` at the end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match cut(text, b'#') {
            Some((version, rest)) => Vector::parse(version, rest).map(Self::Vector),
            None => text.parse().ok().map(Self::Lsn),
        }
    }

    /// Version 2 wins over version 1, whichever is newer: the numbers cannot be compared.
    pub(super) fn merged(self, other: Self) -> Self {
        match (self, other) {
            (Self::Lsn(ours), Self::Lsn(theirs)) => Self::Lsn(theirs.max(ours)),
            (Self::Vector(ours), Self::Vector(theirs)) => Self::Vector(ours.merged(theirs)),
            (vector @ Self::Vector(_), Self::Lsn(_)) | (Self::Lsn(_), vector) => vector,
        }
    }

    pub(super) fn is_as_recent_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lsn(ours), Self::Lsn(theirs)) => ours >= theirs,
            (Self::Vector(ours), Self::Vector(theirs)) => ours.is_as_recent_as(theirs),
            (ours, _) => matches!(ours, Self::Vector(_)),
        }
    }
}

impl Vector {
    fn parse(version: &str, rest: &str) -> Option<Self> {
        let (global, mut rest) = cut(rest, b'#').unwrap_or((rest, ""));
        let mut vector = Self {
            version: version.parse().ok()?,
            global: global.parse().ok()?,
            regions: Regions(Vec::new()),
        };
        while !rest.is_empty() {
            let (segment, next) = cut(rest, b'#').unwrap_or((rest, ""));
            let (region, lsn) = cut(segment, b'=')?;
            let lsn = lsn.parse::<i64>().ok()?.max(-1);
            if !vector.regions.advance(region.parse().ok()?, lsn, true) {
                return None;
            }
            rest = next;
        }
        Some(vector)
    }

    fn merged(mut self, mut other: Self) -> Self {
        let same_version = self.version == other.version;
        if same_version {
            self.global = self.global.max(other.global);
        } else if self.version < other.version {
            std::mem::swap(&mut self, &mut other);
        }
        for (region, lsn) in other.regions.0 {
            // What only the older version names is a region that the account has lost: keeping it would simulate
            // progress.
            self.regions.advance(region, lsn, same_version);
        }
        self
    }

    fn is_as_recent_as(&self, other: &Self) -> bool {
        if self.version != other.version {
            return self.version > other.version;
        }
        let at_least = |(region, theirs): &(u64, i64)| {
            let ours = self.regions.get(*region);
            ours.is_some_and(|ours| ours >= *theirs)
        };
        self.global >= other.global && other.regions.0.iter().all(at_least)
    }
}

impl Regions {
    fn find(&self, region: u64) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(&region))
    }

    fn get(&self, region: u64) -> Option<i64> {
        let place = self.find(region).ok()?;
        self.0.get(place).map(|(_, lsn)| *lsn)
    }

    /// Takes over a region's number if it is higher, and the region itself if `add` says so. False if there is no
    /// room for it.
    fn advance(&mut self, region: u64, lsn: i64, add: bool) -> bool {
        match self.find(region) {
            Ok(place) => {
                if let Some((_, known)) = self.0.get_mut(place) {
                    *known = lsn.max(*known);
                }
            }
            Err(place) if add => {
                if self.0.len() >= MAX_REGIONS {
                    return false;
                }
                self.0.insert(place, (region, lsn));
            }
            Err(_) => {}
        }
        true
    }
}

/// What comes before the first of these ASCII marks, and after it.
pub(super) fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..place)?, text.get(place.saturating_add(1)..)?))
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vector = match self {
            Self::Lsn(lsn) => return lsn.fmt(f),
            Self::Vector(vector) => vector,
        };
        write!(f, "{}#{}", vector.version, vector.global)?;
        for (region, lsn) in &vector.regions.0 {
            write!(f, "#{region}={lsn}")?;
        }
        Ok(())
    }
}
