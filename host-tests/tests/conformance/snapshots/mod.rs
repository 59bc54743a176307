//! Cold, warm, or from a snapshot: what goes over the wire until an operation is done.

use std::fmt;

use cosmosdb_driver_host::types::{
    FeedOperation, FeedOptions, FeedScope, MetadataMode, OperationOptions, QueryItems, Restored,
    SnapshotRefusal,
};
use cosmosdb_driver_host::{Config, Credential, Error, Options};
use host_tests::emulator::Emulator;
use host_tests::gateway::Direction::Ascending;
use host_tests::gateway::{self, Control, Gateway, Plan};
use host_tests::scripted::Seen;
use serde_json::{Value, json};

use crate::account::{self, Account, CONTAINER, DATABASE};
use crate::build::{at, container, json as parse, text};
use crate::face::{Driver, Face};
use crate::scene::config;

mod clients;

on_every_face!(
    requests_until_an_operation_is_done,
    a_split_since_the_snapshot_is_found,
    a_container_created_anew_since_is_found,
    a_session_goes_on_elsewhere,
    secrets_and_items_are_not_in_it,
    wrong_ones_are_refused_by_name,
);

const RANGES: u32 = 4;

/// Requests for the partition key ranges: a page, and one that is told that there is no more.
const PAGES: usize = 2;
const ITEMS: i64 = 40;
const SORTED: &str = "SELECT * FROM c ORDER BY c.n";

/// An account with items in several partitions.
fn gateway() -> Gateway {
    let options = gateway::Options {
        database: DATABASE,
        container: CONTAINER,
        ranges: RANGES,
        ..gateway::Options::default()
    };
    let gateway = Gateway::start(options).unwrap();
    for n in 0..ITEMS {
        items(&gateway).put(item(n));
    }
    gateway.register(SORTED, Plan::all().order_by("c.n", Ascending));
    gateway
}

fn items(gateway: &Gateway) -> Control<'_> {
    gateway.container(DATABASE, CONTAINER)
}

fn item(n: i64) -> Value {
    json!({ "id": n.to_string(), "pk": format!("k{n}"), "n": n })
}

async fn open(face: Face, gateway: &Gateway, metadata: MetadataMode) -> Driver {
    let config = config(&gateway.endpoint()).metadata(metadata);
    face.open(Options::default(), &config).await.unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Task {
    Read,
    Write,
    QueryKey,
    QueryPlain,
    QuerySorted,
}

const TASKS: [Task; 5] = [
    Task::Read,
    Task::Write,
    Task::QueryKey,
    Task::QueryPlain,
    Task::QuerySorted,
];

impl Task {
    /// Does it, and says how many items came.
    async fn run(self, driver: &mut Driver) -> usize {
        let (query, scope) = match self {
            Self::Read => {
                let read = driver.execute(at(text("k7")).read("7")).await.unwrap();
                assert_eq!(parse(&read.body)["n"], 7);
                return 1;
            }
            Self::Write => {
                let body = item(7).to_string();
                driver.execute(at(text("k7")).upsert(body)).await.unwrap();
                return 1;
            }
            Self::QueryKey => ("SELECT * FROM c", FeedScope::Key(text("k7"))),
            Self::QueryPlain => ("SELECT * FROM c", FeedScope::Container),
            Self::QuerySorted => (SORTED, FeedScope::Container),
        };
        query_all(driver, query, scope).await
    }
}

async fn query_all(driver: &mut Driver, query: &str, scope: FeedScope) -> usize {
    let query = FeedOperation::QueryItems(QueryItems {
        container: container(DATABASE, CONTAINER),
        scope,
        text: query.to_owned(),
        parameters: Vec::new(),
        query_metrics: false,
        index_metrics: false,
    });
    let options = OperationOptions::default();
    let feed = driver.open_feed(query, FeedOptions::default(), options);
    let feed = feed.await.unwrap();
    let mut found = 0;
    loop {
        let page = driver.next_page(&feed).await.unwrap();
        if page.status == 204 {
            driver.release(feed).await.unwrap();
            return found;
        }
        found += parse(&page.body)["Documents"].as_array().unwrap().len();
    }
}

/// Requests: for metadata, for a query plan, for items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent(usize, usize, usize);

impl Sent {
    fn of(gateway: &Gateway) -> Self {
        let seen = gateway.requests();
        gateway.clear();
        let about_items = |seen: &&Seen| seen.path.contains("/docs");
        let plan = |seen: &&Seen| seen.header("x-ms-cosmos-is-query-plan-request").is_some();
        let (items, plans) = (
            seen.iter().filter(about_items).count(),
            seen.iter().filter(plan).count(),
        );
        Self(seen.len() - items, plans, items - plans)
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.0, self.1, self.2)
    }
}

