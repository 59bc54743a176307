//! Servers that fall silent.

use std::time::Duration;

use bytes::Bytes;
use cosmosdb_driver_host::Options;
use cosmosdb_driver_host::types::{ErrorKind, RequestSent};
use host_tests::scripted::{Gate, Step};
use tokio::time::timeout;

use crate::face::Face;
use crate::scene::{PATIENCE, Scene, good, outcome, read, write};

on_every_face!(a_silent_server_times_out, a_body_that_stops_times_out,);

/// Long enough for an answer on a busy machine, short enough to wait for.
const SHORT: Duration = Duration::from_secs(1);

async fn times_out(face: Face, fault: Step, options: Options, sent: RequestSent) {
    for operation in [read(), write()] {
        let mut scene = Scene::hosted(face, [fault.clone(), good()], options.clone()).await;
        let outcome = outcome(&operation);
        let error = scene.fails(operation).await;
        assert_eq!(
            (error.kind, error.outcome, error.retryable, error.status),
            (ErrorKind::Timeout, outcome, true, None),
            "{error:?}"
        );
        let diagnostics = error.diagnostics.unwrap();
        assert_eq!(diagnostics.request_count, 1, "not sent again");
        assert_eq!(diagnostics.attempts[0].request_sent, sent);
        let abandoned = scene.server.wait_until(|seen| seen[0].abandoned);
        let abandoned = timeout(PATIENCE, abandoned).await;
        abandoned.expect("the connection is given up");
        scene.still_works().await;
        assert_eq!(scene.server.requests().len(), 2);
    }
}

async fn a_silent_server_times_out(face: Face) {
    let options = Options {
        first_byte_timeout: SHORT,
        ..Options::default()
    };
    times_out(face, Step::silent(), options, RequestSent::Unknown).await;
}

async fn a_body_that_stops_times_out(face: Face) {
    let (open, shut) = (Gate::new(), Gate::new());
    open.open();
    let pieces = vec![
        (open, Bytes::from_static(b"{")),
        (shut, Bytes::from_static(b"}")),
    ];
    let options = Options {
        between_bytes_timeout: SHORT,
        ..Options::default()
    };
    let fault = Step::slow_body(200, &[], pieces);
    times_out(face, fault, options, RequestSent::Sent).await;
}
