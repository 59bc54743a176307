//! The life of an item, told through the component: creates a database and a container, then creates, reads, upserts,
//! replaces, patches and deletes an item, and prints what each step cost.
//!
//! Without arguments against the embedded emulator, on the async face. See `--help`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

mod caller;
mod report;
mod story;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cosmosdb_driver_host::{Config, Credential, Host, Options};
use host_tests::emulator::Emulator;

use caller::Caller;

/// Runs the life of an item through the WebAssembly component, over real HTTP.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The account's endpoint. Default: an emulator with two regions, embedded in this program.
    #[arg(long, env = "COSMOS_ENDPOINT", requires = "key")]
    endpoint: Option<String>,
    /// The account's key, primary or secondary.
    #[arg(
        long,
        env = "COSMOS_KEY",
        hide_env_values = true,
        requires = "endpoint"
    )]
    key: Option<String>,
    /// How to call the component.
    #[arg(long, value_enum, default_value_t = Face::Async)]
    face: Face,
}

/// A way to call the component.
#[derive(Clone, Copy, ValueEnum)]
enum Face {
    /// WASI 0.2: a call blocks until its answer is there.
    Blocking,
    /// WASI 0.2: operations are submitted, and their results taken.
    Tasks,
    /// WASI 0.3: async calls, any number in flight.
    Async,
}

impl Face {
    fn file(self) -> &'static str {
        match self {
            Self::Blocking | Self::Tasks => "cosmosdb-driver.wasm",
            Self::Async => "cosmosdb-driver-async.wasm",
        }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // Dropped last: the emulator runs as long as the story.
    let (config, options, _emulator) = account(arguments)?;
    let host = Host::from_file(host_tests::component(arguments.face.file()), options)?;
    println!("component  {}", arguments.face.file());
    let caller = Caller::open(arguments.face, &host, config)?;
    let database = format!("quickstart-{}", std::process::id());
    story::tell(caller, &database)?;
    Ok(())
}

type Account = (Config, Options, Option<Emulator>);

fn account(arguments: &Arguments) -> std::io::Result<Account> {
    if let (Some(endpoint), Some(key)) = (&arguments.endpoint, &arguments.key) {
        println!("account    {endpoint}");
        let config = Config::new(endpoint, Credential::account_key(key));
        return Ok((config, Options::default(), None));
    }
    let emulator = Emulator::builder()
        .region("West US 2")
        .region("North Europe")
        .start_blocking()?;
    println!(
        "account    {} (embedded emulator, 2 regions)",
        emulator.endpoint()
    );
    let config = Config::new(emulator.endpoint(), Credential::account_key(emulator.key()));
    let regions = emulator.authorities();
    let allow = regions
        .iter()
        .map(|authority| format!("http://{authority}"))
        .collect();
    Ok((
        config,
        Options {
            allow,
            ..Options::default()
        },
        Some(emulator),
    ))
}
