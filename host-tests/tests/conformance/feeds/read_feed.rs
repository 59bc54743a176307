//! All items, of a container or a part of it, without a query.

use cosmosdb_driver_host::types::{ErrorKind, FeedOptions, FeedScope, OperationOptions};
use host_tests::gateway::Effect;
use host_tests::scripted::{Gate, Seen, Step};
use serde_json::json;

use super::scene::{
    Scene, assert_each_once, is_about_items, line, numbers, paged, paged_from, range, read_feed,
    rows,
};
use crate::account::lean;
use crate::build::text;
use crate::face::Face;

on_every_face!(
    partitions_are_read_one_after_the_other_without_a_plan,
    each_page_of_a_key_is_the_services_own,
    the_beginning_of_a_hierarchical_key,
    two_readers_share_a_container,
    a_feed_goes_on_at_every_page_whatever_becomes_of_the_partitions,
    splits_and_merges_between_pages_lose_and_repeat_nothing,
    empty_pages_are_not_the_end,
    partitions_are_asked_ahead_if_wanted,
    spent_request_units_end_a_page,
    a_deadline_ends_a_page_with_the_rows_there_are,
    a_deadline_without_rows_is_an_error,
    an_error_comes_when_its_turn_has_come,
    a_container_created_anew,
);

async fn partitions_are_read_one_after_the_other_without_a_plan(face: Face) {
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await.warm().await;
        scene.fill(100);
        let pages = scene.all(read_feed(FeedScope::Container), paged(30)).await;
        assert_each_once(&pages, 0..100);
        assert!(pages.iter().all(|page| rows(page).len() <= 30));
        let own: Vec<String> = numbers(&pages).iter().map(|n| scene.range_of(*n)).collect();
        let order = own.iter().map(|id| id.parse::<u32>().unwrap());
        assert!(order.is_sorted(), "in the order of the partitions: {own:?}");
        // One request for each partition, for none has more than a page.
        let trace = scene.trace();
        let expected = (0..ranges).map(|range| format!("items {range}"));
        assert_eq!(trace, expected.collect::<Vec<_>>());
        assert_eq!(scene.gateway.requests().len(), trace.len());
        let requests = pages.iter().map(|page| page.diagnostics.request_count);
        assert_eq!(requests.sum::<u32>(), ranges, "pages of their own");
        let charges = pages.iter().map(|page| page.headers.request_charge);
        assert_eq!(charges.sum::<f64>(), 2.5 * f64::from(ranges));
        for seen in scene.asked() {
            assert_eq!(seen.header("x-ms-documentdb-isquery"), None);
            assert_eq!(seen.header("x-ms-max-item-count"), Some("30"));
            assert_eq!(seen.header("x-ms-start-epk"), None, "the whole partition");
        }
    }
}

async fn each_page_of_a_key_is_the_services_own(face: Face) {
    let eager = Scene::new(face, 4).await.warm().await;
    let lean = Scene::with(face, 4, &["/pk"], lean).await;
    for mut scene in [eager, lean] {
        for n in 0..5 {
            scene.put(n, "a");
        }
        scene.put(5, "b");
        let of_key = || read_feed(FeedScope::Key(text("a")));
        let feed = scene.open(of_key(), paged(2)).await;
        assert_eq!(scene.token(&feed).await, None);
        let first = scene.next(&feed).await;
        let token = scene.token(&feed).await;
        let rest = scene.rest(feed).await;
        assert_eq!(
            numbers(std::iter::once(&first).chain(&rest)),
            [0, 1, 2, 3, 4]
        );
        assert_eq!(
            scene.trace(),
            ["items [\"a\"]"; 3],
            "one request for a page"
        );
        assert_eq!(scene.gateway.requests().len(), 3);
        let asked = scene.asked();
        assert_eq!(asked[1].header("x-ms-continuation"), token.as_deref());
        assert_eq!(
            first.diagnostics.operation_name,
            "read_all_items_of_logical_partition"
        );

        let rest = scene.all(of_key(), paged_from(2, token)).await;
        assert_eq!(numbers(&rest), [2, 3, 4]);
    }
}

async fn the_beginning_of_a_hierarchical_key(face: Face) {
    for ranges in [4, 40] {
        let key = ["/tenant", "/user"];
        let scene = Scene::with(face, ranges, &key, |config| config).await;
        let mut scene = scene;
        for n in 0..20 {
            let tenant = if (5..10).contains(&n) { "t1" } else { "t2" };
            let document =
                json!({ "id": n.to_string(), "tenant": tenant, "user": n.to_string(), "n": n });
            scene.container().put(document);
        }
        let of_tenant = || read_feed(FeedScope::Key(text("t1")));
        assert_each_once(&scene.all(of_tenant(), paged(2)).await, 5..10);
        let asked = scene.asked();
        assert_eq!(asked.len(), 3, "of one partition");
        for seen in &asked {
            let kind = seen.header("x-ms-read-key-type");
            assert_eq!(kind, Some("EffectivePartitionKeyRange"));
        }
        let complete = [text("t1"), text("7")].concat();
        let pages = scene
            .all(read_feed(FeedScope::Key(complete)), paged(2))
            .await;
        assert_eq!(numbers(&pages), [7]);
        assert_eq!(scene.trace().last().unwrap(), "items [\"t1\",\"7\"]");
    }
}

