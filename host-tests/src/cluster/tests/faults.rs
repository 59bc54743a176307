//! Rules and their effects.

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Scene, create, item, outcome, read};
use crate::cluster::{ANYWHERE, Effect, GLOBAL, Match};
use crate::scripted::{Gate, Step};
use crate::testing::{Call, Client, Failure};

impl Scene {
    async fn failure(&self, call: Call) -> Failure {
        let endpoint = self.cluster.region("East US").endpoint();
        Client::new().send(&endpoint, call).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_refusal_looks_like_the_services() {
    let scene = Scene::new();
    let refusal = Effect::refuse(429, 3200)
        .header("x-ms-retry-after-ms", "7")
        .body("{}");
    scene.cluster.on("East US", Match::any(), refusal);
    let answer = scene
        .send("East US", read().header("x-ms-activity-id", "abc"))
        .await;
    assert_eq!(outcome(&answer), (429, 3200));
    assert_eq!(answer.header("x-ms-retry-after-ms"), Some("7"));
    assert_eq!(answer.header("x-ms-activity-id"), Some("abc"));
    assert_eq!(answer.header("x-ms-request-charge"), Some("0"));
    assert_eq!(answer.body, "{}");
}

#[tokio::test]
async fn rules_act_where_and_on_what_they_say() {
    let about = [
        Match::any().method(Method::POST),
        Match::any().path("/docs/2"),
        Match::any().header("if-match"),
        Match::any().header_is("x-ms-session-token", "0:1#2"),
        Match::account(),
    ];
    let hit = [
        create(),
        item(Method::GET, "2"),
        read().header("if-match", "x"),
        read().header("x-ms-session-token", "0:1#2"),
        crate::testing::call(Method::GET, "/"),
    ];
    for (rule, about) in about.into_iter().enumerate() {
        let scene = Scene::new();
        let rule_at_work = scene.cluster.on("East US", about, Effect::refuse(500, 0));
        for (number, request) in hit.iter().enumerate() {
            let status = scene.send("East US", request.clone()).await.status;
            assert_eq!(
                status == 500,
                number == rule,
                "rule {rule}, request {number}"
            );
            assert_ne!(scene.send("West US", request.clone()).await.status, 500);
        }
        assert_eq!(rule_at_work.hits(), 1);
    }
}

#[tokio::test]
async fn rules_count_and_queue() {
    let scene = Scene::new();
    let once = Match::any().path("/docs/").times(1);
    let first = scene
        .cluster
        .on(ANYWHERE, once.clone(), Effect::refuse(503, 0));
    let second = scene.cluster.on(ANYWHERE, once, Effect::refuse(408, 0));
    let fourth = Match::any().path("/docs/").nth(2);
    let fourth = scene.cluster.on("East US", fourth, Effect::refuse(410, 0));
    let mut statuses = Vec::new();
    for region in ["West US", "East US", "East US", "East US", "East US"] {
        statuses.push(scene.outcome(region, read()).await.0);
    }
    assert_eq!(statuses, [503, 408, 404, 410, 404]);
    assert_eq!((first.hits(), second.hits(), fourth.hits()), (1, 1, 1));
}

#[tokio::test]
async fn a_stopped_rule_acts_no_more() {
    let scene = Scene::new();
    let rule = scene
        .cluster
        .on("East US", Match::any(), Effect::refuse(503, 0));
    assert_eq!(scene.outcome("East US", read()).await, (503, 0));
    rule.stop();
    assert_eq!(scene.outcome("East US", read()).await, (404, 0));
    assert_eq!(rule.hits(), 1);
}

#[tokio::test]
async fn connections_break_as_named_and_nothing_is_written() {
    let scene = Scene::new();
    let cases = [
        (Step::close(), Failure::Ended),
        (Step::reset(), Failure::Reset),
        (Step::reset_after_head(201, 10), Failure::BodyReset),
        (Step::truncated(201, 10, "{}"), Failure::BodyEnded),
    ];
    for (step, failure) in cases {
        scene.cluster.on("East US", Match::any().times(1), step);
        assert_eq!(scene.failure(create()).await, failure);
        assert_eq!(scene.cluster.item("a", "1"), None);
    }
    assert_eq!(scene.outcome("East US", create()).await, (201, 0));
}

#[tokio::test]
async fn a_write_can_be_applied_and_its_answer_lost() {
    let scene = Scene::new();
    let lost = Effect::served_then(Step::reset());
    scene.cluster.on("East US", Match::any().times(1), lost);
    assert_eq!(scene.failure(create()).await, Failure::Reset);
    assert!(scene.cluster.item("a", "1").is_some());
    assert_eq!(scene.outcome("East US", create()).await, (409, 0));
}

#[tokio::test]
async fn a_gate_holds_the_service_back() {
    let scene = Scene::new();
    let gate = Gate::new();
    let late = Effect::serve().after(&gate);
    scene.cluster.on("East US", Match::any().times(1), late);
    let endpoint = scene.cluster.region("East US").endpoint();
    let write = tokio::spawn(async move { Client::new().send(&endpoint, create()).await });
    scene
        .cluster
        .wait_until(|seen| seen.len() == 1 && seen[0].complete)
        .await;
    assert_eq!(scene.outcome(GLOBAL, read()).await, (404, 0));
    gate.open();
    assert_eq!(write.await.unwrap().unwrap().status, 201);
    assert_eq!(scene.outcome(GLOBAL, read()).await, (200, 0));
}

#[tokio::test]
async fn a_gate_holds_a_body_back() {
    let scene = Scene::new();
    let gate = Gate::new();
    let slow = Effect::slow_body(&gate);
    scene.cluster.on("East US", Match::any(), slow);
    let authority = scene.cluster.region("East US").authority();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let request = b"GET /dbs/d HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut answer).await.unwrap();
    }
    let head = String::from_utf8(std::mem::take(&mut answer)).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    gate.open();
    while !answer.ends_with(b"}") {
        stream.read_buf(&mut answer).await.unwrap();
    }
    let length = format!("content-length: {}\r\n", answer.len());
    assert!(head.contains(&length), "{head}");
}

#[tokio::test]
async fn who_leaves_at_a_gate_is_seen_to_leave() {
    let scene = Scene::new();
    let refusal = Effect::refuse(503, 0).after(&Gate::new());
    scene.cluster.on("East US", Match::any(), refusal);
    let endpoint = scene.cluster.region("East US").endpoint();
    let request = tokio::spawn(async move { Client::new().send(&endpoint, read()).await });
    scene
        .cluster
        .wait_until(|seen| seen.iter().any(|request| request.complete))
        .await;
    request.abort();
    scene.cluster.wait_until(|seen| seen[0].abandoned).await;
}
