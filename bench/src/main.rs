//! Measures cosmosdb-driver beside what else there is, for `cargo xtask bench`.
//!
//! Every client runs in a process of its own, and so does the server, which answers at once and always the same. So what
//! is counted is the client's CPU time alone: its code, its HTTP, and its side of the loopback. The rounds of the clients
//! alternate: what disturbs the machine disturbs all of them.
#![allow(clippy::print_stdout, reason = "it is what this program is for")]

mod account;
mod clients;
mod cold;
mod compare;
mod guest;
mod load;
mod machine;
mod peer;
mod scale;
mod server;
mod table;

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result, bail};

/// What `cargo xtask bench` asks for.
struct Settings {
    /// A smoke test: the figures mean nothing.
    quick: bool,
    /// Where `cargo xtask build` puts the components.
    components: PathBuf,
    /// Where the figures go, as JSON.
    json: PathBuf,
}

impl Settings {
    fn write(&self, report: &serde_json::Value) -> Result<()> {
        fs::write(&self.json, serde_json::to_string_pretty(report)?)?;
        println!("\nalso in {}", self.json.display());
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut mode = None;
    let mut rest = Vec::new();
    let mut settings = Settings {
        quick: false,
        components: "target/components".into(),
        json: "target/bench.json".into(),
    };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut path = || arguments.next().map(PathBuf::from);
        match &*argument {
            "--quick" => settings.quick = true,
            "--components" => {
                settings.components = path().context("--components needs a folder")?
            }
            "--json" => settings.json = path().context("--json needs a file")?,
            _ if mode.is_none() => mode = Some(argument),
            _ => rest.push(argument),
        }
    }
    let rest: Vec<_> = rest.iter().map(String::as_str).collect();
    match (mode.as_deref(), &rest[..]) {
        (None | Some("--compare"), []) => compare::run(&settings),
        (Some("--scale"), []) => scale::run(&settings),
        (Some("--cold"), []) => cold::run(&settings),
        (Some("serve"), []) => server::run(),
        (Some("client"), [name, endpoint]) => {
            peer::serve(clients::open(name, endpoint, &settings.components))
        }
        (mode, _) => bail!("unknown arguments after {mode:?}: see `cargo xtask bench --help`"),
    }
}
