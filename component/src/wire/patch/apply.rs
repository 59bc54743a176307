//! Patches applied to an item's text, all of it but the patched places untouched (spec data-plane §7.2).

use std::ops::Range;

use super::{PatchOperation, check_path, json_of, steps};
use crate::wire::Invalid;
use crate::wire::json::{self, Json, Level, level};
use crate::wire::json_edit;
use crate::wire::key::push_number;

/// A patch that is applied here holds at most this many operations: each is a pass over the item.
pub const MAX_APPLIED: usize = 100;

/// Why an operation does not fit the item.
type Misfit = &'static str;

const NOTHING_THERE: Misfit = "there is nothing at the path";
const NO_WAY_THERE: Misfit = "the path leads through something that is not there, or to a place that the array does not have";
const NO_NUMBER: Misfit = "only numbers are incremented, and only by numbers";
const INTO_ITSELF: Misfit = "a value does not move into itself";

/// How a value is put in its place.
#[derive(Clone, Copy, PartialEq)]
enum Put {
    /// Elements of an array make room.
    Add,
    Set,
    /// Only if there is something already.
    Replace,
}

/// Whether the operations could be applied to an item.
///
/// # Errors
/// No operation or more than [`MAX_APPLIED`]; a path that does not start with `/` or touches `/id`; a value that is no JSON.
pub fn check(operations: &[PatchOperation]) -> Result<(), Invalid> {
    if operations.is_empty() || operations.len() > MAX_APPLIED {
        return Err(Invalid::new(format!(
            "a patch by read-modify-write holds 1 to {MAX_APPLIED} operations, this one {}: replace the item",
            operations.len()
        )));
    }
    for operation in operations {
        operation.paths().try_for_each(check_path)?;
        if let (op, _, Some(value)) = operation.parts() {
            json_of(op, value)?;
        }
    }
    Ok(())
}

/// The item after all operations in their order.
///
/// `add` needs what holds the place, replaces a property, inserts into an array at an index up to its length, or at its end
/// with `-`. `set` does the same, but replaces elements. `replace` and `remove` need what they replace and remove.
/// `increment` adds whole numbers exactly as long as they fit 64 bits and all others as doubles, and creates what is not
/// there. `move` is a `remove` and an `add`.
///
/// # Errors
/// An operation does not fit the item; the item is no JSON.
pub fn apply(item: &[u8], operations: &[PatchOperation]) -> Result<Vec<u8>, Invalid> {
    let Some(item) = Json::parse(item) else {
        return Err(Invalid::new("the item that was read is no JSON text"));
    };
    let mut text = item.get().to_owned();
    for (place, operation) in operations.iter().enumerate() {
        text = match applied(&text, operation) {
            Ok(text) => text,
            Err(misfit) => {
                let (op, path, _) = operation.parts();
                return Err(Invalid::new(format!(
                    "operation {place} of the patch ({op} {path}) does not fit the item: {misfit}. Nothing was changed; read \
                     the item"
                )));
            }
        };
    }
    Ok(text.into_bytes())
}

fn applied(text: &str, operation: &PatchOperation) -> Result<String, Misfit> {
    let (_, path, value) = operation.parts();
    let value = value.and_then(|value| Json::parse(&value.value));
    let value = value.map_or("null", Json::get);
    match operation {
        PatchOperation::Add(_) => put(text, path, value, Put::Add),
        PatchOperation::Set(_) => put(text, path, value, Put::Set),
        PatchOperation::Replace(_) => put(text, path, value, Put::Replace),
        PatchOperation::Remove(_) => taken(text, path).map(|(rest, _)| rest),
        PatchOperation::Increment(_) => {
            let (found, _) = find(text, path)?;
            let old = found.entry.map_or("0", |entry| slice(text, entry.value));
            put(text, path, &sum(old, value).ok_or(NO_NUMBER)?, Put::Set)
        }
        PatchOperation::Move { from, .. } => {
            let inside = path.strip_prefix(from.as_str());
            if inside.is_some_and(|rest| rest.starts_with('/')) {
                return Err(INTO_ITSELF);
            }
            let (rest, value) = taken(text, from)?;
            put(&rest, path, value, Put::Add)
        }
    }
}

/// The object or array that holds what a path names, and the last step of the path.
fn find(text: &str, path: &str) -> Result<(Level, String), Misfit> {
    let mut steps = steps(path).peekable();
    let mut at = 0;
    loop {
        let step = steps.next().ok_or(NO_WAY_THERE)?;
        let found = level(text, at, &step).ok_or(NO_WAY_THERE)?;
        if steps.peek().is_none() {
            return Ok((found, step));
        }
        at = found.entry.ok_or(NO_WAY_THERE)?.value.start;
    }
}

fn put(text: &str, path: &str, value: &str, how: Put) -> Result<String, Misfit> {
    let (found, step) = find(text, path)?;
    let comma = if found.count == 0 { "" } else { "," };
    match found.entry {
        Some(entry) if how == Put::Add && !found.is_object => {
            Ok(spliced(text, entry.begin..entry.begin, &[value, ","]))
        }
        Some(entry) => Ok(spliced(text, entry.value, &[value])),
        None if how == Put::Replace => Err(NOTHING_THERE),
        None if found.is_object => {
            let name = json_edit::text(&step);
            Ok(spliced(
                text,
                found.end..found.end,
                &[comma, &name, ":", value],
            ))
        }
        None if step == "-" || (how == Put::Add && json::index(&step) == Some(found.count)) => {
            Ok(spliced(text, found.end..found.end, &[comma, value]))
        }
        None => Err(NO_WAY_THERE),
    }
}

/// The text without what a path names, and that.
fn taken<'a>(text: &'a str, path: &str) -> Result<(String, &'a str), Misfit> {
    let entry = find(text, path)?.0.entry.ok_or(NOTHING_THERE)?;
    Ok((spliced(text, entry.cut, &[]), slice(text, entry.value)))
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

fn spliced(text: &str, gone: Range<usize>, new: &[&str]) -> String {
    let (before, after) = (
        slice(text, 0..gone.start),
        slice(text, gone.end..text.len()),
    );
    [before, &new.concat(), after].concat()
}

fn sum(one: &str, other: &str) -> Option<String> {
    if let (Ok(one), Ok(other)) = (one.parse::<i64>(), other.parse())
        && let Some(sum) = one.checked_add(other)
    {
        return Some(sum.to_string());
    }
    let sum = json::number(one)? + json::number(other)?;
    let mut text = String::new();
    sum.is_finite().then(|| push_number(&mut text, sum))?;
    Some(text)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // overflow fails the test
mod tests;
