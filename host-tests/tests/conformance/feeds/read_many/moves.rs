//! Partitions and containers that change while items are read.

use cosmosdb_driver_host::types::{ErrorKind, FeedOptions};

use crate::face::Face;
use crate::feeds::scene::{Scene, assert_each_once, ids, items, many, numbers, paged};

on_every_face!(
    splits_and_merges_between_pages_lose_and_repeat_nothing,
    partitions_that_say_they_are_gone_are_asked_again,
    a_container_created_anew_restarts_the_read,
    a_container_created_anew_after_a_page_ends_the_read,
);

async fn splits_and_merges_between_pages_lose_and_repeat_nothing(face: Face) {
    for (ranges, in_order) in [(4, false), (4, true), (40, false)] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(120);
        // Queries that have given a page go on in the parts of their partitions; others start there.
        scene.container().page_size(Some(5));
        let options = FeedOptions {
            max_concurrency: Some(2),
            ..paged(10)
        };
        let feed = scene.open(many(ids(0..120), in_order), options).await;
        let mut pages = Vec::new();
        for step in 0.. {
            let page = scene.next(&feed).await;
            if page.status == 204 {
                break;
            }
            pages.push(page);
            if step < 6 {
                scene.unsettle(step);
            }
        }
        scene.driver.release(feed).await.unwrap();
        assert!(pages.len() >= 12, "{}", pages.len());
        if in_order {
            assert_eq!(numbers(&pages), (0..120).collect::<Vec<_>>());
        }
        assert_each_once(&pages, 0..120);
    }
}

async fn partitions_that_say_they_are_gone_are_asked_again(face: Face) {
    for sub_status in [1002, 1007, 1008] {
        let mut scene = Scene::new(face, 4).await.warm().await;
        scene.fill(40);
        scene.container().say_gone("1", sub_status, 2);
        let pages = scene.all(items(0..40), FeedOptions::default()).await;
        assert_each_once(&pages, 0..40);
        // Only the unit that failed is done again.
        let mut trace = scene.trace();
        trace.sort_unstable();
        let expected = [0, 1, 1, 1, 2, 3].map(|range| format!("query {range}"));
        assert_eq!(trace, expected);
        assert_eq!(pages.len(), 1);
    }
    // A real split and a real merge, of which the driver does not know.
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(40);
    scene.unsettle(0);
    scene.unsettle(1);
    let pages = scene.all(items(0..40), FeedOptions::default()).await;
    assert_each_once(&pages, 0..40);
    assert_eq!(pages.len(), 1);
    let requests = scene.gateway.requests().len();
    assert_eq!(pages[0].diagnostics.request_count as usize, requests);
}

async fn a_container_created_anew_restarts_the_read(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    let options = FeedOptions::default();
    scene.fill(20);
    assert_each_once(&scene.all(items(0..20), options.clone()).await, 0..20);
    scene.container().recreate();
    scene.fill(10);
    // A query is refused by the resource id that it names, a point read as well.
    for count in [20, 1] {
        let pages = scene.all(items(0..count), options.clone()).await;
        assert_each_once(&pages, 0..count.min(10));
        scene.container().recreate();
        scene.fill(10);
    }
}

async fn a_container_created_anew_after_a_page_ends_the_read(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(100);
    scene.container().page_size(Some(5));
    let options = FeedOptions {
        max_concurrency: Some(1),
        ..paged(5)
    };
    let feed = scene.open(items(0..100), options).await;
    assert_eq!(numbers([&scene.next(&feed).await]).len(), 5);
    scene.container().recreate();
    scene.fill(100);
    let error = scene.fails(&feed).await;
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    scene.driver.release(feed).await.unwrap();
    let pages = scene.all(items(0..100), FeedOptions::default()).await;
    assert_each_once(&pages, 0..100);
}
