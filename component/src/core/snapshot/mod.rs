//! What an instance has learned of its account, as one value that another instance can begin with.
//!
//! ```text
//! snapshot = "cdbs" version check created account part*
//! part     = kind length age text text text text body
//! ```
//!
//! `version` and `kind` are bytes, `check` the FNV-1a hash of all that follows it (64 bits, little-endian), `created` the
//! second of its making since 1970, `account` the configured endpoint, `length` that of what follows it in the part (32
//! bits, little-endian). Other numbers are LEB128, texts have their length before them, ages are seconds. A reader passes over kinds that it does not know, and over what a later driver appends to
//! a part. No credential has a place in it.

mod body;
mod cursor;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;

pub use body::{account, container, ranges};
pub use cursor::Cursor;

/// No snapshot is larger, in bytes: what does not fit is left out.
pub const MAX_WRITTEN: usize = 256 << 10;

/// What is larger, in bytes, is not read.
pub const MAX_READ: usize = 1 << 20;

const MAGIC: &[u8] = b"cdbs";
const VERSION: u8 = 1;

/// Where the checked bytes begin: after the magic, the version and the check.
const CHECKED: usize = 13;

/// What a part is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The account's regions. No texts. See [`account`].
    Account = 1,
    /// An endpoint that failed: its URL; and any text if only writes avoid it. No body.
    Avoided,
    /// How far the session with a container has got: database, container, resource id if it is known, token. No body.
    Session,
    /// A container's definition: database, container, resource id. See [`container`].
    Container,
    /// A container's partition key ranges: database, container, resource id. See [`ranges`].
    Ranges,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Account,
            2 => Self::Avoided,
            3 => Self::Session,
            4 => Self::Container,
            5 => Self::Ranges,
            _ => return None,
        })
    }
}

/// Something that was learned.
#[derive(Debug)]
pub struct Part<'a> {
    /// What it is about.
    pub kind: Kind,
    /// How many seconds before the snapshot was made.
    pub age: u64,
    /// Of what it was learned; the third fits into a header. Empty where there is none.
    pub texts: [&'a str; 4],
    /// What it was.
    pub body: Cursor<'a>,
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

/// A snapshot that is being written. Its methods for the bodies belong between [`begin`](Self::begin) and
/// [`end`](Self::end).
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    /// Where the part begins.
    part: usize,
}

impl Writer {
    /// Begins a snapshot of the account at this endpoint.
    pub fn new(account: &str, created: u64) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.resize(CHECKED, 0);
        let mut writer = Self { bytes, part: 0 };
        writer.number(created);
        writer.text(account);
        writer
    }

    /// Begins a part.
    pub fn begin(&mut self, kind: Kind, age: u64, texts: [&str; 4]) {
        self.part = self.bytes.len();
        self.bytes.extend_from_slice(&[kind as u8, 0, 0, 0, 0]);
        self.number(age);
        for text in texts {
            self.text(text);
        }
    }

    /// Ends the part, which is taken back if it does not fit.
    pub fn end(&mut self) {
        let place = self.part.saturating_add(1);
        let body = place.saturating_add(4);
        let length = self.bytes.len().saturating_sub(body);
        match u32::try_from(length) {
            Ok(length) if self.bytes.len() <= MAX_WRITTEN => {
                self.put(place, &length.to_le_bytes());
            }
            _ => self.bytes.truncate(self.part),
        }
    }

    /// The snapshot.
    pub fn finish(mut self) -> Vec<u8> {
        let check = checksum(self.bytes.get(CHECKED..).unwrap_or_default());
        self.put(CHECKED.saturating_sub(8), &check.to_le_bytes());
        self.bytes
    }

    fn put(&mut self, place: usize, value: &[u8]) {
        let end = place.saturating_add(value.len());
        if let Some(place) = self.bytes.get_mut(place..end) {
            place.copy_from_slice(value);
        }
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
        let mut parts = Cursor::new(checked);
        let (created, own) = (parts.number(), parts.text());
        if !parts.is_whole() {
            return Err(Refused::Damaged);
        }
        if own != account {
            return Err(Refused::Foreign);
        }
        Ok(Self { created, parts })
    }

    /// When it was made, in seconds since 1970.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// The next part; `Some(None)` if it makes no sense.
    pub fn next_part(&mut self) -> Option<Option<Part<'a>>> {
        if self.parts.is_empty() {
            return None;
        }
        let kind = Kind::of(self.parts.byte());
        let mut body = self.parts.part();
        let age = body.number();
        let texts = [body.text(), body.text(), body.id(), body.text()];
        let kind = kind.filter(|_| body.is_whole());
        Some(kind.map(|kind| Part {
            kind,
            age,
            texts,
            body,
        }))
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
