//! The fixed server, seen by a plain client.

use http::{Method, StatusCode};

use super::{FixedServer, Kind};
use crate::testing::{Client, call};

const ITEM: &str = "/dbs/d/colls/c/docs/1";
const ITEMS: &str = "/dbs/d/colls/c/docs";

#[tokio::test]
async fn an_item_is_the_same_kilobyte_on_every_read_and_every_server() {
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let server = FixedServer::start().unwrap();
        let client = Client::new();
        for _ in 0..2 {
            let answer = client
                .send(&server.endpoint(), call(Method::GET, ITEM))
                .await
                .unwrap();
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header("x-ms-session-token"), Some("0:-1#42"));
            assert_eq!(answer.header("content-length"), Some("1024"));
            assert!(answer.headers.len() >= 20, "{:?}", answer.headers);
            bodies.push((format!("{:?}", answer.headers), answer.body));
        }
        assert_eq!(server.connections(), 1);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[tokio::test]
async fn the_account_names_the_server_itself() {
    let server = FixedServer::start().unwrap();
    let answer = Client::new()
        .send(&server.endpoint(), call(Method::GET, "/"))
        .await
        .unwrap();
    let account = answer.json();
    let location = &account["writableLocations"][0];
    assert_eq!(
        location["databaseAccountEndpoint"],
        server.endpoint().as_str()
    );
}

#[tokio::test]
async fn writes_answer_as_asked_and_are_counted_by_kind() {
    let server = FixedServer::start().unwrap();
    let client = Client::new();
    let create = || call(Method::POST, ITEMS).body(vec![b'x'; 100_000]);
    let minimal = client
        .send(
            &server.endpoint(),
            create().header("prefer", "return=minimal"),
        )
        .await;
    let minimal = minimal.unwrap();
    assert_eq!(
        (minimal.status, minimal.body.len()),
        (StatusCode::CREATED, 0)
    );
    assert!(minimal.header("etag").is_some());
    let full = client.send(&server.endpoint(), create()).await.unwrap();
    assert_eq!((full.status, full.body.len()), (StatusCode::CREATED, 1024));
    let upsert = create().header("x-ms-documentdb-is-upsert", "true");
    assert_eq!(
        client
            .send(&server.endpoint(), upsert)
            .await
            .unwrap()
            .status,
        StatusCode::OK
    );
    let delete = client
        .send(&server.endpoint(), call(Method::DELETE, ITEM))
        .await
        .unwrap();
    assert_eq!(delete.status, StatusCode::NO_CONTENT);
    let other = client
        .send(&server.endpoint(), call(Method::GET, "/offers"))
        .await
        .unwrap();
    assert_eq!(other.status, StatusCode::NOT_FOUND);

    assert_eq!(server.count(Kind::CreateItem), 2);
    assert_eq!(server.count(Kind::UpsertItem), 1);
    assert_eq!(server.count(Kind::Delete), 1);
    assert_eq!(server.count(Kind::Other), 1);
    let delete = format!("DELETE {ITEM}");
    assert_eq!(server.requests()[2..4], [format!("POST {ITEMS}"), delete]);
}
