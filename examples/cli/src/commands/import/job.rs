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
    /// The numbers of those among them that are known not to be written, in order: a conflict of such a line is genuine.
    #[serde(default)]
    pub(super) unwritten: Vec<u64>,
    /// The reject file, as far as it belongs to the lines before `offset`.
    pub(super) rejects: Option<Kept>,
    pub(super) counts: Counts,
}

impl State {
    /// Whether lines that were sent would get other ids now.
    fn ids_differ(&self, job: &Job) -> bool {
        let before = &self.job;
        let both = before.make_ids && job.make_ids && before.target == job.target;
        both && before.source != job.source && self.sent > 0
    }
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

/// Where the import begins: at the beginning, or where the resume file says. Errors: that is of another job; or
/// beginning anew would write items a second time.
pub(super) fn state(
    job: Job,
    resume: Option<&ResumeFile>,
    arguments: &Arguments,
) -> Result<State, Failure> {
    let kept = match resume {
        // One that cannot be understood is what a restart is for.
        Some(resume) if arguments.restart => {
            let kept = resume.load::<State>().ok().flatten();
            if kept.is_some_and(|kept| kept.ids_differ(&job)) {
                return Err(written_twice(resume));
            }
            None
        }
        Some(resume) => resume.load::<State>()?,
        None => None,
    };
    let (Some(kept), Some(resume)) = (kept, resume) else {
        return Ok(State {
            job,
            offset: 0,
            line: 0,
            sent: 0,
            unwritten: Vec::new(),
            rejects: None,
            counts: Counts::default(),
        });
    };
    if kept.ids_differ(&job) {
        return Err(written_twice(resume));
    }
    let differs = if kept.job.source != job.source && job.create {
        Some(
            "the file has changed since, and with --create its lines that are written would be conflicts",
        )
    } else if kept.job.source != job.source {
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

fn written_twice(resume: &ResumeFile) -> Failure {
    Failure::Usage(format!(
        "{} says that a file with other content was imported with --make-ids, in part. Ids are made of a file's content: if \
         this is that file, corrected, all its lines without an id would be written a second time. Put it back as it was \
         and import it with --keep-going, then correct the reject file and import that. If these are other items, remove {0}",
        resume.path().display()
    ))
}
