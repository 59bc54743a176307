//! probe
#![allow(warnings)]
use std::error::Error;
use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::*;
use cosmosdb_driver_host::{Config, Credential, Host, Options};
use host_tests::component;
use host_tests::fixed::FixedServer;
fn read(id: &str) -> Operation {
    Operation::ReadItem(ReadItem { item: ItemRef { container: ContainerRef { database: "shop".to_owned(), container: "orders".to_owned() }, id: id.to_owned(), key: vec![KeyComponent::Text("tenant-1".to_owned())] }, precondition: None, session_token: None })
}
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let host = Host::from_file(component("cosmosdb-driver.wasm"), Options { metered: n_is_zero(), ..Options::default() }).unwrap();
    let n: usize = std::env::var("N").unwrap().parse().unwrap();
    for mode in [MetadataMode::Eager, MetadataMode::Lean] {
    let server = FixedServer::start().unwrap();
    let config = Config::new(server.endpoint(), Credential::account_key("AAAA")).metadata(mode);
    let mut instance = BlockingInstance::open(&host, &config).await.unwrap();
    for _ in 0..n { let _ = instance.execute(&read(""), &OperationOptions::default()).await; }
    let mut last = instance.fuel_consumed().unwrap_or(0);
    for id in ["1","1","1","1","1","","","1"] {
        let r = instance.execute(&read(id), &OperationOptions::default()).await;
        let now = instance.fuel_consumed().unwrap_or(0);
        println!("{id:?} {} {:?}", now - last, r.map(|r| (r.status, r.diagnostics.attempts.len())).map_err(|e| e.kind()));
        last = now;
    }
    }
}

fn n_is_zero() -> bool { std::env::var("N").unwrap() == "0" }
