//! A container in a virtual world: rows by their place in the hash space, partitions that come and go.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::operation::ContainerRef;
use crate::core::query::{self, Target};
use crate::core::{OperationOptions, Result};
use crate::engine::testing::{RangeFeed, Reply, Seen, Sim, account, at, metadata};
use crate::engine::{Driver, Feed, Page};
use crate::wire::epk_range::EpkRange;
use crate::wire::query_body::Parameter;

/// An event that a test makes happen at a request: an answer in place of the usual one.
type Event = Box<dyn Fn(usize, &Seen) -> Option<Reply>>;

/// What the service knows.
pub(super) struct Backend {
    /// The id of each partition with its bounds, as bytes.
    pub(super) partitions: RefCell<Vec<(String, u8, u8)>>,
    range_feed: RangeFeed,
    /// The place of each row, and its value.
    rows: Vec<(u8, i64)>,
    /// Rows of a page at most.
    pub(super) page: Cell<usize>,
    /// Whether rows come sorted, as a rewritten query asks for them.
    pub(super) sorted: Cell<bool>,
    /// What each partition answers, whole, instead of rows.
    pub(super) part: RefCell<Option<Value>>,
    /// The place of each change, and its value.
    pub(super) log: RefCell<Vec<(u8, i64)>>,
    /// The gateway's plan.
    pub(super) plan: RefCell<Value>,
    event: RefCell<Event>,
    asked: Cell<usize>,
}

/// A query and how it is read.
#[derive(Clone)]
pub(super) struct Query {
    pub(super) container: ContainerRef,
    pub(super) target: Target,
    pub(super) text: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) query_metrics: bool,
    pub(super) index_metrics: bool,
    pub(super) max_item_count: Option<u32>,
    pub(super) continuation: Option<String>,
    pub(super) session_token: Option<String>,
    pub(super) resumable: bool,
}

impl Query {
    pub(super) fn open(self, driver: &Driver<Sim>, options: OperationOptions) -> Result<Feed<Sim>> {
        let query = query::Query {
            container: self.container,
            target: self.target,
            text: self.text,
            parameters: self.parameters,
            query_metrics: self.query_metrics,
            index_metrics: self.index_metrics,
        };
        let feed = FeedOptions {
            max_item_count: self.max_item_count,
            continuation: self.continuation,
            session_token: self.session_token,
            resumable: self.resumable,
            ..FeedOptions::default()
        };
        driver.feed(FeedOperation::QueryItems(query), feed, options)
    }
}

/// A driver and what it talks to.
pub(super) struct World {
    pub(super) sim: Sim,
    pub(super) driver: Driver<Sim>,
    pub(super) backend: Rc<Backend>,
}

impl World {
    /// So many partitions with so many rows each: the value of a row is its place among all, shuffled.
    pub(super) fn new(partitions: u8, rows: u8, page: usize) -> Self {
        let width = 240 / partitions;
        let bound = |number: u8| match number == partitions {
            true => 0xFF,
            false => number * width,
        };
        let parts = (0..partitions).map(|n| (n.to_string(), bound(n), bound(n + 1)));
        let all = i64::from(partitions) * i64::from(rows);
        let rows =
            (0..partitions).flat_map(|n| (0..rows).map(move |row| (n * width + row, n, row)));
        let value = |n: u8, row: u8, rows: i64| (i64::from(n) * rows + i64::from(row)) * 7 % all;
        let per = all / i64::from(partitions);
        let backend = Rc::new(Backend {
            partitions: RefCell::new(parts.collect()),
            range_feed: RangeFeed::default(),
            rows: rows
                .map(|(place, n, row)| (place, value(n, row, per)))
                .collect(),
            page: Cell::new(page),
            sorted: Cell::new(false),
            part: RefCell::default(),
            log: RefCell::default(),
            plan: RefCell::new(json!({"queryInfo": {}})),
            event: RefCell::new(Box::new(|_, _| None)),
            asked: Cell::new(0),
        });
        let document = account(&["east", "west"], false, "");
        let own = Rc::clone(&backend);
        let sim = Sim::new(move |seen| own.answer(seen, &document));
        let driver = sim.open(|config| config.defaults.hedging_enabled = Some(false));
        Self {
            sim,
            driver,
            backend,
        }
    }

    /// At each request of a query, counted from 0, this may happen instead.
    pub(super) fn on(&self, event: impl Fn(usize, &Seen) -> Option<Reply> + 'static) {
        self.backend.asked.set(0);
        *self.backend.event.borrow_mut() = Box::new(event);
    }

