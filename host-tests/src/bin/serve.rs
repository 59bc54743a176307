//! The servers of this crate for tests that are not written in Rust: `cargo run -p host-tests --bin serve`.
//!
//! Arguments are the regions of the emulator's account; without any it has one. Prints one line of JSON that says where
//! the servers are, then reads lines until its input ends, and answers each with one line of JSON:
//!
//! | Line | Answer |
//! |---|---|
//! | the name of a server | the requests that it has seen since it was last asked |
//! | `offline` and a region of the emulator | `null`; from now on the region drops every connection |
//! | `online` and a region | `null`; it serves again |
//! | `accept` and a resource token | `null`; from now on the emulator accepts it, for everything |

#![allow(clippy::print_stdout, reason = "it is what this program is for")]

use std::env;
use std::error::Error;
use std::io::{self, BufRead as _};

use host_tests::emulator::Emulator;
use host_tests::fixed::FixedServer;
use host_tests::gateway::{Aggregate, Direction, Gateway, Options, Plan};
use host_tests::refused;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let regions = env::args().skip(1);
    let emulator = regions.fold(Emulator::builder(), |builder, name| builder.region(&name));
    let emulator = emulator.start_blocking()?;
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
        println!("{}", answer(&line?, &emulator, &gateway)?);
    }
    Ok(())
}

/// Does what a line says. Errors: it says nothing that is known.
fn answer(line: &str, emulator: &Emulator, gateway: &Gateway) -> Result<Value, Box<dyn Error>> {
    match line.split_once(' ') {
        None if line == "emulator" => {
            let requests = emulator.take_requests();
            let requests = requests.iter().map(|seen| {
                let mut request = request(&seen.method, &seen.path, &seen.headers);
                if let Value::Object(fields) = &mut request {
                    fields.insert("region".to_owned(), seen.region.as_str().into());
                    fields.insert("status".to_owned(), seen.status.into());
                }
                request
            });
            Ok(requests.collect())
        }
        None if line == "gateway" => {
            let requests = gateway.requests();
            gateway.clear();
            let requests = requests.iter();
            let requests = requests.map(|seen| request(&seen.method, &seen.path, &seen.headers));
            Ok(requests.collect())
        }
        Some(("offline", region)) => {
            emulator.with_store(|store| store.set_region_offline(region))?;
            Ok(Value::Null)
        }
        Some(("online", region)) => {
            emulator.with_store(|store| store.set_region_online(region))?;
            Ok(Value::Null)
        }
        Some(("accept", token)) => {
            emulator.accept_resource_token(token);
            Ok(Value::Null)
        }
        _ => Err(format!("nothing is known of `{line}`").into()),
    }
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
