//! `cosmos export`
//!
//! Rows are appended to FILE.partial, which gets its name at the end. After each page the resume file says how long
//! that file is and where the feed stands.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use cosmosdb_driver_host::{Feed, Page, Query, ReadFeed};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Hint;
use crate::account::{Account, Target};
use crate::failure::Failure;
use crate::item;
use crate::output::jsonl;
use crate::progress::Progress;
use crate::resume::{ResumeFile, sync_folder, with_ending};

const EXAMPLES: &str = "\
FILE appears when it is complete. A run that was stopped goes on with the same command: FILE.export.json says where,
FILE.partial holds the rows so far, and both are gone at the end. Standard output can be exported to but not resumed.

Examples:
  cosmos export orders.jsonl
  cosmos export contoso.jsonl -k contoso
  cosmos export paid.jsonl --query \"SELECT * FROM c WHERE c.paid\"
  cosmos export - | gzip > orders.jsonl.gz";

/// Arguments of `export`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file; `-` is standard output.
    file: PathBuf,
    /// The rows of a query. Default: all items.
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// Only the items of this partition key; see `cosmos read --help`.
    #[arg(long, short = 'k', value_name = "VALUE")]
    partition_key: Vec<String>,
    /// Rows of a page. Default: the service decides.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    page_size: Option<u32>,
    /// Replace FILE if it exists.
    #[arg(long)]
    force: bool,
    /// The resume file. Default: FILE.export.json.
    #[arg(long, value_name = "FILE")]
    resume_file: Option<PathBuf>,
    /// Keep no resume file: for queries that cannot go on elsewhere, such as aggregates.
    #[arg(long, conflicts_with = "resume_file")]
    no_resume: bool,
    /// Begin anew, whatever the resume file says.
    #[arg(long)]
    restart: bool,
}

/// The content of the resume file.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct State {
    job: Job,
    continuation: Option<String>,
    /// Of the partial file, in bytes.
    length: u64,
    items: u64,
    charge: f64,
}

/// What must be the same for a run to go on with another one's work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Job {
    target: Target,
    query: Option<String>,
    partition_key: Vec<String>,
}

/// Writes the rows. See the driver's `read-feed` and `query-items` for what is sent.
pub(crate) async fn run(
    account: &Account,
    arguments: Arguments,
    hint: &Hint,
) -> Result<(), Failure> {
    if arguments.file.as_os_str() == "-" {
        return to_stdout(account, &arguments).await;
    }
    let file = &arguments.file;
    if file.exists() && !arguments.force {
        return Err(Failure::Usage(format!(
            "{} exists: name another file, or replace it with --force",
            file.display()
        )));
    }
    let resume = ResumeFile::new(arguments.resume_file.clone(), file, ".export.json");
    let mut state = begin(account, &arguments, &resume)?;
    let mut partial = Partial::open(with_ending(file, ".partial"), state.length)?;
    let feed = feed(account, &arguments, state.continuation.take()).await?;
    let (progress, before) = (Progress::new(None), state.items);
    while let Some(page) = account.traced_page(feed.next_page().await)? {
        let (text, count) = lines(&page)?;
        partial.add(&text)?;
        state.length = state.length.saturating_add(text.len() as u64);
        state.items = state.items.saturating_add(count);
        state.charge += page.request_charge();
        progress.at(state.length, state.items.saturating_sub(before), "");
        if arguments.no_resume {
            continue;
        }
        state.continuation = feed.continuation().await?;
        if state.continuation.is_none() {
            // The end: a run that went on from no continuation would begin anew.
            break;
        }
        partial.sync()?;
        resume.save(&state)?;
        let items = state.items;
        hint.set(format!(
            "{items} items are there, and the same command goes on"
        ));
    }
    partial.finish(file)?;
    resume.remove()?;
    drop(progress);
    eprintln!(
        "exported: {} items, {} bytes; {:.2} RU",
        state.items, state.length, state.charge
    );
    Ok(())
}

/// A new state, or that of a run before. Errors: that is of another job. With a new one there is no resume file any more:
/// it would speak of rows that are about to go.
fn begin(account: &Account, arguments: &Arguments, resume: &ResumeFile) -> Result<State, Failure> {
    let job = Job {
        target: account.target()?,
        query: arguments.query.clone(),
        partition_key: arguments.partition_key.clone(),
    };
    let goes_on = !arguments.restart && !arguments.no_resume;
    let kept = if goes_on {
        resume.load::<State>()?
    } else {
        None
    };
    match kept {
        None => {
            resume.remove()?;
            Ok(State {
                job,
                continuation: None,
                length: 0,
                items: 0,
                charge: 0.0,
            })
        }
        Some(kept) if kept.job != job => {
            Err(resume.mismatch("it was begun with another container, query or key"))
        }
        Some(kept) => {
            eprintln!("resuming after {} items", kept.items);
            Ok(kept)
        }
    }
}

/// The rows so far.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    /// Without what came after the last page that the resume file knows. Errors: it is shorter than that.
    fn open(path: PathBuf, length: u64) -> Result<Self, Failure> {
        let open = || {
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).open(&path)?;
            if file.metadata()?.len() < length {
                return Err(io::Error::other(
                    "it has fewer rows than the resume file says: begin anew with --restart",
                ));
            }
            file.set_len(length)?;
            Ok(file)
        };
        let file = open().map_err(Failure::io(path.display().to_string()))?;
        Ok(Self { path, file })
    }

    fn add(&mut self, text: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(text);
        written.map_err(Failure::io(self.path.display().to_string()))
    }

    /// When this returns, what was added is on the disk.
    fn sync(&self) -> Result<(), Failure> {
        let synced = self.file.sync_data();
        synced.map_err(Failure::io(self.path.display().to_string()))
    }

    /// Gives it its name.
    fn finish(self, to: &Path) -> Result<(), Failure> {
        self.sync()?;
        let named = fs::rename(&self.path, to).and_then(|()| sync_folder(to));
        named.map_err(Failure::io(to.display().to_string()))
    }
}

async fn feed(
    account: &Account,
    arguments: &Arguments,
    continuation: Option<String>,
) -> Result<Feed, Failure> {
    let container = account.container()?;
    let key = item::typed_key(&arguments.partition_key)?;
    // The same steps for two types.
    macro_rules! built {
        ($feed:expr) => {{
            let mut feed = $feed;
            if let Some(key) = key {
                feed = feed.in_key(key);
            }
            if let Some(rows) = arguments.page_size {
                feed = feed.max_item_count(rows);
            }
            if let Some(continuation) = continuation {
                feed = feed.continuation(continuation);
            }
            if !arguments.no_resume && arguments.file.as_os_str() != "-" {
                feed = feed.resumable();
            }
            feed
        }};
    }
    Ok(match &arguments.query {
        Some(text) => container.query_items(built!(Query::new(text))).await?,
        None => container.read_items(built!(ReadFeed::new())).await?,
    })
}

async fn to_stdout(account: &Account, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.resume_file.is_some() {
        let text = "standard output cannot be resumed: name a file";
        return Err(Failure::Usage(text.to_owned()));
    }
    let feed = feed(account, arguments, None).await?;
    while let Some(page) = account.traced_page(feed.next_page().await)? {
        super::print(&lines(&page)?.0)?;
    }
    Ok(())
}

/// The rows of a page, and how many.
fn lines(page: &Page) -> Result<(Vec<u8>, u64), Failure> {
    let rows: Vec<&RawValue> = page.items()?;
    let mut text = Vec::new();
    jsonl::print(&mut text, &rows).map_err(Failure::output)?;
    Ok((text, rows.len() as u64))
}
