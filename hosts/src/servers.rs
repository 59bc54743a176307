//! The servers that cases talk to.

use std::io;

use serde_json::{Value, json};

use host_tests::emulator::Emulator;
use host_tests::gateway::{Aggregate, Direction, Effect, Gateway, Options, Plan};
use host_tests::refused;

/// A key that protects nothing.
const KEY: &str =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

/// All servers, for all cases and hosts.
#[derive(Debug)]
pub(crate) struct Servers {
    gateway: Gateway,
    emulator: Emulator,
    refused: String,
}

impl Servers {
    /// Starts them: a gateway whose containers have four partition key ranges, and Microsoft's emulator, which checks
    /// signatures.
    ///
    /// # Errors
    /// No port of loopback is to be had.
    pub(crate) fn start() -> io::Result<Self> {
        let gateway = Gateway::start(Options {
            ranges: 4,
            ..Options::default()
        })?;
        let by = |direction| Plan::all().order_by("c.n", direction);
        gateway.register("SELECT * FROM c ORDER BY c.n", by(Direction::Ascending));
        gateway.register(
            "SELECT * FROM c ORDER BY c.n DESC",
            by(Direction::Descending),
        );
        gateway.register(
            "SELECT * FROM c WHERE c.n < @most ORDER BY c.n",
            by(Direction::Ascending).matching("c.n < @most"),
        );
        gateway.register(
            "SELECT VALUE COUNT(1) FROM c",
            Plan::value(Aggregate::Count.of("1")),
        );
        gateway.register(
            "SELECT VALUE SUM(c.n) FROM c",
            Plan::value(Aggregate::Sum.of("c.n")),
        );
        Ok(Self {
            gateway,
            emulator: Emulator::builder().start_blocking()?,
            refused: refused(),
        })
    }

    /// Where they all are.
    pub(crate) fn endpoints(&self) -> Vec<String> {
        let (gateway, emulator) = (self.gateway.endpoint(), self.emulator.endpoint());
        vec![gateway, emulator, self.refused.clone()]
    }

    /// What an agent needs to open a client of a server; none if there is no such server.
    pub(crate) fn open(&self, server: &str) -> Option<Value> {
        let (endpoint, key) = match server {
            "gateway" => (self.gateway.endpoint(), KEY.to_owned()),
            "emulator" => (self.emulator.endpoint(), self.emulator.key().to_owned()),
            "refused" => (self.refused.clone(), KEY.to_owned()),
            _ => return None,
        };
        Some(json!({ "do": "open", "endpoint": endpoint, "key": key }))
    }

    /// The gateway refuses the next so many requests for `path`.
    pub(crate) fn refuse(&self, path: &str, status: u16, sub_status: u32, times: u64) {
        let path = path.to_owned();
        let effect = Effect::refuse(status, sub_status).header("x-ms-retry-after-ms", "1");
        self.gateway
            .on(times, move |seen| seen.path == path, effect);
    }

    /// What a server has seen since the last time, without what browsers ask first: `GET /dbs/d`.
    pub(crate) fn take_lines(&self, server: &str) -> Vec<String> {
        let mut lines = match server {
            "gateway" => self.gateway.lines(),
            "emulator" => {
                let seen = self.emulator.take_requests();
                seen.iter()
                    .map(|seen| format!("{} {}", seen.method, seen.path))
                    .collect()
            }
            _ => Vec::new(),
        };
        self.gateway.clear();
        lines.retain(|line| !line.starts_with("OPTIONS "));
        lines
    }
}
