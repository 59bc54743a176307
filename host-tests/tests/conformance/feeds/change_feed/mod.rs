//! Changes of items, as they happen.

mod moves;
mod versions;

use cosmosdb_driver_host::types::{
    ChangeFeed, ChangeFeedMode, ChangeFeedStart, FeedOperation, FeedOptions, FeedScope,
    OperationOptions, Response,
};
use host_tests::gateway::Effect;
use host_tests::scripted::Gate;
use serde_json::json;

use crate::account::{CONTAINER, DATABASE};
use crate::build::{container, text};
use crate::face::Face;
use crate::feeds::scene::{
    Scene, assert_each_once, is_about_items, line, numbers, paged, paged_from, range, rows,
};
use ChangeFeedMode::{AllVersionsAndDeletes, LatestVersion};
use ChangeFeedStart::{At, Beginning, Now};

on_every_face!(
    the_latest_versions_come_once_and_then_what_is_new,
    feeds_start_where_they_are_told,
    a_job_keeps_its_place_between_its_runs,
    a_job_over_several_partitions_misses_nothing,
    changes_of_a_key_come_in_their_order,
    two_readers_share_a_container,
    the_beginning_of_a_hierarchical_key,
    partitions_are_asked_at_once_if_wanted,
    spent_request_units_end_a_round,
);

pub(super) fn changes(
    scope: FeedScope,
    mode: ChangeFeedMode,
    start: ChangeFeedStart,
) -> FeedOperation {
    FeedOperation::ChangeFeed(ChangeFeed {
        container: container(DATABASE, CONTAINER),
        scope,
        mode,
        start,
        with_metadata: false,
    })
}

fn latest(start: ChangeFeedStart) -> FeedOperation {
    changes(FeedScope::Container, LatestVersion, start)
}

fn versions() -> FeedOperation {
    changes(FeedScope::Container, AllVersionsAndDeletes, Now)
}

/// Nothing new: a round that was no error, and no end.
fn assert_unchanged(page: &Response) {
    assert_eq!(page.status, 304);
    assert!(page.body.is_empty() || rows(page).is_empty());
}

async fn the_latest_versions_come_once_and_then_what_is_new(face: Face) {
    for ranges in [1, 4, 40] {
        let mut scene = Scene::new(face, ranges).await.warm().await;
        scene.fill(60);
        // Written twice: it comes once.
        scene.put(7, "k7");
        let feed = scene.open(latest(Beginning), paged(5)).await;
        let pages = scene.pages(&feed).await;
        assert_each_once(&pages, 0..60);
        assert!(numbers(&pages).len() <= pages.len() * 5);
        // A round that finds nothing asks each partition once, and so does the next.
        for _ in 0..2 {
            scene.gateway.clear();
            let page = scene.next(&feed).await;
            assert_unchanged(&page);
            assert_eq!(page.diagnostics.request_count, ranges);
            assert_eq!(page.headers.request_charge, f64::from(ranges));
            let mut asked = scene.trace();
            asked.sort_unstable();
            asked.dedup();
            assert_eq!(asked.len(), ranges as usize);
            assert_eq!(scene.gateway.requests().len(), ranges as usize);
        }
        scene.put(60, "k60");
        scene.put(61, "k61");
        assert_each_once(&scene.rest(feed).await, 60..62);
    }
    // Of one key: one request for a page.
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.put(0, "a");
    scene.put(1, "b");
    scene.put(2, "a");
    let own = changes(FeedScope::Key(text("a")), LatestVersion, Beginning);
    let feed = scene.open(own, paged(10)).await;
    assert_eq!(numbers([&scene.next(&feed).await]), [0, 2]);
    assert_unchanged(&scene.next(&feed).await);
    assert_eq!(scene.trace(), ["changes [\"a\"]"; 2]);
    let asked = scene.asked();
    assert_eq!(asked[0].header("a-im"), Some("Incremental Feed"));
    assert_eq!(asked[0].header("if-none-match"), None);
    assert_eq!(asked[1].header("if-none-match"), Some("\"3\""));
    scene.driver.release(feed).await.unwrap();
}

async fn feeds_start_where_they_are_told(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(10);
    scene.gateway.advance(60);
    let moment = scene.gateway.now();
    for n in 10..20 {
        scene.put(n, &format!("k{n}"));
    }
    for (start, expected) in [(Beginning, 0..20), (At(0), 0..20), (At(moment), 10..20)] {
        let feed = scene.open(latest(start), paged(3)).await;
        assert_each_once(&scene.rest(feed).await, expected);
    }
    let feed = scene.open(latest(Now), paged(3)).await;
    let since = scene.open(latest(At(moment + 60)), paged(3)).await;
    assert_unchanged(&scene.next(&feed).await);
    assert_unchanged(&scene.next(&since).await);
    let token = scene.token(&feed).await;
    scene.gateway.advance(60);
    for n in 20..25 {
        scene.put(n, &format!("k{n}"));
    }
    assert_each_once(&scene.rest(feed).await, 20..25);
    assert_each_once(&scene.rest(since).await, 20..25);
    // A continuation has its own start.
    let pages = scene.all(latest(Beginning), paged_from(3, token)).await;
    assert_each_once(&pages, 20..25);
}

async fn a_job_keeps_its_place_between_its_runs(face: Face) {
    let mut scene = Scene::new(face, 1).await.warm().await;
    let mut token = None;
    for run in 0..5 {
        if run != 2 {
            scene.put(run, "a");
        }
        scene.gateway.clear();
        let options = FeedOptions {
            continuation: token,
            ..FeedOptions::default()
        };
        let (page, next) = scene.one(latest(Beginning), options).await;
        // A run is one request, whether there is something new or not.
        assert_eq!(scene.gateway.requests().len(), 1);
        if run == 2 {
            assert_unchanged(&page);
        } else {
            assert_eq!(numbers([&page]), [run]);
        }
        token = next;
        assert!(token.is_some(), "it never ends");
    }
}

