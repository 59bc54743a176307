//! `cosmos import`
//!
//! The file is sent in windows of some thousand lines, one after the other, each as one bulk. The resume file says, on
//! the disk before a window leaves: up to where everything is done, and up to where lines may have been sent. What was
//! sent without an answer is sent again by the next run. Lines for the same item are never in one window, for a bulk has
//! no order: the last one wins, as the file says.

mod job;
mod rejects;
mod send;
mod window;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use cosmosdb_driver_host::Container;

use crate::Hint;
use crate::account::Account;
use crate::failure::Failure;
use crate::item::KeyPaths;
use crate::progress::Progress;
use crate::resume::ResumeFile;
use crate::settings::Settings;

use job::{Counts, Job, State};
use rejects::Rejects;
use window::{Bad, Filler, Rules, Window};

const EXAMPLES: &str = "\
Each line is one item: a JSON object with a text `id` and the container's partition key. Empty lines are skipped.
Items are sent as they are. Of two lines for the same item the last one wins.

A run that was stopped, however that happened, goes on with the same command: FILE.import.json says where. It is
removed at the end. Lines without an answer are sent again; with --create, a conflict of such a line means that it is
there already. Standard input can be imported but not resumed.

A bad line (no JSON, no id, refused by the service) ends the import, and is told with its number. With --keep-going it
goes to the reject file, and the import ends with exit code 1. Correct them there and import that file. A corrected FILE
is another file, which needs --restart: then plain imports write the same items again, with --create what is written is a
conflict, and with --make-ids it would be written twice, which is refused.

Examples:
  cosmos import orders.jsonl
  cosmos import orders.jsonl --keep-going --rejects bad.jsonl
  cosmos import orders.jsonl --make-ids                     items without an id get one
  zcat orders.jsonl.gz | cosmos import -";

/// Arguments of `import`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file; `-` is standard input.
    file: PathBuf,
    /// Create items; fail where one exists. Default: create or replace.
    #[arg(long)]
    create: bool,
    /// Give items without an id one that is made of the file's length, its beginning and the number of the line: the same
    /// on every run.
    #[arg(long)]
    make_ids: bool,
    /// Put bad lines into the reject file and go on.
    #[arg(long)]
    keep_going: bool,
    /// The reject file. Default: FILE.rejected.jsonl.
    #[arg(long, value_name = "FILE", requires = "keep_going")]
    rejects: Option<PathBuf>,
    /// The most lines of a window.
    #[arg(long, value_name = "LINES", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    window: u32,
    /// The most requests under way at a time.
    #[arg(long, value_name = "REQUESTS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    concurrency: u32,
    /// The resume file. Default: FILE.import.json.
    #[arg(long, value_name = "FILE")]
    resume_file: Option<PathBuf>,
    /// Begin anew, whatever the resume file says.
    #[arg(long)]
    restart: bool,
}

impl Arguments {
    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// What to do about bad lines. A corrected file is another file, whose lines are all written anew.
    fn advice(&self) -> &'static str {
        if self.is_stdin() {
            "Correct them and import them anew, or reject such lines with --keep-going"
        } else if self.create || self.make_ids {
            "Leave the file as it is and go on with --keep-going: such lines go to the reject file. Correct them there, and \
             import that file"
        } else {
            "Correct the file and begin anew with --restart, or reject such lines with --keep-going"
        }
    }
}

/// An import under way.
struct Import<'a> {
    account: &'a Account,
    container: Container,
    arguments: &'a Arguments,
    resume: Option<ResumeFile>,
    rejects: Option<Rejects>,
    state: State,
    progress: Progress,
    hint: &'a Hint,
    /// Items of this run.
    written: u64,
}

/// Writes the lines. One GET for the container's definition, then bulks: up to a hundred lines in one POST.
pub(crate) async fn run(
    settings: &Settings,
    arguments: Arguments,
    hint: &Hint,
) -> Result<(), Failure> {
    let from_stdin = arguments.is_stdin();
    job::check(&arguments, settings, from_stdin)?;
    let account = Account::open(settings).await?;
    let container = account.container()?;
    let source = job::open(&arguments, from_stdin)?;
    let job = Job {
        source: source.identity.clone(),
        target: account.target()?,
        create: arguments.create,
        make_ids: arguments.make_ids,
    };
    let resume = (!from_stdin).then(|| {
        ResumeFile::new(
            arguments.resume_file.clone(),
            &arguments.file,
            ".import.json",
        )
    });
    let mut state = job::state(job, resume.as_ref(), &arguments)?;
    let rejects = rejects::open(&arguments, &state)?;
    state.rejects = rejects.as_ref().map(Rejects::kept).or(state.rejects);
    let definition = account.traced(container.read().await)?.into_value()?;
    let rules = Rules {
        paths: KeyPaths::of(&definition)?,
        ids: source.identity.clone().filter(|_| arguments.make_ids),
        keep_going: arguments.keep_going,
        lines: arguments.window as usize,
        resend_until: state.sent,
        unwritten: state.unwritten.clone(),
        advice: arguments.advice(),
    };
    let length = source.identity.as_ref().map(|identity| identity.length());
    let lines = source.lines_from(&state)?;
    let import = Import {
        account: &account,
        container,
        arguments: &arguments,
        resume,
        rejects,
        state,
        progress: Progress::new(length),
        hint,
        written: 0,
    };
    import.run(Filler::new(lines, rules)).await
}