async fn two_readers_share_a_container(face: Face) {
    for ranges in [1, 4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(60);
        let mut all = Vec::new();
        for (min, max) in [("", "0A"), ("0A", "1234567890"), ("1234567890", "FF")] {
            let pages = scene.all(read_feed(range(min, max)), paged(7)).await;
            assert!(!numbers(&pages).is_empty(), "{min}-{max}");
            all.extend(pages);
        }
        assert_each_once(&all, 0..60);
        for seen in scene.asked() {
            assert_ne!(
                seen.header("x-ms-start-epk"),
                Some(""),
                "gateways refuse it"
            );
        }
    }
    let mut scene = Scene::new(face, 1).await;
    let whole = r#"{"Range":{"min":"","max":"FF","isMinInclusive":true,"isMaxInclusive":true}}"#;
    for text in ["", "no range", whole, r#"{"Range":{"min":"B","max":"A"}}"#] {
        let scope = FeedScope::Range(text.to_owned());
        let refused = scene.try_open(read_feed(scope), paged(1)).await.err();
        let kind = refused.expect("refused at its opening").kind();
        assert_eq!(kind, Some(ErrorKind::InvalidArgument), "{text}");
    }
    assert!(scene.gateway.requests().is_empty());
}

async fn a_feed_goes_on_at_every_page_whatever_becomes_of_the_partitions(face: Face) {
    for (ranges, scope, size) in [
        (4, FeedScope::Container, 7),
        (40, FeedScope::Container, 7),
        (4, FeedScope::Container, 1000),
        (4, range("", "FF"), 7),
    ] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(60);
        scene.container().page_size(Some(5));
        let (mut pages, mut token) = (Vec::new(), None);
        for step in 0.. {
            let options = paged_from(size, token);
            let (page, next) = scene.one(read_feed(scope.clone()), options).await;
            if page.status == 200 {
                pages.push(page);
            }
            token = next;
            if token.is_none() {
                break;
            }
            match step {
                0..5 => scene.unsettle(step),
                5 => scene.elsewhere().await,
                _ => {}
            }
        }
        assert_each_once(&pages, 0..60);
    }
}

async fn splits_and_merges_between_pages_lose_and_repeat_nothing(face: Face) {
    for (ranges, prefetch) in [(4, 0), (40, 0), (4, 3)] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(100);
        scene.container().page_size(Some(5));
        let options = FeedOptions {
            prefetch: Some(prefetch),
            ..paged(10)
        };
        let feed = scene.open(read_feed(FeedScope::Container), options).await;
        let mut pages = Vec::new();
        for step in 0..6 {
            pages.push(scene.next(&feed).await);
            scene.unsettle(step);
        }
        pages.extend(scene.rest(feed).await);
        assert_each_once(&pages, 0..100);
    }
}

async fn empty_pages_are_not_the_end(face: Face) {
    for scope in [FeedScope::Container, FeedScope::Key(text("a"))] {
        let mut scene = Scene::new(face, 4).await.warm().await;
        for n in 0..5 {
            scene.put(n, "a");
        }
        scene.container().empty_pages(3);
        let pages = scene.all(read_feed(scope), paged(10)).await;
        assert_each_once(&pages, 0..5);
    }
}

async fn partitions_are_asked_ahead_if_wanted(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(40);
    let gate = Gate::new();
    scene.gateway.on(3, is_about_items, Effect::after(&gate));
    let options = FeedOptions {
        prefetch: Some(2),
        ..FeedOptions::default()
    };
    let feed = scene.open(read_feed(FeedScope::Container), options).await;
    let (gateway, driver) = (&scene.gateway, &mut scene.driver);
    let release = async {
        let seen = gateway.wait_until(|seen| seen.len() >= 3).await;
        let mut asked: Vec<String> = seen.iter().map(line).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["items 0", "items 1", "items 2"]);
        gate.open();
    };
    let both = async { tokio::join!(driver.next_page(&feed), release) };
    let both = tokio::time::timeout(crate::scene::PATIENCE, both).await;
    let (first, ()) = both.expect("three at once");
    let mut pages = vec![first.unwrap()];
    pages.extend(scene.rest(feed).await);
    assert_each_once(&pages, 0..40);
    assert_eq!(scene.trace().len(), 4, "and none twice");
}

