//! Builds, checks, tests and measures the workspace: `cargo xtask help`.
//!
//! The only build logic there is. Everything else asks cargo.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its user"
)]

mod artefact;
mod bench;
mod browser;
mod build;
mod check;
mod compose;
mod deny;
mod gauges;
mod guests;
mod hosts;
mod hot;
mod js;
mod node;
mod progress;
mod python;
mod quickstart;
mod rings;
mod slim;
mod test;
mod wit;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use workspace::Workspace;

/// Builds, checks, tests and measures cosmosdb-driver.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Measure both components beside the native driver and a plain HTTP client.
    Bench(bench::Options),
    /// Build the data explorer in examples/browser and test it in Chromium, if there are Node and Chromium on this machine.
    Browser,
    /// Build both components into target/components.
    Build,
    /// Format, lints, docs, licences, rings and WIT; everything but the tests.
    Check,
    /// Put components together: an app on the driver, layers between the driver and the network.
    Compose {
        /// Passed on to the tool; `-- --help` shows what it takes.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Compare imports, sizes, fuel and requests with gauges.toml.
    Gauges {
        /// Write what was measured to gauges.toml instead of comparing.
        #[arg(long)]
        accept: bool,
    },
    /// Build the components beside the driver, which the examples are made of.
    Guests,
    /// Run one suite of cases in every host of the component, and print which hold where.
    Hosts(hosts::Options),
    /// Build and test the package for JavaScript in examples/node, if there is Node on this machine.
    Node,
    /// Test the package for Python in examples/python, if there is Python on this machine.
    Python,
    /// Build everything, then run the first example against the embedded emulator.
    Quickstart {
        /// Passed on to the example; `-- --help` shows what it takes.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build the components, then run all tests; those of the package for JavaScript and of the data explorer if the machine
    /// has the tools.
    Test {
        /// Passed on to the test runner: `cargo nextest run` if it is installed, else `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    run(Command::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Browser => browser::run(&workspace),
        Command::Build => build::run(&workspace),
        Command::Check => check::run(&workspace),
        Command::Compose { args } => compose::run(&workspace, &args),
        Command::Gauges { accept } => gauges::run(&workspace, accept),
        Command::Guests => guests::run(&workspace),
        Command::Hosts(options) => hosts::run(&workspace, &options),
        Command::Node => node::run(&workspace),
        Command::Python => python::run(&workspace),
        Command::Quickstart { args } => quickstart::run(&workspace, &args),
        Command::Test { args } => test::run(&workspace, &args),
    }
}
