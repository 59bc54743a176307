//! Continuations: going on elsewhere, and what is none.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cosmosdb_driver_host::Options;
use cosmosdb_driver_host::types::{ErrorKind, FeedOptions, FeedScope, QueryItems};
use host_tests::gateway::Direction::{Ascending, Descending};
use host_tests::gateway::{Plan, TieOrder};
use serde_json::json;

use super::stock::{BIG, equal, range_text};
use super::{Scene, everywhere, is_page, of_key, paged, parameter, query};
use crate::account::DATABASE;
use crate::build::container;
use crate::face::{Driver, Face};
use crate::scene::config;

on_every_face!(
    a_feed_goes_on_in_another_process_at_every_boundary,
    rows_with_equal_keys_are_resumed_in_any_order_of_documents,
    the_services_continuation_passes_through,
    a_continuation_belongs_to_its_query,
    what_is_no_continuation_is_refused,
);

const SORTED: &str = "SELECT * FROM c ORDER BY c.team, c.a DESC";

/// Another process: a driver that knows nothing yet.
async fn another(face: Face, scene: &Scene) -> Driver {
    let config = config(&scene.gateway.endpoint());
    face.open(Options::default(), &config).await.unwrap()
}

async fn a_feed_goes_on_in_another_process_at_every_boundary(face: Face) {
    let tags = "SELECT VALUE t FROM c JOIN t IN c.tags ORDER BY c.m";
    for ranges in [4, 40] {
        let mut scene = Scene::new(face, ranges).await;
        scene.fill(40);
        let two = Plan::all().order_by("c.team", Ascending);
        scene
            .gateway
            .register(SORTED, two.order_by("c.a", Descending));
        let joined = Plan::value("t").join("t", "c.tags");
        scene
            .gateway
            .register(tags, joined.order_by("c.m", Ascending));
        scene.container().page_size(Some(3));
        for text in ["SELECT * FROM c", SORTED, tags] {
            let feed = scene.open(everywhere(text), paged(7)).await;
            let (mut pages, mut tokens) = (Vec::new(), Vec::new());
            loop {
                tokens.push(scene.driver.continuation(&feed).await.unwrap());
                let page = scene.next(&feed).await;
                if page.status == 204 {
                    break;
                }
                pages.push(super::rows(&page));
            }
            assert_eq!(tokens.first(), Some(&None), "nothing was given yet");
            assert_eq!(tokens.last(), Some(&None), "nothing is left");
            let all = pages.concat();
            let mut given = 0;
            scene.driver = another(face, &scene).await;
            for (page, token) in pages.iter().zip(&tokens) {
                if token.is_some() {
                    let options = FeedOptions {
                        continuation: token.clone(),
                        ..paged(7)
                    };
                    let rest = scene.read(everywhere(text), options).await;
                    assert!(equal(&rest, &all[given..]), "{text} after {given} rows");
                }
                given += page.len();
            }
        }
    }
}

async fn rows_with_equal_keys_are_resumed_in_any_order_of_documents(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    for (text, direction) in [
        ("SELECT VALUE c.n FROM c ORDER BY c.team", Ascending),
        ("SELECT VALUE c.n FROM c ORDER BY c.team DESC", Descending),
    ] {
        let plan = Plan::value("c.n").order_by("c.team", direction);
        scene.gateway.register(text, plan);
        for ties in [
            TieOrder::Untold,
            TieOrder::Reversible,
            TieOrder::Ascending,
            TieOrder::Descending,
        ] {
            scene.container().ties(ties);
            let all = scene.read(everywhere(text), paged(100)).await;
            let (mut found, mut options) = (Vec::new(), paged(3));
            loop {
                let feed = scene.open(everywhere(text), options.clone()).await;
                found.extend(super::rows(&scene.next(&feed).await));
                options.continuation = scene.driver.continuation(&feed).await.unwrap();
                scene.driver.release(feed).await.unwrap();
                if options.continuation.is_none() {
                    break;
                }
            }
            assert_eq!(found, all, "{text} {ties:?}");
            assert_eq!(all.len(), 40);
        }
    }
}

async fn the_services_continuation_passes_through(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    let own = || of_key("SELECT * FROM c", BIG);
    let feed = scene.open(own(), paged(4)).await;
    let first = super::rows(&scene.next(&feed).await);
    let token = scene.driver.continuation(&feed).await.unwrap();
    scene.gateway.clear();
    let options = FeedOptions {
        continuation: token.clone(),
        ..paged(4)
    };
    let rest = scene.read(own(), options).await;
    assert!(equal(&[first, rest].concat(), &scene.big().1));
    let seen = scene.asked();
    assert_eq!(seen[0].header("x-ms-continuation"), token.as_deref());

    // What the service does not know, it refuses itself.
    let options = FeedOptions {
        continuation: Some("bm9uc2Vuc2U=".to_owned()),
        ..paged(4)
    };
    let feed = scene.open(own(), options).await;
    let error = scene.fails(&feed).await;
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::InvalidArgument, Some(400))
    );
    assert!(error.message.contains("The continuation is invalid."));
}

