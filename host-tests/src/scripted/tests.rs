//! Every step, seen by a plain client.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{Gate, ScriptedServer, Step};
use crate::testing::{Client, Failure, call};

/// What a client makes of one step.
async fn failure(step: Step) -> Failure {
    let server = ScriptedServer::start([step]).unwrap();
    let client = Client::new();
    client
        .send(&server.endpoint(), call(Method::GET, "/x"))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn the_script_goes_on_over_connections_and_its_last_step_repeats() {
    let server = ScriptedServer::start([
        Step::respond(429, &[("x-ms-retry-after-ms", "5")], ""),
        Step::respond(200, &[("connection", "close")], "{}").then_close(),
    ]);
    let server = server.unwrap();
    let client = Client::new();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let call = call(Method::GET, "/dbs/d").header("authorization", "secret");
        let answer = client.send(&server.endpoint(), call).await.unwrap();
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [429, 200, 200]);
    assert_eq!(server.connections(), 2);
    let seen = server.requests();
    let connections: Vec<u64> = seen.iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 1]);
    assert_eq!(
        (&seen[0].method, seen[0].path.as_str()),
        (&Method::GET, "/dbs/d")
    );
    assert!(seen[0].complete && !seen[0].abandoned);
    assert!(!format!("{seen:?}").contains("secret"));
}

#[tokio::test]
async fn an_empty_script_answers_200() {
    let server = ScriptedServer::start([]).unwrap();
    let answer = Client::new()
        .send(&server.endpoint(), call(Method::GET, "/"))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, &answer.body[..]),
        (StatusCode::OK, &b"{}"[..])
    );
}

#[tokio::test]
async fn bodies_are_recorded_with_and_without_chunks() {
    let server = ScriptedServer::start([]).unwrap();
    let client = Client::new();
    let body = vec![b'y'; 300_000];
    client
        .send(
            &server.endpoint(),
            call(Method::POST, "/").body(body.clone()),
        )
        .await
        .unwrap();
    let chunked = call(Method::POST, "/")
        .body(body.clone())
        .header("transfer-encoding", "chunked");
    client.send(&server.endpoint(), chunked).await.unwrap();
    let seen = server.requests();
    assert_eq!(seen[1].header("transfer-encoding"), Some("chunked"));
    for request in seen {
        assert!(
            request.complete && request.body == body,
            "{} bytes",
            request.body.len()
        );
    }
}

#[tokio::test]
async fn broken_answers_break_as_named() {
    assert_eq!(failure(Step::close()).await, Failure::Ended);
    assert_eq!(failure(Step::reset()).await, Failure::Reset);
    assert_eq!(
        failure(Step::reset_after_head(200, 10)).await,
        Failure::BodyReset
    );
    assert_eq!(
        failure(Step::truncated(200, 10, "12345")).await,
        Failure::BodyEnded
    );
    assert_eq!(
        failure(Step::garbage("SSH-2.0-nonsense\r\n")).await,
        Failure::Parse
    );
}

