//! Regions, databases, containers, and the record.

use std::io::Read;
use std::net::TcpStream;

use http::{Method, StatusCode};
use serde_json::Value;

use super::{Emulator, Signed, assert_error};
use crate::testing::{Client, Failure, call};

fn endpoints(locations: &Value) -> Vec<String> {
    let locations = locations.as_array().unwrap().iter();
    locations
        .map(|location| {
            location["databaseAccountEndpoint"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn the_account_names_the_endpoint_of_every_region() {
    let emulator = Emulator::builder()
        .region("East US")
        .region("West US 2")
        .start()
        .await
        .unwrap();
    let account = Signed::new(&emulator)
        .send(call(Method::GET, "/"), "", "")
        .await
        .json();
    let west = emulator.endpoint_of("West US 2").unwrap();
    assert_eq!(
        endpoints(&account["readableLocations"]),
        [emulator.endpoint(), west]
    );
    assert_eq!(
        endpoints(&account["writableLocations"]),
        [emulator.endpoint()]
    );
    assert_eq!(account["readableLocations"][1]["name"], "West US 2");
    assert_eq!(
        account["userConsistencyPolicy"]["defaultConsistencyLevel"],
        "Session"
    );
    assert_eq!(emulator.endpoint_of("East US"), Some(emulator.endpoint()));
    assert_eq!(emulator.endpoint_of("Mars"), None);
    let authorities = emulator.authorities();
    assert_eq!(format!("http://{}/", authorities[0]), emulator.endpoint());
}

#[tokio::test]
async fn every_region_takes_writes_if_asked() {
    let builder = Emulator::builder().region("East US").region("West US 2");
    let emulator = builder.multi_write(true).start().await.unwrap();
    let account = Signed::new(&emulator)
        .send(call(Method::GET, "/"), "", "")
        .await
        .json();
    assert_eq!(endpoints(&account["writableLocations"]).len(), 2);
    assert_eq!(account["enableMultipleWriteLocations"], true);
}

#[test]
fn it_needs_no_runtime_and_does_not_show_its_key() {
    let emulator = Emulator::builder().start_blocking().unwrap();
    assert_eq!(emulator.authorities().len(), 1);
    assert!(!format!("{emulator:?}").contains(emulator.key()));
}

#[tokio::test]
async fn databases_and_containers_come_and_go() {
    let emulator = Emulator::builder().start().await.unwrap();
    let signed = Signed::new(&emulator);
    signed
        .container(r#"{"paths":["/pk"],"kind":"Hash","version":2}"#)
        .await;
    let again = call(Method::POST, "/dbs").body(r#"{"id":"d"}"#);
    assert_error(
        &signed.send(again, "dbs", "").await,
        StatusCode::CONFLICT,
        "Conflict",
    );

    let read = signed
        .send(
            call(Method::GET, "/dbs/d/colls/c"),
            "colls",
            "dbs/d/colls/c",
        )
        .await;
    let container = read.json();
    assert_eq!(container["partitionKey"]["paths"][0], "/pk");
    assert_eq!(container["partitionKey"]["version"], 2);
    assert!(container["_rid"].is_string());
    assert!(read.header("etag").is_some());

    let delete = signed
        .send(call(Method::DELETE, "/dbs/d"), "dbs", "dbs/d")
        .await;
    assert_eq!(
        (delete.status, delete.body.len()),
        (StatusCode::NO_CONTENT, 0)
    );
    let gone = signed
        .send(
            call(Method::GET, "/dbs/d/colls/c"),
            "colls",
            "dbs/d/colls/c",
        )
        .await;
    assert_error(&gone, StatusCode::NOT_FOUND, "NotFound");
}

#[tokio::test]
async fn partition_keys_of_every_kind_work() {
    let kinds = [
        (r#"{"paths":["/a"],"kind":"Hash","version":2}"#, r#"["x"]"#),
        (r#"{"paths":["/a"],"kind":"Hash"}"#, r#"["x"]"#),
        (
            r#"{"paths":["/a","/b"],"kind":"MultiHash","version":2}"#,
            r#"["x",1]"#,
        ),
    ];
    for (definition, key) in kinds {
        let emulator = Emulator::builder().start().await.unwrap();
        let signed = Signed::new(&emulator);
        signed.container(definition).await;
        let created = signed.post(key, r#"{"id":"1","a":"x","b":1}"#).await;
        assert_eq!(
            created.status,
            StatusCode::CREATED,
            "{definition} {:?}",
            created.body
        );
        let read = signed.item(Method::GET, "1", key, |call| call).await;
        assert_eq!(read.status, StatusCode::OK, "{definition}");
    }
}

#[tokio::test]
async fn a_region_that_is_offline_drops_the_connection() {
    let emulator = Emulator::builder()
        .region("East US")
        .region("West US 2")
        .start()
        .await
        .unwrap();
    emulator
        .with_store(|store| store.set_region_offline("West US 2"))
        .unwrap();
    let west = emulator.endpoint_of("West US 2").unwrap();
    let failure = Client::new()
        .send(&west, call(Method::GET, "/probe"))
        .await
        .unwrap_err();
    assert_eq!(failure, Failure::Ended);
    assert_eq!(
        emulator
            .take_requests()
            .last()
            .map(|request| request.status),
        Some(0)
    );
    emulator
        .with_store(|store| store.set_region_online("West US 2"))
        .unwrap();
    let probe = Client::new()
        .send(&west, call(Method::GET, "/probe"))
        .await
        .unwrap();
    assert_eq!(probe.status, StatusCode::OK);
}

#[tokio::test]
async fn a_write_to_a_read_region_is_forbidden_and_keeps_its_activity_id() {
    let emulator = Emulator::builder()
        .region("East US")
        .region("West US 2")
        .start()
        .await
        .unwrap();
    let mut signed = Signed::new(&emulator);
    signed.endpoint = emulator.endpoint_of("West US 2").unwrap();
    let activity = "6f1c4a70-5d0e-4b58-9c35-0c1a2b3d4e5f";
    let create = call(Method::POST, "/dbs")
        .body(r#"{"id":"d"}"#)
        .header("x-ms-activity-id", activity);
    let answer = signed.send(create, "dbs", "").await;
    assert_error(&answer, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(answer.header("x-ms-substatus"), Some("3"));
    assert_eq!(answer.header("x-ms-activity-id"), Some(activity));
    assert_eq!(emulator.requests()[0].region, "West US 2");
}

#[tokio::test]
async fn requests_are_recorded_as_sent_and_connections_counted() {
    let emulator = Emulator::builder().start().await.unwrap();
    let signed = Signed::new(&emulator);
    signed
        .container(r#"{"paths":["/pk"],"kind":"Hash","version":2}"#)
        .await;
    signed.post(r#"["p"]"#, r#"{"id":"a b","pk":"p"}"#).await;
    let path = format!("{}/a%20b", super::ITEMS);
    let read = call(Method::GET, &path).header(super::KEY_HEADER, r#"["p"]"#);
    let answer = signed.send(read, "docs", "dbs/d/colls/c/docs/a b").await;
    assert_eq!(answer.status, StatusCode::OK);

    let seen = emulator.take_requests();
    let statuses: Vec<u16> = seen.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [201, 201, 201, 200]);
    assert_eq!(
        (&seen[3].method, seen[3].path.as_str()),
        (&Method::GET, path.as_str())
    );
    assert_eq!(seen[3].header(super::KEY_HEADER), Some(r#"["p"]"#));
    assert_eq!(seen[2].body, r#"{"id":"a b","pk":"p"}"#);
    assert!(emulator.requests().is_empty());
    assert_eq!(emulator.connections(), 1);
}

#[tokio::test]
async fn http2_works_on_the_same_port() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut signed = Signed::new(&emulator);
    signed.client = Client::http2();
    let account = signed.send(call(Method::GET, "/"), "", "").await;
    assert_eq!(account.status, StatusCode::OK);
}

#[tokio::test]
async fn dropping_it_closes_its_connections() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut connection = TcpStream::connect(&emulator.authorities()[0]).unwrap();
    drop(emulator);
    assert!(matches!(connection.read(&mut [0]), Ok(0) | Err(_)));
}
