//! What the policy does not let out: the plugin sees an error, the host counts it, and the server sees nothing.

use host_tests::scripted::{ScriptedServer, Step};
use plugin_host::{Limits, Outcome, Report};

use crate::scene::{HOSTILE, ORDERS, Scene};

/// Who stops an attack.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// The host, at its door.
    Host,
    /// The driver, before there is a request.
    Driver,
    /// Nobody: the service has nothing by this name.
    Service,
}

use By::{Driver, Host, Service};

fn check(report: &Report, input: &str, by: By) {
    let Outcome::Failed(error) = &report.outcome else {
        panic!("{input}: {report:?}");
    };
    let (kind, refused, requests) = match by {
        Host => ("Forbidden", true, 0),
        Driver => ("", false, 0),
        Service => ("NotFound", false, 1),
    };
    assert!(error.contains(kind), "{input}: {error}");
    assert_eq!(report.usage.refused > 0, refused, "{input}: {report:?}");
    assert_eq!(report.usage.requests, requests, "{input}: {report:?}");
}

fn table(attacks: &[(&str, By)]) {
    let scene = Scene::new();
    let hostile = scene.load(HOSTILE, Limits::default());
    let orders = scene.load(ORDERS, Limits::default());
    for (input, by) in attacks {
        let report = scene.run(&hostile, input);
        check(&report, input, *by);
        let passed = scene.clean_requests().len() as u64;
        assert_eq!(passed, report.usage.requests, "{input}");
    }
    scene.serves(&orders);
}

#[test]
fn another_container_or_database() {
    table(&[
        ("read shop|other|1", Host),
        ("read other|orders|1", Host),
        ("read shop|ORDERS|1", Host),
        ("read shop|örders|1", Host),
        ("read shop|ｏrders|1", Host),
        ("read shop|orders%2fdocs|1", Host),
        ("read shop|orders%00|1", Host),
        ("read shop|%2e%2e|1", Host),
        ("read %2e%2e|%2e%2e|1", Host),
        ("read shop|orders |1", Driver),
        ("read shop|orders\0|1", Driver),
        ("read shop|..|1", Driver),
        ("read shop||1", Driver),
        ("read ||", Driver),
        ("read shop|orders/docs|1", Driver),
        ("read shop|orders/../other|1", Driver),
        ("read shop|orders|../../other/docs/1", Driver),
        ("read shop|orders|..", Driver),
        ("read shop|orders|..%2f..%2fother%2fdocs%2f1", Service),
        ("read shop|orders|%2e%2e", Service),
        ("read shop|orders|\u{202e}1", Service),
    ]);
}

#[test]
fn operations_that_are_not_about_items() {
    table(&[
        ("create-container evil", Host),
        ("delete-container", Host),
        ("delete-database", Host),
        ("procedure", Host),
        ("raw GET /dbs", Host),
        ("raw POST /dbs", Host),
        ("raw GET /offers", Host),
        ("raw DELETE /dbs/shop", Host),
        ("raw GET /dbs/shop/users", Host),
        ("raw GET /dbs/shop/colls", Host),
        ("raw PUT /dbs/shop/colls/orders", Host),
        ("raw POST /dbs/shop/colls/orders/sprocs/s", Host),
        ("raw GET /dbs/shop/colls/other/docs", Host),
        ("raw GET /dbs/shop/colls/orders/../other/docs", Driver),
        ("raw GET //evil.example/", Driver),
        ("raw GET http://evil.example/", Driver),
        ("raw GET /dbs/shop/colls/orders/docs/1?x=y", Driver),
        ("raw GET /dbs/shop/colls/orders/docs/", Driver),
    ]);
}

#[test]
fn headers_that_say_something_else_than_the_request() {
    let item = "raw GET /dbs/shop/colls/orders/docs/1 with ";
    let raw = |header: &str| format!("{item}{header}");
    table(&[
        ("header x-http-method=DELETE", Host),
        ("header X-HTTP-Method-Override=DELETE", Host),
        (&raw("x-method-override=DELETE"), Host),
        (&raw("authorization=type%3Dmaster"), Driver),
        (&raw("host=evil.example"), Driver),
        (&raw("transfer-encoding=chunked"), Driver),
        ("header x-a=b\\r\\nhost: evil.example", Driver),
        ("header x-a: b=c", Driver),
    ]);
}

#[test]
fn another_account() {
    let evil = ScriptedServer::start(vec![Step::respond(200, &[], "{}"); 8]).unwrap();
    let scene = Scene::new();
    let own = scene.emulator.endpoint();
    let attacks = [
        (format!("elsewhere {}", evil.endpoint()), Host),
        ("elsewhere https://evil.example/".to_owned(), Host),
        (
            format!("elsewhere {}", own.replace("http://", "https://")),
            Host,
        ),
        (
            format!("elsewhere {}", own.replace("127.0.0.1", "localhost")),
            Host,
        ),
        (
            format!("backup {} {}", host_tests::refused(), evil.endpoint()),
            Host,
        ),
        (
            format!(
                "elsewhere {}@{}",
                own.trim_end_matches('/'),
                evil.authority()
            ),
            Driver,
        ),
    ];
    let hostile = scene.load(HOSTILE, Limits::default());
    for (input, by) in &attacks {
        check(&scene.run(&hostile, input), input, *by);
    }
    assert_eq!(evil.connections(), 0);
    assert_eq!(scene.clean_requests().len(), 0);
    scene.serves(&scene.load(ORDERS, Limits::default()));
}

#[test]
fn whatever_a_plugin_signs_with_the_host_signs_anew() {
    let scene = Scene::new();
    let hostile = scene.load(HOSTILE, Limits::default());
    for input in [
        "own-key d3Jvbmcga2V5",
        "header authorization=mine",
        "header x-ms-date=today",
    ] {
        let report = scene.run(&hostile, input);
        let Outcome::Done(answer) = &report.outcome else {
            panic!("{input}: {report:?}");
        };
        assert!(answer.starts_with("200 "), "{answer}");
        assert_eq!(scene.clean_requests().len(), 1, "{input}");
    }
}

#[test]
fn the_host_tells_what_was_refused() {
    let scene = Scene::new();
    let hostile = scene.load(HOSTILE, Limits::default());
    let usage = scene.run(&hostile, "read shop|other|1").usage;
    let expected = format!(
        "GET {}dbs/shop/colls/other/docs/1",
        scene.emulator.endpoint()
    );
    assert_eq!((usage.refused, usage.refused_requests), (1, vec![expected]));
}
