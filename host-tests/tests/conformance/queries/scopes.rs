//! Parts of a container: keys, the first components of keys, and feed ranges.

use cosmosdb_driver_host::types::{FeedOptions, FeedScope, KeyComponent, OperationOptions};
use host_tests::gateway::Direction::Ascending;
use host_tests::gateway::{self, Gateway, Plan};
use host_tests::scripted::Seen;
use serde_json::json;

use super::pages::{SORTED, header, sorted_scene};
use super::stock::{bag, range_text, values};
use super::{Scene, everywhere, is_page, paged, parameter, query};
use crate::account::{CONTAINER, DATABASE};
use crate::face::Face;
use crate::scene::config;

on_every_face!(
    a_plan_narrows_the_query_to_its_keys,
    the_first_components_of_a_key_are_a_range,
    ranges_share_a_container_among_readers,
);

async fn a_plan_narrows_the_query_to_its_keys(face: Face) {
    let text = "SELECT * FROM c WHERE c.pk IN ('k1', 'k2', 'k3') ORDER BY c.n";
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(40);
        let keys = ["k1", "k2", "k3"];
        let plan = Plan::all()
            .matching("c.pk IN ('k1', 'k2', 'k3')")
            .keys(keys.map(|key| vec![json!(key)]))
            .order_by("c.n", Ascending);
        scene.gateway.register(text, plan);
        let found = scene.read(everywhere(text), FeedOptions::default()).await;
        assert_eq!(values(&found, "n"), [1, 2, 3]);
        let own = keys.map(|key| scene.container().range_of(&[json!(key)]));
        let seen = scene.asked().into_iter().filter(is_page);
        let seen: Vec<Seen> = seen.collect();
        assert_eq!(seen.len(), 3, "one for each key");
        for page in &seen {
            let range = header(page, "x-ms-documentdb-partitionkeyrangeid");
            assert!(own.iter().any(|own| own == range));
            assert_ne!(header(page, "x-ms-end-epk"), "-");
        }
    }
}

async fn the_first_components_of_a_key_are_a_range(face: Face) {
    let text = "SELECT * FROM c ORDER BY c.n";
    for ranges in [4, 40] {
        let options = gateway::Options {
            database: DATABASE,
            container: CONTAINER,
            key: &["/t", "/u"],
            ranges,
        };
        let gateway = Gateway::start(options).unwrap();
        let config = config(&gateway.endpoint());
        let driver = face.open(cosmosdb_driver_host::Options::default(), &config);
        let driver = driver.await.unwrap();
        let mut scene = Scene { gateway, driver };
        let plan = Plan::all().order_by("c.n", Ascending);
        scene.gateway.register(text, plan);
        for n in 0..60 {
            let document =
                json!({ "id": n.to_string(), "t": format!("t{}", n % 3), "u": n % 4, "n": n });
            scene.container().put(document);
        }
        let of = |components: &[KeyComponent]| query(text, FeedScope::Key(components.to_vec()));
        let tenant = KeyComponent::Text("t1".to_owned());
        let found = scene
            .read(of(std::slice::from_ref(&tenant)), paged(7))
            .await;
        let expected: Vec<u64> = (0..60).filter(|n| n % 3 == 1).collect();
        assert_eq!(values(&found, "n"), expected);
        let pages = scene.asked().into_iter().filter(is_page);
        let pages: Vec<Seen> = pages.collect();
        let mut asked: Vec<&str> = pages
            .iter()
            .map(|seen| header(seen, "x-ms-documentdb-partitionkeyrangeid"))
            .collect();
        asked.dedup();
        assert_eq!(asked.len(), 1, "the range that has the prefix");
        assert!(
            pages
                .iter()
                .all(|seen| seen.header("x-ms-end-epk").is_some())
        );

        scene.gateway.clear();
        let found = scene
            .read(of(&[tenant, KeyComponent::Number(1.0)]), paged(7))
            .await;
        let expected: Vec<u64> = (0..60).filter(|n| n % 3 == 1 && n % 4 == 1).collect();
        assert_eq!(values(&found, "n"), expected);
        assert!(
            scene
                .asked()
                .iter()
                .all(|seen| header(seen, "x-ms-documentdb-partitionkey") == r#"["t1",1]"#)
        );
    }
}

async fn ranges_share_a_container_among_readers(face: Face) {
    let mut scene = sorted_scene(face, 4).await;
    let bounds = ["", "1555", "2FFFFFFF", "30", "FF"];
    for text in ["SELECT * FROM c", SORTED] {
        let mut found = Vec::new();
        for bounds in bounds.windows(2) {
            let mut asked = query(text, FeedScope::Range(range_text(bounds[0], bounds[1])));
            asked.parameters = vec![parameter("@most", &json!(1000))];
            let opened = scene.try_open(asked, paged(5), OperationOptions::default());
            let feed = opened.await.unwrap();
            found.extend(scene.pages(&feed).await.concat());
        }
        assert_eq!(bag(&found), bag(&scene.stock()), "{text}");
    }
}
