//! Every status that an error can have, with every kind of body.

use bytes::Bytes;
use cosmosdb_driver_host::types::{
    Diagnostics, ErrorKind, ExecutionContext, Operation, OperationOptions, Outcome,
};
use host_tests::scripted::{ScriptedServer, Step};

use crate::face::Face;
use crate::scene::{ACCOUNT, Scene, good, read, write};

on_every_face!(
    every_status_has_its_meaning,
    sub_statuses_change_the_meaning,
    writes_that_meet_are_told_apart,
    a_write_that_meets_others_again_and_again,
    a_create_that_finds_its_own_item,
    redirects_are_not_followed,
    an_unchanged_item_is_no_answer_to_a_write,
    an_upgrade_is_no_answer,
    odd_headers_do_no_harm,
);

fn bodies() -> [(&'static str, Bytes); 5] {
    let json = r#"{"code":"Whatever","message":"Message: {\"Errors\":[\"because\"]}"}"#;
    let html = "<html>\r\n<h1>Bad\tGateway</h1>\0</html>";
    let binary: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    [
        ("application/json", Bytes::from_static(json.as_bytes())),
        ("application/json", Bytes::new()),
        ("application/json", Bytes::from_static(b"{\"code\":")),
        ("text/html", Bytes::from_static(html.as_bytes())),
        ("application/octet-stream", binary.into()),
    ]
}

/// What the contract says of `error-kind` and `retryable`.
fn meaning(status: u16) -> (ErrorKind, bool) {
    match status {
        400 => (ErrorKind::InvalidArgument, false),
        401 => (ErrorKind::Unauthorized, false),
        403 => (ErrorKind::Forbidden, false),
        404 => (ErrorKind::NotFound, false),
        408 => (ErrorKind::Timeout, true),
        409 => (ErrorKind::Conflict, false),
        412 => (ErrorKind::PreconditionFailed, false),
        413 => (ErrorKind::PayloadTooLarge, false),
        429 => (ErrorKind::Throttled, true),
        410 | 423 | 503 => (ErrorKind::Unavailable, true),
        501 | 505 => (ErrorKind::Service, false),
        500..=599 => (ErrorKind::Service, true),
        _ => (ErrorKind::Service, false),
    }
}

/// Whether a write that is answered with this may have been carried out.
fn is_ambiguous(status: u16) -> bool {
    status == 408 || (status >= 500 && status != 503)
}

fn operation(is_write: bool) -> Operation {
    if is_write { write() } else { read() }
}

/// But for 449, which is repeated for half a minute.
async fn every_status_has_its_meaning(face: Face) {
    let cases: Vec<_> = (400..=599)
        .filter(|status| *status != 449)
        .flat_map(|status| bodies().map(|(media, body)| (status, media, body)))
        .collect();
    let answer = |(status, media, body): &(u16, &str, Bytes)| {
        Step::respond(*status, &[("content-type", *media)], body.clone())
    };
    let script = cases.iter().map(answer).chain([good()]);
    let mut scene = Scene::lean(face, script).await;
    for (number, (status, media, _)) in cases.iter().enumerate() {
        let is_write = number % 2 == 0;
        let error = scene.fails(operation(is_write)).await;
        let (kind, retryable) = meaning(*status);
        assert_eq!(
            (error.kind, error.retryable),
            (kind, retryable),
            "{error:?}"
        );
        assert_eq!(error.status, Some(*status));
        let is_unknown = is_write && is_ambiguous(*status);
        assert_eq!(error.outcome == Outcome::Unknown, is_unknown, "{error:?}");
        let headers = error.headers.unwrap().others;
        assert!(headers.contains(&("content-type".to_owned(), (*media).to_owned())));
        let message = error.message;
        assert!(message.contains(&status.to_string()), "{message}");
        assert!(
            message.len() < 1500 && !message.contains(char::is_control),
            "{message:?}"
        );
    }
    assert_eq!(scene.server.requests().len(), cases.len(), "one for each");
    scene.still_works().await;
    assert_eq!(scene.server.connections(), 1);
}

async fn sub_statuses_change_the_meaning(face: Face) {
    let cases = [
        (400, "1001", ErrorKind::InvalidArgument, false),
        (400, "1024", ErrorKind::Unavailable, true),
        (404, "1002", ErrorKind::Unavailable, true),
        (404, "1003", ErrorKind::NotFound, false),
        (404, "0", ErrorKind::NotFound, false),
        (403, "5300", ErrorKind::Forbidden, false),
        (410, "1002", ErrorKind::Unavailable, true),
    ];
    let answer = |(status, sub, ..): (u16, &str, _, _)| {
        Step::respond(status, &[("x-ms-substatus", sub)], "")
    };
    for case @ (status, sub_status, kind, retryable) in cases {
        // Ranges that were split are looked for once more.
        let requests = if status == 410 { 2 } else { 1 };
        let script = vec![answer(case); requests];
        let mut scene = Scene::lean(face, script.into_iter().chain([good()])).await;
        let error = scene.fails(write()).await;
        assert_eq!(
            (error.kind, error.retryable, error.outcome),
            (kind, retryable, Outcome::NotApplied)
        );
        let own = (Some(status), sub_status.parse().ok());
        let said = (error.status, error.sub_status);
        match error.cause {
            None => assert_eq!(said, own),
            Some(cause) => {
                assert_eq!((cause.status, cause.sub_status), own);
                assert_eq!(own, (Some(404), Some(1002)));
                assert_eq!(said, (Some(503), Some(20310)), "no region has caught up");
            }
        }
        assert_eq!(scene.server.requests().len(), requests);
        scene.still_works().await;
    }
}

fn contexts(diagnostics: &Diagnostics) -> Vec<ExecutionContext> {
    let attempts = diagnostics.attempts.iter();
    attempts.map(|attempt| attempt.execution_context).collect()
}

/// 449 says that two writes met. The driver repeats it here, and not as a failure of the region.
async fn writes_that_meet_are_told_apart(face: Face) {
    let met = || Step::respond(449, &[], "");
    let mut scene = Scene::lean(face, [met(), met(), good()]).await;
    let response = scene.execute(write()).await.unwrap();
    assert_eq!(response.status, 200);
    let [first, later @ ..] = &contexts(&response.diagnostics)[..] else {
        panic!("no attempt")
    };
    assert_eq!(
        (*first, later),
        (
            ExecutionContext::Initial,
            &[ExecutionContext::OperationRetry; 2][..]
        )
    );
    assert_eq!(scene.server.requests().len(), 3);
}

/// The operation's own budget ends it.
async fn a_write_that_meets_others_again_and_again(face: Face) {
    let met = Step::respond(449, &[("x-ms-request-charge", "1.5")], "");
    let mut scene = Scene::lean(face, [met.clone(), met, good()]).await;
    let options = OperationOptions {
        ru_budget: Some(3.0),
        ..OperationOptions::default()
    };
    let error = scene.driver.execute_with(write(), options).await;
    let error = error.unwrap_err();
    let error = error.driver().expect("an error of the driver");
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::BudgetSpent, Outcome::NotApplied),
        "{error:?}"
    );
    let cause = error.cause.as_ref().expect("the last answer");
    assert_eq!(cause.status, Some(449));
    assert_eq!(scene.server.requests().len(), 2);
    scene.still_works().await;
}

