//! Many items at once, of a container that evaluates the queries.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::read_many::tests::world::asks_for;
use crate::core::read_many::{Input, ItemId, Items, Order};
use crate::core::{ErrorKind, MetadataMode, OperationOptions, Result};
use crate::engine::testing::{RangeFeed, Reply, Seen, Sim, account, at, metadata};
use crate::engine::{Driver, Feed, Page};
use crate::wire::epk::{Epk, KeyHash, effective_partition_key};
use crate::wire::epk_range::EpkRange;
use crate::wire::key::KeyComponent;

mod ends;
mod moves;
mod rows;

type Event = Box<dyn Fn(usize, &Seen) -> Option<Reply>>;

/// What the service knows.
struct Service {
    /// The id of each partition with its bounds.
    partitions: RefCell<Vec<(String, EpkRange)>>,
    range_feed: RangeFeed,
    paths: RefCell<Vec<&'static str>>,
    rid: Cell<&'static str>,
    /// Whether another container, without items, is in its place when somebody looks.
    ends: Cell<bool>,
    /// Each item with its place.
    rows: RefCell<Vec<(Epk, String)>>,
    /// Rows of a page.
    page: Cell<usize>,
    event: RefCell<Event>,
    asked: Cell<usize>,
}

struct World {
    sim: Sim,
    driver: Driver<Sim>,
    service: Rc<Service>,
}

fn text(text: &str) -> KeyComponent {
    KeyComponent::Text(text.to_owned())
}

/// The item `n`, with a key of its own.
fn id(n: usize) -> ItemId {
    ItemId {
        id: n.to_string(),
        key: vec![text(&format!("k{n}"))],
    }
}

fn row(n: usize) -> String {
    json!({"id": n.to_string(), "pk": format!("k{n}")}).to_string()
}

impl World {
    /// So many items with keys of their own, in partitions with these borders.
    fn new(items: usize, borders: &[&str]) -> Self {
        Self::lay_out(&["/pk"], (0..items).map(|n| (id(n).key, row(n))), borders)
    }

    fn lay_out(
        paths: &[&'static str],
        rows: impl Iterator<Item = (Vec<KeyComponent>, String)>,
        borders: &[&str],
    ) -> Self {
        let hash = match paths.len() {
            1 => KeyHash::V2,
            _ => KeyHash::Multi,
        };
        let place = |(key, row): (Vec<KeyComponent>, String)| {
            (effective_partition_key(&key, hash).unwrap(), row)
        };
        let service = Rc::new(Service {
            partitions: RefCell::default(),
            range_feed: RangeFeed::default(),
            paths: RefCell::new(paths.to_vec()),
            rid: Cell::new("r1"),
            ends: Cell::new(false),
            rows: RefCell::new(rows.map(place).collect()),
            page: Cell::new(usize::MAX),
            event: RefCell::new(Box::new(|_, _| None)),
            asked: Cell::new(0),
        });
        service.split(0, borders);
        let document = account(&["east", "west"], false, "");
        let own = Rc::clone(&service);
        let sim = Sim::new(move |seen| answer(&own, seen, &document));
        let driver = sim.open(|config| config.defaults.hedging_enabled = Some(false));
        Self {
            sim,
            driver,
            service,
        }
    }

    /// At each request for items, counted from 0, this may happen instead.
    fn on(&self, event: impl Fn(usize, &Seen) -> Option<Reply> + 'static) {
        self.service.asked.set(0);
        *self.service.event.borrow_mut() = Box::new(event);
    }

    fn open(&self, items: Items, options: FeedOptions) -> Result<Feed<Sim>> {
        let operation = FeedOperation::ReadMany(items);
        self.driver
            .feed(operation, options, OperationOptions::default())
    }

    /// The pages of a read, and what was asked for them.
    fn pages(&self, items: Items, options: FeedOptions) -> (Vec<Page>, String) {
        let mut feed = self.open(items, options).unwrap();
        let mut pages = Vec::new();
        while let Some(page) = self.sim.run(feed.next_page()).unwrap() {
            pages.push(page);
        }
        (pages, self.asked())
    }

    /// What was asked for items since the last look: `p1` for a query in the partition 1, `7` for the item 7.
    fn asked(&self) -> String {
        let seen = self.sim.item_requests();
        let said: Vec<_> = seen.iter().map(what).collect();
        said.join(" ")
    }
}

fn what(seen: &Seen) -> String {
    let range = seen.header("x-ms-documentdb-partitionkeyrangeid");
    match range {
        Some(range) => format!("p{range}"),
        None => seen.path.rsplit('/').next().unwrap().to_owned(),
    }
}

impl Service {
    /// Puts partitions with these borders in the place of all, numbered from `first`.
    fn split(&self, first: usize, borders: &[&str]) {
        let mut partitions = Vec::new();
        let mut min = Epk::MIN;
        for (number, max) in (first..).zip(borders.iter().copied().chain(["FF"])) {
            let max: Epk = max.parse().unwrap();
            let next = max.clone();
            partitions.push((number.to_string(), EpkRange { min, max }));
            min = next;
        }
        self.partitions.replace(partitions);
    }

    /// The same items in another container of the same name.
    fn create_anew(&self) {
        self.rid.set("r2");
        self.range_feed.clear();
        self.split(0, &["20"]);
    }