    /// From now on rows come sorted by their value, this way, as this plan has it.
    pub(super) fn sort(&self, info: Value) {
        self.backend.sorted.set(true);
        let mut info = info;
        info["orderBy"] = json!(["Ascending"]);
        info["orderByExpressions"] = json!(["c.v"]);
        info["rewrittenQuery"] = json!("SELECT sorted {documentdb-formattableorderbyquery-filter}");
        *self.backend.plan.borrow_mut() = json!({"queryInfo": info});
    }

    /// From now on this is the plan.
    pub(super) fn plan(&self, info: &Value) {
        *self.backend.plan.borrow_mut() = json!({"queryInfo": info});
    }

    pub(super) fn feed(&self, query: Query) -> Feed<Sim> {
        let options = OperationOptions::default();
        query.open(&self.driver, options).unwrap()
    }

    pub(super) fn next(&self, feed: &mut Feed<Sim>) -> Result<Option<Page>> {
        self.sim.run(feed.next_page())
    }

    /// A feed of something else than a query.
    pub(super) fn open(&self, operation: FeedOperation, feed: FeedOptions) -> Feed<Sim> {
        let options = OperationOptions::default();
        self.driver.feed(operation, feed, options).unwrap()
    }

    /// The values of all rows, page by page.
    pub(super) fn pages(&self, query: Query) -> Vec<Vec<i64>> {
        self.rest(self.feed(query))
    }

    /// The values of the rows that are left, page by page.
    pub(super) fn rest(&self, mut feed: Feed<Sim>) -> Vec<Vec<i64>> {
        let mut pages = Vec::new();
        while let Some(page) = self.next(&mut feed).unwrap() {
            pages.push(values(&page));
        }
        pages
    }

    /// The values of all rows, of a feed that is dropped after every page and resumed by its continuation.
    pub(super) fn resumed(&self, query: &Query, between: impl Fn(usize)) -> Vec<i64> {
        let (mut rows, mut continuation) = (Vec::new(), None);
        for count in 0.. {
            let query = Query {
                continuation,
                ..query.clone()
            };
            let mut feed = self.feed(query);
            let Some(page) = self.next(&mut feed).unwrap() else {
                break;
            };
            rows.extend(values(&page));
            continuation = feed.continuation().unwrap();
            if continuation.is_none() {
                assert_eq!(self.next(&mut feed).unwrap(), None);
                break;
            }
            between(count);
        }
        rows
    }

    /// What was asked since the last look: `plan`, `ranges` and so on, or where a page came from.
    pub(super) fn asked(&self) -> Vec<String> {
        self.sim.seen().iter().map(what).collect()
    }

    /// How many pages were asked for since the last look.
    pub(super) fn page_requests(&self) -> usize {
        let pages = |line: &&String| line.starts_with(['[', 'p']) && *line != "plan";
        self.asked().iter().filter(pages).count()
    }

    /// All values in the order of the hash space.
    pub(super) fn in_order(&self) -> Vec<i64> {
        self.backend.rows.iter().map(|(_, value)| *value).collect()
    }
}

/// `p3` for a page of the partition 3, `[null]` for one of that key.
pub(super) fn what(seen: &Seen) -> String {
    if seen.header("x-ms-cosmos-is-query-plan-request").is_some() {
        return "plan".to_owned();
    }
    let range = seen.header("x-ms-documentdb-partitionkeyrangeid");
    match (range, seen.header("x-ms-documentdb-partitionkey")) {
        (Some(range), None) => format!("p{range}"),
        (None, Some(key)) => key.to_owned(),
        (None, None) => seen.what().to_owned(),
        (Some(_), Some(_)) => "both".to_owned(),
    }
}

impl Backend {
    /// Puts these in the place of a partition.
    pub(super) fn replace(&self, id: &str, new: &[(&str, u8, u8)]) {
        let mut partitions = self.partitions.borrow_mut();
        partitions.retain(|(own, ..)| own != id);
        partitions.extend(
            new.iter()
                .map(|(id, min, max)| ((*id).to_owned(), *min, *max)),
        );
    }

