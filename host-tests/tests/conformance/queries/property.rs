//! Random documents, queries, pages, splits, merges and resumes: nothing is lost, repeated or out of order.

use std::cmp::Ordering;

use cosmosdb_driver_host::types::{FeedOptions, QueryItems};
use host_tests::gateway::Direction::{self, Ascending, Descending};
use host_tests::gateway::{Aggregate, Control, Plan, TieOrder};
use serde_json::{Value, json};

use super::stock::{bag, compare, distinct, mixed, values};
use super::{Scene, everywhere, rows};
use crate::account::DATABASE;
use crate::build::container;
use crate::face::Face;

/// For each face.
const CASES: u64 = 70;

/// splitmix64
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn size(&mut self) -> usize {
        1 + self.below(7) as usize
    }

    fn direction(&mut self) -> Direction {
        match self.below(2) {
            0 => Ascending,
            _ => Descending,
        }
    }
}

/// What is asked, and what should come.
struct Case {
    text: String,
    plan: Plan,
    kind: Kind,
    /// The sort keys.
    keys: Vec<(&'static str, Direction)>,
    skip: usize,
    take: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Rows,
    Distinct,
    Sum,
    Groups,
}

impl Kind {
    fn is_resumable(self) -> bool {
        self == Self::Rows
    }
}

fn case(random: &mut Random) -> Case {
    let columns = ["n", "a", "b"].map(|name| (name, format!("c.{name}").as_str().into()));
    let mut case = Case {
        text: "SELECT c.n, c.a, c.b FROM c".to_owned(),
        plan: Plan::list(columns),
        kind: Kind::Rows,
        keys: Vec::new(),
        skip: 0,
        take: usize::MAX,
    };
    match random.below(6) {
        0 => {
            case.text = "SELECT DISTINCT VALUE c.a FROM c".to_owned();
            case.plan = Plan::value("c.a").distinct();
            case.kind = Kind::Distinct;
        }
        1 => {
            case.text = "SELECT VALUE SUM(c.n) FROM c".to_owned();
            case.plan = Plan::value(Aggregate::Sum.of("c.n"));
            case.kind = Kind::Sum;
        }
        2 => {
            case.text = "SELECT c.a, COUNT(1) AS n FROM c GROUP BY c.a".to_owned();
            let columns = [("a", "c.a".into()), ("n", Aggregate::Count.of("1"))];
            case.plan = Plan::list(columns).group_by("c.a");
            case.kind = Kind::Groups;
        }
        _ => rows_in_order(&mut case, random),
    }
    case
}

/// Adds an order and a window, or none.
fn rows_in_order(case: &mut Case, random: &mut Random) {
    let keys = ["a", "b"].into_iter().take(random.below(3) as usize);
    for name in keys {
        let (direction, path) = (random.direction(), format!("c.{name}"));
        let begin = if case.keys.is_empty() {
            " ORDER BY"
        } else {
            ","
        };
        let word = if direction == Descending { " DESC" } else { "" };
        case.text += &format!("{begin} {path}{word}");
        case.plan = case.plan.clone().order_by(&path, direction);
        case.keys.push((name, direction));
    }
    if random.below(3) == 0 {
        let (skip, take) = (random.below(20), random.below(30));
        case.text += &format!(" OFFSET {skip} LIMIT {take}");
        case.plan = case.plan.clone().offset_limit(skip, take);
        (case.skip, case.take) = (skip as usize, take as usize);
    }
}

fn put(container: Control<'_>, random: &mut Random) -> Vec<Value> {
    let documents = (0..random.below(50)).map(|n| {
        let mut document = json!({ "id": n.to_string(), "pk": random.below(25), "n": n });
        for name in ["a", "b"] {
            if let Some(value) = mixed(random.below(13)) {
                document[name] = value;
            }
        }
        document
    });
    let documents: Vec<Value> = documents.collect();
    for document in &documents {
        container.put(document.clone());
    }
    documents
}

/// Changes partitions and pages.
fn shake(container: Control<'_>, random: &mut Random) {
    let small = random.below(3) > 0;
    container.page_size(small.then(|| random.size()));
    let few = random.below(3) == 0;
    container.scan(few.then(|| 1 + random.size()));
    container.empty_pages(random.below(3));
    let ranges: Vec<String> = container
        .ranges()
        .into_iter()
        .map(|(id, _, _)| id)
        .collect();
    let place = random.below(ranges.len() as u64) as usize;
    match (random.below(3), ranges.get(place + 1)) {
        (0, Some(right)) => drop(container.merge(&ranges[place], right)),
        (1, _) if ranges.len() < 12 => drop(container.split(&ranges[place])),
        _ => {}
    }
}

/// Reads all rows, with whatever happens in between.
async fn read(scene: &mut Scene, name: &str, case: &Case, random: &mut Random) -> Vec<Value> {
    let query = QueryItems {
        container: container(DATABASE, name),
        ..everywhere(&case.text)
    };
    let mut options = FeedOptions {
        max_item_count: Some(random.size() as u32),
        max_concurrency: (random.below(2) == 0).then(|| 1 + random.below(4) as u32),
        resumable: case.kind.is_resumable(),
        ..FeedOptions::default()
    };
    let mut feed = scene.open(query.clone(), options.clone()).await;
    let mut found = Vec::new();
    for page in 0.. {
        assert!(page < 1_000, "it never ends");
        let page = scene.next(&feed).await;
        if page.status == 204 {
            break;
        }
        found.extend(rows(&page));
        shake(scene.gateway.container(DATABASE, name), random);
        if case.kind.is_resumable() && random.below(3) == 0 {
            options.continuation = scene.driver.continuation(&feed).await.unwrap();
            if options.continuation.is_none() {
                break;
            }
            scene.driver.release(feed).await.unwrap();
            options.max_item_count = Some(random.size() as u32);
            feed = scene.open(query.clone(), options.clone()).await;
        }
    }
    scene.driver.release(feed).await.unwrap();
    found
}

fn by_keys(left: &Value, right: &Value, keys: &[(&str, Direction)]) -> Ordering {
    let orders = keys.iter().map(|(name, direction)| {
        let order = compare(left.get(name), right.get(name));
        match direction {
            Ascending => order,
            Descending => order.reverse(),
        }
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

fn check(case: &Case, found: &[Value], mut documents: Vec<Value>, context: &str) {
    match case.kind {
        Kind::Rows => {
            documents.sort_by(|left, right| by_keys(left, right, &case.keys));
            let expected: Vec<Value> = documents
                .iter()
                .skip(case.skip)
                .take(case.take)
                .cloned()
                .collect();
            assert_eq!(found.len(), expected.len(), "{context}");
            let mut pairs = found.iter().zip(&expected);
            let is_sorted = pairs.all(|(found, one)| by_keys(found, one, &case.keys).is_eq());
            assert!(is_sorted, "{context}\n{found:?}");
            let numbers = values(found, "n");
            assert_eq!(distinct(numbers).len(), found.len(), "{context}");
            for row in found {
                let own = &documents.iter().find(|own| own["n"] == row["n"]).unwrap();
                assert!(["a", "b"].iter().all(|name| own.get(name) == row.get(name)));
            }
        }
        Kind::Distinct => {
            let expected = distinct(values(&documents, "a"));
            assert_eq!(bag(found), bag(&expected), "{context}");
        }
        Kind::Sum => {
            let sum: u64 = (0..documents.len() as u64).sum();
            assert_eq!(found, [json!(sum)], "{context}");
        }
        Kind::Groups => {
            let count = |value: &Value| {
                let own = documents.iter();
                let own = own.filter(|own| compare(own.get("a"), value.get("a")).is_eq());
                own.count()
            };
            for row in found {
                assert_eq!(row["n"], count(row), "{context}");
            }
            let all: u64 = found.iter().map(|row| row["n"].as_u64().unwrap()).sum();
            assert_eq!(all, documents.len() as u64, "{context}");
        }
    }
}

#[tokio::test]
async fn queries_property() {
    let mut rows = 0;
    for face in [Face::Blocking, Face::Tasks, Face::Concurrent] {
        let mut scene = Scene::new(face, 1).await;
        for seed in 0..CASES {
            let mut random = Random(seed);
            let name = format!("case{seed}");
            let ranges = 1 + random.below(8) as u32;
            scene.gateway.create(DATABASE, &name, &["/pk"], ranges);
            let container = scene.gateway.container(DATABASE, &name);
            let documents = put(container, &mut random);
            let ties = random.below(4) as usize;
            container.ties(
                [
                    TieOrder::Untold,
                    TieOrder::Reversible,
                    TieOrder::Ascending,
                    TieOrder::Descending,
                ][ties],
            );
            let case = case(&mut random);
            scene.gateway.register(&case.text, case.plan.clone());
            let context = format!("seed {seed}, {face:?}, {}", case.text);
            let reading = read(&mut scene, &name, &case, &mut random);
            let found = reading.await;
            check(&case, &found, documents, &context);
            rows += found.len();
        }
    }
    println!("{} cases, {rows} rows", 3 * CASES);
}
