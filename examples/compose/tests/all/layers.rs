//! The driver in the host of this repository, on layers.

use std::time::Duration;

use cosmosdb_driver_host::types::{ErrorKind, MetadataMode};
use cosmosdb_driver_host::{Client, Config, Container, Credential, Host, ItemOptions, Options};
use host_tests::emulator::Emulator;
use host_tests::scripted::{ScriptedServer, Step};
use serde_json::{Value, json};

use crate::{driver, faults, signer};

/// An item as it is sent and stored.
const ITEM: &[u8] = br#"{"id":"1","pk":"a","text":"two  spaces"}"#;

/// A client that has no key.
async fn client(component: &[u8], endpoint: String) -> Client {
    let host = Host::from_bytes(component, Options::default()).unwrap();
    let config = Config::new(endpoint, Credential::host()).metadata(MetadataMode::Lean);
    Client::open(&host, config).await.unwrap()
}

async fn emulator() -> Emulator {
    Emulator::builder().start().await.unwrap()
}

/// A new container in the emulator, made through the layers like all the rest.
async fn container(client: &Client) -> Container {
    let database = client.database("d");
    database.create(None).await.unwrap();
    let key = json!({ "paths": ["/pk"], "kind": "Hash", "version": 2 });
    let definition = json!({ "id": "c", "partitionKey": key });
    database.create_container(&definition, None).await.unwrap();
    database.container("c")
}

/// The same container, for others.
pub(crate) async fn prepare(emulator: &Emulator) {
    let client = client(&driver(&[&signer(emulator.key())]), emulator.endpoint()).await;
    container(&client).await;
    emulator.take_requests();
}

#[tokio::test]
async fn the_signer_signs_all_that_the_driver_sends() {
    let emulator = emulator().await;
    let client = client(&driver(&[&signer(emulator.key())]), emulator.endpoint()).await;
    let items = container(&client).await;
    emulator.take_requests();

    let created = items.create_item_bytes("a", ITEM).await.unwrap();
    let etag = created.etag().unwrap().to_owned();
    let with = |etag: &str| items.with(ItemOptions::new().if_match(etag));
    let new = json!({ "id": "1", "pk": "a", "n": 1 });
    with(&etag).replace_item("1", "a", &new).await.unwrap();
    let stale = with(&etag).replace_item("1", "a", &new).await.unwrap_err();
    assert!(stale.is_precondition_failed(), "{stale}");
    let read = items.read_item::<Value>("1", "a").await.unwrap();
    assert_eq!(read.into_value().unwrap()["n"], 1);
    items.delete_item("1", "a").await.unwrap();

    let seen = emulator.take_requests();
    let lines: Vec<_> = seen
        .iter()
        .map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
        .collect();
    let expected = [
        "POST /dbs/d/colls/c/docs 201",
        "PUT /dbs/d/colls/c/docs/1 200",
        "PUT /dbs/d/colls/c/docs/1 412",
        "GET /dbs/d/colls/c/docs/1 200",
        "DELETE /dbs/d/colls/c/docs/1 204",
    ];
    assert_eq!(lines, expected, "the emulator checks signatures");
    assert_eq!(seen[0].body, ITEM);
    assert_eq!(
        seen[0].header("content-length"),
        Some(ITEM.len().to_string().as_str())
    );
    assert_eq!(seen[2].header("if-match"), Some(etag.as_str()));
    assert!(seen.iter().all(|seen| seen.header("x-ms-date").is_some()));
}

