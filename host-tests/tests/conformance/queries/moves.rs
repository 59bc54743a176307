//! Partitions that split and merge while a feed reads them.

use cosmosdb_driver_host::types::{ErrorKind, FeedOptions};
use host_tests::gateway::Direction::Descending;
use host_tests::gateway::{Aggregate, Plan};
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use super::stock::{bag, document, equal, values};
use super::{Scene, everywhere, is_page, of_key, paged};
use crate::face::Face;

on_every_face!(
    splits_and_merges_between_two_pages_lose_and_repeat_nothing,
    a_feed_goes_on_after_splits_and_merges,
    partitions_that_say_they_are_gone_are_asked_again,
    one_key_does_not_mind,
    a_container_created_anew_ends_the_feed,
);

const PLAIN: &str = "SELECT * FROM c";
const SORTED: &str = "SELECT * FROM c ORDER BY c.n DESC";
const WINDOW: &str = "SELECT * FROM c ORDER BY c.n DESC OFFSET 3 LIMIT 50";
const DISTINCT: &str = "SELECT DISTINCT VALUE c.n FROM c ORDER BY c.n DESC";
const SUM: &str = "SELECT VALUE SUM(c.n) FROM c";
const GROUPS: &str = "SELECT c.team, COUNT(1) AS n FROM c GROUP BY c.team";

async fn scene(face: Face, ranges: u32) -> Scene {
    let scene = Scene::new(face, ranges).await;
    scene.fill(60);
    let sorted = || Plan::all().order_by("c.n", Descending);
    let team = [("team", "c.team".into()), ("n", Aggregate::Count.of("1"))];
    for (text, plan) in [
        (SORTED, sorted()),
        (WINDOW, sorted().offset_limit(3, 50)),
        (
            DISTINCT,
            Plan::value("c.n").order_by("c.n", Descending).distinct(),
        ),
        (SUM, Plan::value(Aggregate::Sum.of("c.n"))),
        (GROUPS, Plan::list(team).group_by("c.team")),
    ] {
        scene.gateway.register(text, plan);
    }
    scene
}

impl Scene {
    /// Splits and merges in turn.
    fn shake(&self, turn: usize) {
        let ranges = self.ranges();
        let place = turn * 7 % ranges.len();
        match ranges.get(place + 1) {
            Some(right) if turn % 2 == 1 => drop(self.container().merge(&ranges[place], right)),
            _ => drop(self.container().split(&ranges[place])),
        }
    }
}

/// Checks the rows of one of the queries.
fn check(text: &str, found: &[Value]) {
    let downward = |least: u64, most: u64| (least..=most).rev().collect::<Vec<u64>>();
    match text {
        PLAIN => {
            let mut numbers: Vec<u64> =
                found.iter().map(|row| row["n"].as_u64().unwrap()).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..60).collect::<Vec<u64>>());
        }
        SORTED => assert_eq!(values(found, "n"), downward(0, 59)),
        WINDOW => assert_eq!(values(found, "n"), downward(7, 56)),
        DISTINCT => assert_eq!(found, downward(0, 59)),
        SUM => assert_eq!(found, [json!(1770)]),
        _ => {
            let team = |name: &str| json!({ "team": name, "n": 20 });
            assert_eq!(bag(found), bag(&["red", "green", "blue"].map(team)));
        }
    }
}

async fn splits_and_merges_between_two_pages_lose_and_repeat_nothing(face: Face) {
    for ranges in [4, 40] {
        let mut scene = scene(face, ranges).await;
        scene.container().page_size(Some(4));
        let mut turn = 0;
        for text in [PLAIN, SORTED, WINDOW, DISTINCT, SUM, GROUPS] {
            // The driver knows the ranges of before.
            scene.shake(turn);
            let feed = scene.open(everywhere(text), paged(9)).await;
            let mut found = Vec::new();
            loop {
                let page = scene.next(&feed).await;
                if page.status == 204 {
                    break;
                }
                found.extend(super::rows(&page));
                for _ in 0..2 {
                    turn += 1;
                    scene.shake(turn);
                }
            }
            check(text, &found);
            turn += 1;
        }
        let seen = scene.gateway.requests();
        let again = seen.iter().filter(|seen| seen.path.ends_with("/pkranges"));
        assert!(again.count() > 2, "the driver had to look");
        let narrow = |seen: &Seen| seen.header("x-ms-start-epk").is_some();
        assert!(seen.iter().any(narrow), "parts of merged ranges");
    }
}

