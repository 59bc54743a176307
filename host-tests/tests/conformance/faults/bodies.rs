//! Answers that break off, do not end, or are not HTTP.

use bytes::Bytes;
use cosmosdb_driver_host::types::{ErrorKind, Outcome, RequestSent};
use host_tests::scripted::{Gate, Step};
use tokio::time::timeout;

use crate::face::Face;
use crate::scene::{GOOD, PATIENCE, Scene, execute, good, outcome, read, write};

on_every_face!(
    an_answer_that_breaks_off,
    an_answer_longer_than_declared_is_cut,
    an_answer_that_is_not_http,
    a_head_that_is_too_large,
    an_answer_of_the_largest_size_is_complete,
    an_answer_over_the_largest_size_is_not_kept,
    an_answer_in_pieces_is_complete,
);

/// What the driver takes at most.
const LARGEST: usize = 32 << 20;

async fn an_answer_that_breaks_off(face: Face) {
    for fault in [
        Step::reset_after_head(200, 10),
        Step::truncated(200, 10, "12345"),
        Step::truncated(200, 10, ""),
        Step::truncated(404, 10, "12345"),
        Step::garbage("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12"),
        Step::garbage("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n"),
    ] {
        for operation in [read(), write()] {
            let mut scene = Scene::lean(face, [fault.clone(), good()]).await;
            let error = scene.breaks(operation, 0).await;
            let attempt = &error.diagnostics.unwrap().attempts[0];
            assert_eq!(attempt.request_sent, RequestSent::Sent);
            scene.still_works().await;
            assert_eq!(scene.server.connections(), 2);
        }
    }
}

async fn an_answer_longer_than_declared_is_cut(face: Face) {
    let script = [Step::wrong_length(200, 4, "1234surplus"), good()];
    let mut scene = Scene::lean(face, script).await;
    let response = scene.execute(read()).await.unwrap();
    assert_eq!(response.body, b"1234");
    scene.still_works().await;
    assert_eq!(scene.server.connections(), 2, "the surplus is no answer");
}

async fn an_answer_that_is_not_http(face: Face) {
    for garbage in [
        "SSH-2.0-nonsense\r\n",
        "\0\0\0\0",
        "\x15\x03\x03\0\x02\x02\x46",
        "{\"code\":\"NotFound\"}",
        "HTTP/1.1 abc Nonsense\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        for operation in [read(), write()] {
            let script = [Step::garbage(garbage.to_owned()), good()];
            let mut scene = Scene::lean(face, script).await;
            scene.breaks(operation, 0).await;
            scene.still_works().await;
        }
    }
}

async fn a_head_that_is_too_large(face: Face) {
    let long = format!("x-long: {}\r\n", "x".repeat(1 << 20));
    let many = "x-many: 1\r\n".repeat(10_000);
    for headers in [long, many] {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
        let mut scene = Scene::lean(face, [Step::garbage(head), good()]).await;
        let error = scene.fails(write()).await;
        assert_eq!(
            (error.kind, error.outcome, error.retryable),
            (ErrorKind::Transport, Outcome::Unknown, false),
            "{error:?}"
        );
        assert_eq!(scene.server.requests().len(), 1);
        scene.still_works().await;
    }
}

async fn an_answer_of_the_largest_size_is_complete(face: Face) {
    let script = [Step::huge(200, LARGEST as u64), good()];
    let mut scene = Scene::lean(face, script).await;
    let response = scene.execute(read()).await.unwrap();
    assert_eq!(response.body.len(), LARGEST);
    assert!(response.body.iter().all(|byte| *byte == b'x'));
    scene.still_works().await;
}

async fn an_answer_over_the_largest_size_is_not_kept(face: Face) {
    for operation in [read(), write()] {
        // Far more than an instance may hold.
        let mut scene = Scene::lean(face, [Step::huge(200, 1 << 40), good()]).await;
        let outcome = outcome(&operation);
        let error = scene.fails(operation).await;
        assert_eq!(
            (error.kind, error.outcome),
            (ErrorKind::Transport, outcome),
            "{error:?}"
        );
        assert!(!error.retryable, "the next one would be as large");
        assert!(error.message.contains("larger"), "{}", error.message);
        let abandoned = scene.server.wait_until(|seen| seen[0].abandoned);
        let abandoned = timeout(PATIENCE, abandoned).await;
        abandoned.expect("the rest is not fetched");
        scene.still_works().await;
        assert_eq!(scene.server.requests().len(), 2);
    }
}

async fn an_answer_in_pieces_is_complete(face: Face) {
    let pieces: Vec<(Gate, Bytes)> = GOOD
        .bytes()
        .map(|byte| (Gate::new(), Bytes::from(vec![byte])))
        .collect();
    let gates: Vec<Gate> = pieces.iter().map(|(gate, _)| gate.clone()).collect();
    let script = [Step::slow_body(200, &[], pieces), good()];
    let mut scene = Scene::lean(face, script).await;
    let (server, driver) = (&scene.server, &mut scene.driver);
    let release = async {
        server.wait_until(|seen| seen.len() == 1).await;
        for gate in gates {
            tokio::task::yield_now().await;
            gate.open();
        }
    };
    let (answer, ()) = tokio::join!(execute(driver, read()), release);
    assert_eq!(answer.unwrap().body, GOOD.as_bytes());
    scene.still_works().await;
    assert_eq!(scene.server.connections(), 1, "nothing was wrong with it");
}