#[tokio::test]
async fn too_long_a_body_is_cut_and_spoils_the_connection() {
    let script = [
        Step::wrong_length(200, 4, "1234surplus"),
        Step::respond(200, &[], "fine"),
    ];
    let server = ScriptedServer::start(script).unwrap();
    let client = Client::new();
    let cut = client
        .send(&server.endpoint(), call(Method::GET, "/"))
        .await
        .unwrap();
    assert_eq!(cut.body, "1234");
    let fine = client
        .send(&server.endpoint(), call(Method::GET, "/"))
        .await
        .unwrap();
    assert_eq!(fine.body, "fine");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_early_answer_comes_before_the_body_is_read() {
    let gate = Gate::new();
    let early = Step::early(429, &[("x-ms-retry-after-ms", "1")], "{}").after(&gate);
    let server = ScriptedServer::start([early]).unwrap();
    let endpoint = server.endpoint();
    let upload = call(Method::POST, "/").body(vec![0; 20_000_000]);
    let answer = tokio::spawn(async move { Client::new().send(&endpoint, upload).await });
    let seen = server.wait_until(|seen| seen.len() == 1).await;
    assert!(!seen[0].complete && seen[0].body.is_empty());
    gate.open();
    assert_eq!(
        answer.await.unwrap().unwrap().status,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn an_early_answer_can_end_the_connection_with_the_body_unread() {
    let server = ScriptedServer::start([Step::early(413, &[], "").then_close()]).unwrap();
    let upload = call(Method::POST, "/").body(vec![0; 20_000_000]);
    // Whether the client sees the answer or the broken upload is a race that the client decides.
    let _ = Client::new().send(&server.endpoint(), upload).await;
    let seen = server.requests();
    assert!(!seen[0].complete && seen[0].body.is_empty());
}

#[tokio::test]
async fn an_early_answer_can_leave_the_body_unread_for_a_while() {
    let gate = Gate::new();
    let early = Step::early(429, &[], "").then_wait(&gate);
    let server = ScriptedServer::start([early]).unwrap();
    let body = vec![0; 20_000_000];
    let upload = call(Method::POST, "/").body(body);
    let client = Client::new();
    let answer = client.send(&server.endpoint(), upload).await.unwrap();
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let seen = server.requests();
    assert!(!seen[0].complete && seen[0].body.is_empty());
    gate.open();
    let seen = server.wait_until(|seen| seen[0].complete || seen[0].abandoned);
    assert!(!seen.await[0].body.is_empty());
}

#[tokio::test]
async fn silence_lasts_until_the_client_leaves() {
    let server = ScriptedServer::start([Step::silent()]).unwrap();
    let endpoint = server.endpoint();
    let request = async move { Client::new().send(&endpoint, call(Method::GET, "/")).await };
    let request = tokio::spawn(request);
    let seen = server
        .wait_until(|seen| seen.iter().any(|request| request.complete))
        .await;
    assert!(!seen[0].abandoned);
    request.abort();
    server.wait_until(|seen| seen[0].abandoned).await;
}

#[tokio::test]
async fn a_gate_holds_an_answer_back() {
    let gate = Gate::new();
    let script = [
        Step::respond(200, &[], "late").after(&gate),
        Step::respond(200, &[], "soon"),
    ];
    let server = ScriptedServer::start(script).unwrap();
    let endpoint = server.endpoint();
    let late = async move { Client::new().send(&endpoint, call(Method::GET, "/1")).await };
    let late = tokio::spawn(late);
    server.wait_until(|seen| seen.len() == 1).await;
    let soon = Client::new()
        .send(&server.endpoint(), call(Method::GET, "/2"))
        .await
        .unwrap();
    assert_eq!(soon.body, "soon");
    assert!(!late.is_finished());
    gate.open();
    assert_eq!(late.await.unwrap().unwrap().body, "late");
}

#[tokio::test]
async fn a_slow_body_comes_piece_by_piece() {
    let gates = [Gate::new(), Gate::new()];
    let pieces = vec![
        (gates[0].clone(), Bytes::from_static(b"one ")),
        (gates[1].clone(), Bytes::from_static(b"two")),
    ];
    let server = ScriptedServer::start([Step::slow_body(200, &[], pieces)]).unwrap();
    let endpoint = server.endpoint();
    let request = async move { Client::new().send(&endpoint, call(Method::GET, "/")).await };
    let request = tokio::spawn(request);
    server.wait_until(|seen| seen.len() == 1).await;
    gates[0].open();
    assert!(!request.is_finished());
    gates[1].open();
    assert_eq!(request.await.unwrap().unwrap().body, "one two");
}

#[tokio::test]
async fn a_huge_body_is_as_long_as_told() {
    let server = ScriptedServer::start([Step::huge(200, 5_000_001)]).unwrap();
    let answer = Client::new()
        .send(&server.endpoint(), call(Method::GET, "/"))
        .await
        .unwrap();
    assert_eq!(answer.body.len(), 5_000_001);
}

#[tokio::test]
async fn dropping_the_server_breaks_what_waits() {
    let server = ScriptedServer::start([Step::silent()]).unwrap();
    let endpoint = server.endpoint();
    let request = async move { Client::new().send(&endpoint, call(Method::GET, "/")).await };
    let request = tokio::spawn(request);
    server.wait_until(|seen| seen.len() == 1).await;
    drop(server);
    assert_eq!(request.await.unwrap().unwrap_err(), Failure::Ended);
}
