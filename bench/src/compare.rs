//! All clients side by side.

use anyhow::Result;
use serde_json::{Value, json};

use crate::clients::{ALL, NATIVE, RAW};
use crate::load::{Load, Measured, Until, Work};
use crate::peer::{self, Peer};
use crate::{Settings, machine, table};

const WORKS: [(Work, &str); 3] = [
    (Work::Read, "point read of 1 KB"),
    (Work::Create, "create of 1 KB"),
    (Work::Query, "query of 100 items, 94 KB"),
];

/// One client at one kind of work: the median of each figure.
struct Figures {
    client: &'static str,
    cpu: f64,
    per_second: f64,
    p50: f64,
    p99: f64,
}

pub(crate) fn run(settings: &Settings) -> Result<()> {
    let (rounds, time) = if settings.quick { (1, 30) } else { (7, 400) };
    let (_server, endpoint) = peer::server()?;
    let mut peers = Vec::new();
    for client in ALL {
        peers.push((client, Peer::start(settings, client, &endpoint)?));
    }
    println!("{}; {rounds} rounds of {time} ms", machine::describe());
    let mut report = Vec::new();
    for (work, title) in WORKS {
        for in_flight in [1, 32] {
            let mut load = Load {
                work,
                in_flight,
                until: Until::Milliseconds(time / 2),
                ..Load::default()
            };
            for (_, peer) in &mut peers {
                peer.ask(&load)?;
            }
            load.until = Until::Milliseconds(time);
            let mut measured: Vec<Vec<_>> = ALL.iter().map(|_| Vec::new()).collect();
            for _ in 0..rounds {
                for ((_, peer), measured) in peers.iter_mut().zip(&mut measured) {
                    measured.push(peer.ask(&load)?);
                }
            }
            let figures = ALL.into_iter().zip(&measured);
            let figures: Vec<_> = figures
                .map(|(client, all)| Figures::of(client, all))
                .collect();
            show(&format!("{title}, {in_flight} in flight"), &figures);
            report.extend(figures.iter().map(|figures| figures.json(title, in_flight)));
        }
    }
    let report = json!({ "machine": machine::describe(), "rounds": rounds, "figures": report });
    settings.write(&report)
}

impl Figures {
    fn of(client: &'static str, rounds: &[Measured]) -> Self {
        let middle = |figure: fn(&Measured) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            client,
            cpu: middle(|round| round.cpu),
            per_second: middle(Measured::per_second),
            p50: middle(|round| round.p50),
            p99: middle(|round| round.p99),
        }
    }

    fn json(&self, work: &str, in_flight: usize) -> Value {
        json!({
            "work": work,
            "inFlight": in_flight,
            "client": self.client,
            "cpuMicroseconds": round(self.cpu),
            "operationsPerSecond": self.per_second.round(),
            "p50Microseconds": round(self.p50),
            "p99Microseconds": round(self.p99),
        })
    }
}

fn show(title: &str, figures: &[Figures]) {
    let least = |clients: [&str; 2]| {
        let those = figures.iter().filter(|one| clients.contains(&one.client));
        those.map(|one| one.cpu).fold(f64::INFINITY, f64::min)
    };
    let (floor, native) = (least(RAW), least(NATIVE));
    let row = |one: &Figures| {
        vec![
            one.client.to_owned(),
            format!("{:.1}", one.cpu),
            format!("{:.2}", one.cpu / floor),
            format!("{:.2}", one.cpu / native),
            format!("{:.0}", one.per_second),
            format!("{:.0}", one.p50),
            format!("{:.0}", one.p99),
        ]
    };
    let head = [
        "client",
        "CPU µs",
        "× floor",
        "× native",
        "per s",
        "p50 µs",
        "p99 µs",
    ];
    let rows: Vec<_> = figures.iter().map(row).collect();
    table::print(title, &head, &rows);
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

fn round(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}
