//! Databases, containers and throughput.

use http::Method;
use serde_json::{Value, json};

use super::{Scene, outcome, query_with, values};
use crate::testing::{Call, call};

const COLLECTIONS: &str = "/dbs/d/colls";

fn container(id: &str) -> Value {
    json!({ "id": id, "partitionKey": { "paths": ["/pk"], "kind": "Hash", "version": 2 }, "unknown": { "x": 1 } })
}

fn post(path: &str, body: &Value) -> Call {
    call(Method::POST, path).body(body.to_string())
}

fn query(path: &str, text: &str, rid: &Value) -> Call {
    let parameters = json!([{ "name": "@rid", "value": rid }]);
    let mut call = query_with(&json!({ "query": text, "parameters": parameters }));
    call.path = path.to_owned();
    call
}

#[tokio::test]
async fn the_account_has_one_region() {
    let scene = Scene::new(1);
    let account = scene.send(call(Method::GET, "/")).await.json();
    let region = &account["readableLocations"][0];
    assert_eq!(region["name"], "East US");
    assert_eq!(region["databaseAccountEndpoint"], scene.gateway.endpoint());
    assert_eq!(account["writableLocations"], account["readableLocations"]);
}

#[tokio::test]
async fn databases_come_and_go() {
    let scene = Scene::new(1);
    let made = scene.send(post("/dbs", &json!({ "id": "e" }))).await;
    assert_eq!(outcome(&made), (201, 0));
    assert_eq!(
        scene.outcome(post("/dbs", &json!({ "id": "e" }))).await,
        (409, 0)
    );
    let all = scene.send(call(Method::GET, "/dbs")).await.json();
    assert_eq!(
        values(all["Databases"].as_array().unwrap(), "id"),
        ["d", "e"]
    );
    let one = query(
        "/dbs",
        "SELECT * FROM root r WHERE r.id = \"e\"",
        &Value::Null,
    );
    assert_eq!(scene.send(one).await.json()["_count"], 1);
    let by_rid = format!("/dbs/{}", made.json()["_rid"].as_str().unwrap());
    assert_eq!(scene.outcome(call(Method::GET, &by_rid)).await, (200, 0));
    let first = call(Method::GET, "/dbs").header("x-ms-max-item-count", "1");
    let first_page = scene.send(first.clone()).await;
    let token = first_page.header("x-ms-continuation").unwrap();
    let second = scene.send(first.header("x-ms-continuation", token)).await;
    assert_eq!(
        values(second.json()["Databases"].as_array().unwrap(), "id"),
        ["e"]
    );
    assert_eq!(second.header("x-ms-continuation"), None);
    assert_eq!(
        scene.outcome(call(Method::DELETE, "/dbs/e")).await,
        (204, 0)
    );
    assert_eq!(scene.outcome(call(Method::GET, "/dbs/e")).await, (404, 0));
    assert_eq!(
        scene.outcome(call(Method::GET, "/dbs/e/colls")).await,
        (404, 1003)
    );
}

#[tokio::test]
async fn containers_keep_what_they_do_not_know() {
    let scene = Scene::new(3);
    assert_eq!(
        scene.outcome(post(COLLECTIONS, &container("x"))).await,
        (201, 0)
    );
    assert_eq!(
        scene.outcome(post(COLLECTIONS, &container("x"))).await,
        (409, 0)
    );
    assert_eq!(scene.gateway.container("d", "x").ranges().len(), 3);
    let all = scene.send(call(Method::GET, COLLECTIONS)).await.json();
    assert_eq!(
        values(all["DocumentCollections"].as_array().unwrap(), "id"),
        ["c", "x"]
    );

    let path = "/dbs/d/colls/x";
    let before = scene.send(call(Method::GET, path)).await;
    let mut document = before.json();
    assert_eq!(
        (&document["unknown"]["x"], &document["_rid"]),
        (&json!(1), &json!(scene.gateway.container("d", "x").rid()))
    );
    assert_eq!(before.header("etag"), document["_etag"].as_str());
    document["defaultTtl"] = json!(60);
    let put = call(Method::PUT, path).body(document.to_string());
    let after = scene.send(put).await.json();
    assert_eq!(
        (&after["defaultTtl"], &after["unknown"]["x"]),
        (&json!(60), &json!(1))
    );
    assert_ne!(after["_etag"], document["_etag"]);
    document["partitionKey"]["paths"] = json!(["/other"]);
    assert_eq!(
        scene
            .outcome(call(Method::PUT, path).body(document.to_string()))
            .await,
        (400, 0)
    );
    assert_eq!(scene.outcome(call(Method::DELETE, path)).await, (204, 0));
    assert_eq!(scene.outcome(call(Method::GET, path)).await, (404, 0));
    let mut old = container("y");
    old["partitionKey"]["version"] = json!(1);
    assert_eq!(scene.outcome(post(COLLECTIONS, &old)).await, (400, 0));
}

