//! `ORDER BY` over several partitions: values of all types, ties, and what has no order.

use cosmosdb_driver_host::types::{ErrorKind, FeedOptions};
use host_tests::gateway::Direction::{Ascending, Descending};
use host_tests::gateway::{Plan, TieOrder};
use serde_json::{Value, json};

use super::stock::{mixed, values};
use super::{Scene, everywhere, of_key, paged};
use crate::face::Face;

on_every_face!(
    values_of_all_types_have_an_order,
    equal_keys_come_as_the_service_orders_them,
    lists_and_objects_have_no_order_across_partitions,
);

/// One of each, in their order: undefined comes first, and texts go by UTF-16.
fn ordered() -> Vec<Option<Value>> {
    let mut ordered = vec![
        None,
        Some(json!(null)),
        Some(json!(false)),
        Some(json!(true)),
        Some(json!(-1e300)),
        Some(json!(-1.5)),
        Some(json!(-1)),
        Some(json!(0)),
        Some(json!(0.5)),
        Some(json!(5)),
    ];
    ordered.extend([8, 7].map(mixed));
    ordered.push(Some(json!(u64::MAX)));
    let texts = [
        "",
        "A",
        "a",
        "aa",
        "b",
        "é",
        "\u{D7FF}",
        "\u{10000}",
        "\u{1F600}",
        "\u{E000}",
        "\u{FFFD}",
    ];
    ordered.extend(texts.map(|text| Some(json!(text))));
    ordered
}

async fn values_of_all_types_have_an_order(face: Face) {
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        let all = ordered();
        // In another order than theirs.
        for place in 0..all.len() {
            let n = place * 7 % all.len();
            let mut document = json!({ "id": n.to_string(), "pk": n, "n": n, "o": {} });
            if let Some(value) = &all[n] {
                document["o"]["a"] = value.clone();
            }
            scene.container().put(document);
        }
        let numbers: Vec<usize> = (0..all.len()).collect();
        for (text, direction) in [
            ("SELECT * FROM c ORDER BY c.o.a", Ascending),
            ("SELECT * FROM c ORDER BY c.o.a DESC", Descending),
        ] {
            let plan = Plan::all().order_by("c.o.a", direction);
            scene.gateway.register(text, plan);
            let found = scene.read(everywhere(text), paged(5)).await;
            let mut expected = numbers.clone();
            if direction == Descending {
                expected.reverse();
            }
            assert_eq!(values(&found, "n"), expected, "{text}");
        }
    }
}

async fn equal_keys_come_as_the_service_orders_them(face: Face) {
    let mut scene = Scene::new(face, 1).await;
    for n in 0..20 {
        scene
            .container()
            .put(json!({ "id": n.to_string(), "pk": n, "n": n, "m": n % 2 }));
    }
    let text = "SELECT VALUE c.n FROM c ORDER BY c.m, c.none DESC";
    let plan = Plan::value("c.n").order_by("c.m", Ascending);
    scene
        .gateway
        .register(text, plan.order_by("c.none", Descending));
    for (ties, is_descending) in [
        (TieOrder::Untold, false),
        (TieOrder::Reversible, false),
        (TieOrder::Ascending, false),
        (TieOrder::Descending, true),
    ] {
        scene.container().ties(ties);
        let found = scene.read(everywhere(text), paged(3)).await;
        let part = |odd: u64| {
            let mut part: Vec<u64> = (0..20).filter(|n| n % 2 == odd).collect();
            if is_descending {
                part.reverse();
            }
            part
        };
        assert_eq!(found, [part(0), part(1)].concat(), "{ties:?}");
    }
}

async fn lists_and_objects_have_no_order_across_partitions(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    let text = "SELECT * FROM c ORDER BY c.n, c.a";
    let plan = Plan::all().order_by("c.n", Ascending);
    scene
        .gateway
        .register(text, plan.order_by("c.a", Ascending));
    for (id, a) in [("1", json!([1])), ("2", json!({ "b": 1 })), ("3", json!(1))] {
        scene
            .container()
            .put(json!({ "id": id, "pk": "one", "n": 1, "a": a }));
    }
    let feed = scene.open(everywhere(text), FeedOptions::default()).await;
    for _ in 0..2 {
        let error = scene.fails(&feed).await;
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains("column 2"), "{}", error.message);
    }
    // Within one key the service orders them.
    let found = scene.read(of_key(text, "one"), paged(2)).await;
    assert_eq!(values(&found, "id").len(), 3);
}
