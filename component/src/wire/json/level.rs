//! One level of a document, an object or an array: where an entry of it is, for those who change the text around it.

use std::ops::Range;

use super::scan::Scanner;
use super::{Json, text as decoded, unquoted};

/// An object or an array in a document, and the entry that was looked for. All places are offsets in the document.
#[derive(Debug)]
pub struct Level {
    /// An object, not an array.
    pub is_object: bool,
    /// How many entries it has.
    pub count: usize,
    /// Where its last entry ends, or its opening bracket if it has none: what is written here comes last.
    pub end: usize,
    /// The entry; the last one if an object has several of the name.
    pub entry: Option<Entry>,
}

/// A member of an object or an element of an array.
#[derive(Debug)]
pub struct Entry {
    /// Where it begins, with its name if it has one.
    pub begin: usize,
    /// Its value.
    pub value: Range<usize>,
    /// What goes when it goes: itself and one comma, if there is any.
    pub cut: Range<usize>,
}

/// Looks for a step of a JSON pointer in the object or array that begins `at` this place of a document: a property's name,
/// or a number without superfluous zeros. None if there is something else at the place.
pub fn level(document: &str, at: usize, step: &str) -> Option<Level> {
    let mut scanner = Scanner::at(document, at);
    let is_object = scanner.take(b'{');
    let close = if is_object { b'}' } else { b']' };
    (is_object || scanner.take(b'[')).then_some(())?;
    let mut level = Level {
        is_object,
        count: 0,
        end: scanner.place(),
        entry: None,
    };
    if scanner.take(close) {
        return Some(level);
    }
    let index = index(step);
    loop {
        let begin = scanner.begin();
        let found = if is_object {
            let name = scanner.string()?;
            scanner.take(b':').then_some(())?;
            is_text(name, step)
        } else {
            index == Some(level.count)
        };
        let begin_value = scanner.begin();
        scanner.value()?;
        let end = scanner.place();
        if level.count == 1
            && let Some(first) = &mut level.entry
        {
            first.cut.end = begin;
        }
        if found {
            let cut = if level.count == 0 { begin } else { level.end };
            level.entry = Some(Entry {
                begin,
                value: begin_value..end,
                cut: cut..end,
            });
        }
        level.count = level.count.saturating_add(1);
        level.end = end;
        if !scanner.take(b',') {
            return scanner.take(close).then_some(level);
        }
    }
}

/// A place in an array.
pub fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || step.starts_with(|first: char| matches!(first, '1'..='9'));
    plain.then(|| step.parse().ok()).flatten()
}

/// Whether a JSON string has this text.
fn is_text(json: &str, wanted: &str) -> bool {
    match unquoted(json) {
        Some(plain) => plain == wanted,
        None => decoded(Json(json)).is_some_and(|text| text == wanted),
    }
}