    /// Where the item `n` lies.
    fn place(n: usize) -> Epk {
        effective_partition_key(&id(n).key, KeyHash::V2).unwrap()
    }

    fn container(&self) -> Reply {
        if self.ends.take() {
            self.create_anew();
            self.rows.borrow_mut().clear();
        }
        let paths = self.paths.borrow();
        let kind = if paths.len() > 1 { "MultiHash" } else { "Hash" };
        let key = json!({"paths": *paths, "kind": kind, "version": 2});
        Reply::json(&json!({"_rid": self.rid.get(), "partitionKey": key}).to_string())
    }

    fn item(&self, seen: &Seen) -> Reply {
        let wanted = seen.path.rsplit('/').next().unwrap();
        let key = seen.header("x-ms-documentdb-partitionkey").unwrap();
        let key: Value = serde_json::from_str(key).unwrap();
        let rows = self.rows.borrow();
        let is_it = |(_, row): &&(Epk, String)| {
            let row: Value = serde_json::from_str(row).unwrap();
            let pk = row.get("pk").unwrap_or_else(|| &row["id"]).clone();
            row["id"] == wanted && json!([pk]) == key
        };
        match rows.iter().find(is_it) {
            Some((_, row)) => Reply::json(row),
            None => Reply::status(404, 0),
        }
        .with("x-ms-request-charge", "1")
        .with("x-ms-session-token", "0:1#7")
    }

    fn query(&self, seen: &Seen, body: &[u8]) -> Reply {
        let range = seen.header("x-ms-documentdb-partitionkeyrangeid").unwrap();
        let partitions = self.partitions.borrow();
        let found = partitions.iter().find(|(id, _)| id == range);
        let Some((_, range_of)) = found else {
            return Reply::status(410, 1002);
        };
        let bound = |name: &str, whole: &Epk| match seen.header(name) {
            Some(hex) => hex.parse().unwrap(),
            None => whole.clone(),
        };
        let min = bound("x-ms-start-epk", &range_of.min);
        let max = bound("x-ms-end-epk", &range_of.max);
        let from = seen
            .header("x-ms-continuation")
            .map_or(0, |from| from.parse().unwrap());
        assert_eq!(seen.header("x-ms-max-item-count"), Some("-1"));
        let (mut rows, mut next) = (Vec::new(), None);
        for (place, (point, row)) in self.rows.borrow().iter().enumerate().skip(from) {
            if min <= *point && *point < max && asks_for(body, row) {
                if rows.len() >= self.page.get() {
                    next = Some(place);
                    break;
                }
                rows.push(row.clone());
            }
        }
        let body = format!("{{\"_rid\":\"r\",\"Documents\":[{}]}}", rows.join(","));
        let reply = Reply::json(&body)
            .with("x-ms-request-charge", "3")
            .with("x-ms-session-token", &format!("{range}:1#9"));
        match next {
            Some(next) => reply.with("x-ms-continuation", &next.to_string()),
            None => reply,
        }
    }
}

fn answer(service: &Rc<Service>, seen: &Seen, document: &str) -> Reply {
    match seen.what() {
        "container" => return service.container(),
        "ranges" => {
            return service
                .range_feed
                .answer(seen, &service.partitions.borrow());
        }
        "item" => {}
        _ => return metadata(seen, document).unwrap(),
    }
    let number = service.asked.replace(service.asked.get() + 1);
    if let Some(reply) = (service.event.borrow())(number, seen) {
        return reply;
    }
    let meant = seen.header("x-ms-cosmos-intended-collection-rid");
    if meant.is_some_and(|rid| rid != service.rid.get()) {
        return Reply::status(400, 1024);
    }
    if seen.method == "GET" {
        return service.item(seen);
    }
    let (service, seen) = (Rc::clone(service), seen.clone());
    Reply::by_body(move |body| service.query(&seen, body))
}

fn items(input: impl Iterator<Item = ItemId>, order: Order) -> Items {
    Items {
        container: at(),
        input: Input::Items(input.collect()),
        order,
    }
}

fn keys(input: &[&[&str]]) -> Items {
    let key = |key: &&[&str]| key.iter().map(|part| text(part)).collect();
    Items {
        container: at(),
        input: Input::PartitionKeys(input.iter().map(key).collect()),
        order: Order::Any,
    }
}

fn options(max_item_count: u32) -> FeedOptions {
    FeedOptions {
        max_item_count: Some(max_item_count),
        ..FeedOptions::default()
    }
}

/// The rows of pages, as their numbers; none for what does not exist.
fn numbers(pages: &[Page]) -> Vec<Option<usize>> {
    let mut numbers = Vec::new();
    for page in pages {
        let body: Value = serde_json::from_slice(&page.body).unwrap();
        let rows = body["Documents"].as_array().unwrap();
        assert_eq!(body["_count"], json!(rows.len()));
        let number = |row: &Value| {
            row.get("id")
                .map(|id| id.as_str().unwrap().parse().unwrap())
        };
        numbers.extend(rows.iter().map(number));
    }
    numbers
}

fn sorted(pages: &[Page]) -> Vec<usize> {
    let mut rows: Vec<_> = numbers(pages).into_iter().flatten().collect();
    rows.sort_unstable();
    rows
}

const QUARTERS: [&str; 3] = ["10", "20", "30"];
