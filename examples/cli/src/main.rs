//! `cosmos`: Azure Cosmos DB from a terminal, through the WebAssembly component.
//!
//! Here: what the command line looks like, how a command ends, and what Ctrl-C does. One file a command.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

mod account;
mod commands;
mod failure;
mod item;
mod output;
mod profile;
mod progress;
mod resume;
mod settings;
mod trace;

use std::cell::RefCell;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use account::Account;
#[cfg(feature = "emulator")]
use commands::emulator;
use commands::{change_feed, completions, export, import, query, read, topology, upsert};
use failure::Failure;
use settings::Settings;

const AFTER_HELP: &str = "\
Secrets, never as an argument and never in a file:
  COSMOS_KEY      the account's key, primary or secondary; or a resource token
  COSMOS_TOKEN    a Microsoft Entra access token, in place of a key
  --key-stdin     reads the key from the first line of standard input

Settings: an option goes before the profile that --profile or COSMOS_PROFILE names; that before the environment
(COSMOS_ENDPOINT, COSMOS_DATABASE, COSMOS_CONTAINER, COSMOS_REGIONS, COSMOS_ALLOW); that before the profile that
the file calls default. The file is $XDG_CONFIG_HOME/cosmos/config.toml, else ~/.config/cosmos/config.toml:
  default = \"dev\"
  [profile.dev]
  endpoint = \"https://my-account.documents.azure.com/\"
  database = \"shop\"
  container = \"orders\"
  regions = [\"West Europe\", \"North Europe\"]

Exit codes:
  0    done; also if the reader of the output went away (| head)
  1    the service, this machine or the data is at fault in another way; lines of an import were rejected
  2    the call is wrong: arguments, settings, or what the service calls a bad request
  3    not found: item, container or database
  4    conflict, or a condition did not hold
  5    throttled, unavailable, timed out, or not reached: the same call may succeed later
  6    unauthorized or forbidden
  130  interrupted (Ctrl-C)

Colours are used on terminals only, and never with NO_COLOR set. Rows go to standard output, all else to standard
error.

Examples:
  cosmos emulator --database shop --container orders --partition-key /tenant
  cosmos query \"SELECT * FROM c WHERE c.price < 10\" --trace
  cosmos import orders.jsonl";

/// Azure Cosmos DB from a terminal.
#[derive(Parser)]
#[command(name = "cosmos", version, about, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print one item.
    Read(read::Arguments),
    /// Print the rows of a query, page by page.
    Query(query::Arguments),
    /// Write one item, created or replaced.
    Upsert(upsert::Arguments),
    /// Write a file of JSON lines to a container; goes on where it was stopped.
    Import(import::Arguments),
    /// Write a container to a file of JSON lines; goes on where it was stopped.
    Export(export::Arguments),
    /// Show the account's regions, its containers and their partition key ranges.
    Topology(topology::Arguments),
    /// Print what has changed in a container, or changes from now on.
    ChangeFeed(change_feed::Arguments),
    /// Run an account on this machine, in memory, until Ctrl-C.
    #[cfg(feature = "emulator")]
    Emulator(emulator::Arguments),
    /// Print a script that completes the commands in a shell.
    Completions(completions::Arguments),
}

/// What an interrupted command says about going on.
#[derive(Default)]
pub(crate) struct Hint(RefCell<Option<String>>);

impl Hint {
    pub(crate) fn set(&self, hint: String) {
        *self.0.borrow_mut() = Some(hint);
    }
}

fn main() -> ExitCode {
    let Err(failure) = run(Cli::parse()) else {
        return ExitCode::SUCCESS;
    };
    if let Some(text) = failure.text() {
        eprintln!("{text}");
    }
    failure.exit_code()
}

fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Completions(arguments) = &cli.command {
        return completions::run::<Cli>(arguments);
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::io("no event queue"))?;
    let done = runtime.block_on(until_interrupted(cli));
    // Standard input may be waited for on another thread, without an end.
    runtime.shutdown_background();
    done
}

async fn until_interrupted(cli: Cli) -> Result<(), Failure> {
    let hint = Hint::default();
    let done = tokio::select! {
        // First, so that it listens before anything happens.
        biased;
        _ = tokio::signal::ctrl_c() => None,
        done = command(cli, &hint) => Some(done),
    };
    done.unwrap_or_else(|| Err(Failure::Interrupted(hint.0.take())))
}

async fn command(cli: Cli, hint: &Hint) -> Result<(), Failure> {
    let settings = cli.settings;
    match cli.command {
        Command::Completions(arguments) => completions::run::<Cli>(&arguments),
        #[cfg(feature = "emulator")]
        Command::Emulator(arguments) => emulator::run(&settings, &arguments).await,
        Command::Read(arguments) => read::run(&Account::open(&settings).await?, arguments).await,
        Command::Query(arguments) => query::run(&Account::open(&settings).await?, arguments).await,
        Command::Upsert(arguments) => upsert::run(&settings, arguments).await,
        Command::Import(arguments) => import::run(&settings, arguments, hint).await,
        Command::Export(arguments) => {
            export::run(&Account::open(&settings).await?, arguments, hint).await
        }
        Command::Topology(arguments) => {
            topology::run(&Account::open(&settings).await?, &arguments).await
        }
        Command::ChangeFeed(arguments) => {
            change_feed::run(&Account::open(&settings).await?, arguments).await
        }
    }
}
