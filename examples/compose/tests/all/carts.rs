//! The carts of `examples/spin` over real HTTP: the app and the driver in one component, in one instance.

use bytes::Bytes;
use futures_util::future::join_all;
use host_tests::gateway::{Effect, Gateway, Options};
use host_tests::scripted::{Gate, Seen};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::edge::{Edge, Pairs};
use crate::{component, driver, plug};

/// The app, its account, and a browser.
struct Shop {
    account: Gateway,
    edge: Edge,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Status, etag and body of an answer.
type Answer = (u16, String, String);

fn account() -> Gateway {
    let options = Options {
        database: "shop",
        container: "carts",
        key: &["/id"],
        ranges: 4,
    };
    Gateway::start(options).unwrap()
}

impl Shop {
    /// With this in the store.
    async fn open(account: Gateway, values: Pairs) -> Self {
        let app = plug(&component("cart.wasm"), &[&driver(&[])]).unwrap();
        let variable = |name: &str, value: String| (name.to_owned(), value.into_bytes());
        let variables = [
            variable("cosmos_endpoint", account.endpoint()),
            variable("cosmos_key", "a2V5".to_owned()),
        ];
        let edge = Edge::start(&app, variables.into(), values).await;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            account,
            edge,
            client,
        }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        body: &str,
    ) -> Answer {
        let mut request = Request::new(Full::new(Bytes::from(body.to_owned())));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = self.edge.url(path).parse().unwrap();
        if let Some((name, value)) = header {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let response = self.client.request(request).await.unwrap();
        let header = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        let etag = header("etag").or_else(|| header("retry-after"));
        let (status, etag) = (
            response.status().as_u16(),
            etag.unwrap_or_default().to_owned(),
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, etag, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Without a header.
    async fn plain(&self, method: &str, path: &str, body: &str) -> Answer {
        self.call(method, path, None, body).await
    }
}

#[tokio::test]
async fn a_cart_is_filled_changed_and_emptied() {
    let shop = Shop::open(account(), Pairs::new()).await;
    let ann = "/carts/ann";
    assert_eq!(shop.plain("GET", ann, "").await.0, 404);
    let (status, first, _) = shop.plain("PUT", ann, r#"{"apples":2}"#).await;
    assert_eq!(status, 201);
    let read = shop.plain("GET", ann, "").await;
    assert_eq!(read, (200, first.clone(), r#"{"apples":2}"#.to_owned()));
    let unchanged = shop
        .call("GET", ann, Some(("if-none-match", &first)), "")
        .await;
    assert_eq!((unchanged.0, unchanged.2), (304, String::new()));

    let mine = Some(("if-match", first.as_str()));
    let change = r#"{"apples":null,"pears":3}"#;
    let (status, second, _) = shop.call("PATCH", ann, mine, change).await;
    assert_eq!(status, 200);
    for (method, body) in [("PATCH", change), ("PUT", "{}"), ("DELETE", "")] {
        let stale = shop.call(method, ann, mine, body).await;
        assert_eq!(stale.0, 412, "{method}: {}", stale.2);
    }
    let read = shop.plain("GET", ann, "").await;
    assert_eq!(read, (200, second.clone(), r#"{"pears":3}"#.to_owned()));
    let mine = Some(("if-match", second.as_str()));
    assert_eq!(shop.call("PUT", ann, mine, r#"{"plums":1}"#).await.0, 200);
    assert_eq!(shop.plain("PUT", ann, r#"{"plums":2}"#).await.0, 200);
    assert_eq!(shop.plain("DELETE", ann, "").await.0, 204);
    assert_eq!(shop.plain("DELETE", ann, "").await.0, 404);
    assert_eq!(shop.plain("PATCH", ann, change).await.0, 404);
}

#[tokio::test]
async fn what_is_no_cart_is_refused_without_a_request() {
    let shop = Shop::open(account(), Pairs::new()).await;
    for (method, path, body, expected) in [
        ("GET", "/carts/a%2Fb", "", 404),
        ("GET", "/other", "", 404),
        ("POST", "/carts/ann", "{}", 405),
        ("PUT", "/carts/ann", "[1]", 400),
        ("PUT", "/carts/ann", r#"{"apples":-1}"#, 400),
        ("PATCH", "/carts/ann", "{}", 400),
    ] {
        assert_eq!(
            shop.plain(method, path, body).await.0,
            expected,
            "{method} {path} {body}"
        );
    }
    assert_eq!(shop.account.lines(), [""; 0]);
}

#[tokio::test]
async fn errors_of_the_account_are_statuses_of_the_app() {
    let shop = Shop::open(account(), Pairs::new()).await;
    let about = |seen: &Seen| seen.path.contains("/docs/");
    for (refusal, expected, wait) in [
        (
            Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1"),
            429,
            "1",
        ),
        (Effect::refuse(401, 0), 502, ""),
        (Effect::refuse(403, 0), 502, ""),
        (Effect::refuse(413, 0), 413, ""),
    ] {
        shop.account.on(10, about, refusal);
        let (status, retry_after, body) = shop.plain("GET", "/carts/ann", "").await;
        assert_eq!((status, retry_after.as_str()), (expected, wait), "{body}");
        // What is left of the rule.
        while shop.plain("GET", "/carts/ann", "").await.0 != 404 {}
    }
}

#[tokio::test]
async fn an_instance_starts_warm_from_what_another_one_has_learned() {
    let shop = Shop::open(account(), Pairs::new()).await;
    assert_eq!(
        shop.plain("PUT", "/carts/ann", r#"{"apples":2}"#).await.0,
        201
    );
    let metadata = ["GET /", "GET /dbs/shop/colls/carts"];
    let lines = shop.account.lines();
    assert_eq!(lines[..2], metadata, "a cold start reads metadata");
    assert_eq!(lines[2], "POST /dbs/shop/colls/carts/docs");
    let values = shop.edge.stop().await;
    assert_eq!(values.keys().collect::<Vec<_>>(), ["cosmos-snapshot"]);

    shop.account.clear();
    let shop = Shop::open(shop.account, values).await;
    assert_eq!(shop.plain("GET", "/carts/ann", "").await.0, 200);
    let read = "GET /dbs/shop/colls/carts/docs/ann";
    assert_eq!(shop.account.lines(), [read], "a warm one does not");
    let seen = shop.account.requests();
    assert!(
        seen[0].header("x-ms-session-token").is_some(),
        "it sees what the other has written"
    );
    shop.edge.stop().await;

    shop.account.clear();
    let broken = Pairs::from([("cosmos-snapshot".to_owned(), b"broken".to_vec())]);
    let shop = Shop::open(shop.account, broken).await;
    assert_eq!(shop.plain("GET", "/carts/ann", "").await.0, 200);
    assert_eq!(shop.account.lines(), [metadata[0], metadata[1], read]);
}

#[tokio::test]
async fn two_hundred_requests_are_in_flight_in_one_instance() {
    const MANY: usize = 200;
    let shop = Shop::open(account(), Pairs::new()).await;
    assert_eq!(
        shop.plain("PUT", "/carts/ann", r#"{"apples":2}"#).await.0,
        201
    );
    shop.account.clear();
    let gate = Gate::new();
    shop.account.on(u64::MAX, |_| true, Effect::after(&gate));
    let calls = join_all((0..MANY).map(|_| shop.plain("GET", "/carts/ann", "")));
    let opened = async {
        shop.account.wait_until(|seen| seen.len() == MANY).await;
        gate.open();
    };
    let (answers, ()) = tokio::join!(calls, opened);
    assert!(
        answers
            .iter()
            .all(|answer| answer.0 == 200 && answer.2 == r#"{"apples":2}"#)
    );
    assert_eq!(
        shop.account.lines(),
        ["GET /dbs/shop/colls/carts/docs/ann"; MANY]
    );
}