async fn spent_request_units_end_a_page(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(40);
    scene.container().empty_pages(3);
    let budget = || OperationOptions {
        ru_budget: Some(3.0),
        ..OperationOptions::default()
    };
    let whole = || read_feed(FeedScope::Container);
    let feed = scene.open_with(whole(), paged(1000), budget()).await;
    let first = scene.next(&feed).await;
    let told = (first.status, first.headers.request_charge);
    assert_eq!((told, rows(&first).len()), ((200, 5.0), 0));
    let token = scene.token(&feed).await;
    scene.driver.release(feed).await.unwrap();
    assert!(token.is_some());
    let resumed = paged_from(1000, token);
    let feed = scene.open_with(whole(), resumed, budget()).await;
    let second = scene.next(&feed).await;
    assert!(
        !rows(&second).is_empty(),
        "another page has units of its own"
    );
    assert_eq!(scene.trace(), ["items 0"; 4]);
    let mut pages = vec![second];
    pages.extend(scene.rest(feed).await);
    assert_each_once(&pages, 0..40);
    assert_eq!(scene.trace().len(), 7);
}

fn is_third(seen: &Seen) -> bool {
    is_about_items(seen) && line(seen) == "items 2"
}

fn in_time(end_to_end_timeout_ms: u64) -> OperationOptions {
    OperationOptions {
        end_to_end_timeout_ms: Some(end_to_end_timeout_ms),
        ..OperationOptions::default()
    }
}

async fn a_deadline_ends_a_page_with_the_rows_there_are(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(40);
    scene.gateway.on(1, is_third, Step::silent());
    let whole = || read_feed(FeedScope::Container);
    // What is asked ahead belongs to the page.
    let ahead = FeedOptions {
        prefetch: Some(2),
        ..FeedOptions::default()
    };
    let feed = scene.open_with(whole(), ahead, in_time(2_000)).await;
    let first = scene.next(&feed).await;
    assert_eq!((first.status, first.diagnostics.request_count), (200, 3));
    assert!(!rows(&first).is_empty());
    let token = scene.token(&feed).await;
    for resumed in [false, true] {
        // The call after it has a time of its own, and so has a feed that takes over.
        let rest = if resumed {
            let resumed = paged_from(1000, token.clone());
            scene.all(whole(), resumed).await
        } else {
            scene.pages(&feed).await
        };
        assert_each_once(std::iter::once(&first).chain(&rest), 0..40);
    }
    scene.driver.release(feed).await.unwrap();
}

async fn a_deadline_without_rows_is_an_error(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(40);
    scene.gateway.on(1, is_about_items, Step::silent());
    let whole = read_feed(FeedScope::Container);
    let feed = scene.open_with(whole, paged(1000), in_time(1_000)).await;
    let error = scene.fails(&feed).await;
    assert_eq!(
        (error.kind, error.status, error.sub_status),
        (ErrorKind::Timeout, Some(408), Some(20008)),
        "{error:?}"
    );
    scene.driver.release(feed).await.unwrap();
    let pages = scene
        .all(read_feed(FeedScope::Container), paged(1000))
        .await;
    assert_each_once(&pages, 0..40);
}

async fn an_error_comes_when_its_turn_has_come(face: Face) {
    for (prefetch, fails) in [(0, true), (3, false)] {
        let mut scene = Scene::new(face, 4).await.warm().await;
        scene.fill(40);
        let rule = scene.gateway.on(1, is_third, Effect::refuse(403, 0));
        let options = FeedOptions {
            prefetch: Some(prefetch),
            ..FeedOptions::default()
        };
        let feed = scene.open(read_feed(FeedScope::Container), options).await;
        let mut pages = vec![scene.next(&feed).await, scene.next(&feed).await];
        if fails {
            let error = scene.fails(&feed).await;
            assert_eq!(error.kind, ErrorKind::Forbidden, "{error:?}");
        }
        // What failed ahead is asked again when it is needed.
        pages.extend(scene.rest(feed).await);
        assert_each_once(&pages, 0..40);
        assert_eq!((rule.hits(), scene.trace().len()), (1, 5));
    }
}

async fn a_container_created_anew(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.container().recreate();
    scene.fill(20);
    let whole = || read_feed(FeedScope::Container);
    // Before anything came it is found without a word.
    let feed = scene.open(whole(), paged(5)).await;
    assert_eq!(rows(&scene.next(&feed).await).len(), 5);
    let token = scene.token(&feed).await;
    scene.container().recreate();
    scene.fill(20);
    let error = scene.fails(&feed).await;
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    scene.driver.release(feed).await.unwrap();
    // What stood in the container before it is no place in this one.
    let error = scene.refused(whole(), paged_from(5, token)).await;
    assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error:?}");
    assert!(error.message.contains("another container"), "{error:?}");
    assert_each_once(&scene.all(whole(), paged(5)).await, 0..20);
}
