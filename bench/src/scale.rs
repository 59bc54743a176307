//! What an operation costs when there are many of everything.

use anyhow::Result;
use serde_json::{Value, json};

use crate::load::{Load, Measured, Until};
use crate::peer::{self, Peer};
use crate::{Settings, machine, table};

/// Each measurement has so many operations at least.
const OPERATIONS: u64 = 10_000;

pub(crate) fn run(settings: &Settings) -> Result<()> {
    let (_server, endpoint) = peer::server()?;
    let bench = Bench {
        settings,
        endpoint,
        least: if settings.quick { 100 } else { OPERATIONS },
    };
    println!("{}", machine::describe());
    let report = json!({
        "machine": machine::describe(),
        "inFlight": bench.in_flight()?,
        "containers": bench.containers()?,
    });
    settings.write(&report)
}

struct Bench<'a> {
    settings: &'a Settings,
    endpoint: String,
    least: u64,
}

impl Bench<'_> {
    /// All of them are under way at once: the server answers when it has seen so many.
    fn in_flight(&self) -> Result<Vec<Value>> {
        let mut report = Vec::new();
        let mut rows = Vec::new();
        for (client, counts) in [
            ("raw-h1", &[10, 100, 1000, 10_000][..]),
            ("wasi-0.3", &[10, 100, 1000, 10_000]),
            ("wasi-0.2-tasks", &[10, 100, 1000]),
        ] {
            for &count in counts {
                if self.settings.quick && count > 100 {
                    continue;
                }
                let row = self.grown(client, count)?;
                rows.push(row.cells());
                report.push(row.json());
            }
        }
        let head = [
            "client",
            "in flight",
            "CPU µs",
            "fuel",
            "guest memory / op",
            "process memory / op",
        ];
        table::print("point reads by operations in flight", &head, &rows);
        Ok(report)
    }

    fn grown(&self, client: &str, wave: u64) -> Result<AtOnce> {
        let waves = self.least.div_ceil(wave).max(3);
        let load = |waves| at_once(wave, waves);
        // Connections are made little by little: that is not what is measured.
        let warm = |peer: &mut Peer| {
            let fewer = [1000, 2000, 4000, 7000].into_iter();
            for some in fewer.filter(|some| *some < wave).chain([wave]) {
                peer.ask(&at_once(some, 1))?;
            }
            anyhow::Ok(())
        };
        // A new process: memory that was used once is not given back.
        let mut peer = self.peer(client)?;
        let before = peer.ask(&Load::default())?;
        warm(&mut peer)?;
        let after = peer.ask(&load(waves))?;
        // The server has room for the connections of one.
        drop(peer);
        let fuel = match client {
            "raw-h1" => None,
            _ => {
                let mut metered = self.peer(&format!("{client}-metered"))?;
                metered.ask(&Load::default())?;
                warm(&mut metered)?;
                metered.ask(&load(2))?.fuel
            }
        };
        let each = |after: u64, before: u64| after.saturating_sub(before) / wave;
        Ok(AtOnce {
            client: client.to_owned(),
            in_flight: wave,
            cpu: after.cpu,
            fuel,
            guest: each(after.linear_memory, before.linear_memory),
            process: each(after.resident, before.resident),
        })
    }

    /// Containers take turns; or one has many key ranges.
    fn containers(&self) -> Result<Vec<Value>> {
        let mut report = Vec::new();
        let mut rows = Vec::new();
        for client in ["wasi-0.3", "wasi-0.2-tasks"] {
            for (title, containers, container) in [
                ("1 container", 1, None),
                ("10 containers", 10, None),
                ("100 containers", 100, None),
                ("1000 containers", 1000, None),
                ("1 container of 1000 key ranges", 1, Some("r1000")),
            ] {
                let load = |operations: u64| Load {
                    in_flight: 32,
                    until: Until::Operations(operations),
                    containers,
                    container: container.map(str::to_owned),
                    ..Load::default()
                };
                let measured = |client: &str| -> Result<Measured> {
                    let mut peer = self.peer(client)?;
                    peer.ask(&load(2 * containers.max(32)))?;
                    peer.ask(&load(self.least.max(containers)))
                };
                let (plain, metered) = (measured(client)?, measured(&format!("{client}-metered"))?);
                let fuel = metered.fuel.unwrap_or_default();
                rows.push(vec![
                    client.to_owned(),
                    title.to_owned(),
                    format!("{:.1}", plain.cpu),
                    format!("{fuel:.0}"),
                    format!("{} KiB", plain.linear_memory >> 10),
                ]);
                report.push(json!({
                    "client": client,
                    "where": title,
                    "cpuMicroseconds": plain.cpu,
                    "fuel": fuel,
                    "guestMemory": plain.linear_memory,
                }));
            }
        }
        let head = ["client", "where", "CPU µs", "fuel", "guest memory"];
        table::print(
            "point reads by what is in the caches, 32 in flight",
            &head,
            &rows,
        );
        Ok(report)
    }

    fn peer(&self, client: &str) -> Result<Peer> {
        Peer::start(self.settings, client, &self.endpoint)
    }
}

struct AtOnce {
    client: String,
    in_flight: u64,
    cpu: f64,
    fuel: Option<f64>,
    /// Bytes for each operation.
    guest: u64,
    process: u64,
}

impl AtOnce {
    fn cells(&self) -> Vec<String> {
        let ours = self.fuel.is_some();
        vec![
            self.client.clone(),
            self.in_flight.to_string(),
            format!("{:.1}", self.cpu),
            self.fuel
                .map_or_else(|| "–".to_owned(), |fuel| format!("{fuel:.0}")),
            match ours {
                true => format!("{:.1} KiB", self.guest as f64 / 1024.0),
                false => "–".to_owned(),
            },
            format!("{:.1} KiB", self.process as f64 / 1024.0),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "client": self.client,
            "inFlight": self.in_flight,
            "cpuMicroseconds": self.cpu,
            "fuel": self.fuel,
            "guestBytesPerOperation": self.guest,
            "processBytesPerOperation": self.process,
        })
    }
}

/// So many reads that wait for each other, over and over.
fn at_once(count: u64, waves: u64) -> Load {
    Load {
        in_flight: usize::try_from(count).unwrap_or(1),
        until: Until::Operations(waves * count),
        item: format!("hold-{count}"),
        ..Load::default()
    }
}
