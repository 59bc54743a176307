//! Lists of what is no item.

use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::resources::{ResourceCollection, Resources};
use crate::core::{ErrorKind, MetadataMode, OperationOptions};
use crate::engine::testing::{Reply, Sim, account, at};
use crate::engine::{Driver, Feed};
use crate::wire::query_body::Parameter;

/// A service with three of everything, two on a page.
fn service() -> Sim {
    let document = account(&["east", "west"], false, "");
    Sim::new(move |seen| {
        if seen.path == "/" {
            return Reply::json(&document);
        }
        let page = match seen.header("x-ms-continuation") {
            None => Reply::json(r#"{"_rid":"","Things":[1,2],"_count":2}"#)
                .with("x-ms-continuation", "+RID:2"),
            Some("+RID:2") => Reply::json(r#"{"_rid":"","Things":[3],"_count":1}"#),
            Some(_) => Reply::status(400, 0),
        };
        page.with("x-ms-request-charge", "2")
            .with("x-ms-session-token", "0:7")
    })
}

fn lean(sim: &Sim) -> Driver<Sim> {
    sim.open(|config| config.metadata = MetadataMode::Lean)
}

fn all(collection: ResourceCollection) -> FeedOperation {
    FeedOperation::Resources(Resources {
        collection,
        query: None,
    })
}

fn open(driver: &Driver<Sim>, operation: FeedOperation, feed: FeedOptions) -> Feed<Sim> {
    let options = OperationOptions::default();
    driver.feed(operation, feed, options).unwrap()
}

#[test]
fn each_page_is_one_request_and_comes_as_it_is() {
    use ResourceCollection as List;
    let permissions = List::Permissions {
        database: "d".to_owned(),
        user: "u".to_owned(),
    };
    for (collection, path, kind) in [
        (List::Databases, "/dbs", "databases"),
        (
            List::Containers("d".to_owned()),
            "/dbs/d/colls",
            "containers",
        ),
        (
            List::StoredProcedures(at()),
            "/dbs/d/colls/c/sprocs",
            "stored_procedures",
        ),
        (List::Triggers(at()), "/dbs/d/colls/c/triggers", "triggers"),
        (
            List::UserDefinedFunctions(at()),
            "/dbs/d/colls/c/udfs",
            "user_defined_functions",
        ),
        (
            List::Conflicts(at()),
            "/dbs/d/colls/c/conflicts",
            "conflicts",
        ),
        (List::Users("d".to_owned()), "/dbs/d/users", "users"),
        (permissions, "/dbs/d/users/u/permissions", "permissions"),
        (List::Offers, "/offers", "offers"),
    ] {
        let query = ("SELECT * FROM c WHERE c.id = @id".to_owned(), Vec::new());
        for query in [None, Some(query)] {
            let sim = service();
            let (verb, name) = match query {
                None => ("GET", format!("read_all_{kind}")),
                Some(_) => ("POST", format!("query_{kind}")),
            };
            let operation = FeedOperation::Resources(Resources {
                collection: collection.clone(),
                query,
            });
            let options = FeedOptions {
                max_item_count: Some(2),
                ..FeedOptions::default()
            };
            let driver = lean(&sim);
            let mut feed = open(&driver, operation.clone(), options);
            let first = sim.run(feed.next_page()).unwrap().unwrap();
            assert_eq!(first.body, br#"{"_rid":"","Things":[1,2],"_count":2}"#);
            assert_eq!(first.diagnostics.operation_name, name);
            assert_eq!((first.status, first.request_charge), (200, 2.0));
            assert_eq!(first.session_token, None, "of items alone");
            let kept = feed.continuation().unwrap();
            assert_eq!(kept.as_deref(), Some("+RID:2"));
            let second = sim.run(feed.next_page()).unwrap().unwrap();
            assert!(second.body.starts_with(br#"{"_rid":"","Things":[3]"#));
            assert_eq!(sim.run(feed.next_page()).unwrap(), None);
            assert_eq!(feed.continuation().unwrap(), None);
            // Or from where it was.
            let options = FeedOptions {
                continuation: kept,
                ..FeedOptions::default()
            };
            let mut feed = open(&driver, operation, options);
            assert_eq!(
                sim.run(feed.next_page()).unwrap().unwrap().body,
                second.body
            );
            let seen = sim.seen();
            let sent: Vec<_> = seen
                .iter()
                .map(|seen| (&*seen.method, &*seen.path, seen.header("x-ms-continuation")))
                .collect();
            let next = Some("+RID:2");
            assert_eq!(
                sent,
                [(verb, path, None), (verb, path, next), (verb, path, next)]
            );
            let count = |at: usize| seen[at].header("x-ms-max-item-count");
            assert_eq!([count(0), count(2)], [Some("2"), Some("-1")]);
            assert!(
                seen.iter()
                    .all(|seen| seen.header("x-ms-session-token").is_none())
            );
        }
    }
}

#[test]
fn a_query_goes_along_with_its_parameters() {
    let sim = service();
    let query = |value: &str| {
        let parameter = Parameter {
            name: "@rid".to_owned(),
            value: value.as_bytes().to_vec(),
        };
        let text = "SELECT * FROM c WHERE c.offerResourceId = @rid".to_owned();
        FeedOperation::Resources(Resources {
            collection: ResourceCollection::Offers,
            query: Some((text, vec![parameter])),
        })
    };
    let driver = lean(&sim);
    let mut feed = open(&driver, query("\"r1\""), FeedOptions::default());
    sim.run(feed.next_page()).unwrap();
    let body = r#"{"query":"SELECT * FROM c WHERE c.offerResourceId = @rid","parameters":[{"name":"@rid","value":"r1"}]}"#;
    assert_eq!(sim.bodies(), [body]);
    let refused = driver.feed(
        query("no JSON"),
        FeedOptions::default(),
        OperationOptions::default(),
    );
    assert_eq!(refused.err().unwrap().kind, ErrorKind::InvalidArgument);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let sim = service();
    let driver = lean(&sim);
    let given = |continuation: &str| FeedOptions {
        continuation: Some(continuation.to_owned()),
        ..FeedOptions::default()
    };
    for (collection, options) in [
        (
            ResourceCollection::Containers("a/b".to_owned()),
            FeedOptions::default(),
        ),
        (ResourceCollection::Databases, given("line\nbreak")),
        (ResourceCollection::Databases, given("c2.AAAA")),
    ] {
        let mut feed = open(&driver, all(collection), options);
        let error = sim.run(feed.next_page()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
    assert!(sim.seen().is_empty());
}

#[test]
fn a_driver_that_knows_its_account_asks_another_region() {
    let sim = service();
    let driver = sim.open(|_| {});
    let mut feed = open(
        &driver,
        all(ResourceCollection::Databases),
        FeedOptions::default(),
    );
    sim.run(feed.next_page()).unwrap();
    let document = account(&["east", "west"], false, "");
    sim.script(move |seen| match (&*seen.path, &*seen.region) {
        ("/", _) => Reply::json(&document),
        (_, "east") => Reply::status(503, 0),
        _ => Reply::json(r#"{"Databases":[]}"#),
    });
    sim.seen();
    let page = sim.run(feed.next_page()).unwrap().unwrap();
    assert_eq!(page.body, br#"{"Databases":[]}"#);
    assert!(sim.seen().iter().any(|seen| seen.region == "west"));
}
