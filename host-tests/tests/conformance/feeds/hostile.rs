//! Continuations that are not what a driver gave, and payloads that must not be touched.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cosmosdb_driver_host::types::{
    ChangeFeedMode, ChangeFeedStart, ErrorKind, FeedOperation, FeedScope, ReadManyInput,
    ReadResources, ResourceCollection, Response,
};
use serde_json::value::RawValue;

use super::change_feed::changes;
use super::scene::{
    Scene, assert_each_once, change_feed, item_id, many, paged, paged_from, range, read_feed,
};
use crate::build::text;
use crate::face::Face;

on_every_face!(
    continuations_of_others_are_refused,
    damaged_continuations_are_refused,
    the_services_own_continuations_may_be_wrong_too,
    payloads_are_not_touched,
);

fn databases() -> FeedOperation {
    FeedOperation::ReadResources(ReadResources {
        collection: ResourceCollection::Databases,
        query: None,
        parameters: Vec::new(),
    })
}

fn versions() -> FeedOperation {
    changes(
        FeedScope::Container,
        ChangeFeedMode::AllVersionsAndDeletes,
        ChangeFeedStart::Now,
    )
}

/// A feed that several partitions make up.
type Kind = (&'static str, fn() -> FeedOperation);

const KINDS: [Kind; 5] = [
    ("items", || read_feed(FeedScope::Container)),
    ("a range of items", || read_feed(range("", "20"))),
    ("changes", || change_feed(FeedScope::Container)),
    ("a range of changes", || change_feed(range("", "20"))),
    ("versions", versions),
];

/// A continuation of each.
async fn tokens(scene: &mut Scene) -> Vec<String> {
    let mut tokens = Vec::new();
    for (_, operation) in KINDS {
        let (_, token) = scene.one(operation(), paged(3)).await;
        tokens.push(token.unwrap());
    }
    tokens
}

async fn refuses(scene: &mut Scene, operation: FeedOperation, token: String, why: &str) {
    let error = scene.refused(operation, paged_from(3, Some(token))).await;
    assert_eq!(error.kind, ErrorKind::InvalidArgument, "{why}: {error:?}");
    assert!(!error.message.is_empty());
}

async fn works(scene: &mut Scene) {
    let pages = scene.all(read_feed(FeedScope::Container), paged(9)).await;
    assert_each_once(&pages, 0..40);
}

async fn continuations_of_others_are_refused(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    let tokens = tokens(&mut scene).await;
    scene.gateway.clear();
    for (own, (name, operation)) in KINDS.iter().enumerate() {
        for (other, token) in tokens.iter().enumerate() {
            let why = [name, " from ", KINDS[other].0].concat();
            if own != other {
                refuses(&mut scene, operation(), token.clone(), &why).await;
            }
        }
    }
    for token in &tokens {
        let of_key = read_feed(FeedScope::Key(text("a")));
        refuses(&mut scene, of_key, token.clone(), "one key").await;
        refuses(&mut scene, databases(), token.clone(), "databases").await;
    }
    let message = {
        let wrong = paged_from(3, Some(tokens[2].clone()));
        scene.refused(versions(), wrong).await.message
    };
    assert!(message.contains("the other mode"), "{message}");
    assert!(scene.gateway.requests().is_empty(), "nothing is sent");
    works(&mut scene).await;
}

/// The same but for the last bit of its checksum.
fn with_another_check(token: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(&token[3..]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    ["c2.", &URL_SAFE_NO_PAD.encode(bytes)].concat()
}

async fn damaged_continuations_are_refused(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    let tokens = tokens(&mut scene).await;
    scene.gateway.clear();
    for ((name, operation), token) in KINDS.iter().zip(&tokens) {
        let mut bad = vec![
            "c2.".to_owned(),
            "c2.AAAA".to_owned(),
            "c2.e30".to_owned(),
            "c1.e30".to_owned(),
            "c3.e30".to_owned(),
            "c99999999999999999999.e30".to_owned(),
            "opaque".to_owned(),
            "\"7\"".to_owned(),
            "a\r\nx-ms-version: 1".to_owned(),
            "\u{0}".to_owned(),
            "日本".to_owned(),
            format!("{token}A"),
            format!("{token}{token}"),
            format!("c2.{}", "A".repeat(1 << 20)),
            "x".repeat(1 << 20),
        ];
        bad.push(with_another_check(token));
        let cuts = (4..token.len()).step_by(token.len() / 7);
        bad.extend(cuts.clone().map(|at| token[..at].to_owned()));
        bad.extend(cuts.map(|at| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            [&token[..at], other, &token[at + 1..]].concat()
        }));
        for token in bad {
            let why: String = token.chars().take(60).collect();
            refuses(&mut scene, operation(), token, &format!("{name}: {why}")).await;
        }
        let good = paged_from(3, Some(token.clone()));
        let feed = scene.open(operation(), good).await;
        scene.next(&feed).await;
        scene.driver.release(feed).await.unwrap();
    }
    works(&mut scene).await;
}

async fn the_services_own_continuations_may_be_wrong_too(face: Face) {
    let mut scene = Scene::new(face, 4).await;
    scene.fill(40);
    let of_key: fn() -> FeedOperation = || read_feed(FeedScope::Key(text("k1")));
    for operation in [of_key, databases] {
        for token in [
            "opaque".to_owned(),
            "a\r\nx-ms-version: 1".to_owned(),
            "\u{0}".to_owned(),
            "日本".to_owned(),
            "c1.AAAA".to_owned(),
            "c2.AAAA".to_owned(),
            "x".repeat(1 << 20),
        ] {
            let why: String = token.chars().take(60).collect();
            refuses(&mut scene, operation(), token, &why).await;
        }
    }
    works(&mut scene).await;
}

/// The rows of a page as they are, up to what the service adds.
fn texts(pages: &[Response]) -> Vec<String> {
    let mut texts = Vec::new();
    for page in pages {
        let body: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&page.body).unwrap();
        assert!(body.contains_key("Documents"));
        let raw: std::collections::BTreeMap<&str, &RawValue> =
            serde_json::from_slice(&page.body).unwrap();
        let rows: Vec<&RawValue> = serde_json::from_str(raw["Documents"].get()).unwrap();
        texts.extend(rows.iter().map(|row| row.get().to_owned()));
    }
    texts
}

async fn payloads_are_not_touched(face: Face) {
    const ITEM: &str = r#"{ "id" :"1",  "pk":"a", "n":1.0E+0,"big":12345678901234567890123,
        "z":-0.0,"escaped":"\u0041\/\ud83d\ude00","twice":1,"twice":2, "deep":[[[[[{}]]]]],"é":"ü" "#;
    for ranges in [1, 4] {
        let mut scene = Scene::new(face, ranges).await;
        scene.container().put_text(&[ITEM, "}"].concat());
        let key = || FeedScope::Key(text("a"));
        let one = || ReadManyInput::Items(vec![item_id("1", text("a"))]);
        let two = || {
            let items = vec![item_id("1", text("a")), item_id("2", text("a"))];
            ReadManyInput::Items(items)
        };
        for operation in [
            read_feed(FeedScope::Container),
            read_feed(range("", "FF")),
            read_feed(key()),
            change_feed(FeedScope::Container),
            change_feed(key()),
            many(one(), false),
            many(one(), true),
            many(two(), false),
            many(two(), true),
            many(ReadManyInput::Keys(vec![text("a")]), false),
        ] {
            let pages = scene.all(operation, paged(9)).await;
            let texts = texts(&pages);
            assert!(texts[0].starts_with(ITEM), "{}", texts[0]);
        }
    }
}
