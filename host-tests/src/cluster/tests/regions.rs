//! Regions that go offline, and what is recorded.

use std::io::ErrorKind;
use std::net::TcpStream;

use http::Method;

use super::{Scene, create, read};
use crate::cluster::{Effect, GLOBAL, Match};
use crate::scripted::{Gate, Step};
use crate::testing::{Client, Failure, call};

#[tokio::test]
async fn an_offline_region_refuses_connections_and_comes_back_on_its_port() {
    let scene = Scene::new();
    let authority = scene.cluster.region("West US").authority();
    for _ in 0..3 {
        assert_eq!(scene.outcome("West US", read()).await, (404, 0));
        scene.cluster.offline("West US");
        scene.cluster.offline("West US");
        let refused = TcpStream::connect(&authority).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(scene.outcome("East US", read()).await, (404, 0));
        scene.cluster.online("West US").unwrap();
        scene.cluster.online("West US").unwrap();
    }
    assert_eq!(scene.outcome("West US", read()).await, (404, 0));
    assert_eq!(scene.cluster.region("West US").authority(), authority);
}

#[tokio::test]
async fn the_global_endpoint_can_be_offline_alone() {
    let scene = Scene::new();
    scene.cluster.offline(GLOBAL);
    let authority = scene.cluster.region(GLOBAL).authority();
    assert!(TcpStream::connect(authority).is_err());
    assert_eq!(scene.get("East US", "/").await.status, 200);
}

#[tokio::test]
async fn going_offline_ends_what_is_under_way() {
    let scene = Scene::new();
    scene.cluster.on("East US", Match::any(), Step::silent());
    let endpoint = scene.cluster.region("East US").endpoint();
    let request = tokio::spawn(async move { Client::new().send(&endpoint, read()).await });
    scene
        .cluster
        .wait_until(|seen| seen.len() == 1 && seen[0].complete)
        .await;
    scene.cluster.offline("East US");
    assert_eq!(request.await.unwrap().unwrap_err(), Failure::Ended);
}

#[tokio::test]
async fn requests_are_recorded_in_order_with_their_region() {
    let scene = Scene::new();
    scene.get(GLOBAL, "/").await;
    scene
        .send("East US", create().header("x-ms-date", "today"))
        .await;
    scene.send("West US", read()).await;
    let lines = [
        "global GET /",
        "eastus POST /dbs/d/colls/c/docs",
        "westus GET /dbs/d/colls/c/docs/1",
    ];
    assert_eq!(scene.cluster.lines(), lines);
    let seen = scene.cluster.requests_in("East US");
    assert_eq!((seen.len(), seen[0].region.as_str()), (1, "eastus"));
    assert_eq!(seen[0].header("x-ms-date"), Some("today"));
    assert_eq!(&seen[0].body[..], br#"{"id":"1","pk":"a"}"#);
    scene.send("West US", read()).await;
    assert_eq!(scene.cluster.region("West US").connections(), 1);
}

#[tokio::test]
async fn clearing_the_record_leaves_what_is_under_way_alone() {
    let scene = Scene::new();
    let gate = Gate::new();
    let once = Match::any().times(1);
    scene
        .cluster
        .on("East US", once, Effect::serve().after(&gate));
    let endpoint = scene.cluster.region("East US").endpoint();
    let request = tokio::spawn(async move { Client::new().send(&endpoint, read()).await });
    scene.cluster.wait_until(|seen| seen.len() == 1).await;
    scene.cluster.clear();
    assert_eq!(scene.cluster.lines(), Vec::<String>::new());
    gate.open();
    assert_eq!(request.await.unwrap().unwrap().status, 404);
    scene.send("East US", call(Method::GET, "/dbs/d")).await;
    assert_eq!(scene.cluster.lines(), ["eastus GET /dbs/d"]);
}
