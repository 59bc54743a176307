//! Adds what authorizes a request to Azure Cosmos DB: `x-ms-date`, and the signature with the account's key.
//!
//! The key is this layer's settings. The driver above it is opened with the credential `host`, sends its requests unsigned,
//! and never has the key. Each attempt of the driver is signed anew. A path that is no resource is denied, so that nothing
//! leaves unsigned.
#![cfg(target_family = "wasm")]

use std::cell::OnceCell;

use cosmosdb_driver::wire::date::http_date;
use cosmosdb_driver::wire::link;
use cosmosdb_driver::wire::sign::MasterKey;
use middleware_layer::clocks::system_clock;
use middleware_layer::{ErrorCode, Layer, Parts, Request, Response, client, settings};

struct Signer;

impl Layer for Signer {
    async fn send(request: Request) -> Result<Response, ErrorCode> {
        let mut parts = Parts::of(request);
        if let Err(error) = sign(&mut parts) {
            middleware_layer::breathe().await;
            return Err(error);
        }
        client::send(parts.request()?).await
    }
}

fn sign(parts: &mut Parts) -> Result<(), ErrorCode> {
    let path = parts.path.split('?').next().unwrap_or_default();
    let link = link::parse(path).ok_or(ErrorCode::HttpRequestDenied)?;
    let verb = http::Method::from_bytes(parts.verb().as_bytes());
    let verb = verb.map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let date = http_date(u64::try_from(system_clock::now().seconds).unwrap_or(0));
    let signature = with_key(|key| key.authorization(&verb, &link, &date))?;
    parts.set("x-ms-date", date);
    parts.set("authorization", signature);
    Ok(())
}

/// The key is asked for once.
fn with_key<T>(sign: impl FnOnce(&MasterKey) -> T) -> Result<T, ErrorCode> {
    thread_local!(static KEY: OnceCell<Option<MasterKey>> = const { OnceCell::new() });
    KEY.with(|key| {
        key.get_or_init(|| MasterKey::from_base64(&settings::get()).ok())
            .as_ref()
            .map(sign)
            .ok_or(ErrorCode::ConfigurationError)
    })
}

middleware_layer::export!(Signer with_types_in middleware_layer::bindings);
