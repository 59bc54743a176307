//! One suite of cases for every host of the component: `cargo xtask hosts` runs them and prints which hold where.
//!
//! The cases are data (`cases/*.json`): steps such as `{"do": "read", "id": "1", "key": ["a"]}`, with what is expected
//! of the answer and of the requests that the server saw. A host takes part through an [`Agent`], which does a step by
//! the means of its host and says what came of it; nothing else is written for it. Agents outside of this process speak
//! lines of JSON over their standard input and output.
//!
//! | `do` | further properties of the step | properties of `ok` in the answer |
//! |---|---|---|
//! | `open` | `endpoint`, `key` | |
//! | `create-database`, `delete-database` | `database` | `status` |
//! | `create-container`, `delete-container` | `paths` | `status` |
//! | `create`, `upsert` | `key`, `item`, `ifMatch` | `status`, `body`, `etag`, `charge`, `requests` |
//! | `read`, `replace`, `delete` | `id`, and as above, `ifNoneMatch` | the same |
//! | `patch` | `id`, `key`, `operations`, `condition` | the same |
//! | `batch`, `bulk` | `key`, `actions` (in a bulk each with its `key`) | the same and `results` |
//! | `query` | `text`, `parameters`, `key`, and as all feeds `pageSize`, `pages`, `continuation` | `rows`, `sizes`, `continuation`, `charge` |
//! | `read-feed`, `change-feed`, `read-many` | `key`; `items` and `inOrder` | the same |
//! | `snapshot`, `restore` | `snapshot` in base64 | `snapshot`; `refused` |
//! | `close` | | |
//!
//! All take `database`, `container` and `options` too. An operation that fails answers with `error` instead of `ok`: `kind`,
//! `status`, `subStatus`, `retryable`, `outcome`, `failedOperation`.
//!
//! `hosts [--only TEXT] [--agent NAME PROGRAM ARGUMENT…]… [--skipped NAME REASON]…`. The two faces of the component in
//! wasmtime are always among the hosts; the agents named are processes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's program: it may panic over a wrong case, and prints"
)]

mod agent;
mod case;
mod composed;
mod expect;
mod faces;
mod plugin;
mod process;
mod servers;
mod steps;

use std::error::Error;
use std::process::{Command, ExitCode};

use cosmosdb_driver_host::types::{self, FeedOptions, OperationOptions};
use host_tests::component;

use agent::Agent;
use case::{Case, cases};
use composed::Composed;
use faces::Wasmtime;
use plugin::Sandbox;
use process::Process;
use servers::Servers;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1));
    let servers = Servers::start()?;
    let mut cases = cases();
    cases.retain(|case| case.name.contains(&arguments.only));
    let mut columns = Vec::new();
    for (name, file) in FACES {
        let agent = Wasmtime::load(&component(file))?;
        columns.push(Column::run(name, &mut { agent }, &cases, &servers));
    }
    for (name, command) in arguments.agents {
        let (program, rest) = command.split_first().ok_or("an agent needs a program")?;
        let mut command = Command::new(program);
        command.args(rest);
        let mut agent = Process::start(command)?;
        columns.push(Column::run(&name, &mut agent, &cases, &servers));
    }
    let drivers = FACES.map(|(_, file)| component(file));
    let mut app = Composed::load(
        &component("hosts-app.wasm"),
        &drivers[1],
        servers.endpoints(),
    )?;
    columns.push(Column::run("composed app", &mut app, &cases, &servers));
    let mut sandbox = Sandbox::load(&component("hosts-plugin.wasm"), &drivers[0])?;
    columns.push(Column::run("plugin", &mut sandbox, &cases, &servers));
    print(&cases, &columns);
    for (name, reason) in &arguments.skipped {
        println!("skipped: {name}: {reason}");
    }
    let outcomes = || columns.iter().flat_map(|column| &column.outcomes);
    let passed = outcomes()
        .filter(|what| matches!(what, Outcome::Passed))
        .count();
    let failed = outcomes()
        .filter(|what| matches!(what, Outcome::Failed(_)))
        .count();
    println!(
        "{passed} passed, {failed} failed, {} hosts skipped",
        arguments.skipped.len()
    );
    Ok(if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The component's faces in wasmtime.
const FACES: [(&str, &str); 2] = [
    ("wasmtime 0.2", "cosmosdb-driver.wasm"),
    ("wasmtime 0.3", "cosmosdb-driver-async.wasm"),
];

#[derive(Default)]
struct Arguments {
    only: String,
    agents: Vec<(String, Vec<String>)>,
    skipped: Vec<(String, String)>,
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = String>) -> Self {
        let mut found = Self::default();
        while let Some(argument) = given.next() {
            let mut next = || given.next().unwrap_or_default();
            match argument.as_str() {
                "--only" => found.only = next(),
                "--agent" => found.agents.push((next(), Vec::new())),
                "--skipped" => found.skipped.push((next(), next())),
                _ => {
                    if let Some((_, command)) = found.agents.last_mut() {
                        command.push(argument);
                    }
                }
            }
        }
        found
    }
}

/// What came of a case.
enum Outcome {
    Passed,
    Failed(String),
    /// It is about something that the host does not do.
    Beside,
}

/// What came of the cases in one host.
struct Column {
    host: String,
    outcomes: Vec<Outcome>,
}

impl Column {
    fn run(host: &str, agent: &mut dyn Agent, cases: &[Case], servers: &Servers) -> Self {
        let database = |number| {
            let letters = host.chars().filter(char::is_ascii_alphanumeric);
            format!("{}-{number}", letters.collect::<String>())
        };
        let cases = cases.iter().enumerate();
        Self {
            host: host.to_owned(),
            outcomes: cases
                .map(|(number, case)| {
                    if case.about_client && !agent.keeps_client() {
                        return Outcome::Beside;
                    }
                    let done = case.run(agent, servers, &database(number));
                    done.map_or_else(Outcome::Failed, |()| Outcome::Passed)
                })
                .collect(),
        }
    }
}

fn print(cases: &[Case], columns: &[Column]) {
    let width = cases
        .iter()
        .map(|case| case.name.len())
        .max()
        .unwrap_or_default();
    let heads: Vec<_> = columns.iter().map(|column| column.host.as_str()).collect();
    println!("{:width$}  {}", "", heads.join("  "));
    for (number, case) in cases.iter().enumerate() {
        print!("{:width$}", case.name);
        for column in columns {
            let mark = match column.outcomes[number] {
                Outcome::Passed => "yes",
                Outcome::Failed(_) => "NO",
                Outcome::Beside => "-",
            };
            print!("  {mark:<0$}", column.host.len());
        }
        println!();
    }
    for column in columns {
        for (case, outcome) in cases.iter().zip(&column.outcomes) {
            if let Outcome::Failed(what) = outcome {
                println!("{}: {}: {what}", column.host, case.name);
            }
        }
    }
}

fn no_options() -> OperationOptions {
    OperationOptions::default()
}

fn no_feed_options() -> FeedOptions {
    FeedOptions::default()
}
