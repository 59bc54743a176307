//! Continuations: a feed that is dropped after every page gives the same rows as one that is not.

use std::rc::Rc;

use serde_json::json;

use super::backend::{Query, World, query, values};
use crate::core::query::Target;
use crate::core::{Error, ErrorKind};
use crate::wire::epk_range::EpkRange;
use crate::wire::key::KeyComponent;

const PLAIN: &str = "SELECT * FROM c";
const SORTED: &str = "SELECT * FROM c ORDER BY c.v";

fn paged(text: &str) -> Query {
    Query {
        max_item_count: Some(3),
        ..query(text)
    }
}

#[test]
fn a_feed_goes_on_at_every_page() {
    for page in [1, 2, 5] {
        let world = World::new(4, 9, page);
        let rows = world.resumed(&paged(PLAIN), |_| ());
        assert_eq!(rows, world.in_order());
        world.sort(json!({}));
        let rows = world.resumed(&paged(SORTED), |_| ());
        assert_eq!(rows, (0..36).collect::<Vec<_>>());
        world.sort(json!({"offset": 5, "limit": 20}));
        let rows = world.resumed(
            &paged("SELECT * FROM c ORDER BY c.v OFFSET 5 LIMIT 20"),
            |_| (),
        );
        assert_eq!(rows, (5..25).collect::<Vec<_>>());
        world.sort(json!({"distinctType": "Ordered"}));
        let rows = world.resumed(
            &paged("SELECT DISTINCT VALUE c.v FROM c ORDER BY c.v"),
            |_| (),
        );
        assert_eq!(rows, (0..36).collect::<Vec<_>>());
    }
    let world = World::new(4, 9, 2);
    world.plan(&json!({"top": 13}));
    let rows = world.resumed(&paged("SELECT TOP 13 * FROM c"), |_| ());
    assert_eq!(rows, world.in_order()[..13]);
}

#[test]
fn splits_and_merges_between_two_pages_do_not_matter() {
    for sorted in [false, true] {
        let world = World::new(4, 8, 3);
        if sorted {
            world.sort(json!({}));
        }
        let backend = Rc::clone(&world.backend);
        let rows = world.resumed(
            &paged(if sorted { SORTED } else { PLAIN }),
            |page| match page {
                0 => backend.replace("0", &[("4", 0, 4), ("5", 4, 60)]),
                2 => {
                    backend.replace("4", &[]);
                    backend.replace("5", &[]);
                    backend.replace("1", &[("6", 0, 120)]);
                }
                4 => backend.replace("2", &[("7", 120, 123), ("8", 123, 180)]),
                _ => {}
            },
        );
        let expected: Vec<i64> = match sorted {
            true => (0..32).collect(),
            false => world.in_order(),
        };
        assert_eq!(rows, expected, "sorted {sorted}");
    }
}

#[test]
fn an_ordered_feed_goes_on_behind_its_last_row() {
    let world = World::new(2, 9, 9);
    world.sort(json!({}));
    let mut feed = world.feed(paged(SORTED));
    world.next(&mut feed).unwrap();
    let continuation = feed.continuation().unwrap();
    world.sim.bodies();
    let mut feed = world.feed(Query {
        continuation,
        ..paged(SORTED)
    });
    let page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&page), [3, 4, 5]);
    let bodies = world.sim.bodies();
    let (filtered, plain): (Vec<_>, Vec<_>) = bodies
        .iter()
        .partition(|body| body.contains(r#","resumeFilter":{"value":["#));
    assert!(!filtered.is_empty(), "{plain:?}");
    assert!(
        filtered
            .iter()
            .all(|body| body.ends_with(r#","exclude":false}}"#))
    );
}

#[test]
fn before_the_first_page_and_at_the_end() {
    let world = World::new(1, 2, 9);
    let mut feed = world.feed(query(PLAIN));
    assert_eq!(feed.continuation().unwrap(), None);
    let page = world.next(&mut feed).unwrap().unwrap();
    assert_eq!(values(&page), world.in_order());
    assert_eq!(feed.continuation().unwrap(), None);
    let given = Some("kept".to_owned());
    let feed = world.feed(Query {
        continuation: given.clone(),
        ..query(PLAIN)
    });
    assert_eq!(feed.continuation().unwrap(), given);
}

fn refused(world: &World, query: Query) -> Box<Error> {
    let mut feed = world.feed(query);
    let error = world.next(&mut feed).unwrap_err();
    let kinds = [ErrorKind::InvalidArgument, ErrorKind::NotResumable];
    assert!(kinds.contains(&error.kind), "{error:?}");
    assert_eq!(world.page_requests(), 0);
    error
}

#[test]
fn a_continuation_belongs_to_its_query() {
    let world = World::new(2, 5, 2);
    let mut feed = world.feed(query(PLAIN));
    world.next(&mut feed).unwrap();
    world.sim.seen();
    let token = feed.continuation().unwrap().unwrap();
    let range = EpkRange {
        min: "".parse().unwrap(),
        max: "80".parse().unwrap(),
    };
    let other = query("SELECT c.v FROM c");
    let part = Query {
        target: Target::Range(range),
        ..query(PLAIN)
    };
    let key = Query {
        target: Target::Key(vec![KeyComponent::Null]),
        ..query(PLAIN)
    };
    for wrong in [other, part, key] {
        let error = refused(
            &world,
            Query {
                continuation: Some(token.clone()),
                ..wrong
            },
        );
        assert!(error.message.contains("another query"), "{}", error.message);
    }
    for (token, word) in [
        ("2".to_owned(), "service's own"),
        (format!("{token}A"), "damaged"),
    ] {
        let error = refused(
            &world,
            Query {
                continuation: Some(token),
                ..query(PLAIN)
            },
        );
        assert!(error.message.contains(word), "{}", error.message);
    }
}

#[test]
fn what_cannot_be_resumed_says_so() {
    let shapes = [
        (
            "SELECT DISTINCT c.v FROM c",
            json!({"distinctType": "Unordered"}),
        ),
        (
            "SELECT VALUE COUNT(1) FROM c",
            json!({"aggregates": ["Count"], "hasSelectValue": true}),
        ),
        (
            "SELECT c.v FROM c GROUP BY c.v",
            json!({"groupByExpressions": ["c.v"], "groupByAliases": ["v"]}),
        ),
    ];
    for (text, plan) in shapes {
        let world = World::new(2, 1, 9);
        world.plan(&plan);
        let error = refused(
            &world,
            Query {
                resumable: true,
                ..query(text)
            },
        );
        assert_eq!(error.kind, ErrorKind::NotResumable);
        assert!(
            error.message.contains("no continuation"),
            "{}",
            error.message
        );
        // Who does not ask for it gets the rows.
        *world.backend.part.borrow_mut() = Some(json!([{"item": 1}]));
        if text.contains("COUNT") {
            let mut feed = world.feed(query(text));
            assert_eq!(values(&world.next(&mut feed).unwrap().unwrap()), [2]);
            assert!(feed.continuation().is_err());
        }
    }
    let world = World::new(2, 1, 9);
    let rows = world.pages(Query {
        resumable: true,
        ..query(PLAIN)
    });
    assert_eq!(rows.concat(), world.in_order());
}
