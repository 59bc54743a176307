//! `cosmos change-feed`

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use cosmosdb_driver_host::ChangeFeed;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Target};
use crate::failure::Failure;
use crate::item;
use crate::output::{Format, Rows};
use crate::resume::ResumeFile;

const EXAMPLES: &str = "\
Changes are printed as JSON lines: the latest version of each item that was created or changed. With --follow until
Ctrl-C (exit code 130), otherwise up to now.

Examples:
  cosmos change-feed
  cosmos change-feed --from now --follow
  cosmos change-feed --cursor orders.cursor     what is new since this was last run
  cosmos change-feed --all-versions --follow    also deletions and versions in between";

/// Arguments of `change-feed`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where to begin: `beginning`, `now`, or seconds since 1970.
    #[arg(long, value_name = "WHEN", default_value = "beginning", value_parser = start)]
    from: Start,
    /// Wait for more changes.
    #[arg(long, short)]
    follow: bool,
    /// How long to wait before asking again, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    interval: u64,
    /// Stop after so many changes.
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
    /// Begin where this file says, and keep there what was printed.
    #[arg(long, value_name = "FILE", conflicts_with = "limit")]
    cursor: Option<PathBuf>,
    /// Every version and deletion, from now on. The container's change feed policy must keep them.
    #[arg(long)]
    all_versions: bool,
    /// Only the items of this partition key; see `cosmos read --help`.
    #[arg(long, short = 'k', value_name = "VALUE")]
    partition_key: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Start {
    Beginning,
    Now,
    At(u64),
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "beginning" => Ok(Start::Beginning),
        "now" => Ok(Start::Now),
        seconds => seconds
            .parse()
            .map(Start::At)
            .map_err(|_| "write beginning, now, or seconds since 1970".to_owned()),
    }
}

/// The content of a cursor file.
#[derive(Deserialize, Serialize)]
struct Cursor {
    target: Target,
    partition_key: Vec<String>,
    all_versions: bool,
    continuation: String,
}

/// Prints changes. See the driver's `change-feed` for what is sent.
pub(crate) async fn run(account: &Account, arguments: Arguments) -> Result<(), Failure> {
    let container = account.container()?;
    let cursor = arguments.cursor.clone();
    let cursor = cursor.map(|path| ResumeFile::new(Some(path.clone()), &path, ""));
    let feed = container
        .change_feed(changes(account, &arguments, cursor.as_ref())?)
        .await?;
    let mut rows = Rows::stdout(Some(Format::Jsonl), Vec::new());
    let mut left = arguments.limit.unwrap_or(u64::MAX);
    let mut kept = None;
    while left > 0
        && let Some(page) = account.traced_page(feed.next_page().await)?
    {
        left = left.saturating_sub(rows.page(&page, left)?);
        if let Some(file) = &cursor
            && let Some(continuation) = feed.continuation().await?
            && kept.as_ref() != Some(&continuation)
        {
            kept = Some(continuation.clone());
            file.save(&Cursor {
                target: account.target()?,
                partition_key: arguments.partition_key.clone(),
                all_versions: arguments.all_versions,
                continuation,
            })?;
        }
        if page.is_unchanged() {
            if !arguments.follow {
                break;
            }
            tokio::time::sleep(Duration::from_millis(arguments.interval)).await;
        }
    }
    Ok(())
}

fn changes(
    account: &Account,
    arguments: &Arguments,
    cursor: Option<&ResumeFile>,
) -> Result<ChangeFeed, Failure> {
    let mut feed = match arguments.from {
        _ if arguments.all_versions => ChangeFeed::all_versions_and_deletes(),
        Start::Beginning => ChangeFeed::from_beginning(),
        Start::Now => ChangeFeed::from_now(),
        Start::At(seconds) => {
            let moment = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            let late = || Failure::Usage("that moment is too late".to_owned());
            ChangeFeed::since(moment.ok_or_else(late)?)
        }
    };
    if let Some(key) = item::typed_key(&arguments.partition_key)? {
        feed = feed.in_key(key);
    }
    let Some(file) = cursor else {
        return Ok(feed);
    };
    let Some(kept) = file.load::<Cursor>()? else {
        return Ok(feed);
    };
    let same = kept.target == account.target()?
        && kept.partition_key == arguments.partition_key
        && kept.all_versions == arguments.all_versions;
    if !same {
        return Err(Failure::Usage(format!(
            "{} is the cursor of another container, key or kind of change feed: name another one",
            file.path().display()
        )));
    }
    Ok(feed.continuation(kept.continuation))
}
