//! Writing a token.
//!
//! Numbers are LEB128; texts and points have their length before them; what may be absent has a byte that says so.

use super::fingerprint::Fingerprint;
use super::{FeedToken, MAX_TOKEN_BYTES, PREFIX, Place, Refused, Start, Walk};
use crate::core::feed::{Boundary, SliceState};
use crate::wire::base64::{self, Form};
use crate::wire::epk::Epk;
use crate::wire::query_plan::Direction;

impl FeedToken {
    /// The token as text: ASCII, at most [`MAX_TOKEN_BYTES`].
    ///
    /// # Errors
    /// [`Refused::TooLong`].
    pub fn encode(&self) -> Result<String, Refused> {
        let mut bytes = Vec::with_capacity(256);
        bytes.push(self.kind as u8);
        push_block(&mut bytes, self.container.as_bytes());
        bytes.extend_from_slice(&self.fingerprint.to_bytes());
        push_place(&mut bytes, &self.place);
        let check = Fingerprint::of(&[&bytes]);
        bytes.extend_from_slice(&check.to_bytes());
        let text = [PREFIX, &base64::encode(Form::Url, &bytes)].concat();
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Refused::TooLong);
        }
        Ok(text)
    }
}

fn push_place(bytes: &mut Vec<u8>, place: &Place) {
    match &place.walk {
        Walk::Drained => bytes.push(0),
        Walk::Drain { cursor } => {
            bytes.push(1);
            push_point(bytes, cursor);
        }
        Walk::Merge { directions } => {
            bytes.push(2);
            push_count(bytes, directions.len());
            for direction in directions {
                bytes.push(u8::from(*direction == Direction::Descending));
            }
        }
        Walk::Changes { start, turn } => {
            bytes.push(3);
            match start {
                Start::Beginning => bytes.push(0),
                Start::Now => bytes.push(1),
                Start::At(seconds) => {
                    bytes.push(2);
                    push_number(bytes, *seconds);
                }
            }
            push_point(bytes, turn);
        }
    }
    push_number(bytes, place.skip);
    bytes.push(u8::from(place.take.is_some()));
    push_number(bytes, place.take.unwrap_or(0));
    bytes.push(u8::from(place.last.is_some()));
    bytes.extend_from_slice(&place.last.unwrap_or(0).to_le_bytes());
    push_count(bytes, place.slices.len());
    for slice in &place.slices {
        push_slice(bytes, slice);
    }
}

fn push_slice(bytes: &mut Vec<u8>, state: &SliceState) {
    push_point(bytes, &state.slice.min);
    push_point(bytes, &state.slice.max);
    // No continuation is empty.
    push_block(
        bytes,
        state.continuation.as_deref().unwrap_or("").as_bytes(),
    );
    bytes.push(u8::from(state.boundary.is_some()));
    if let Some(Boundary { values, rid, skip }) = &state.boundary {
        for value in values {
            push_block(bytes, value.as_bytes());
        }
        push_block(bytes, rid.as_bytes());
        push_number(bytes, *skip);
    }
}

fn push_point(bytes: &mut Vec<u8>, point: &Epk) {
    push_block(bytes, point.as_bytes());
}

fn push_block(bytes: &mut Vec<u8>, block: &[u8]) {
    push_count(bytes, block.len());
    bytes.extend_from_slice(block);
}

fn push_count(bytes: &mut Vec<u8>, count: usize) {
    push_number(bytes, count as u64);
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7F {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