/// The token after the first page.
async fn token(scene: &mut Scene, query: QueryItems) -> String {
    let feed = scene.open(query, paged(5)).await;
    scene.next(&feed).await;
    let token = scene.driver.continuation(&feed).await.unwrap();
    scene.driver.release(feed).await.unwrap();
    token.unwrap()
}

/// The message with which a continuation is refused, before a page is asked for.
async fn refused(scene: &mut Scene, query: QueryItems, token: &str) -> String {
    scene.gateway.clear();
    let options = FeedOptions {
        continuation: Some(token.to_owned()),
        ..paged(5)
    };
    let feed = scene.open(query, options).await;
    let error = scene.fails(&feed).await;
    let shown: String = token.chars().take(80).collect();
    assert_eq!(error.kind, ErrorKind::InvalidArgument, "{shown}");
    assert!(!scene.asked().iter().any(is_page), "{shown}");
    scene.driver.release(feed).await.unwrap();
    error.message
}

async fn a_continuation_belongs_to_its_query(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    let text = "SELECT * FROM c WHERE c.n < @most";
    let with = |most: u64| {
        let mut query = everywhere(text);
        query.parameters = vec![parameter("@most", &json!(most))];
        query
    };
    scene
        .gateway
        .register(SORTED, Plan::all().order_by("c.n", Ascending));
    let descending = "SELECT * FROM c ORDER BY c.n DESC";
    scene
        .gateway
        .register(descending, Plan::all().order_by("c.n", Descending));
    scene.gateway.create(DATABASE, "other", &["/pk"], 4);
    let own = token(&mut scene, with(30)).await;
    let sorted = token(&mut scene, everywhere(SORTED)).await;
    assert!(own.starts_with("c2.") && sorted.starts_with("c2."));

    let half = FeedScope::Range(range_text("", "1FFF"));
    let mut elsewhere = with(30);
    elsewhere.container = container(DATABASE, "other");
    for (token, query) in [
        (&own, with(31)),
        (&own, everywhere("SELECT * FROM c")),
        (&own, everywhere(SORTED)),
        (&own, elsewhere),
        (&own, of_key("SELECT * FROM c", BIG)),
        (&sorted, everywhere(descending)),
        (&sorted, query(SORTED, half)),
    ] {
        let message = refused(&mut scene, query, token).await;
        assert!(message.contains("continuation"), "{message}");
    }
    // Still its own query's.
    let options = FeedOptions {
        continuation: Some(own.clone()),
        ..paged(5)
    };
    assert!(!scene.read(with(30), options).await.is_empty());

    scene.container().recreate();
    scene.driver = another(face, &scene).await;
    let message = refused(&mut scene, with(30), &own).await;
    assert!(message.contains("container"), "{message}");
}

/// The bytes of a token, changed.
fn forged(token: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&token[3..]).unwrap();
    change(&mut bytes);
    format!("c2.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

async fn what_is_no_continuation_is_refused(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    scene
        .gateway
        .register(SORTED, Plan::all().order_by("c.n", Ascending));
    let all = scene.read(everywhere(SORTED), paged(100)).await;
    let good = token(&mut scene, everywhere(SORTED)).await;
    let mut texts = vec![
        String::new(),
        "nonsense".to_owned(),
        "c2.".to_owned(),
        "c2.!!!".to_owned(),
        "c1.e30".to_owned(),
        format!("c99999999999999999999.{}", &good[3..]),
        format!("{good}A"),
        format!(" {good}"),
        format!("{good}\r\nx-ms-version: 1"),
        "c2.".repeat(30_000),
        "A".repeat(100_000),
        format!("c2.{}", "A".repeat(60_000)),
        // The kind of feed, the container's id, the checksum, and what comes after it.
        forged(&good, |bytes| bytes[0] = 1),
        forged(&good, |bytes| bytes[2] ^= 1),
        forged(&good, |bytes| bytes.truncate(40)),
        forged(&good, |bytes| bytes.push(0)),
    ];
    texts.extend(
        (1..good.len())
            .step_by(41)
            .map(|end| good[..end].to_owned()),
    );
    texts.extend((4..good.len()).step_by(37).map(|place| {
        let mut changed = good.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(changed).unwrap()
    }));
    for text in texts {
        let message = refused(&mut scene, everywhere(SORTED), &text).await;
        assert!(message.contains("continuation"), "{message}");
    }
    let options = FeedOptions {
        continuation: Some(good),
        ..paged(100)
    };
    let rest = scene.read(everywhere(SORTED), options).await;
    assert!(equal(&rest, &all[5..]));
}