#[expect(clippy::print_stdout, reason = "the table is worth a look")]
async fn requests_until_an_operation_is_done(face: Face) {
    use MetadataMode::{Eager, Lean};
    let gateway = gateway();
    let mut source = open(face, &gateway, Eager).await;
    for task in TASKS {
        task.run(&mut source).await;
    }
    let snapshot = source.snapshot().await.unwrap();
    let all = usize::try_from(RANGES).unwrap();
    let (one, plain, sorted) = (Sent(0, 0, 1), Sent(0, 0, all), Sent(0, 1, all));
    // The container and its ranges; for an eager driver the account too.
    let of = |metadata, plans| Sent(metadata, plans, all);
    let cold_lean = [one, one, one, of(1 + PAGES, 0), of(1 + PAGES, 1)];
    let two = Sent(2, 0, 1);
    let cold_eager = [two, two, two, of(2 + PAGES, 0), of(2 + PAGES, 1)];
    let restored = [one, one, one, plain, sorted];
    // The plan is kept as long as the instance lives.
    let warm = [one, one, one, plain, plain];
    println!("metadata+plan+items        read   write  by key  plain  sorted");
    for (name, mode, from, runs, expected) in [
        ("cold lean", Lean, None, 1, cold_lean),
        ("cold eager", Eager, None, 1, cold_eager),
        ("warm lean", Lean, None, 2, warm),
        ("warm eager", Eager, None, 2, warm),
        ("restored lean", Lean, Some(&snapshot), 1, restored),
        ("restored eager", Eager, Some(&snapshot), 1, restored),
    ] {
        let mut row = Vec::new();
        for task in TASKS {
            let mut driver = open(face, &gateway, mode).await;
            if let Some(snapshot) = from {
                // The account, the session, the definition, the ranges.
                let restored = driver.restore(snapshot).await.unwrap();
                assert_eq!(all_of(&restored), 4);
            }
            let mut sent = None;
            for _ in 0..runs {
                gateway.clear();
                let found = task.run(&mut driver).await;
                let whole = matches!(task, Task::QueryPlain | Task::QuerySorted);
                assert_eq!(found as i64, if whole { ITEMS } else { 1 });
                sent = Some(Sent::of(&gateway));
            }
            row.push(sent.unwrap());
        }
        let cells: Vec<_> = row.iter().map(Sent::to_string).collect();
        println!("{name:<24} {}", cells.join("  "));
        assert_eq!(row, expected, "{name}");
    }
}

/// How many parts were used; none was left out.
fn all_of(restored: &Restored) -> u32 {
    let left = [
        restored.known,
        restored.outdated,
        restored.full,
        restored.unreadable,
    ];
    assert_eq!(left, [0; 4]);
    restored.taken
}

/// The snapshot of a driver that knows everything, and a driver that begins with it.
async fn two(face: Face, gateway: &Gateway) -> (Vec<u8>, Driver) {
    let mut source = open(face, gateway, MetadataMode::Eager).await;
    query_all(&mut source, "SELECT * FROM c", FeedScope::Container).await;
    Task::Write.run(&mut source).await;
    let snapshot = source.snapshot().await.unwrap();
    let mut driver = open(face, gateway, MetadataMode::Eager).await;
    driver.restore(&snapshot).await.unwrap();
    gateway.clear();
    (snapshot, driver)
}

