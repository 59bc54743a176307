//! Runs a plugin once, for one container of an account, and prints what it answered and what it used.
//!
//! The account's key comes from the environment variable `COSMOS_KEY`, and stays in this process, outside of the plugin.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use plugin_host::{Account, Limits, Outcome, PluginHost, Report};

/// Runs a plugin that nobody trusts. The account's key is taken from COSMOS_KEY and never enters the plugin.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The plugin: a component of the world example:plugins/plugin.
    #[arg(long)]
    plugin: PathBuf,
    /// The driver's WASI 0.2 component.
    #[arg(long, default_value = "target/components/cosmosdb-driver.wasm")]
    driver: PathBuf,
    /// The account's endpoint.
    #[arg(long, env = "COSMOS_ENDPOINT")]
    endpoint: String,
    /// The database of the container.
    #[arg(long)]
    database: String,
    /// The container whose items the plugin may use.
    #[arg(long)]
    container: String,
    /// What the plugin is to do, in its own language.
    #[arg(long, default_value = "")]
    input: String,
    /// Instructions that it may execute, in millions.
    #[arg(long, default_value_t = 500)]
    fuel: u64,
    /// Memory that it may use, in MiB.
    #[arg(long, default_value_t = 32)]
    memory: usize,
    /// Seconds that it may take.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests that it may make.
    #[arg(long, default_value_t = 100)]
    requests: u64,
}

impl Arguments {
    fn limits(&self) -> Limits {
        let mut limits = Limits {
            fuel: self.fuel.saturating_mul(1_000_000),
            memory: self.memory.saturating_mul(1 << 20),
            time: Duration::from_secs(self.seconds),
            ..Limits::default()
        };
        limits.network.requests = self.requests;
        limits
    }
}

/// Ends in 0 if the plugin succeeded, in 1 if it failed or was ended, and in 2 if it could not be run.
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => tell(&report),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(arguments: &Arguments) -> Result<Report, Box<dyn Error>> {
    let key = std::env::var("COSMOS_KEY").map_err(
        |_| "there is no key: set the environment variable COSMOS_KEY to the account's key",
    )?;
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    let account = Account::new(
        &arguments.endpoint,
        &key,
        &arguments.database,
        &arguments.container,
    )?;
    let host = PluginHost::new(&read(&arguments.driver)?, account, arguments.limits())?;
    let plugin = host.load(&read(&arguments.plugin)?)?;
    Ok(plugin.run(&arguments.input).await)
}

/// A plugin's text as one line that steers no terminal.
fn harmless(text: &str) -> String {
    let letters = text.chars().map(|letter| match letter {
        letter if letter.is_control() => letter.escape_default().collect::<String>(),
        letter => letter.to_string(),
    });
    letters.collect()
}

fn tell(report: &Report) -> ExitCode {
    let (word, text) = match &report.outcome {
        Outcome::Done(answer) => ("done", answer.clone()),
        Outcome::Failed(error) => ("failed", error.clone()),
        Outcome::Refused { by } => ("refused", format!("by its limit of {by:?}")),
        Outcome::Trapped { reason } => ("trapped", reason.clone()),
        _ => ("ended", String::new()),
    };
    println!("{word:<9} {}", harmless(&text));
    let usage = &report.usage;
    println!("fuel      {}", usage.fuel);
    println!("memory    {} KiB", usage.memory / 1024);
    println!("time      {} ms", usage.time.as_millis());
    println!(
        "requests  {} ({} bytes sent, {} received)",
        usage.requests, usage.sent_bytes, usage.received_bytes
    );
    println!("refused   {}", usage.refused);
    for request in &usage.refused_requests {
        println!("          {request}");
    }
    match report.outcome {
        Outcome::Done(_) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