#[tokio::test]
async fn queries_and_ids_that_are_escaped_are_signed() {
    let emulator = emulator().await;
    let client = client(&driver(&[&signer(emulator.key())]), emulator.endpoint()).await;
    let items = container(&client).await;
    let item = json!({ "id": "größe 1%", "pk": "a" });
    items.create_item("a", &item).await.unwrap();
    items.read_item_bytes("größe 1%", "a").await.unwrap();
    let feed = items.read_items(Default::default()).await.unwrap();
    let page = feed.next_page().await.unwrap().unwrap();
    assert_eq!(page.items::<Value>().unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_signer_or_with_another_key_the_service_refuses() {
    let emulator = emulator().await;
    for layers in [None, Some(signer("d3Jvbmc="))] {
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        let client = client(&driver(&layers), emulator.endpoint()).await;
        let error = client.database("d").read().await.unwrap_err();
        assert_eq!(error.kind(), Some(ErrorKind::Unauthorized), "{error}");
    }
    let seen = emulator.take_requests();
    let signed: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("authorization").is_some())
        .collect();
    assert_eq!(signed, [false, true]);
}

#[tokio::test]
async fn nothing_leaves_a_signer_without_a_key() {
    let server = ScriptedServer::start([]).unwrap();
    let client = client(&driver(&[&signer("no base64!")]), server.endpoint()).await;
    let error = client.database("d").read().await.unwrap_err();
    assert!(!error.to_string().contains("no base64!"), "{error}");
    assert_eq!(server.requests().len(), 0);
}

/// A server that answers everything, behind faults.
async fn faulty(script: &str) -> (ScriptedServer, Container) {
    let server = ScriptedServer::start([Step::respond(201, &[], "{}")]).unwrap();
    let client = client(&driver(&[&faults(script)]), server.endpoint()).await;
    (server, client.container("d", "c"))
}

#[tokio::test]
async fn the_driver_overcomes_what_the_faults_do_before_sending() {
    let (server, items) = faulty("1 status 429 3200\n2 refuse").await;
    items.create_item_bytes("a", ITEM).await.unwrap();
    items.create_item_bytes("a", ITEM).await.unwrap();
    let seen = server.requests();
    assert_eq!(seen.len(), 2, "the faults have sent nothing");
    assert!(seen.iter().all(|seen| seen.body == ITEM));
}

#[tokio::test]
async fn statuses_of_the_faults_are_errors_with_their_meaning() {
    let (server, items) = faulty("1-9 status 404 1003").await;
    let error = items.read_item_bytes("1", "a").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.driver().unwrap().sub_status, Some(1003));
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn nobody_knows_what_became_of_a_write_whose_answer_is_lost() {
    let (server, items) = faulty("1 lose").await;
    let careful = items.with(ItemOptions::new().retry_ambiguous_writes(false));
    let error = careful.create_item_bytes("a", ITEM).await.unwrap_err();
    assert!(error.may_be_applied(), "{error}");
    let seen = server
        .wait_until(|seen| seen.len() == 1 && seen[0].complete)
        .await;
    assert_eq!(seen[0].body, ITEM);
}

#[tokio::test]
async fn the_driver_does_not_wait_for_what_is_delayed_for_too_long() {
    let (server, items) = faulty("1-9 delay 3600000").await;
    let hasty = items.with(ItemOptions::new().end_to_end_timeout(Duration::from_secs(1)));
    let error = hasty.read_item_bytes("1", "a").await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Timeout), "{error}");
    assert_eq!(server.requests().len(), 0);
}

/// Faults above the signer, and below it.
#[tokio::test]
async fn layers_are_stacked_in_any_order() {
    let emulator = emulator().await;
    let script = "3 status 449\n4 status 429 3200";
    let (signer, faults) = (signer(emulator.key()), faults(script));
    for layers in [[&*signer, &*faults], [&*faults, &*signer]] {
        let client = client(&driver(&layers), emulator.endpoint()).await;
        let items = container(&client).await;
        items.create_item_bytes("a", ITEM).await.unwrap();
        client.database("d").delete().await.unwrap();
        let statuses: Vec<_> = emulator
            .take_requests()
            .iter()
            .map(|seen| seen.status)
            .collect();
        assert_eq!(statuses, [201, 201, 201, 204]);
    }
}

#[test]
fn what_does_not_fit_is_not_composed() {
    let (signer, faults) = (signer("key"), faults(""));
    let nothing = compose::settings("").unwrap();
    assert!(compose::plug(&signer, &[&faults]).is_ok());
    let unused: [&[u8]; 2] = [&faults, &nothing];
    assert!(compose::plug(&signer, &unused).is_err());
    for (socket, plug) in [
        (&*nothing, &*signer),
        (b"no wasm", &*signer),
        (&*signer, b"no wasm"),
    ] {
        assert!(compose::plug(socket, &[plug]).is_err());
    }
}
