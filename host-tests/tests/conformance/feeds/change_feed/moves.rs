//! Partitions and containers that change while a feed reads them.

use cosmosdb_driver_host::types::ErrorKind;

use super::{At, Beginning, Now, assert_unchanged, latest};
use crate::face::Face;
use crate::feeds::scene::{Scene, assert_each_once, paged, paged_from};

on_every_face!(
    splits_and_merges_between_pages_lose_and_repeat_nothing,
    pages_may_be_empty_and_partitions_gone,
    a_container_created_anew_ends_the_feed,
);

async fn splits_and_merges_between_pages_lose_and_repeat_nothing(face: Face) {
    for ranges in [4, 40] {
        for (start, resumed) in [
            (Beginning, false),
            (Beginning, true),
            (Now, true),
            (At(1), true),
        ] {
            let mut scene = Scene::new(face, ranges).await;
            let mut feed = scene.open(latest(start), paged(4)).await;
            let mut pages = Vec::new();
            if matches!(start, Now) {
                assert_unchanged(&scene.next(&feed).await);
            }
            scene.fill(80);
            for step in 0..8 {
                let page = scene.next(&feed).await;
                if page.status == 200 {
                    pages.push(page);
                }
                scene.unsettle(step);
                if resumed {
                    let token = scene.token(&feed).await;
                    scene.driver.release(feed).await.unwrap();
                    feed = scene.open(latest(start), paged_from(4, token)).await;
                }
            }
            pages.extend(scene.rest(feed).await);
            assert_each_once(&pages, 0..80);
        }
    }
}

async fn pages_may_be_empty_and_partitions_gone(face: Face) {
    for sub_status in [1002, 1007, 1008] {
        let mut scene = Scene::new(face, 4).await;
        scene.fill(40);
        scene.container().empty_pages(2);
        scene.container().say_gone("2", sub_status, 2);
        let feed = scene.open(latest(Beginning), paged(5)).await;
        let mut pages = scene.pages(&feed).await;
        pages.extend(scene.rest(feed).await);
        assert_each_once(&pages, 0..40);
    }
}

async fn a_container_created_anew_ends_the_feed(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(20);
    let feed = scene.open(latest(Beginning), paged(2)).await;
    scene.next(&feed).await;
    let token = scene.token(&feed).await;
    scene.container().recreate();
    scene.fill(20);
    let error = scene.fails(&feed).await;
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    scene.driver.release(feed).await.unwrap();
    let error = scene.refused(latest(Beginning), paged_from(2, token)).await;
    assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error:?}");
    let pages = scene.all(latest(Beginning), paged(2)).await;
    assert_each_once(&pages, 0..20);
}