    fn answer(&self, seen: &Seen, document: &str) -> Reply {
        if seen.what() == "ranges" {
            return self.ranges(seen);
        }
        if let Some(reply) = metadata(seen, document) {
            return reply;
        }
        if seen.header("x-ms-cosmos-is-query-plan-request").is_some() {
            return Reply::json(&self.plan.borrow().to_string());
        }
        let number = self.asked.replace(self.asked.get() + 1);
        if let Some(reply) = (self.event.borrow())(number, seen) {
            return reply;
        }
        let (min, max) = match seen.header("x-ms-documentdb-partitionkeyrangeid") {
            None => (0, 0xFF),
            Some(id) => {
                let partitions = self.partitions.borrow();
                match partitions.iter().find(|(own, ..)| own == id) {
                    Some((_, min, max)) => (*min, *max),
                    None => return Reply::status(410, 1002),
                }
            }
        };
        let bound = |name: &str, whole: u8| match seen.header(name) {
            Some(hex) => u8::from_str_radix(&hex[..2], 16).unwrap(),
            None => whole,
        };
        let (min, max) = (
            min.max(bound("x-ms-start-epk", 0)),
            max.min(bound("x-ms-end-epk", 0xFF)),
        );
        match seen.header("a-im") {
            Some(_) => super::changes::page_of(self, seen, min, max),
            None => self.page_of(seen, min, max),
        }
    }

    fn page_of(&self, seen: &Seen, min: u8, max: u8) -> Reply {
        let session = seen.header("x-ms-documentdb-partitionkeyrangeid");
        let session = format!("{}:1#{}", session.unwrap_or("0"), max);
        if let Some(part) = &*self.part.borrow() {
            let body = json!({"Documents": [part]}).to_string();
            return Reply::json(&body)
                .with("x-ms-request-charge", "2")
                .with("x-ms-session-token", &session);
        }
        let mut rows: Vec<_> = self.rows.iter().enumerate().collect();
        if self.sorted.get() {
            rows.sort_by_key(|(number, (_, value))| (*value, *number));
        }
        // A continuation holds for all parts of a partition.
        let from: usize = seen
            .header("x-ms-continuation")
            .map_or(0, |text| text.parse().unwrap());
        let wanted: i64 = seen.header("x-ms-max-item-count").unwrap().parse().unwrap();
        let page = usize::try_from(wanted)
            .unwrap_or(usize::MAX)
            .min(self.page.get());
        let inside =
            |(_, (_, (place, _))): &(usize, (usize, &(u8, i64)))| (min..max).contains(place);
        let mut left = rows
            .into_iter()
            .enumerate()
            .skip(from)
            .filter(inside)
            .peekable();
        let (mut documents, mut last) = (Vec::new(), 0);
        while documents.len() < page
            && let Some((place, (number, (_, value)))) = left.next()
        {
            documents.push(self.document(number, *value));
            last = place + 1;
        }
        let body = json!({"_rid": "r1", "Documents": documents, "_count": documents.len()});
        let reply = Reply::json(&body.to_string())
            .with("x-ms-request-charge", "2")
            .with("x-ms-session-token", &session);
        match left.peek() {
            Some(_) => reply.with("x-ms-continuation", &last.to_string()),
            None => reply,
        }
    }

    fn document(&self, number: usize, value: i64) -> Value {
        if !self.sorted.get() {
            return json!({"v": value});
        }
        let mut rid = vec![0, 0, 0, 1, 0x80, 0, 0, 1];
        rid.extend((number as u64).to_le_bytes());
        let rid = base64::engine::general_purpose::STANDARD.encode(rid);
        let rid = rid.replace('/', "-");
        json!({"_rid": rid, "orderByItems": [{"item": value}], "payload": {"v": value}})
    }

    fn ranges(&self, seen: &Seen) -> Reply {
        let point = |byte: &u8| format!("{byte:02X}").parse().unwrap();
        let range = |(id, min, max): &(String, u8, u8)| {
            let (min, max) = (point(min), point(max));
            (id.clone(), EpkRange { min, max })
        };
        let live: Vec<_> = self.partitions.borrow().iter().map(range).collect();
        self.range_feed.answer(seen, &live)
    }
}

/// A query over the container.
pub(super) fn query(text: &str) -> Query {
    Query {
        container: at(),
        target: Target::Container,
        text: text.to_owned(),
        parameters: Vec::new(),
        query_metrics: false,
        index_metrics: false,
        max_item_count: None,
        continuation: None,
        session_token: None,
        resumable: false,
    }
}

/// The values of a page's rows.
pub(super) fn values(page: &Page) -> Vec<i64> {
    let body: Value = serde_json::from_slice(&page.body).unwrap();
    let rows = body["Documents"].as_array().unwrap();
    assert_eq!(body["_count"], json!(rows.len()));
    let value = |row: &Value| row.get("v").unwrap_or(row).as_i64().unwrap();
    rows.iter().map(value).collect()
}
