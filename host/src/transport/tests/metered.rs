//! Requests under rules and budgets.

use http::Method;

use super::*;
use crate::{Budget, Meter, Paths, Spent};

/// A server that answers each request with `ok`, bodies of up to four bytes included.
async fn server() -> Server {
    Server::start(async |mut peer| {
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            .await;
        peer.read_to_end().await;
    })
    .await
}

fn metered(server: &Server, budget: Budget, paths: Option<Paths>) -> (Hooks, Meter) {
    let options = Options {
        paths,
        ..Options::default()
    };
    let mut allow = Allow::of(&options).unwrap();
    allow.add_account(Some(&server.origin), &[]);
    let mut hooks = Hooks::new(Transport::new(options).unwrap(), allow);
    let meter = Meter::new(budget);
    hooks.count(meter.clone());
    (hooks, meter)
}

#[tokio::test]
async fn what_the_rules_do_not_allow_is_counted_and_not_sent() {
    let server = server().await;
    let paths = Paths::none().allow([Method::GET], &["dbs"]);
    let (mut hooks, meter) = metered(&server, Budget::default(), Some(paths));
    for url in [server.url("/offers"), "https://evil.example/dbs".to_owned()] {
        let error = send(&mut hooks, get(&url)).await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
    }
    let response = send(&mut hooks, get(&server.url("/dbs"))).await.unwrap();
    assert_eq!(text(response).await, "ok");
    assert_eq!(
        (meter.refused(), meter.requests(), server.requests()),
        (2, 1, 1)
    );
    assert_eq!(meter.refused_requests()[1], "GET https://evil.example/dbs");
    assert_eq!((meter.received_bytes(), meter.spent()), (2, None));
}

#[tokio::test]
async fn the_request_after_the_last_one_is_not_sent() {
    let server = server().await;
    let budget = Budget {
        requests: 1,
        ..Budget::default()
    };
    let (mut hooks, meter) = metered(&server, budget, None);
    assert!(send(&mut hooks, get(&server.url("/"))).await.is_ok());
    let error = send(&mut hooks, get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error:?}");
    assert_eq!(
        (meter.spent(), server.requests()),
        (Some(Spent::Requests), 1)
    );
}

#[tokio::test]
async fn a_response_is_cut_off_where_the_budget_ends() {
    let server = server().await;
    let budget = Budget {
        received_bytes: 1,
        ..Budget::default()
    };
    let (mut hooks, meter) = metered(&server, budget, None);
    let response = send(&mut hooks, get(&server.url("/"))).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert!(matches!(error, Error::HttpResponseBodySize(_)), "{error:?}");
    assert_eq!(meter.spent(), Some(Spent::ReceivedBytes));
}

#[tokio::test]
async fn a_request_is_cut_off_where_the_budget_ends() {
    let server = Server::start(async |mut peer| {
        peer.head().await;
        peer.read_to_end().await;
    })
    .await;
    let budget = Budget {
        sent_bytes: 3,
        ..Budget::default()
    };
    let (mut hooks, meter) = metered(&server, budget, None);
    let request = Request::post(server.url("/")).body(body("four")).unwrap();
    assert!(send(&mut hooks, request).await.is_err());
    assert_eq!(
        (meter.spent(), meter.sent_bytes()),
        (Some(Spent::SentBytes), 0)
    );
}
