//! Partition key ranges that a driver knows, and that have changed: it asks for the changes alone.

use cosmosdb_driver_host::types::FeedOptions;
use host_tests::scripted::Seen;
use serde_json::Value;

use super::{Scene, everywhere};
use crate::face::Face;

on_every_face!(
    after_a_split_the_children_alone_are_asked_for,
    after_a_merge_too,
    where_nothing_is_new_one_request_says_so,
    what_does_not_fit_is_read_once_from_the_start,
    an_etag_that_is_forgotten_brings_everything,
);

const PLAIN: &str = "SELECT * FROM c";

/// A driver that knows the ranges. Each page of them has one, and they are in the order of their making.
async fn scene(face: Face, ranges: u32) -> Scene {
    let mut scene = Scene::new(face, ranges).await;
    scene.fill(60);
    scene.container().ranges_page(1);
    scene.check().await;
    assert_eq!(scene.looks(), steps(ranges + 1));
    scene
}

/// What a chain of so many requests from the start asks for: `-`, then the etags in turn.
fn steps(requests: u32) -> Vec<String> {
    let etag = |number: u32| match number {
        0 => "-".to_owned(),
        number => number.to_string(),
    };
    (0..requests).map(etag).collect()
}

impl Scene {
    /// Reads all documents.
    async fn check(&mut self) {
        let rows = self.read(everywhere(PLAIN), FeedOptions::default()).await;
        let mut numbers: Vec<u64> = rows.iter().map(number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..60).collect::<Vec<u64>>());
    }

    /// The requests for ranges since the last look: after how many rows, `-` from the start.
    fn looks(&self) -> Vec<String> {
        let mut seen = self.gateway.requests();
        seen.retain(|seen| seen.path.ends_with("/pkranges"));
        self.gateway.clear();
        let look = |seen: &Seen| {
            assert_eq!(seen.header("a-im"), Some("Incremental Feed"));
            assert_eq!(seen.header("x-ms-max-item-count"), Some("-1"));
            let etag = seen.header("if-none-match");
            let rows = etag.and_then(|etag| etag.trim_matches('"').rsplit('-').next());
            rows.unwrap_or("-").to_owned()
        };
        seen.iter().map(look).collect()
    }
}

fn number(row: &Value) -> u64 {
    row["n"].as_u64().unwrap()
}

async fn after_a_split_the_children_alone_are_asked_for(face: Face) {
    let mut scene = scene(face, 5).await;
    scene.container().split("2");
    scene.check().await;
    // One page for each child, and that there is no more.
    assert_eq!(scene.looks(), ["5", "6", "7"]);
    // The map goes on from there.
    scene.container().split("5");
    scene.check().await;
    assert_eq!(scene.looks(), ["7", "8", "9"]);
}

async fn after_a_merge_too(face: Face) {
    let mut scene = scene(face, 5).await;
    scene.container().merge("1", "2");
    scene.check().await;
    assert_eq!(scene.looks(), ["5", "6"]);
}

async fn where_nothing_is_new_one_request_says_so(face: Face) {
    let mut scene = scene(face, 5).await;
    for _ in 0..2 {
        scene.container().say_gone("3", 1002, 1);
        scene.check().await;
        assert_eq!(scene.looks(), ["5"]);
    }
}

async fn what_does_not_fit_is_read_once_from_the_start(face: Face) {
    let mut scene = scene(face, 5).await;
    scene.container().lose_range("6");
    scene.container().ranges_page(9);
    scene.container().split("2");
    scene.check().await;
    // Half of the split leaves a gap.
    assert_eq!(scene.looks(), ["5", "7", "-", "7"]);
    scene.container().say_gone("3", 1002, 1);
    scene.check().await;
    assert_eq!(scene.looks(), ["7"]);
}

async fn an_etag_that_is_forgotten_brings_everything(face: Face) {
    let mut scene = scene(face, 5).await;
    scene.container().ranges_page(9);
    scene.container().forget_range_etags();
    scene.container().split("2");
    scene.check().await;
    assert_eq!(scene.looks(), ["5", "7"]);
    scene.container().forget_range_etags();
    scene.container().say_gone("3", 1002, 1);
    scene.check().await;
    assert_eq!(scene.looks(), ["7", "7"]);
}