async fn a_feed_goes_on_after_splits_and_merges(face: Face) {
    for ranges in [4, 40] {
        let mut scene = scene(face, ranges).await;
        scene.container().page_size(Some(4));
        let mut turn = 0;
        for text in [PLAIN, SORTED, WINDOW, DISTINCT] {
            let (mut found, mut options) = (Vec::new(), paged(9));
            loop {
                let feed = scene.open(everywhere(text), options.clone()).await;
                found.extend(super::rows(&scene.next(&feed).await));
                options.continuation = scene.driver.continuation(&feed).await.unwrap();
                scene.driver.release(feed).await.unwrap();
                if options.continuation.is_none() {
                    break;
                }
                for _ in 0..2 {
                    turn += 1;
                    scene.shake(turn);
                }
            }
            check(text, &found);
        }
    }
}

async fn partitions_that_say_they_are_gone_are_asked_again(face: Face) {
    let mut scene = scene(face, 4).await;
    for text in [PLAIN, SORTED, SUM] {
        check(
            text,
            &scene.read(everywhere(text), FeedOptions::default()).await,
        );
        for sub_status in [1002, 1007, 1008] {
            scene.container().say_gone("2", sub_status, 1);
            scene.gateway.clear();
            let found = scene.read(everywhere(text), FeedOptions::default()).await;
            check(text, &found);
            let lines = scene.gateway.lines();
            let looked = lines.iter().filter(|line| line.ends_with("/pkranges"));
            assert!(looked.count() >= 1, "{lines:?}");
            let pages = scene.asked();
            let to_two = pages.iter().filter(|seen| {
                is_page(seen) && seen.header("x-ms-documentdb-partitionkeyrangeid") == Some("2")
            });
            assert_eq!(to_two.count(), 2, "once more");
        }
    }
}

async fn one_key_does_not_mind(face: Face) {
    let mut scene = scene(face, 4).await;
    let own = scene.big().1;
    let feed = scene.open(of_key(PLAIN, super::stock::BIG), paged(4)).await;
    let mut found = Vec::new();
    for turn in 0.. {
        let page = scene.next(&feed).await;
        if page.status == 204 {
            break;
        }
        found.extend(super::rows(&page));
        scene.shake(turn);
    }
    assert!(equal(&found, &own));
    assert_eq!(scene.asked().len(), 4);
}

async fn a_container_created_anew_ends_the_feed(face: Face) {
    let mut scene = scene(face, 4).await;
    scene.container().page_size(Some(3));
    for text in [PLAIN, SORTED] {
        let feed = scene.open(everywhere(text), paged(3)).await;
        scene.next(&feed).await;
        scene.container().recreate();
        scene.container().put(document(99));
        // Rows that had come are given before.
        let mut given = 1;
        let error = loop {
            match scene.try_next(&feed).await {
                Ok(page) => assert_eq!(page.status, 200),
                error => break super::error_of(error),
            }
            given += 1;
            assert!(given < 9, "{text} goes on");
        };
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        let error = scene.fails(&feed).await;
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(scene.driver.continuation(&feed).await.is_err());
        scene.driver.release(feed).await.unwrap();
        // A feed that begins now reads the new one.
        let found = scene.read(everywhere(text), paged(3)).await;
        assert_eq!(values(&found, "n"), [99]);
        scene.fill(60);
    }
}
