//! Reading a token. It comes from outside: everything about it is checked.

use super::fingerprint::Fingerprint;
use super::{
    Continuation, FINGERPRINT_BYTES, FeedKind, FeedToken, MAX_TOKEN_BYTES, Place, Refused, Start,
    Walk,
};
use crate::core::feed::{Boundary, SliceState};
use crate::wire::base64::{self, Form};
use crate::wire::epk::Epk;
use crate::wire::epk_range::EpkRange;
use crate::wire::query_plan::Direction;

/// ORDER BY columns.
const MAX_COLUMNS: usize = 64;

/// Reads a continuation that the caller hands in.
///
/// # Errors
/// It is too long, was made by another version of the driver, is damaged, or holds characters that no header can carry.
pub fn parse(text: &str) -> Result<Continuation, Refused> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(Refused::TooLong);
    }
    let Some((version, encoded)) = versioned(text) else {
        return continuation(text.to_owned()).map(Continuation::Server);
    };
    if version != "2" {
        return Err(Refused::OtherVersion);
    }
    let bytes = base64::decode(Form::Url, encoded.as_bytes()).ok_or(Refused::Damaged)?;
    token(&bytes).map(Continuation::Driver)
}

/// `c`, digits, a dot, the rest.
fn versioned(text: &str) -> Option<(&str, &str)> {
    let (version, rest) = text.strip_prefix('c')?.split_once('.')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((version, rest))
}

fn token(bytes: &[u8]) -> Result<FeedToken, Refused> {
    let (bytes, check) = bytes
        .split_last_chunk::<FINGERPRINT_BYTES>()
        .ok_or(Refused::Damaged)?;
    if Fingerprint::from(*check) != Fingerprint::of(&[bytes]) {
        return Err(Refused::Damaged);
    }
    let mut reader = Reader(bytes);
    let kind = match reader.byte()? {
        0 => FeedKind::Query,
        1 => FeedKind::ReadFeed,
        2 => FeedKind::ChangeFeed,
        3 => FeedKind::AllVersionsChangeFeed,
        _ => return Err(Refused::Damaged),
    };
    let token = FeedToken {
        kind,
        container: reader.text()?,
        fingerprint: Fingerprint::from(reader.array()?),
        place: reader.place(kind)?,
    };
    // Nothing may be left.
    match reader.0 {
        [] => Ok(token),
        _ => Err(Refused::Damaged),
    }
}

/// What goes into a header: printable ASCII, and something.
fn continuation(text: String) -> Result<String, Refused> {
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if text.is_empty() || !printable {
        return Err(Refused::Damaged);
    }
    Ok(text)
}

