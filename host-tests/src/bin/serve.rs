//! The servers of this crate for tests that are not written in Rust: `cargo run -p host-tests --bin serve`.
//!
//! Prints one line of JSON that says where they are, then reads lines until its input ends: the name of a server is
//! answered with one line of JSON, the requests that it has seen since it was last asked.

#![allow(clippy::print_stdout, reason = "it is what this program is for")]

use std::error::Error;
use std::io::{self, BufRead as _};

use host_tests::emulator::Emulator;
use host_tests::fixed::FixedServer;
use host_tests::gateway::{Aggregate, Direction, Gateway, Options, Plan};
use host_tests::refused;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().start_blocking()?;
    let fixed = FixedServer::start()?;
    let gateway = Gateway::start(Options {
        ranges: 4,
        ..Options::default()
    })?;
    for (text, plan) in queries() {
        gateway.register(text, plan);
    }
    let servers = json!({
        "emulator": { "endpoint": emulator.endpoint(), "key": emulator.key() },
        "fixed": { "endpoint": fixed.endpoint() },
        "gateway": { "endpoint": gateway.endpoint() },
        "refused": { "endpoint": refused() },
    });
    println!("{servers}");
    for line in io::stdin().lock().lines() {
        let seen: Value = match line?.as_str() {
            "emulator" => {
                let requests = emulator.take_requests();
                let requests = requests.iter();
                requests
                    .map(|seen| request(&seen.method, &seen.path, &seen.headers))
                    .collect()
            }
            "gateway" => {
                let requests = gateway.requests();
                gateway.clear();
                let requests = requests.iter();
                requests
                    .map(|seen| request(&seen.method, &seen.path, &seen.headers))
                    .collect()
            }
            other => return Err(format!("there is no server named `{other}`").into()),
        };
        println!("{seen}");
    }
    Ok(())
}

/// What the gateway understands besides simple filters.
fn queries() -> [(&'static str, Plan); 3] {
    [
        (
            "SELECT * FROM c ORDER BY c.price",
            Plan::all().order_by("c.price", Direction::Ascending),
        ),
        (
            "SELECT * FROM c WHERE c.price < @most ORDER BY c.price",
            Plan::all()
                .matching("c.price < @most")
                .order_by("c.price", Direction::Ascending),
        ),
        (
            "SELECT VALUE COUNT(1) FROM c",
            Plan::value(Aggregate::Count.of("1")),
        ),
    ]
}

fn request(method: &Method, path: &str, headers: &HeaderMap) -> Value {
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), Value::from(value))
    });
    let headers: serde_json::Map<String, Value> = headers.collect();
    json!({ "method": method.as_str(), "path": path, "headers": headers })
}