#[tokio::test]
async fn throughput_is_found_and_replaced() {
    let scene = Scene::new(1);
    let made = post(COLLECTIONS, &container("x")).header("x-ms-offer-throughput", "400");
    let rid = scene.send(made).await.json()["_rid"].clone();
    let texts = [
        "SELECT * FROM c WHERE c.offerResourceId = @rid".to_owned(),
        format!("SELECT * FROM root r WHERE r.offerResourceId = {rid}"),
    ];
    for text in &texts {
        let found = scene.send(query("/offers", text, &rid)).await.json();
        assert_eq!(found["_count"], 1, "{text}");
    }
    let found = scene.send(call(Method::GET, "/offers")).await.json();
    let mut offer = found["Offers"][0].clone();
    assert_eq!(
        (&offer["content"]["offerThroughput"], &offer["offerVersion"]),
        (&json!(400), &json!("V2"))
    );
    let path = format!("/offers/{}", offer["id"].as_str().unwrap());
    let put = |offer: &Value| call(Method::PUT, &path).body(offer.to_string());
    for (throughput, status) in [(300, 400), (450, 400), (1200, 200)] {
        offer["content"]["offerThroughput"] = json!(throughput);
        assert_eq!(
            scene.outcome(put(&offer)).await,
            (status, 0),
            "{throughput}"
        );
    }
    let read = scene.send(call(Method::GET, &path)).await;
    assert_eq!(read.json()["content"]["offerThroughput"], 1200);
    assert_eq!(read.header("x-ms-cosmos-min-throughput"), Some("400"));
    assert_eq!(
        scene.outcome(put(&offer).header("if-match", "\"x\"")).await,
        (412, 0)
    );
    offer["resource"] = json!("dbs/x/");
    assert_eq!(scene.outcome(put(&offer)).await, (400, 0));
    assert_eq!(
        scene.outcome(call(Method::DELETE, "/dbs/d/colls/x")).await,
        (204, 0)
    );
    assert_eq!(scene.outcome(call(Method::GET, &path)).await, (404, 0));
}

#[tokio::test]
async fn autoscale_is_migrated_to_and_from() {
    let scene = Scene::new(1);
    let settings = r#"{"maxThroughput":4000}"#;
    let made = post("/dbs", &json!({ "id": "e" }))
        .header("x-ms-cosmos-offer-autopilot-settings", settings);
    assert_eq!(
        scene
            .outcome(made.clone().header("x-ms-offer-throughput", "400"))
            .await,
        (400, 0)
    );
    assert_eq!(scene.outcome(made).await, (201, 0));
    let offer = scene.send(call(Method::GET, "/offers")).await.json()["Offers"][0].clone();
    assert_eq!(
        offer["content"]["offerAutopilotSettings"]["maxThroughput"],
        4000
    );
    let path = format!("/offers/{}", offer["id"].as_str().unwrap());
    let put = |content: &Value| {
        let mut offer = offer.clone();
        offer["content"] = content.clone();
        call(Method::PUT, &path).body(offer.to_string())
    };
    let manual = json!({ "offerThroughput": 500 });
    assert_eq!(scene.outcome(put(&manual)).await, (400, 0));
    let migrate = put(&manual).header("x-ms-cosmos-migrate-offer-to-manual-throughput", "true");
    assert_eq!(
        scene.send(migrate).await.json()["content"]["offerThroughput"],
        4000
    );
    scene.gateway.slow_offers(2);
    let migrate = put(&manual).header("x-ms-cosmos-migrate-offer-to-autopilot", "true");
    let answer = scene.send(migrate).await;
    assert_eq!(answer.header("x-ms-offer-replace-pending"), Some("true"));
    assert_eq!(
        answer.json()["content"]["offerAutopilotSettings"]["maxThroughput"],
        4000
    );
    assert_eq!(scene.outcome(put(&manual)).await, (423, 0));
    for pending in ["true", "true", "false"] {
        let read = scene.send(call(Method::GET, &path)).await;
        assert_eq!(read.header("x-ms-offer-replace-pending"), Some(pending));
    }
}

#[tokio::test]
async fn resources_are_kept_below_their_parents() {
    let scene = Scene::new(1);
    let users = "/dbs/d/users";
    let of_nobody = post("/dbs/d/users/u/permissions", &json!({ "id": "p" }));
    assert_eq!(scene.outcome(of_nobody.clone()).await, (404, 0));
    for (path, array) in [
        (users, "Users"),
        ("/dbs/d/users/u/permissions", "Permissions"),
        ("/dbs/d/colls/c/sprocs", "StoredProcedures"),
        ("/dbs/d/colls/c/triggers", "Triggers"),
        ("/dbs/d/colls/c/udfs", "UserDefinedFunctions"),
    ] {
        let create = || post(path, &json!({ "id": "u" }));
        let made = scene.send(create()).await;
        assert_eq!(outcome(&made), (201, 0), "{path}");
        assert_eq!(scene.outcome(create()).await, (409, 0), "{path}");
        let all = scene.send(call(Method::GET, path)).await.json();
        assert_eq!(values(all[array].as_array().unwrap(), "id"), ["u"]);
        let point = format!("{path}/u");
        let guarded = call(Method::PUT, &point).header("if-match", "\"x\"");
        assert_eq!(scene.outcome(guarded.body("{}")).await, (412, 0), "{path}");
        assert_eq!(scene.outcome(call(Method::GET, &point)).await, (200, 0));
    }
    let conflict = call(Method::GET, "/dbs/d/colls/c/conflicts/x");
    scene.container().add_conflict("x");
    assert_eq!(scene.outcome(conflict.clone()).await, (400, 0));
    assert_eq!(
        scene.outcome(super::by_key(conflict, r#"["a"]"#)).await,
        (200, 0)
    );
    let run = post("/dbs/d/colls/c/sprocs/u", &json!([1]));
    assert_eq!(scene.outcome(run.clone()).await, (400, 0));
    let ran = scene.send(super::by_key(run, r#"["a"]"#)).await.json();
    assert_eq!(
        (&ran["ran"], &ran["parameters"]),
        (&json!("u"), &json!([1]))
    );
    assert_eq!(
        scene.outcome(call(Method::DELETE, "/dbs/d/users/u")).await,
        (204, 0)
    );
    assert_eq!(
        scene.outcome(of_nobody).await,
        (404, 0),
        "they went with the user"
    );
}