impl Import<'_> {
    async fn run(mut self, filler: Filler) -> Result<(), Failure> {
        let begun = Instant::now();
        let (mut filler, mut window) = fill(filler).await?;
        loop {
            self.announce(&window)?;
            let sent = send::send(self.account, &self.container, &window, self.arguments);
            if window.is_last() {
                let sent = sent.await;
                let settled = self.settle(window, sent);
                self.kept(settled)?;
                break;
            }
            // The next window is read while this one is on its way.
            let (sent, next) = tokio::join!(sent, fill(filler));
            let settled = self.settle(window, sent);
            (filler, window) = self.kept(settled.and(next))?;
        }
        self.end(begun.elapsed().as_secs_f64())
    }

    /// Before anything of a window is sent, the resume file says so.
    fn announce(&mut self, window: &Window) -> Result<(), Failure> {
        self.state.sent = self.state.sent.max(window.end);
        self.state.unwritten.retain(|line| *line > window.last);
        if let Some(resume) = &self.resume {
            resume.save(&self.state)?;
            self.hint.set(format!(
                "everything up to line {} is there, and the same command goes on",
                self.state.line
            ));
        }
        Ok(())
    }

    /// What ends an import after its window was sent leaves a state that knows the answers.
    fn kept<T>(&self, done: Result<T, Failure>) -> Result<T, Failure> {
        if let (Err(_), Some(resume)) = (&done, &self.resume) {
            resume.save(&self.state)?;
        }
        done
    }

    /// After a window: everything in it is written, or rejected, or the import ends.
    fn settle(&mut self, window: Window, sent: send::Sent) -> Result<(), Failure> {
        self.state.counts.charge += sent.charge;
        self.state.unwritten.extend(sent.unwritten);
        self.state.unwritten.sort_unstable();
        if let Some(failure) = sent.stopped {
            return Err(failure);
        }
        let mut bad = window.bad;
        let mut ready: Vec<_> = window.ready.into_iter().map(Some).collect();
        let written = ready.len().saturating_sub(sent.failed.len()) as u64;
        let mut kind = None;
        for (place, failed, reason) in sent.failed {
            kind = kind.or(Some(failed));
            let line = ready.get_mut(place).and_then(Option::take);
            bad.extend(line.map(|ready| Bad {
                line: ready.line,
                reason,
            }));
        }
        bad.sort_by_key(|bad| bad.line.number);
        for bad in &bad {
            self.progress
                .say(&format!("line {}: {}", bad.line.number, bad.reason));
        }
        match (&mut self.rejects, kind) {
            (Some(rejects), _) => self.state.rejects = Some(rejects.add(&bad)?),
            (None, Some(kind)) => {
                let text = format!(
                    "the service refused the lines named above; all others up to there are written. {}",
                    self.arguments.advice()
                );
                return Err(Failure::Operation(kind, text));
            }
            (None, None) => {}
        }
        let counts = &mut self.state.counts;
        counts.there = counts.there.saturating_add(sent.there);
        counts.rejected = counts.rejected.saturating_add(bad.len() as u64);
        let new = written.saturating_sub(sent.there);
        counts.written = counts.written.saturating_add(new);
        self.written = self.written.saturating_add(written);
        (self.state.offset, self.state.line) = (window.end, window.last);
        let more = match self.state.counts.rejected {
            0 => String::new(),
            rejected => format!(", {rejected} rejected"),
        };
        self.progress.at(self.state.offset, self.written, &more);
        // What was before it is done.
        window.stop.map_or(Ok(()), |stop| Err(stop.failure()))
    }

    fn end(self, seconds: f64) -> Result<(), Failure> {
        if let Some(resume) = &self.resume {
            resume.remove()?;
        }
        let Counts {
            written,
            there,
            rejected,
            charge,
        } = self.state.counts;
        let rate = self.progress.rate(self.written);
        drop(self.progress);
        eprintln!(
            "imported: {written} written, {there} there already, {rejected} rejected; {charge:.2} RU; {seconds:.1} s, \
             {rate:.0}/s"
        );
        match (self.state.rejects, self.rejects) {
            // Perhaps by another run, with --keep-going.
            (Some(kept), _) if rejected > 0 => Err(Failure::Other(format!(
                "{rejected} lines were rejected: they are in {}",
                kept.path().display()
            ))),
            (_, Some(rejects)) => rejects.remove(),
            (_, None) => Ok(()),
        }
    }
}

/// Reads the next window on another thread: a pipe may keep it waiting, and Ctrl-C must be heard.
async fn fill(filler: Filler) -> Result<(Filler, Window), Failure> {
    let filled = tokio::task::spawn_blocking(move || filler.fill()).await;
    filled.map_err(|error| Failure::Other(error.to_string()))?
}