async fn a_split_since_the_snapshot_is_found(face: Face) {
    let gateway = gateway();
    let (_, mut driver) = two(face, &gateway).await;
    let ranges = items(&gateway).ranges();
    items(&gateway).split(&ranges[0].0);
    items(&gateway).merge(&ranges[1].0, &ranges[2].0);
    for n in 0..ITEMS {
        let read = at(text(&format!("k{n}"))).read(&n.to_string());
        assert_eq!(driver.execute(read).await.unwrap().status, 200);
    }
    let Sent(metadata, _, reads) = Sent::of(&gateway);
    assert_eq!((metadata, reads as i64), (0, ITEMS), "one request each");
    let found = query_all(&mut driver, "SELECT * FROM c", FeedScope::Container).await;
    assert_eq!(found as i64, ITEMS, "each once");
    let Sent(metadata, ..) = Sent::of(&gateway);
    // Pages of 304 and 200.
    assert!((1..=4).contains(&metadata), "{metadata}");
    query_all(&mut driver, "SELECT * FROM c", FeedScope::Container).await;
    assert_eq!(Sent::of(&gateway), Sent(0, 0, 4), "and once and for all");
}

async fn a_container_created_anew_since_is_found(face: Face) {
    let gateway = gateway();
    let (snapshot, mut driver) = two(face, &gateway).await;
    gateway.create(DATABASE, CONTAINER, &["/pk"], 2);
    items(&gateway).put(item(7));
    assert_eq!(Task::Read.run(&mut driver).await, 1);
    let container = "GET /dbs/shop/colls/items";
    let read = "GET /dbs/shop/colls/items/docs/7";
    assert_eq!(gateway.lines(), [read, container, read]);
    let tokens: Vec<_> = gateway.requests();
    let mut tokens = tokens.iter().map(|seen| seen.header("x-ms-session-token"));
    assert_eq!(
        tokens.next_back(),
        Some(None),
        "the old session is forgotten"
    );
    // What is known now is not given up for what was.
    let again = driver.restore(&snapshot).await.unwrap();
    assert_eq!((again.taken, again.known), (0, 4));
    gateway.clear();
    let found = query_all(&mut driver, "SELECT * FROM c", FeedScope::Container).await;
    assert_eq!((found, Sent::of(&gateway)), (1, Sent(PAGES, 0, 2)));

    // A query by a lean driver meets it too.
    let mut lean = open(face, &gateway, MetadataMode::Lean).await;
    lean.restore(&snapshot).await.unwrap();
    assert_eq!(Task::Read.run(&mut lean).await, 1);
}

async fn a_session_goes_on_elsewhere(face: Face) {
    let mut account = Account::new(face).await;
    let written = account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    let token = written.headers.session_token.unwrap();
    let snapshot = account.driver.snapshot().await.unwrap();
    for mode in [MetadataMode::Eager, MetadataMode::Lean] {
        let mut other = account.another(face, |config| config.metadata(mode)).await;
        other.restore(&snapshot).await.unwrap();
        account.emulator.take_requests();
        let read = other.execute(at(text("a")).read("1")).await.unwrap();
        assert_eq!(read.diagnostics.request_count, 1);
        let seen = account.last();
        assert_eq!(seen.header("x-ms-session-token"), Some(&*token));
    }
    // Two sessions become one.
    let mut other = account.another(face, |config| config).await;
    let read = other.execute(at(text("a")).read("1")).await.unwrap();
    assert_eq!(read.status, 200);
    assert_eq!(other.restore(&snapshot).await.unwrap().taken, 1);
    other.execute(at(text("a")).read("1")).await.unwrap();
    assert_eq!(account.last().header("x-ms-session-token"), Some(&*token));
}

