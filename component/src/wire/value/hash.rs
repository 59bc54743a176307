//! One hash for all spellings of a value.

use super::number::Number;
use super::scan::Scanner;
use super::text;
use crate::wire::murmur;

/// How deeply arrays and objects may be nested, which is what the service takes.
pub const MAX_DEPTH: usize = 128;

/// Why a value has no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhashable {
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// It is no JSON.
    Malformed,
}

/// 128 bits that equal values share: numbers by value, texts without escapes, arrays by position, objects whatever the
/// order of their members.
///
/// MurmurHash3 (x64, 128 bits) over a mark of the type and the value. An array folds its elements' hashes one by one; an
/// object adds up those of its members, each over the name's hash and the value's. No defence against values made to
/// collide: whoever can write such items only hides them from queries over their own container.
///
/// # Errors
/// Nested too deeply, or no JSON.
pub fn hash(json: &[u8]) -> Result<u128, Unhashable> {
    let mut scanner = Scanner::new(json);
    let hash = value(&mut scanner, MAX_DEPTH)?;
    match scanner.peek() {
        None => Ok(hash),
        Some(_) => Err(Unhashable::Malformed),
    }
}

/// What the hash of each type begins with.
mod mark {
    pub(super) const NULL: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const TRUE: u8 = 3;
    pub(super) const NUMBER: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const ARRAY: u8 = 6;
    pub(super) const OBJECT: u8 = 7;
    pub(super) const MEMBER: u8 = 8;
}

fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<u128, Unhashable> {
    match scanner.peek().ok_or(Unhashable::Malformed)? {
        b'"' => Ok(text_hash(scanner.text())),
        b'[' => array(scanner, depth.checked_sub(1).ok_or(Unhashable::TooDeep)?),
        b'{' => object(scanner, depth.checked_sub(1).ok_or(Unhashable::TooDeep)?),
        _ => scalar(scanner.token().ok_or(Unhashable::Malformed)?),
    }
}

fn array(scanner: &mut Scanner<'_>, depth: usize) -> Result<u128, Unhashable> {
    scanner.eat(b'[');
    let mut hash = mix(mark::ARRAY, 0, 0);
    while !scanner.eat(b']') {
        hash = mix(mark::ARRAY, hash, value(scanner, depth)?);
        scanner.eat(b',');
    }
    Ok(hash)
}

fn object(scanner: &mut Scanner<'_>, depth: usize) -> Result<u128, Unhashable> {
    scanner.eat(b'{');
    let mut sum = 0_u128;
    while !scanner.eat(b'}') {
        if scanner.peek() != Some(b'"') {
            return Err(Unhashable::Malformed);
        }
        let name = text_hash(scanner.text());
        scanner.eat(b':');
        let member = mix(mark::MEMBER, name, value(scanner, depth)?);
        sum = sum.wrapping_add(member);
        scanner.eat(b',');
    }
    Ok(mix(mark::OBJECT, sum, 0))
}

fn scalar(token: &[u8]) -> Result<u128, Unhashable> {
    match token {
        b"null" => Ok(marked(mark::NULL, &[])),
        b"false" => Ok(marked(mark::FALSE, &[])),
        b"true" => Ok(marked(mark::TRUE, &[])),
        _ => match Number::parse(token) {
            Some(number) => Ok(marked(mark::NUMBER, &number.canonical())),
            None => Err(Unhashable::Malformed),
        },
    }
}

fn text_hash(json: &[u8]) -> u128 {
    marked(mark::TEXT, &text::decode(json))
}

/// The mark goes in through a second, fixed round, so that the bytes need not be copied behind it.
fn marked(mark: u8, bytes: &[u8]) -> u128 {
    mix(mark, murmur::x64_128(bytes), 0)
}

fn mix(mark: u8, one: u128, other: u128) -> u128 {
    let mut bytes = [mark; 33];
    let both = one.to_le_bytes().into_iter().chain(other.to_le_bytes());
    for (to, from) in bytes.iter_mut().zip(both) {
        *to = from;
    }
    murmur::x64_128(&bytes)
}
