//! What is imported where, and how far it has come.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom};

use serde::{Deserialize, Serialize};

use super::Arguments;
use super::rejects::Kept;
use super::window::Lines;
use crate::account::Target;
use crate::failure::Failure;
use crate::resume::{Identity, ResumeFile};
use crate::settings::Settings;

/// What must be the same for a run to go on with another one's work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// None: standard input.
    pub(super) source: Option<Identity>,
    pub(super) target: Target,
    pub(super) create: bool,
    pub(super) make_ids: bool,
}

/// The content of the resume file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct State {
    pub(super) job: Job,
    /// Everything before this byte is written or rejected.
    pub(super) offset: u64,
    /// The number of lines before that.
    pub(super) line: u64,
    /// Lines before this byte may have been sent.
    pub(super) sent: u64,
    /// The reject file, as far as it belongs to the lines before `offset`.
    pub(super) rejects: Option<Kept>,
    pub(super) counts: Counts,
}

/// Over all runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Counts {
    pub(super) written: u64,
    /// Items of lines that were sent before.
    pub(super) there: u64,
    pub(super) rejected: u64,
    pub(super) charge: f64,
}

/// Where lines come from.
pub(super) struct Source {
    file: Option<File>,
    pub(super) identity: Option<Identity>,
}

/// What standard input cannot do.
pub(super) fn check(
    arguments: &Arguments,
    settings: &Settings,
    from_stdin: bool,
) -> Result<(), Failure> {
    if !from_stdin {
        return Ok(());
    }
    let wrong = [
        (
            settings.key_stdin,
            "standard input cannot be both the key and the items: name a file, or use COSMOS_KEY",
        ),
        (
            arguments.make_ids,
            "ids cannot be made for standard input, because they would not be the same on the next run: write it to a file",
        ),
        (
            arguments.resume_file.is_some(),
            "standard input cannot be resumed: write it to a file",
        ),
        (
            arguments.keep_going && arguments.rejects.is_none(),
            "name the reject file for standard input: --rejects FILE",
        ),
    ];
    match wrong.into_iter().find(|(wrong, _)| *wrong) {
        Some((_, what)) => Err(Failure::Usage(what.to_owned())),
        None => Ok(()),
    }
}

pub(super) fn open(arguments: &Arguments, from_stdin: bool) -> Result<Source, Failure> {
    if from_stdin {
        return Ok(Source {
            file: None,
            identity: None,
        });
    }
    let open = || {
        let file = File::open(&arguments.file)?;
        let identity = Identity::of(&file)?;
        Ok(Source {
            file: Some(file),
            identity: Some(identity),
        })
    };
    open().map_err(Failure::io(arguments.file.display().to_string()))
}

impl Source {
    /// The lines that are not done yet.
    pub(super) fn lines_from(self, state: &State) -> Result<Lines, Failure> {
        let input: Box<dyn BufRead + Send> = match self.file {
            None => Box::new(BufReader::new(io::stdin())),
            Some(mut file) => {
                let sought = file.seek(SeekFrom::Start(state.offset));
                sought.map_err(Failure::io("the file cannot be read from its middle"))?;
                Box::new(BufReader::new(file))
            }
        };
        Ok(Lines::new(input, state.line, state.offset))
    }
}

/// Where the import begins: at the beginning, or where the resume file says. Errors: that is of another job.
pub(super) fn state(
    job: Job,
    resume: Option<&ResumeFile>,
    arguments: &Arguments,
) -> Result<State, Failure> {
    let kept = match resume {
        Some(resume) if !arguments.restart => resume.load::<State>()?,
        _ => None,
    };
    let (Some(kept), Some(resume)) = (kept, resume) else {
        return Ok(State {
            job,
            offset: 0,
            line: 0,
            sent: 0,
            rejects: None,
            counts: Counts::default(),
        });
    };
    let differs = if kept.job.source != job.source {
        Some("the file has changed since")
    } else if kept.job.target != job.target {
        Some("its items went to another container")
    } else if kept.job != job {
        Some("it was begun with or without --create or --make-ids")
    } else {
        None
    };
    if let Some(what) = differs {
        return Err(resume.mismatch(what));
    }
    eprintln!("resuming after line {}", kept.line);
    Ok(kept)
}
