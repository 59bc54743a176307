//! Connections that are refused or break.

use std::sync::atomic::Ordering;

use cosmosdb_driver_host::Options;
use cosmosdb_driver_host::types::{Error, ErrorKind, Outcome, RequestSent};
use host_tests::scripted::Step;

use crate::account::lean;
use crate::door::Door;
use crate::face::{Driver, Face};
use crate::scene::{Scene, config, execute, fails, good, one_attempt, outcome, read, works, write};

on_every_face!(
    a_refused_connection_is_tried_twice,
    a_connection_closed_at_once_is_not_repeated,
    a_connection_that_breaks_before_the_answer,
    a_kept_connection_that_breaks_before_the_answer,
    a_kept_connection_that_was_closed_meanwhile,
);

async fn open(face: Face, door: &Door) -> Driver {
    let config = one_attempt(lean(config(&door.endpoint())));
    face.open(Options::default(), &config)
        .await
        .expect("a driver")
}

fn sent(error: &Error) -> Vec<RequestSent> {
    let diagnostics = error.diagnostics.as_ref().expect("diagnostics");
    assert_eq!(
        diagnostics.request_count as usize,
        diagnostics.attempts.len()
    );
    let attempts = diagnostics.attempts.iter();
    attempts.map(|attempt| attempt.request_sent).collect()
}

async fn a_refused_connection_is_tried_twice(face: Face) {
    let door = Door::closed();
    let mut driver = open(face, &door).await;
    for operation in [read(), write()] {
        let error = fails(&mut driver, operation).await;
        assert_eq!(
            (error.kind, error.outcome, error.retryable),
            (ErrorKind::Transport, Outcome::NotApplied, true)
        );
        assert_eq!(sent(&error), [RequestSent::NotSent; 2]);
        assert!(error.message.contains("was not sent"), "{}", error.message);
        let endpoint = door.endpoint();
        for attempt in error.diagnostics.unwrap().attempts {
            assert_eq!(attempt.error.as_deref(), Some("connection-refused"));
            assert_eq!((attempt.status, &attempt.endpoint), (None, &endpoint));
        }
    }
    let connections = door.open(0);
    works(&mut driver).await;
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// Nobody can tell what became of the request, so it is not sent again: one connection for each call.
async fn a_connection_closed_at_once_is_not_repeated(face: Face) {
    let door = Door::closed();
    let mut driver = open(face, &door).await;
    let connections = door.open(2);
    for (operation, expected) in [(read(), 1), (write(), 2)] {
        let outcome = outcome(&operation);
        let error = fails(&mut driver, operation).await;
        assert_eq!(
            (error.kind, error.outcome, error.retryable),
            (ErrorKind::Transport, outcome, true),
            "{error:?}"
        );
        assert_eq!(sent(&error), [RequestSent::Unknown]);
        assert_eq!(connections.load(Ordering::Relaxed), expected);
    }
    works(&mut driver).await;
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}

async fn a_connection_that_breaks_before_the_answer(face: Face) {
    for fault in [Step::close(), Step::reset()] {
        for operation in [read(), write()] {
            let mut scene = Scene::lean(face, [fault.clone(), good()]).await;
            let error = scene.breaks(operation, 0).await;
            assert_eq!(sent(&error), [RequestSent::Unknown]);
            scene.still_works().await;
            assert_eq!(scene.server.requests().len(), 2);
        }
    }
}

/// The HTTP client may repeat by itself only what it did not begin to write.
async fn a_kept_connection_that_breaks_before_the_answer(face: Face) {
    for fault in [Step::close(), Step::reset()] {
        for operation in [read(), write()] {
            let mut scene = Scene::lean(face, [good(), fault.clone(), good()]).await;
            scene.still_works().await;
            let error = scene.breaks(operation, 1).await;
            assert_eq!(sent(&error), [RequestSent::Unknown]);
            scene.still_works().await;
            let seen = scene.server.requests();
            let connections: Vec<u64> = seen.iter().map(|request| request.connection).collect();
            assert_eq!(connections, [0, 0, 1]);
        }
    }
}

/// Whether the client has noticed by the time of the next request is a race. Either way nothing is written twice.
async fn a_kept_connection_that_was_closed_meanwhile(face: Face) {
    let mut scene = Scene::lean(face, [good().then_close()]).await;
    for _ in 0..20 {
        let before = scene.server.requests().len();
        let answer = execute(&mut scene.driver, write()).await;
        let seen = scene.server.requests().len() - before;
        match answer {
            Ok(response) => assert_eq!((response.status, seen), (200, 1)),
            Err(error) => {
                assert_eq!((error.kind(), seen), (Some(ErrorKind::Transport), 0));
                assert!(error.may_be_applied() && error.is_retryable(), "{error}");
            }
        }
    }
    assert!(scene.server.connections() > 1);
}
