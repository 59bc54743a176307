//! The reject file: bad lines, to the byte.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Arguments;
use super::job::State;
use super::window::Bad;
use crate::failure::Failure;
use crate::resume::{sync_folder, with_ending};

/// A reject file as a resume file knows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Kept {
    path: PathBuf,
    length: u64,
}

impl Kept {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The open file.
pub(super) struct Rejects {
    file: File,
    kept: Kept,
}

/// Opens it, if lines may be rejected: a new one, or the one of the runs before without what a window added that is sent
/// again. Errors: there is a file of that name which this import did not make.
pub(super) fn open(arguments: &Arguments, state: &State) -> Result<Option<Rejects>, Failure> {
    if !arguments.keep_going {
        return Ok(None);
    }
    let path = arguments.rejects.clone();
    let path = path.unwrap_or_else(|| with_ending(&arguments.file, ".rejected.jsonl"));
    let length = match &state.rejects {
        None => 0,
        Some(kept) if kept.path == path => kept.length,
        Some(kept) => {
            return Err(Failure::Usage(format!(
                "the runs before rejected lines to {}: name that one, or begin anew with --restart",
                kept.path.display()
            )));
        }
    };
    let found = fs::metadata(&path).map_or(0, |found| found.len());
    if state.rejects.is_none() && found > 0 {
        return Err(Failure::Usage(format!(
            "there are rejected lines in {} already: move it away, or name another one with --rejects",
            path.display()
        )));
    }
    let open = || {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.set_len(length)?;
        sync_folder(&path)?;
        Ok(file)
    };
    let file = open().map_err(Failure::io(path.display().to_string()))?;
    let kept = Kept { path, length };
    Ok(Some(Rejects { file, kept }))
}

impl Rejects {
    /// What the resume file says of it.
    pub(super) fn kept(&self) -> Kept {
        self.kept.clone()
    }

    /// Adds lines. When this returns they are on the disk.
    pub(super) fn add(&mut self, bad: &[Bad]) -> Result<Kept, Failure> {
        let mut text = Vec::new();
        for bad in bad {
            text.extend_from_slice(&bad.line.bytes);
            text.push(b'\n');
        }
        if !text.is_empty() {
            let mut write = || -> io::Result<()> {
                self.file.write_all(&text)?;
                self.file.sync_all()
            };
            write().map_err(Failure::io(self.kept.path.display().to_string()))?;
            self.kept.length = self.kept.length.saturating_add(text.len() as u64);
        }
        Ok(self.kept())
    }

    /// Takes an empty file away.
    pub(super) fn remove(self) -> Result<(), Failure> {
        let removed = fs::remove_file(&self.kept.path);
        removed.map_err(Failure::io(self.kept.path.display().to_string()))
    }
}
