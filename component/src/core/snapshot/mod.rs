//! What an instance has learned of its account, as one value that another instance can begin with.
//!
//! ```text
//! snapshot = "cdbs" version check created account part*     part = tag body
//! ```
//!
//! `version` is a byte, `check` the FNV-1a hash of all that follows it (64 bits, little-endian), `created` the second of
//! its making since 1970, `account` the configured endpoint. Numbers are LEB128, texts and bodies have their length
//! before them, ages are milliseconds. A reader passes over tags that it does not know, and over what a later driver
//! appends to a body. No credential has a place in it.

use std::rc::Rc;

use super::container::Container;
use super::operation::ContainerRef;
use super::ranges::RangeMap;
use crate::wire::account::AccountDocument;

mod cursor;
mod part;
#[cfg(test)]
mod tests;

use cursor::{Cursor, push_bytes, push_number};

/// No snapshot is larger, in bytes: what does not fit is left out.
pub const MAX_WRITTEN: usize = 256 << 10;

/// What is larger, in bytes, is not read.
pub const MAX_READ: usize = 1 << 20;

const MAGIC: &[u8] = b"cdbs";
const VERSION: u8 = 1;

/// Where the checked bytes begin: after the magic, the version and the check.
const CHECKED: usize = 13;

/// Something that was learned.
#[derive(Debug, Clone)]
pub enum Part {
    /// The account's regions. Without the etag, which is of the service's own order of them.
    Account {
        /// How long ago it was read.
        age: u64,
        /// What the service said.
        document: AccountDocument,
    },
    /// An endpoint that failed.
    Avoided {
        /// How long ago that was.
        age: u64,
        /// Whether only writes avoid it.
        writes_only: bool,
        /// Its URL.
        endpoint: String,
    },
    /// How far the session with a container has got.
    Session {
        /// The container's name.
        at: ContainerRef,
        /// Its resource id, if a response has told it.
        rid: Option<String>,
        /// The token of all its partitions.
        token: String,
    },
    /// A container's definition.
    Container {
        /// Its name.
        at: ContainerRef,
        /// What is known of it.
        container: Rc<Container>,
    },
    /// A container's partition key ranges.
    Ranges {
        /// Its name.
        at: ContainerRef,
        /// Its resource id.
        rid: String,
        /// The ranges, without an etag: that means something to one region alone.
        ranges: Rc<RangeMap>,
    },
}

/// Why nothing of a snapshot was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is none, or not all of it has arrived as it was written.
    Damaged,
    /// A later version wrote it, in a form that is not known here.
    Newer,
    /// It is of another account, or of another endpoint of it.
    Foreign,
    /// It is larger than [`MAX_READ`].
    TooLarge,
    /// The driver is closed.
    Closed,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is used.
    Taken,
    /// The driver has learned better itself.
    Known,
    /// It is too old to be of use.
    Outdated,
    /// There is no room for it.
    Full,
    /// A later driver wrote it, or it makes no sense.
    Unreadable,
}

/// What became of the parts of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Those that are used.
    pub taken: u32,
    /// Of which the driver knew better.
    pub known: u32,
    /// Too old to be of use.
    pub outdated: u32,
    /// Without room.
    pub full: u32,
    /// Of a later driver, or without sense.
    pub unreadable: u32,
}

impl Restored {
    /// One part more.
    pub fn count(&mut self, fate: Fate) {
        let count = match fate {
            Fate::Taken => &mut self.taken,
            Fate::Known => &mut self.known,
            Fate::Outdated => &mut self.outdated,
            Fate::Full => &mut self.full,
            Fate::Unreadable => &mut self.unreadable,
        };
        *count = count.saturating_add(1);
    }
}

/// A snapshot that is being written.
#[derive(Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Begins a snapshot of the account at this endpoint.
    pub fn new(account: &str, created: u64) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.resize(CHECKED, 0);
        push_number(&mut bytes, created);
        push_bytes(&mut bytes, account.as_bytes());
        Self(bytes)
    }

    /// Adds a part, if it fits.
    pub fn push(&mut self, part: &Part) {
        let (tag, body) = part.written();
        let before = self.0.len();
        self.0.push(tag);
        push_bytes(&mut self.0, &body);
        if self.0.len() > MAX_WRITTEN {
            self.0.truncate(before);
        }
    }

    /// The snapshot.
    pub fn finish(mut self) -> Vec<u8> {
        let check = checksum(self.0.get(CHECKED..).unwrap_or_default());
        let place = self.0.get_mut(CHECKED.saturating_sub(8)..CHECKED);
        if let Some(place) = place {
            place.copy_from_slice(&check.to_le_bytes());
        }
        self.0
    }
}

/// A snapshot that is being read.
#[derive(Debug)]
pub struct Reader<'a> {
    created: u64,
    parts: Cursor<'a>,
}

impl<'a> Reader<'a> {
    /// Begins to read a snapshot, which must be of the account at this endpoint.
    ///
    /// # Errors
    /// [`Refused`], but never `Closed`.
    pub fn open(bytes: &'a [u8], account: &str) -> Result<Self, Refused> {
        if bytes.len() > MAX_READ {
            return Err(Refused::TooLarge);
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(Refused::Damaged)?;
        match rest.split_first() {
            Some((&VERSION, _)) => {}
            Some((version, _)) if *version > VERSION => return Err(Refused::Newer),
            _ => return Err(Refused::Damaged),
        }
        let (check, checked) = rest
            .get(1..)
            .unwrap_or_default()
            .split_at_checked(8)
            .ok_or(Refused::Damaged)?;
        if *check != checksum(checked).to_le_bytes() {
            return Err(Refused::Damaged);
        }
        let mut parts = Cursor(checked);
        let created = parts.number().ok_or(Refused::Damaged)?;
        match parts.text() {
            Some(own) if own == account => Ok(Self { created, parts }),
            Some(_) => Err(Refused::Foreign),
            None => Err(Refused::Damaged),
        }
    }

    /// When it was made, in seconds since 1970.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// The next part; `Some(None)` if it makes no sense.
    pub fn next_part(&mut self) -> Option<Option<Part>> {
        let tag = self.parts.byte()?;
        let Some(body) = self.parts.bytes() else {
            self.parts = Cursor(&[]);
            return Some(None);
        };
        Some(Part::read(tag, Cursor(body)))
    }
}

/// FNV-1a. No single wrong byte escapes it.
fn checksum(bytes: &[u8]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    }
    hash
}