async fn secrets_and_items_are_not_in_it(face: Face) {
    let mut account = Account::new(face).await;
    let body = r#"{"id":"an-id-of-mine","pk":"a-key-of-mine","text":"private"}"#;
    account.ok(at(text("a-key-of-mine")).create(body)).await;
    let (endpoint, key) = (
        account.emulator.endpoint(),
        account.emulator.key().to_owned(),
    );
    let snapshot = account.driver.snapshot().await.unwrap();
    let holds = |text: &str| {
        let text = text.as_bytes();
        snapshot.windows(text.len()).any(|part| part == text)
    };
    assert!(holds(DATABASE) && holds(CONTAINER) && holds("/pk"));
    for secret in [
        &*key,
        &key[..8],
        "an-id-of-mine",
        "a-key-of-mine",
        "private",
    ] {
        assert!(!holds(secret), "{secret}");
    }
    // Whoever signs, nothing of it is kept.
    for credential in [
        Credential::bearer_token("token-of-mine"),
        Credential::resource_token("type=resource&ver=1&sig=token-of-mine"),
    ] {
        let config = Config::new(endpoint.clone(), credential);
        let driver = face
            .open(account::options(&account.emulator), &config)
            .await;
        let mut driver = driver.unwrap();
        driver.restore(&snapshot).await.unwrap();
        let own = driver.snapshot().await.unwrap();
        let secret = b"token-of-mine";
        assert!(!own.windows(secret.len()).any(|part| part == secret));
        assert!(own.len() > 100 && own.len() < 1_000, "{}", own.len());
    }
}

async fn wrong_ones_are_refused_by_name(face: Face) {
    let gateway = gateway();
    let (snapshot, mut driver) = two(face, &gateway).await;
    let another = self::gateway();
    let mut stranger = open(face, &another, MetadataMode::Eager).await;
    let newer = [&snapshot[..4], &[9], &snapshot[5..]].concat();
    let cut = &snapshot[..snapshot.len() / 2];
    refused(stranger.restore(&snapshot).await, SnapshotRefusal::Foreign);
    refused(driver.restore(&newer).await, SnapshotRefusal::Newer);
    refused(driver.restore(cut).await, SnapshotRefusal::Damaged);
    refused(driver.restore(b"").await, SnapshotRefusal::Damaged);
    let large = vec![0; (1 << 20) + 1];
    refused(driver.restore(&large).await, SnapshotRefusal::TooLarge);
    // What it knows stays as it was.
    Task::Read.run(&mut driver).await;
    assert_eq!(Sent::of(&gateway), Sent(0, 0, 1));
    driver.close().await.unwrap();
    assert_eq!(driver.snapshot().await.unwrap(), b"");
    refused(driver.restore(&snapshot).await, SnapshotRefusal::Closed);
}

fn refused(result: Result<Restored, Error>, expected: SnapshotRefusal) {
    match result {
        Err(error @ Error::Snapshot(refusal)) => {
            assert_eq!(refusal, expected);
            assert!(error.to_string().contains(':'), "what to do: {error}");
        }
        other => panic!("{other:?}"),
    }
}

/// The emulator of Microsoft agrees on how many requests there are.
#[tokio::test]
async fn lean_and_restored_are_one_request_on_the_emulator() {
    let emulator = Emulator::builder().start_blocking().unwrap();
    let account = Account::bare(Face::Concurrent, emulator, |config| config).await;
    let mut account = account.prepare(&["/pk"], 2).await;
    account
        .ok(at(text("a")).create(r#"{"id":"1","pk":"a"}"#))
        .await;
    let snapshot = account.driver.snapshot().await.unwrap();
    for mode in [MetadataMode::Lean, MetadataMode::Eager] {
        let mut other = account
            .another(Face::Concurrent, |config| config.metadata(mode))
            .await;
        if mode == MetadataMode::Eager {
            other.restore(&snapshot).await.unwrap();
        }
        account.emulator.take_requests();
        other.execute(at(text("a")).read("1")).await.unwrap();
        assert_eq!(account.emulator.take_requests().len(), 1);
    }
}