/// The first answer is lost; the second says that the item is there.
async fn a_create_that_finds_its_own_item(face: Face) {
    let account = Step::respond(200, &[], ACCOUNT);
    let taken = Step::respond(409, &[], "");
    let mut scene = Scene::retrying(face, [Step::reset(), account, taken, good()]).await;
    let error = scene.fails(write()).await;
    assert_eq!(
        (error.kind, error.status, error.retryable),
        (ErrorKind::Conflict, Some(409), false),
        "{error:?}"
    );
    assert_eq!(error.outcome, Outcome::Unknown, "who created it?");
    assert!(error.message.contains("earlier attempt"), "{error:?}");
    let diagnostics = error.diagnostics.unwrap();
    assert!(diagnostics.attempted_more_than_once);
    let names: Vec<&str> = diagnostics
        .attempts
        .iter()
        .map(|attempt| attempt.operation_name.as_str())
        .collect();
    assert_eq!(names, ["create_item", "read_account", "create_item"]);
    scene.still_works().await;
    assert_eq!(scene.server.requests().len(), 4);
}

async fn redirects_are_not_followed(face: Face) {
    let elsewhere = ScriptedServer::start([]).unwrap();
    let target = elsewhere.endpoint();
    for status in [300, 301, 302, 303, 307, 308] {
        for operation in [read(), write()] {
            let step = Step::respond(status, &[("location", target.as_str())], "");
            let mut scene = Scene::lean(face, [step, good()]).await;
            let error = scene.fails(operation).await;
            assert_eq!(
                (error.kind, error.status, error.retryable),
                (ErrorKind::Service, Some(status), false)
            );
            assert_eq!(scene.server.requests().len(), 1);
            scene.still_works().await;
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

/// 304 is for reads.
async fn an_unchanged_item_is_no_answer_to_a_write(face: Face) {
    let unchanged = Step::respond(304, &[("etag", "\"1\"")], "");
    let mut scene = Scene::lean(face, [unchanged, good()]).await;
    let error = scene.fails(write()).await;
    assert_eq!(
        (error.kind, error.status, error.retryable),
        (ErrorKind::Service, Some(304), false),
        "{error:?}"
    );
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert_eq!(error.headers.unwrap().etag.as_deref(), Some("\"1\""));
    scene.still_works().await;
    assert_eq!(scene.server.requests().len(), 2);
}

async fn an_upgrade_is_no_answer(face: Face) {
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let mut scene = Scene::lean(face, [Step::garbage(upgrade), good()]).await;
    let error = scene.fails(read()).await;
    assert_eq!(
        (error.kind, error.status, error.retryable),
        (ErrorKind::Service, Some(101), false)
    );
    scene.still_works().await;
}

async fn odd_headers_do_no_harm(face: Face) {
    let odd =
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\nX-Odd: \xff\xfe\r\nx-ms-request-charge: NaN\r\n\
        x-ms-item-count: -1\r\nx-ms-substatus: x\r\nx-ms-request-duration-ms: 1e999\r\n\
        x-ms-activity-id:\r\nx-ms-cosmos-index-utilization: %%\r\nx-odd: again\r\n\r\n{}";
    let script = [
        Step::garbage(odd.as_slice()),
        Step::respond(429, &[("x-ms-retry-after-ms", "-5")], ""),
        Step::respond(429, &[("x-ms-retry-after-ms", "99999999999999999999")], ""),
        good(),
    ];
    let mut scene = Scene::lean(face, script).await;
    let headers = scene.execute(read()).await.unwrap().headers;
    assert_eq!(headers.request_charge, 0.0);
    assert_eq!(
        (
            headers.item_count,
            headers.sub_status,
            headers.server_duration_ms
        ),
        (None, None, None)
    );
    assert_eq!(headers.index_metrics.as_deref(), Some("%%"));
    let odd: Vec<&str> = headers
        .others
        .iter()
        .filter(|(name, _)| name == "x-odd")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(odd, ["\u{fffd}\u{fffd}", "again"]);
    for _ in 0..2 {
        let error = scene.fails(read()).await;
        assert_eq!(
            (error.kind, error.retry_after_ms),
            (ErrorKind::Throttled, None)
        );
    }
    scene.still_works().await;
}
