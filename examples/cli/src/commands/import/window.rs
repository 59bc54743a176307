//! From a file's lines to windows of items.

use std::collections::HashSet;
use std::io::{BufRead, Read as _};

use cosmosdb_driver_host::types::KeyComponent;

use crate::failure::Failure;
use crate::item::{self, KeyPaths};
use crate::output::Members;
use crate::resume::Identity;

/// The longest line. Items have 2 MB at most: what is longer than this is no file of lines.
const LONGEST: u64 = 16 << 20;

/// The most bytes of a window: the component holds it too, a few times.
const MOST_BYTES: usize = 8 << 20;

/// A line without its end.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// The byte after it and its end.
    pub(super) end: u64,
    pub(super) bytes: Vec<u8>,
}

/// The lines of a source, from some place on.
pub(super) struct Lines {
    input: Box<dyn BufRead + Send>,
    number: u64,
    offset: u64,
}

/// How lines become items.
pub(super) struct Rules {
    pub(super) paths: KeyPaths,
    /// What ids are made of, where an item has none.
    pub(super) ids: Option<Identity>,
    pub(super) keep_going: bool,
    /// The most lines of a window.
    pub(super) lines: usize,
    /// Lines before this byte may have been sent by another run.
    pub(super) resend_until: u64,
    /// The numbers of those that it knows not to be written, in order.
    pub(super) unwritten: Vec<u64>,
    /// What to do about a bad line.
    pub(super) advice: &'static str,
}

/// A line that is an item.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) line: Line,
    pub(super) key: Vec<KeyComponent>,
    pub(super) body: Vec<u8>,
    /// Whether it may have been carried out before.
    pub(super) resent: bool,
    /// Names the item.
    name: String,
}

/// A line that is none, or that the service refused.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) line: Line,
    pub(super) reason: String,
}

/// What ends an import: a line that must not be passed over.
#[derive(Debug)]
pub(super) struct Stop(String);

/// Lines that are sent together.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) ready: Vec<Ready>,
    /// Bad lines among them, where those do not end the import.
    pub(super) bad: Vec<Bad>,
    /// The byte after the last of them.
    pub(super) end: u64,
    /// The number of the last of them.
    pub(super) last: u64,
    /// The import ends after it, with a failure.
    pub(super) stop: Option<Stop>,
    /// The source ends after it.
    ended: bool,
}

/// Makes windows of lines.
pub(super) struct Filler {
    lines: Lines,
    rules: Rules,
    /// Begins the next window: the window before has its item already.
    held: Option<Ready>,
}

impl Lines {
    pub(super) fn new(input: Box<dyn BufRead + Send>, number: u64, offset: u64) -> Self {
        Self {
            input,
            number,
            offset,
        }
    }

    /// Errors: the source cannot be read, or a line is too long to be one.
    fn next(&mut self) -> Result<Option<Line>, Failure> {
        let mut bytes = Vec::new();
        let limited = &mut self.input.by_ref().take(LONGEST);
        let read = limited.read_until(b'\n', &mut bytes);
        let read = read.map_err(Failure::io("the items cannot be read"))? as u64;
        if read == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        self.offset = self.offset.saturating_add(read);
        if read == LONGEST {
            return Err(Failure::Other(format!(
                "line {} has more than 16 MiB: this is no file of JSON lines",
                self.number
            )));
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Ok(Some(Line {
            number: self.number,
            end: self.offset,
            bytes,
        }))
    }
}

impl Stop {
    pub(super) fn failure(self) -> Failure {
        Failure::Other(self.0)
    }
}

impl Window {
    pub(super) fn is_last(&self) -> bool {
        self.ended || self.stop.is_some()
    }
}

impl Filler {
    pub(super) fn new(lines: Lines, rules: Rules) -> Self {
        Self {
            lines,
            rules,
            held: None,
        }
    }

    /// The next window; its items are all different ones.
    pub(super) fn fill(mut self) -> Result<(Self, Window), Failure> {
        let mut window = Window {
            ready: Vec::new(),
            bad: Vec::new(),
            end: self.lines.offset,
            last: self.lines.number,
            stop: None,
            ended: false,
        };
        let (mut names, mut bytes) = (HashSet::new(), 0_usize);
        while window.ready.len() < self.rules.lines && bytes < MOST_BYTES {
            let next = match self.held.take() {
                Some(ready) => Some(Ok(ready)),
                None => self.next()?,
            };
            let Some(next) = next else {
                window.ended = true;
                (window.end, window.last) = (self.lines.offset, self.lines.number);
                break;
            };
            match next {
                Ok(ready) if names.contains(&ready.name) => {
                    self.held = Some(ready);
                    break;
                }
                Ok(ready) => {
                    names.insert(ready.name.clone());
                    bytes = bytes.saturating_add(ready.body.len());
                    (window.end, window.last) = (ready.line.end, ready.line.number);
                    window.ready.push(ready);
                }
                Err(bad) if self.rules.keep_going => {
                    bytes = bytes.saturating_add(bad.line.bytes.len());
                    (window.end, window.last) = (bad.line.end, bad.line.number);
                    window.bad.push(bad);
                }
                Err(bad) => {
                    window.stop = Some(Stop(format!(
                        "line {}: {}. All lines before it are written. {}",
                        bad.line.number, bad.reason, self.rules.advice
                    )));
                    break;
                }
            }
        }
        Ok((self, window))
    }

    /// The next line that is not empty.
    fn next(&mut self) -> Result<Option<Result<Ready, Bad>>, Failure> {
        while let Some(line) = self.lines.next()? {
            if !line.bytes.trim_ascii().is_empty() {
                return Ok(Some(self.rules.item(line)));
            }
        }
        Ok(None)
    }
}

impl Rules {
    fn item(&self, line: Line) -> Result<Ready, Bad> {
        match self.read(&line) {
            Ok((key, body, name)) => Ok(Ready {
                resent: line.end <= self.resend_until
                    && self.unwritten.binary_search(&line.number).is_err(),
                line,
                key,
                body,
                name,
            }),
            Err(reason) => Err(Bad { line, reason }),
        }
    }

    /// Key, body and name.
    fn read(&self, line: &Line) -> Result<(Vec<KeyComponent>, Vec<u8>, String), String> {
        let bytes = line.bytes.trim_ascii();
        let bytes = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if line.number == 1 => rest,
            _ => bytes,
        };
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())?;
        let item: Members<'_> =
            serde_json::from_str(text).map_err(|error| format!("it is no item: {error}"))?;
        let mut body = bytes.to_vec();
        let id = match (item::id(&item)?, &self.ids) {
            (Some(id), _) => id,
            (None, Some(identity)) => {
                let id = identity.id_of_line(line.number);
                let comma = if item.is_empty() { "" } else { "," };
                body.splice(..1, format!("{{\"id\":\"{id}\"{comma}").bytes());
                id
            }
            (None, None) => {
                return Err("it has no id; --make-ids would give it one".to_owned());
            }
        };
        // A path of the partition key may be /id.
        let with_id = serde_json::from_slice(&body).unwrap_or(item);
        let key = self.paths.key(&with_id)?;
        let name = format!("{key:?} {id}");
        Ok((key, body, name))
    }
}

#[cfg(test)]
mod tests;
