//! The host's allow-list: what is not on it is refused before any network access.
//!
//! A client may always reach the endpoint that it was opened for. Everything else must be allowed: the regions that
//! the account's document names, here on other ports.

use cosmosdb_driver_host::Options;
use cosmosdb_driver_host::types::{Error, ErrorKind, Operation, Outcome, RequestSent};
use host_tests::scripted::{ScriptedServer, Step};

use crate::face::{Driver, Face};
use crate::scene::{DEFINITION, config, execute, fails, good, read, works, write};

on_every_face!(
    a_region_that_is_not_allowed_is_not_reached,
    other_spellings_of_a_region_do_not_help,
    a_region_that_is_allowed_is_reached,
    only_what_goes_to_the_forbidden_region_is_refused,
);

/// An account whose document names these endpoints as its regions for reads and writes.
fn account(reads: &str, writes: &str) -> ScriptedServer {
    let region = |name: &str, endpoint: &str| serde_json::json!([{ "name": name, "databaseAccountEndpoint": endpoint }]);
    let document = serde_json::json!({
        "readableLocations": region("North Europe", reads),
        "writableLocations": region("West US 2", writes),
    });
    let document = Step::respond(200, &[], document.to_string());
    ScriptedServer::start([document, Step::respond(200, &[], DEFINITION), good()]).unwrap()
}

fn region() -> ScriptedServer {
    ScriptedServer::start([Step::respond(200, &[], DEFINITION), good()]).unwrap()
}

async fn open(face: Face, account: &ScriptedServer, allow: &[String]) -> Driver {
    let options = Options {
        allow: allow.to_vec(),
        ..Options::default()
    };
    face.open(options, &config(&account.endpoint()))
        .await
        .expect("a driver")
}

/// Refused by the host: one attempt at the operation's first request in that region, which did not leave.
async fn is_refused(driver: &mut Driver, operation: Operation, endpoint: &str) -> Error {
    let error = fails(driver, operation).await;
    assert_eq!(
        (error.kind, error.outcome, error.retryable, error.status),
        (ErrorKind::Forbidden, Outcome::NotApplied, false, None),
        "{error:?}"
    );
    assert!(error.message.contains(endpoint), "{}", error.message);
    let attempts = &error.diagnostics.as_ref().expect("diagnostics").attempts;
    let to_region: Vec<_> = attempts.iter().filter(|a| a.endpoint == endpoint).collect();
    assert_eq!(to_region.len(), 1, "not tried again: {attempts:?}");
    assert_eq!(to_region[0].request_sent, RequestSent::NotSent);
    assert_eq!(to_region[0].error.as_deref(), Some("HTTP-request-denied"));
    error
}

async fn a_region_that_is_not_allowed_is_not_reached(face: Face) {
    let elsewhere = region();
    let account = account(&elsewhere.endpoint(), &elsewhere.endpoint());
    let mut driver = open(face, &account, &[]).await;
    for operation in [read(), write(), read()] {
        is_refused(&mut driver, operation, &elsewhere.endpoint()).await;
    }
    assert_eq!(elsewhere.connections(), 0);
    let seen = account.requests();
    assert_eq!((seen.len(), seen[0].path.as_str()), (1, "/"));
}

async fn other_spellings_of_a_region_do_not_help(face: Face) {
    let elsewhere = region();
    let authority = elsewhere.authority();
    let port = authority.rsplit(':').next().unwrap();
    let allowed = [
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        "http://127.0.0.1:1".to_owned(),
    ];
    let account = account(&elsewhere.endpoint(), &elsewhere.endpoint());
    let mut driver = open(face, &account, &allowed).await;
    is_refused(&mut driver, read(), &elsewhere.endpoint()).await;
    assert_eq!(elsewhere.connections(), 0);
}

async fn a_region_that_is_allowed_is_reached(face: Face) {
    let elsewhere = region();
    let account = account(&elsewhere.endpoint(), &elsewhere.endpoint());
    let mut driver = open(face, &account, &[elsewhere.endpoint()]).await;
    works(&mut driver).await;
    assert_eq!(elsewhere.requests().len(), 2, "definition and item");
    assert_eq!(account.requests().len(), 1);
}

async fn only_what_goes_to_the_forbidden_region_is_refused(face: Face) {
    let (near, far) = (region(), region());
    let account = account(&near.endpoint(), &far.endpoint());
    let mut driver = open(face, &account, &[near.endpoint()]).await;
    is_refused(&mut driver, write(), &far.endpoint()).await;
    works(&mut driver).await;
    is_refused(&mut driver, write(), &far.endpoint()).await;
    let response = execute(&mut driver, read()).await.unwrap();
    let attempt = &response.diagnostics.attempts[0];
    assert_eq!(
        (attempt.region.as_deref(), &attempt.endpoint),
        (Some("northeurope"), &near.endpoint())
    );
    assert_eq!(far.connections(), 0);
}
