//! Resume files: where a long command stands, for the next run of the same command.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// How much of a source identifies it, in bytes from its beginning.
const HEAD: u64 = 64 * 1024;

/// A file that always holds one complete state: it gets its name when it is on the disk.
pub(crate) struct ResumeFile(PathBuf);

impl ResumeFile {
    /// The one that was named, else the path of what is worked on with this ending.
    pub(crate) fn new(named: Option<PathBuf>, subject: &Path, ending: &str) -> Self {
        Self(named.unwrap_or_else(|| with_ending(subject, ending)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The state of a run before this one; none if there is no file. Errors: it cannot be understood.
    pub(crate) fn load<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let state = serde_json::from_slice(&text);
        state.map(Some).map_err(|error| {
            Failure::Usage(format!(
                "{} is no resume file of this program ({error}): name another one with --resume-file, or begin anew with \
                 --restart",
                self.0.display()
            ))
        })
    }

    /// Puts a state in place of the one before; when this returns it survives a power cut.
    pub(crate) fn save<T: Serialize>(&self, state: &T) -> Result<(), Failure> {
        let write = || {
            let text = serde_json::to_vec_pretty(state).map_err(io::Error::other)?;
            let temporary = with_ending(&self.0, ".tmp");
            let mut file = File::create(&temporary)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&temporary, &self.0)?;
            sync_folder(&self.0)
        };
        write().map_err(|error| self.failed(error))
    }

    /// Takes it away: there is nothing to go on with. When this returns, a power cut does not bring it back.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        let removed = match fs::remove_file(&self.0) {
            Ok(()) => sync_folder(&self.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|error| self.failed(error))
    }

    /// The state belongs to another job.
    pub(crate) fn mismatch(&self, what: &str) -> Failure {
        Failure::Usage(format!(
            "{} is of another job: {what}. Name another one with --resume-file, or begin anew with --restart",
            self.0.display()
        ))
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::io(format!("the resume file {}", self.0.display()))(error)
    }
}

/// Makes the names in a file's folder survive a power cut. Where folders cannot be opened there is nothing to do.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    match File::open(folder) {
        Ok(folder) if cfg!(unix) => folder.sync_all(),
        _ => Ok(()),
    }
}

/// A path with something after its whole name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// What tells one source from another, and from itself after a change of its length or its beginning.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Identity {
    length: u64,
    /// SHA-256 of the first 64 KiB, in hexadecimal digits.
    head: String,
}

impl Identity {
    /// Reads the beginning of a file.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        let mut head = Vec::new();
        file.take(HEAD).read_to_end(&mut head)?;
        Ok(Self {
            length: file.metadata()?.len(),
            head: hex(&Sha256::digest(&head)),
        })
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// An id for the item in a line of the source: the same on every run, and another one for every other line.
    pub(crate) fn id_of_line(&self, line: u64) -> String {
        let text = format!("{} {} {line}", self.length, self.head);
        let digest = hex(&Sha256::digest(text.as_bytes()));
        digest.chars().take(32).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_and_replaces_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = ResumeFile::new(None, &folder.path().join("a.jsonl"), ".resume.json");
        assert!(file.path().ends_with("a.jsonl.resume.json"));
        assert_eq!(file.load::<u32>().unwrap(), None);
        for state in [1, 2] {
            file.save(&state).unwrap();
            assert_eq!(file.load::<u32>().unwrap(), Some(state));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(file.path(), "{").unwrap();
        assert!(file.load::<u32>().is_err());
        file.remove().unwrap();
        file.remove().unwrap();
    }

    #[test]
    fn a_source_is_known_by_its_length_and_its_head() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            let path = folder.path().join("a");
            fs::write(&path, text).unwrap();
            Identity::of(&File::open(path).unwrap()).unwrap()
        };
        let one = of("abc");
        assert_eq!(one, of("abc"));
        assert_ne!(one, of("abcd"));
        assert_ne!(one, of("abd"));
        assert_eq!(one.id_of_line(1), of("abc").id_of_line(1));
        assert_ne!(one.id_of_line(1), one.id_of_line(2));
        assert_ne!(one.id_of_line(1), of("abd").id_of_line(1));
        assert_eq!(one.id_of_line(1).len(), 32);
    }
}
