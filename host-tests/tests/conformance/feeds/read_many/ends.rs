//! What is refused, errors, and how much is asked for at a time.

use cosmosdb_driver_host::types::{
    ErrorKind, FeedOptions, KeyComponent, OperationOptions, ReadManyInput,
};
use host_tests::gateway::Effect;
use host_tests::scripted::{Gate, Seen, Step};

use crate::build::text;
use crate::face::Face;
use crate::feeds::scene::{Scene, assert_each_once, is_about_items, item_id, items, many, paged};

on_every_face!(
    other_errors_are_not_skipped,
    no_more_requests_than_allowed_are_under_way,
    the_first_error_abandons_the_rest,
    spent_request_units_end_a_page,
    what_cannot_be_read_is_refused_before_anything_is_sent,
    what_only_the_container_can_tell_is_refused_by_the_first_page,
);

async fn other_errors_are_not_skipped(face: Face) {
    for (status, sub_status, expected) in [
        (404, 1002, (ErrorKind::Unavailable, Some(503))),
        (404, 1003, (ErrorKind::NotFound, Some(404))),
        (403, 0, (ErrorKind::Forbidden, Some(403))),
    ] {
        let once = |config: cosmosdb_driver_host::Config| config.max_session_retries(0);
        let scene = Scene::with(face, 4, &["/pk"], once).await;
        let mut scene = scene.warm().await;
        scene.fill(1);
        let refusal = Effect::refuse(status, sub_status);
        let rule = scene.gateway.on(1, is_about_items, refusal);
        let feed = scene.open(items([0]), FeedOptions::default()).await;
        let error = scene.fails(&feed).await;
        assert_eq!((error.kind, error.status), expected, "{error:?}");
        assert_eq!(rule.hits(), 1);
        assert_eq!(error.diagnostics.unwrap().operation_name, "read_many_items");
        // The read goes on where it was.
        assert_each_once(&scene.rest(feed).await, 0..1);
    }
}

async fn no_more_requests_than_allowed_are_under_way(face: Face) {
    for (ranges, most, at_once) in [
        (4, None, 4),
        (4, Some(2), 2),
        (4, Some(1), 1),
        (40, None, 32),
    ] {
        let mut scene = Scene::new(face, ranges).await.warm().await;
        let count = i64::from(ranges) * 10;
        scene.fill(count);
        let gates: Vec<Gate> = (0..ranges).map(|_| Gate::new()).collect();
        for gate in &gates {
            scene.gateway.on(1, is_about_items, Effect::after(gate));
        }
        let options = FeedOptions {
            max_concurrency: most,
            ..FeedOptions::default()
        };
        let feed = scene.open(items(0..count), options).await;
        let (gateway, driver) = (&scene.gateway, &mut scene.driver);
        let release = async {
            for (answered, gate) in gates.iter().enumerate() {
                let expected = gates.len().min(answered + at_once);
                let seen = gateway.wait_until(|seen| seen.len() >= expected).await;
                assert_eq!(seen.len(), expected, "{most:?}");
                gate.open();
            }
        };
        let both = async { tokio::join!(driver.next_page(&feed), release) };
        let (page, ()) = tokio::time::timeout(crate::scene::PATIENCE, both)
            .await
            .expect("as many as allowed, and no fewer");
        assert_each_once([&page.unwrap()], 0..count);
        scene.driver.release(feed).await.unwrap();
    }
}

async fn the_first_error_abandons_the_rest(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(20);
    let (gate, never) = (Gate::new(), Gate::new());
    let refusal = Step::respond(403, &[], "{}").after(&gate);
    scene.gateway.on(1, is_about_items, refusal);
    scene.gateway.on(3, is_about_items, Effect::after(&never));
    let feed = scene.open(items(0..20), FeedOptions::default()).await;
    let (gateway, driver) = (&scene.gateway, &mut scene.driver);
    let release = async {
        gateway.wait_until(|seen| seen.len() == 4).await;
        gate.open();
    };
    let (page, ()) = tokio::join!(driver.next_page(&feed), release);
    let error = page.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Forbidden), "{error}");
    let record = error.driver().unwrap().diagnostics.as_ref().unwrap();
    assert_eq!(record.request_count, 4);
    let given_up = |seen: &[Seen]| seen.iter().filter(|seen| seen.abandoned).count() == 3;
    let abandoned = scene.gateway.wait_until(given_up);
    let patience = crate::scene::PATIENCE;
    let abandoned = tokio::time::timeout(patience, abandoned).await;
    abandoned.expect("nothing goes on in the back");
    assert_each_once(&scene.rest(feed).await, 0..20);
}

async fn spent_request_units_end_a_page(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    scene.fill(40);
    let options = FeedOptions {
        max_concurrency: Some(1),
        ..FeedOptions::default()
    };
    let budget = OperationOptions {
        ru_budget: Some(3.0),
        ..OperationOptions::default()
    };
    let feed = scene.open_with(items(0..40), options, budget).await;
    let pages = scene.rest(feed).await;
    assert_each_once(&pages, 0..40);
    let requests = pages.iter().map(|page| page.diagnostics.request_count);
    assert_eq!(requests.collect::<Vec<_>>(), [2, 2], "5 RU each");
}

async fn what_cannot_be_read_is_refused_before_anything_is_sent(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    let keys = || ReadManyInput::Keys(vec![text("a")]);
    let resumable = FeedOptions {
        resumable: true,
        ..FeedOptions::default()
    };
    let resumed = FeedOptions {
        continuation: Some("c2.".to_owned()),
        ..FeedOptions::default()
    };
    let invalid = ErrorKind::InvalidArgument;
    for (operation, options, kind) in [
        (items([]), FeedOptions::default(), invalid),
        (items(0..100_001), FeedOptions::default(), invalid),
        (
            many(ReadManyInput::Keys(vec![]), false),
            FeedOptions::default(),
            invalid,
        ),
        (many(keys(), true), FeedOptions::default(), invalid),
        (items([1]), paged(0), invalid),
        (items([1]), resumable, ErrorKind::NotResumable),
        (items([1]), resumed, ErrorKind::NotResumable),
    ] {
        let refused = scene.try_open(operation, options).await.err();
        let refused = refused.expect("refused at its opening");
        assert_eq!(refused.kind(), Some(kind), "{refused}");
    }
    let feed = scene.open(items([1]), FeedOptions::default()).await;
    let refused = scene.driver.continuation(&feed).await.unwrap_err();
    assert_eq!(refused.kind(), Some(ErrorKind::NotResumable), "{refused}");
    assert!(scene.gateway.requests().is_empty());
    scene.driver.release(feed).await.unwrap();
}

async fn what_only_the_container_can_tell_is_refused_by_the_first_page(face: Face) {
    let mut scene = Scene::new(face, 4).await.warm().await;
    let two = vec![KeyComponent::Null, KeyComponent::Null];
    for item in [
        item_id("", text("a")),
        item_id(&"x".repeat(1024), text("a")),
        item_id("1", Vec::new()),
        item_id("1", two),
        item_id("1", vec![KeyComponent::Number(f64::NAN)]),
    ] {
        let operation = many(ReadManyInput::Items(vec![item]), false);
        let error = scene.refused(operation, FeedOptions::default()).await;
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error:?}");
    }
    assert!(scene.gateway.requests().is_empty());
}