async fn a_job_over_several_partitions_misses_nothing(face: Face) {
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        let (mut pages, mut token) = (Vec::new(), None);
        for run in 0..6 {
            for n in run * 10..(run + 1) * 10 {
                scene.put(n, &format!("k{n}"));
            }
            let options = FeedOptions {
                continuation: token,
                ..paged(4)
            };
            let feed = scene.open(latest(Beginning), options).await;
            // Some runs end early, and one takes place elsewhere.
            if run % 2 == 0 {
                pages.push(scene.next(&feed).await);
            } else {
                pages.extend(scene.pages(&feed).await);
            }
            token = scene.token(&feed).await;
            scene.driver.release(feed).await.unwrap();
            if run == 3 {
                scene.elsewhere().await;
            }
        }
        let feed = scene.open(latest(Now), paged_from(4, token)).await;
        pages.extend(scene.rest(feed).await);
        assert_each_once(&pages, 0..60);
    }
}

async fn changes_of_a_key_come_in_their_order(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    for n in 0..90 {
        scene.put(n, &format!("key-{}", n % 6));
    }
    let feed = scene.open(latest(Beginning), paged(4)).await;
    let mut pages = Vec::new();
    for step in 0..4 {
        pages.push(scene.next(&feed).await);
        scene.unsettle(step);
    }
    pages.extend(scene.rest(feed).await);
    for key in 0..6 {
        let own = numbers(&pages).into_iter().filter(|n| n % 6 == key);
        let expected = (0..90).filter(|n| n % 6 == key);
        assert!(own.eq(expected), "key-{key}");
    }
}

async fn two_readers_share_a_container(face: Face) {
    for ranges in [1, 4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(60);
        let mut all = Vec::new();
        for (min, max) in [("", "1234567890"), ("1234567890", "FF")] {
            let own = changes(range(min, max), LatestVersion, Beginning);
            let pages = scene.all(own, paged(7)).await;
            assert!(!numbers(&pages).is_empty(), "{min}-{max}");
            all.extend(pages);
        }
        assert_each_once(&all, 0..60);
    }
}

async fn partitions_are_asked_at_once_if_wanted(face: Face) {
    // One after the other unless told otherwise; all at once to fix where all versions start.
    let at_once = |requests| FeedOptions {
        max_concurrency: requests,
        ..FeedOptions::default()
    };
    for (operation, options, expected) in [
        (latest(Beginning), at_once(None), 1),
        (latest(Beginning), at_once(Some(3)), 3),
        (versions(), at_once(None), 4),
        (versions(), at_once(Some(2)), 2),
    ] {
        let mut scene = Scene::new(face, 4).await.warm().await;
        let gates = [(); 4].map(|()| Gate::new());
        for gate in &gates {
            scene.gateway.on(1, is_about_items, Effect::after(gate));
        }
        let feed = scene.open(operation, options).await;
        let (gateway, driver) = (&scene.gateway, &mut scene.driver);
        let release = async {
            for (answered, gate) in gates.iter().enumerate() {
                let expected = gates.len().min(answered + expected);
                let seen = gateway.wait_until(|seen| seen.len() >= expected).await;
                assert_eq!(seen.len(), expected);
                gate.open();
            }
        };
        let both = async { tokio::join!(driver.next_page(&feed), release) };
        let both = tokio::time::timeout(crate::scene::PATIENCE, both).await;
        let (page, ()) = both.expect("as many as allowed, and no fewer");
        assert_unchanged(&page.unwrap());
        let mut asked: Vec<String> = scene.asked().iter().map(line).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["changes 0", "changes 1", "changes 2", "changes 3"]);
        scene.driver.release(feed).await.unwrap();
    }
}

async fn spent_request_units_end_a_round(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    let budget = OperationOptions {
        ru_budget: Some(1.5),
        ..OperationOptions::default()
    };
    let own = FeedOptions::default();
    let feed = scene.open_with(latest(Beginning), own, budget).await;
    let page = scene.next(&feed).await;
    // Half of the partitions have nothing: that is not yet nothing new.
    assert_eq!((page.status, page.diagnostics.request_count), (200, 2));
    assert!(rows(&page).is_empty());
    assert_unchanged(&scene.next(&feed).await);
    assert_eq!(
        scene.trace(),
        ["changes 0", "changes 1", "changes 2", "changes 3"]
    );
    scene.fill(20);
    assert!(scene.token(&feed).await.is_some());
    scene.driver.release(feed).await.unwrap();
}

async fn the_beginning_of_a_hierarchical_key(face: Face) {
    let key = ["/tenant", "/user"];
    for ranges in [4, 40] {
        let mut scene = Scene::with(face, ranges, &key, |config| config).await;
        for n in 0..20 {
            let (id, tenant) = (n.to_string(), if n < 12 { "t1" } else { "t2" });
            let document = json!({ "id": id, "tenant": tenant, "user": id, "n": n });
            scene.container().put(document);
        }
        for (key, expected) in [
            (text("t1"), 0..12),
            ([text("t2"), text("17")].concat(), 17..18),
        ] {
            let own = changes(FeedScope::Key(key), LatestVersion, Beginning);
            assert_each_once(&scene.all(own, paged(5)).await, expected);
        }
    }
}
