//! Every kind of query, against what plain Rust makes of all documents.

mod combined;
mod searches;
mod table;

use cosmosdb_driver_host::types::{ErrorKind, FeedScope};
use serde_json::Value;

use self::table::{Kind, Rows, kinds};
use super::stock::{bag, equal};
use super::{Scene, error_of, is_page, is_plan, paged, query, rows};
use crate::face::{Face, Feed};

on_every_face!(
    every_kind_over_the_whole_container,
    every_kind_over_a_part_and_over_a_key,
    every_kind_in_small_and_empty_pages,
    every_kind_says_whether_it_can_be_resumed,
);

const DOCUMENTS: u64 = 90;

async fn scene(face: Face, ranges: u32) -> Scene {
    let scene = Scene::new(face, ranges).await;
    scene.fill(DOCUMENTS);
    for kind in kinds() {
        if let Some(plan) = kind.plan {
            scene.gateway.register(kind.text, plan);
        }
    }
    scene
}

impl Kind {
    /// Compares the rows of a query with what they should be.
    fn check(&self, found: &[Value], scene: &Scene, documents: &[Value], context: &str) {
        let expected = (self.expected)(scene, documents.to_vec());
        let is_right = match self.rows {
            Rows::InOrder => equal(found, &expected),
            Rows::InAnyOrder => bag(found) == bag(&expected),
            Rows::Lists => bag(&unordered(found)) == bag(&unordered(&expected)),
            Rows::AnyOf(count) => {
                let mut left = bag(&expected);
                let known = bag(found).into_iter().all(|row| {
                    let place = left.iter().position(|known| *known == row);
                    place.map(|place| left.remove(place)).is_some()
                });
                known && found.len() == count.min(expected.len())
            }
        };
        let text = self.text;
        assert!(
            is_right,
            "{text}, {context}\nfound    {found:?}\nexpected {expected:?}"
        );
    }
}

/// With the elements of all lists in one order.
fn unordered(rows: &[Value]) -> Vec<Value> {
    let sort = |value: &Value| match value {
        Value::Array(list) => Value::Array(bag(list)),
        other => other.clone(),
    };
    let rows = rows.iter().map(|row| match row {
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), sort(value)));
            Value::Object(members.collect())
        }
        other => sort(other),
    });
    rows.collect()
}

async fn every_kind_over_the_whole_container(face: Face) {
    for ranges in [4, 40] {
        let mut scene = scene(face, ranges).await;
        let stock = scene.stock();
        for kind in kinds() {
            scene.gateway.clear();
            let mut asked = query(kind.text, FeedScope::Container);
            asked.parameters = kind.parameters();
            let found = scene.read(asked, paged(20)).await;
            kind.check(&found, &scene, &stock, &format!("{ranges} ranges"));
            let plans = scene.asked().iter().filter(|seen| is_plan(seen)).count();
            assert_eq!(plans, usize::from(kind.is_planned), "{}", kind.text);
        }
    }
}

async fn every_kind_over_a_part_and_over_a_key(face: Face) {
    for ranges in [4, 40] {
        let mut scene = scene(face, ranges).await;
        let scopes = match ranges {
            4 => vec![scene.part(), scene.big()],
            _ => vec![scene.part()],
        };
        for (scope, documents) in scopes {
            assert!(documents.len() > 20);
            for kind in kinds() {
                let mut asked = query(kind.text, scope.clone());
                asked.parameters = kind.parameters();
                scene.gateway.clear();
                let found = scene.read(asked, paged(20)).await;
                kind.check(&found, &scene, &documents, &format!("{scope:?}"));
                let is_streamed = !kind.is_gathered && matches!(scope, FeedScope::Key(_));
                if is_streamed {
                    let pages = scene.asked();
                    assert!(pages.iter().all(is_page), "{} needs no plan", kind.text);
                    assert!(pages.len() <= found.len() / 20 + 1, "{}", kind.text);
                }
            }
        }
    }
}

/// Aggregates and groups come in parts then, and pages without rows in between.
async fn every_kind_in_small_and_empty_pages(face: Face) {
    let mut scene = scene(face, 4).await;
    let everything = (FeedScope::Container, scene.stock());
    for (scope, documents) in [everything, scene.big()] {
        for kind in kinds() {
            let container = scene.container();
            container.page_size(Some(3));
            container.scan(Some(7));
            container.empty_pages(3);
            let mut asked = query(kind.text, scope.clone());
            asked.parameters = kind.parameters();
            let found = scene.read(asked, paged(5)).await;
            kind.check(
                &found,
                &scene,
                &documents,
                &format!("{scope:?}, small pages"),
            );
        }
    }
}

async fn every_kind_says_whether_it_can_be_resumed(face: Face) {
    let mut scene = scene(face, 4).await;
    let stock = scene.stock();
    for kind in kinds() {
        let mut asked = query(kind.text, FeedScope::Container);
        asked.parameters = kind.parameters();
        let mut options = paged(7);
        options.resumable = true;
        if kind.is_resumable {
            let mut found = Vec::new();
            for page in 0.. {
                assert!(page < 100, "{} never ends", kind.text);
                let feed = scene.open(asked.clone(), options.clone()).await;
                let page = scene.next(&feed).await;
                found.extend(rows(&page));
                options.continuation = scene.driver.continuation(&feed).await.unwrap();
                scene.driver.release(feed).await.unwrap();
                if options.continuation.is_none() {
                    break;
                }
            }
            kind.check(&found, &scene, &stock, "resumed");
        } else {
            scene.gateway.clear();
            let feed = scene.open(asked.clone(), options).await;
            let error = scene.fails(&feed).await;
            assert_eq!(error.kind, ErrorKind::NotResumable, "{}", kind.text);
            assert!(!scene.asked().iter().any(is_page), "{}", kind.text);
            let feed = scene.open(asked, paged(7)).await;
            refuses_to_say_where_it_stands(&mut scene, &feed).await;
        }
    }
}

async fn refuses_to_say_where_it_stands(scene: &mut Scene, feed: &Feed) {
    scene.next(feed).await;
    let refused = error_of(scene.driver.continuation(feed).await);
    assert_eq!(refused.kind, ErrorKind::NotResumable);
    // It is read as any other.
    scene.pages(feed).await;
}
