//! Lists of databases, containers and offers.

use cosmosdb_driver_host::types::{
    CreateContainer, ErrorKind, FeedOperation, FeedOptions, Operation, QueryParameter,
    ReadResources, ResourceCollection, Response, Throughput,
};
use http::Method;
use serde_json::{Value, json};

use super::scene::{Scene, paged, paged_from};
use crate::account::{CONTAINER, DATABASE, lean};
use crate::build::{create_container, create_database, json as parse};
use crate::face::Face;

on_every_face!(
    resources_are_listed_page_by_page,
    resources_are_queried,
    a_list_goes_on_elsewhere,
    what_cannot_be_listed,
);

/// What is listed, its path, and the name of its array.
type Kind = (fn() -> ResourceCollection, &'static str, &'static str);

const KINDS: [Kind; 3] = [
    (|| ResourceCollection::Databases, "/dbs", "Databases"),
    (
        || ResourceCollection::Containers(DATABASE.to_owned()),
        "/dbs/shop/colls",
        "DocumentCollections",
    ),
    (|| ResourceCollection::Offers, "/offers", "Offers"),
];

fn list(collection: ResourceCollection) -> FeedOperation {
    query(collection, None, &[])
}

fn query(
    collection: ResourceCollection,
    query: Option<&str>,
    parameters: &[(&str, Value)],
) -> FeedOperation {
    let parameters = parameters.iter().map(|(name, value)| QueryParameter {
        name: (*name).to_owned(),
        value: value.to_string().into_bytes(),
    });
    FeedOperation::ReadResources(ReadResources {
        collection,
        query: query.map(str::to_owned),
        parameters: parameters.collect(),
    })
}

/// Five databases, and in the first one five containers, all of which have an offer.
async fn account(face: Face) -> Scene {
    let mut scene = Scene::with(face, 1, &["/pk"], lean).await;
    let database = Operation::DeleteDatabase(DATABASE.to_owned());
    scene.driver.execute(database).await.unwrap();
    for n in 0..5 {
        let id = if n == 0 {
            DATABASE.to_owned()
        } else {
            format!("database-{n}")
        };
        scene.driver.execute(create_database(&id)).await.unwrap();
    }
    for n in 0..5 {
        let id = format!("{CONTAINER}-{n}");
        let Operation::CreateContainer(plain) = create_container(DATABASE, &id, &["/pk"], 2) else {
            panic!("a container")
        };
        let throughput = Some(Throughput::Manual(400 + n * 100));
        let operation = Operation::CreateContainer(CreateContainer {
            throughput,
            ..plain
        });
        scene.driver.execute(operation).await.unwrap();
    }
    scene.gateway.clear();
    scene
}

fn array(page: &Response, name: &str) -> Vec<Value> {
    parse(&page.body)[name].as_array().unwrap().clone()
}

fn ids(pages: &[Response], name: &str) -> Vec<String> {
    let rows = pages.iter().flat_map(|page| array(page, name));
    let mut ids: Vec<String> = rows
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn resources_are_listed_page_by_page(face: Face) {
    let mut scene = account(face).await;
    for (collection, path, name) in KINDS {
        scene.gateway.clear();
        let pages = scene.all(list(collection()), paged(2)).await;
        let sizes: Vec<usize> = pages.iter().map(|page| array(page, name).len()).collect();
        assert_eq!(sizes, [2, 2, 1], "{name}");
        assert_eq!(ids(&pages, name).len(), 5);
        let requests = scene.gateway.requests();
        assert_eq!(requests.len(), 3, "one request for a page");
        for seen in &requests {
            assert_eq!((&seen.method, seen.path.as_str()), (&Method::GET, path));
            assert_eq!(seen.header("x-ms-max-item-count"), Some("2"));
            assert_eq!(seen.header("x-ms-session-token"), None);
        }
        assert_eq!(requests[0].header("x-ms-continuation"), None);
        for page in &pages {
            assert_eq!(page.diagnostics.request_count, 1);
            assert_eq!(page.headers.request_charge, 2.5);
        }
        // By default the service decides.
        let pages = scene.all(list(collection()), FeedOptions::default()).await;
        assert_eq!((pages.len(), ids(&pages, name).len()), (1, 5));
    }
}

async fn resources_are_queried(face: Face) {
    let mut scene = account(face).await;
    for (collection, path, name) in KINDS {
        let all = scene.all(list(collection()), FeedOptions::default()).await;
        let wanted = ids(&all, name)[3].clone();
        scene.gateway.clear();
        let text = "SELECT * FROM c WHERE c.id = @id";
        let own = query(collection(), Some(text), &[("@id", json!(wanted))]);
        let pages = scene.all(own, paged(2)).await;
        assert_eq!(ids(&pages, name), [wanted.as_str()]);
        let requests = scene.gateway.requests();
        let [seen] = &*requests else {
            panic!("no plan: {}", requests.len())
        };
        assert_eq!((&seen.method, seen.path.as_str()), (&Method::POST, path));
        assert_eq!(seen.header("x-ms-documentdb-isquery"), Some("True"));
        assert_eq!(seen.header("content-type"), Some("application/query+json"));
        assert_eq!(
            parse(&seen.body),
            json!({ "query": text, "parameters": [{ "name": "@id", "value": wanted }] })
        );
        let own = query(collection(), Some("SELECT * FROM c"), &[]);
        let pages = scene.all(own, paged(2)).await;
        assert_eq!((pages.len(), ids(&pages, name).len()), (3, 5));
    }
}

async fn a_list_goes_on_elsewhere(face: Face) {
    let mut scene = account(face).await;
    for (collection, _, name) in KINDS {
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let options = paged_from(2, token);
            let (page, next) = scene.one(list(collection()), options).await;
            pages.push(page);
            token = next;
            if token.is_none() {
                break;
            }
            scene.elsewhere().await;
        }
        assert_eq!((pages.len(), ids(&pages, name).len()), (3, 5));
    }
}

async fn what_cannot_be_listed(face: Face) {
    let mut scene = account(face).await;
    let missing = || ResourceCollection::Containers("missing".to_owned());
    let databases = || ResourceCollection::Databases;
    let invalid = ErrorKind::InvalidArgument;
    let unnamed = || ResourceCollection::Containers(String::new());
    let slashed = || ResourceCollection::Containers("a/b".to_owned());
    for (operation, kind, requests) in [
        (list(missing()), ErrorKind::NotFound, 1),
        (query(databases(), Some("SELECT nonsense"), &[]), invalid, 1),
        (list(unnamed()), invalid, 0),
        (list(slashed()), invalid, 0),
    ] {
        scene.gateway.clear();
        let error = scene.refused(operation, paged(2)).await;
        assert_eq!(error.kind, kind, "{error:?}");
        assert_eq!(scene.gateway.requests().len(), requests);
    }
    let broken = FeedOperation::ReadResources(ReadResources {
        collection: databases(),
        query: Some("SELECT * FROM c WHERE c.id = @id".to_owned()),
        parameters: vec![QueryParameter {
            name: "@id".to_owned(),
            value: b"\"open".to_vec(),
        }],
    });
    let error = scene.refused(broken, paged(2)).await;
    assert_eq!(error.kind, invalid, "{error:?}");
    assert_eq!(
        ids(&scene.all(list(databases()), paged(9)).await, "Databases").len(),
        5
    );
}