/// The bytes that are still to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn place(&mut self, kind: FeedKind) -> Result<Place, Refused> {
        let walk = self.walk(kind)?;
        let skip = self.number()?;
        let (limited, take) = (self.flag()?, self.number()?);
        let (distinct, last) = (self.flag()?, u128::from_le_bytes(self.array()?));
        let place = Place {
            skip,
            take: limited.then_some(take),
            last: distinct.then_some(last),
            slices: self.slices(&walk)?,
            walk,
        };
        let some = !place.slices.is_empty();
        let first = place.slices.first().map(|first| &first.slice.min);
        let fits = match &place.walk {
            Walk::Drained => !some,
            Walk::Drain { cursor } => *cursor < Epk::MAX && first.is_none_or(|min| cursor <= min),
            Walk::Merge { .. } | Walk::Changes { .. } => some,
        };
        fits.then_some(place).ok_or(Refused::Damaged)
    }

    fn walk(&mut self, kind: FeedKind) -> Result<Walk, Refused> {
        let is_query = kind == FeedKind::Query;
        let is_plain = is_query || kind == FeedKind::ReadFeed;
        Ok(match self.byte()? {
            0 if is_plain => Walk::Drained,
            1 if is_plain => Walk::Drain {
                cursor: self.point()?,
            },
            2 if is_query => Walk::Merge {
                directions: self.directions()?,
            },
            3 if !is_plain => Walk::Changes {
                start: match self.byte()? {
                    0 => Start::Beginning,
                    1 => Start::Now,
                    2 => Start::At(self.number()?),
                    _ => return Err(Refused::Damaged),
                },
                turn: self.point()?,
            },
            _ => return Err(Refused::Damaged),
        })
    }

    fn directions(&mut self) -> Result<Vec<Direction>, Refused> {
        let columns = self.count()?;
        if columns == 0 || columns > MAX_COLUMNS {
            return Err(Refused::Damaged);
        }
        let mut directions = Vec::with_capacity(columns);
        for _ in 0..columns {
            directions.push(match self.flag()? {
                true => Direction::Descending,
                false => Direction::Ascending,
            });
        }
        Ok(directions)
    }

    /// In ascending order and apart.
    fn slices(&mut self, walk: &Walk) -> Result<Vec<SliceState>, Refused> {
        let mut slices: Vec<SliceState> = Vec::new();
        for _ in 0..self.count()? {
            let next = self.slice(walk)?;
            if let Some(last) = slices.last()
                && next.slice.min < last.slice.max
            {
                return Err(Refused::Damaged);
            }
            slices.push(next);
        }
        Ok(slices)
    }

    fn slice(&mut self, walk: &Walk) -> Result<SliceState, Refused> {
        let (min, max) = (self.point()?, self.point()?);
        let slice = EpkRange { min, max };
        let next = self.block()?;
        let next = (!next.is_empty()).then(|| utf8(next)).transpose()?;
        let next = next.map(continuation).transpose()?;
        let boundary = match (self.flag()?, walk) {
            (false, _) => None,
            (true, Walk::Merge { directions }) => Some(self.boundary(directions.len())?),
            (true, _) => return Err(Refused::Damaged),
        };
        let lacks = next.is_none() && matches!(walk, Walk::Drain { .. });
        if lacks || slice.is_empty() || slice.max > Epk::MAX {
            return Err(Refused::Damaged);
        }
        Ok(SliceState {
            slice,
            continuation: next,
            boundary,
        })
    }

    /// The values are checked by those who compare them.
    fn boundary(&mut self, columns: usize) -> Result<Boundary, Refused> {
        let mut values = Vec::with_capacity(columns);
        for _ in 0..columns {
            values.push(self.text()?);
        }
        let (rid, skip) = (self.text()?, self.number()?);
        if skip == 0 {
            return Err(Refused::Damaged);
        }
        Ok(Boundary { values, rid, skip })
    }

    /// A text that is not empty.
    fn text(&mut self) -> Result<String, Refused> {
        match self.block()? {
            [] => Err(Refused::Damaged),
            text => utf8(text),
        }
    }

    fn point(&mut self) -> Result<Epk, Refused> {
        Ok(Epk::from(self.block()?.to_vec()))
    }

    fn block(&mut self) -> Result<&[u8], Refused> {
        let length = self.count()?;
        let (block, rest) = self.0.split_at_checked(length).ok_or(Refused::Damaged)?;
        self.0 = rest;
        Ok(block)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Refused::Damaged)?;
        self.0 = rest;
        Ok(*array)
    }

    fn count(&mut self) -> Result<usize, Refused> {
        usize::try_from(self.number()?).map_err(|_| Refused::Damaged)
    }

    fn number(&mut self) -> Result<u64, Refused> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7F);
            let placed = part << shift;
            if placed >> shift != part {
                break;
            }
            number |= placed;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Refused::Damaged)
    }

    fn flag(&mut self) -> Result<bool, Refused> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Refused::Damaged),
        }
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        let (byte, rest) = self.0.split_first().ok_or(Refused::Damaged)?;
        self.0 = rest;
        Ok(*byte)
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Refused> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Refused::Damaged)
}
