//! What one instance has learned is where another begins.

use std::cell::Cell;
use std::rc::Rc;

use crate::core::clock::SECOND;
use crate::core::config::{Config, TopologyCache};
use crate::core::operation::ContainerRef;
use crate::core::snapshot::{Refused, Restored};
use crate::core::{MetadataMode, OperationOptions};
use crate::engine::containers::MAX_CONTAINERS;
use crate::engine::testing::{
    CONTAINER, Reply, Seen, Sim, TWO_RANGES, account, create_of, item, metadata, metadata_with,
    read, read_of,
};
use crate::engine::{Driver, World as _};

const TOKEN: &str = "x-ms-session-token";
const RID: &str = "x-ms-cosmos-intended-collection-rid";

/// An account with the regions east, west and north, and a container of two partitions; items are answered like this.
fn service(items: impl Fn(&Seen) -> Reply + 'static) -> impl Fn(&Seen) -> Reply + 'static {
    let document = account(&["east", "west", "north"], false, "");
    move |seen| metadata_with(seen, &document, TWO_RANGES).unwrap_or_else(|| items(seen))
}

fn good(_: &Seen) -> Reply {
    Reply::status(200, 0).with(TOKEN, "0:1#9#1=3")
}

fn plain(config: &mut Config) {
    config.defaults.hedging_enabled = Some(false);
    config.partition_failover.circuit_breaker_enabled = Some(false);
}

fn lean(config: &mut Config) {
    plain(config);
    config.metadata = MetadataMode::Lean;
}

/// With the partition key ranges of each container.
fn thorough(config: &mut Config) {
    plain(config);
    config.partition_failover.topology_cache = Some(TopologyCache::Eager);
}

/// A driver that has read an item.
fn first(change: impl FnOnce(&mut Config)) -> (Sim, Driver<Sim>) {
    let sim = Sim::new(service(good));
    let driver = sim.open(change);
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    (sim, driver)
}

fn taken(taken: u32) -> Restored {
    Restored {
        taken,
        ..Restored::default()
    }
}

/// What the snapshot's first reader sends for a read, so many seconds later; and what became of the parts.
fn second(
    (sim, driver): &(Sim, Driver<Sim>),
    later: i64,
    change: impl FnOnce(&mut Config),
) -> (Vec<String>, Restored) {
    let there = sim.elsewhere(later, service(good));
    let other = there.open(change);
    let restored = other.restore(&driver.snapshot()).unwrap();
    let start = there.now();
    assert_eq!(there.execute(&other, read()).unwrap().status, 200);
    (there.trace(start), restored)
}

#[test]
fn a_restored_driver_sends_what_a_warm_one_sends() {
    let first = first(thorough);
    // The account, the session, the definition, the ranges.
    let (trace, restored) = second(&first, 5, thorough);
    assert_eq!((trace, restored), (vec!["east 0".to_owned()], taken(4)));
    let (trace, _) = second(&first, 5, lean);
    assert_eq!(trace, ["east 0"]);
    // What is preferred is the second driver's own choice.
    let preferring = |config: &mut Config| {
        plain(config);
        config.preferred_regions = vec!["North".to_owned()];
    };
    assert_eq!(second(&first, 5, preferring).0, ["north 0"]);
}

#[test]
fn a_snapshot_goes_on_unchanged() {
    let (sim, driver) = first(thorough);
    let snapshot = driver.snapshot();
    let other = sim.open(thorough);
    assert_eq!(other.restore(&snapshot), Ok(taken(4)));
    assert_eq!(other.snapshot(), snapshot);
    // A second time there is nothing new, but tokens are put together again.
    let again = Restored {
        taken: 1,
        known: 3,
        ..Restored::default()
    };
    assert_eq!(other.restore(&snapshot), Ok(again));
    assert_eq!(other.snapshot(), snapshot);
    assert!(sim.seen().is_empty(), "nothing is sent");
}

#[test]
fn the_account_is_as_old_as_it_is() {
    let first = first(plain);
    first.0.pass(200 * SECOND);
    // Ages are whole seconds, rather more than less.
    assert_eq!(second(&first, 98, plain).0, ["east 0"]);
    for later in [100, 86_400 * 400] {
        let (trace, restored) = second(&first, later, plain);
        assert_eq!(
            trace,
            ["east 0", "account global 0"],
            "beside the operation"
        );
        assert_eq!(restored, taken(3));
        // A lean driver would not know it otherwise, and needs not.
        let (trace, restored) = second(&first, later, lean);
        assert_eq!(
            (&trace[..], restored.outdated),
            (&["global 0".to_owned()][..], 1)
        );
        let preferring = |config: &mut Config| {
            lean(config);
            config.preferred_regions = vec!["West".to_owned()];
        };
        let (trace, restored) = second(&first, later, preferring);
        assert_eq!(trace, ["west 0", "account global 0"]);
        assert_eq!(restored, taken(3));
    }
    // Clocks differ; but from the future comes nothing that is known to be young.
    assert_eq!(second(&first, -60, plain).0, ["east 0"]);
    let (trace, _) = second(&first, -61, plain);
    assert_eq!(trace, ["east 0", "account global 0"]);
}

#[test]
fn endpoints_are_avoided_for_the_rest_of_their_time() {
    let (sim, driver) = first(plain);
    sim.script(service(|seen| {
        Reply::status(if seen.region == "east" { 503 } else { 200 }, 0)
    }));
    sim.execute(&driver, read()).unwrap();
    sim.pass(20 * SECOND);
    let failed = (sim, driver);
    for (later, region, fate) in [(0, "west 0", taken(4)), (38, "west 0", taken(4))] {
        let (trace, restored) = second(&failed, later, plain);
        assert_eq!((&trace[..], restored), (&[region.to_owned()][..], fate));
    }
    let (trace, restored) = second(&failed, 41, plain);
    assert_eq!(
        (&trace[..], restored.outdated),
        (&["east 0".to_owned()][..], 1)
    );
    // The rest of the time passes elsewhere too, on a clock that has only begun.
    let there = failed.0.elsewhere(30, service(good));
    let other = there.open(plain);
    other.restore(&failed.1.snapshot()).unwrap();
    for (wait, region) in [(0, "west"), (8, "west"), (3, "east")] {
        there.pass(wait * SECOND);
        there.execute(&other, read()).unwrap();
        assert_eq!(there.trail(), region, "{wait}");
    }
    // Who has read the account has seen for himself.
    let other = failed.0.open(plain);
    failed.0.script(service(good));
    failed.0.execute(&other, read()).unwrap();
    let restored = other.restore(&failed.1.snapshot()).unwrap();
    assert_eq!((restored.taken, restored.known), (1, 3));
    failed.0.seen();
    failed.0.execute(&other, read()).unwrap();
    assert_eq!(failed.0.trail(), "east");
}

/// The session tokens that were sent with items since the last look.
fn tokens(sim: &Sim) -> Vec<Option<String>> {
    let requests = sim.item_requests();
    let token = |seen: &Seen| seen.header(TOKEN).map(str::to_owned);
    requests.iter().map(token).collect()
}

#[test]
fn sessions_are_put_together() {
    for (own, theirs, both) in [
        ("0:1#5#1=1", "0:1#9#1=3", "0:1#9#1=3"),
        ("0:1#9#1=3", "0:1#5#1=1", "0:1#9#1=3"),
        ("0:1#9#1=3", "1:1#4#1=4", "0:1#9#1=3,1:1#4#1=4"),
    ] {
        let says = |token: &'static str| service(move |_| Reply::status(200, 0).with(TOKEN, token));
        let sim = Sim::new(says(theirs));
        let (one, other) = (sim.open(plain), sim.open(plain));
        sim.execute(&one, read()).unwrap();
        sim.script(says(own));
        sim.execute(&other, read()).unwrap();
        assert_eq!(other.restore(&one.snapshot()).unwrap().taken, 1);
        sim.seen();
        sim.execute(&other, read()).unwrap();
        assert_eq!(tokens(&sim), [Some(both.to_owned())]);
    }
}

#[test]
fn ranges_tell_which_token_is_sent() {
    let (sim, driver) = first(thorough);
    let script =
        service(|seen| Reply::status(200, 0).with(TOKEN, &format!("{}:1#7", seen.range())));
    let there = sim.elsewhere(1, script);
    let other = there.open(thorough);
    other.restore(&driver.snapshot()).unwrap();
    there.execute(&other, create_of("1")).unwrap();
    there.seen();
    for range in ["0", "1"] {
        there.execute(&other, read_of(range)).unwrap();
    }
    let (known, own) = ("0:1#9#1=3".to_owned(), "1:1#7".to_owned());
    assert_eq!(tokens(&there), [Some(known), Some(own)]);
}

/// A service whose container has this resource id by now.
fn recreated(rid: &'static str) -> impl Fn(&Seen) -> Reply + 'static {
    let document = account(&["east"], false, "");
    move |seen| match seen.what() {
        "container" => Reply::json(&CONTAINER.replace("r1", rid)),
        "item" if seen.header(RID).is_some_and(|sent| sent != rid) => Reply::status(400, 1024),
        "item" if seen.header(TOKEN).is_some_and(|sent| sent.contains("#9")) => {
            Reply::status(404, 1002)
        }
        "item" => Reply::status(200, 0)
            .with(TOKEN, "0:1#2#1=1")
            .with("x-ms-content-path", rid),
        _ => metadata(seen, &document).unwrap(),
    }
}

fn said(sim: &Sim) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let text = |seen: &Seen, name| seen.header(name).map(str::to_owned);
    let seen = sim.seen();
    let line = |seen: &Seen| (seen.what(), text(seen, RID), text(seen, TOKEN));
    seen.iter().map(line).collect()
}

#[test]
fn a_container_created_anew_since_is_found() {
    let (sim, driver) = first(thorough);
    let there = sim.elsewhere(1, recreated("r2"));
    let other = there.open(plain);
    other.restore(&driver.snapshot()).unwrap();
    there.execute(&other, read()).unwrap();
    there.execute(&other, read()).unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        said(&there),
        [
            // The item is on the other partition than the one that has been written to.
            ("item", text("r1"), None),
            ("container", None, None),
            ("item", text("r2"), None),
            ("item", text("r2"), text("0:1#2#1=1")),
        ]
    );
}

#[test]
fn a_lean_driver_finds_it_too() {
    let (sim, driver) = first(thorough);
    // Without a token nothing tells that it is another one; its own token does.
    let there = sim.elsewhere(1, recreated("r2"));
    let other = there.open(|config| {
        lean(config);
        config.defaults.session_capturing_disabled = Some(false);
    });
    other.restore(&driver.snapshot()).unwrap();
    let error = there.execute(&other, read()).unwrap_err();
    assert_eq!(error.sub_status, Some(20_310));
    let looked = said(&there);
    assert_eq!(looked.last().unwrap().0, "container");
    there.execute(&other, read()).unwrap();
    there.execute(&other, read()).unwrap();
    let sent: Vec<_> = said(&there)
        .into_iter()
        .map(|(_, _, token)| token)
        .collect();
    assert_eq!(sent, [None, Some("0:1#2#1=1".to_owned())]);

    // An answer that names another container than the known one makes that go.
    let without_token = first_without_token();
    let other = there.open(lean);
    assert_eq!(other.restore(&without_token), Ok(taken(2)));
    there.execute(&other, read()).unwrap();
    there.execute(&other, read()).unwrap();
    let sent: Vec<_> = said(&there)
        .into_iter()
        .map(|(_, _, token)| token)
        .collect();
    assert_eq!(sent, [None, Some("0:1#2#1=1".to_owned())]);
}

/// Of a driver that knows the container, and no session with it.
fn first_without_token() -> Vec<u8> {
    let sim = Sim::new(service(|_| Reply::status(200, 0)));
    let driver = sim.open(plain);
    sim.execute(&driver, read()).unwrap();
    driver.snapshot()
}

#[test]
fn what_the_driver_has_learned_itself_stays() {
    let (sim, driver) = first(thorough);
    let there = sim.elsewhere(1, recreated("r2"));
    for change in [thorough, lean] {
        let other = there.open(change);
        there.execute(&other, read()).unwrap();
        there.seen();
        let restored = other.restore(&driver.snapshot()).unwrap();
        // A lean driver knows but the session, and by it the container.
        let lean = other.state.borrow().as_ref().unwrap().metadata == MetadataMode::Lean;
        let (taken, known, full) = if lean { (1, 2, 1) } else { (0, 4, 0) };
        let expected = Restored {
            taken,
            known,
            full,
            ..Restored::default()
        };
        assert_eq!(restored, expected);
        there.execute(&other, read()).unwrap();
        let (_, rid, token) = said(&there).remove(0);
        assert_eq!(rid.as_deref(), (!lean).then_some("r2"));
        assert_eq!(token.as_deref(), Some("0:1#2#1=1"));
    }
}

#[test]
fn there_is_room_for_so_many_containers() {
    let (sim, driver) = first(thorough);
    let other = sim.open(plain);
    let state = other.state.borrow().clone().unwrap();
    let name = |n: usize| ContainerRef {
        database: "own".to_owned(),
        container: n.to_string(),
    };
    let kept: Vec<_> = (0..MAX_CONTAINERS)
        .map(|n| state.containers.entry(&name(n)))
        .collect();
    let restored = other.restore(&driver.snapshot()).unwrap();
    assert_eq!((restored.taken, restored.full), (2, 2));
    let still = state.containers.entry(&name(0));
    assert!(Rc::ptr_eq(&kept[0], &still), "its own stay");
}

#[test]
fn nothing_of_a_wrong_one_is_used() {
    let (sim, driver) = first(plain);
    let snapshot = driver.snapshot();
    let foreign = sim.open(|config| config.endpoint = Some("https://b.example.com".to_owned()));
    assert_eq!(foreign.restore(&snapshot), Err(Refused::Foreign));
    let other = sim.open(plain);
    for (bytes, refused) in [
        (&[][..], Refused::Damaged),
        (&snapshot[1..], Refused::Damaged),
        (&snapshot[..snapshot.len() - 1], Refused::Damaged),
        (&vec![0; 2 << 20], Refused::TooLarge),
    ] {
        assert_eq!(other.restore(bytes), Err(refused));
    }
    let start = sim.now();
    sim.execute(&other, read()).unwrap();
    assert_eq!(
        sim.trace(start),
        ["account global 0", "container east 1", "east 2"]
    );
    driver.close();
    assert_eq!(driver.snapshot(), b"");
    assert_eq!(driver.restore(&snapshot), Err(Refused::Closed));
}

#[test]
fn secrets_and_items_stay_where_they_are() {
    let sim = Sim::new(service(|_| Reply::json(r#"{"id":"private"}"#)));
    let driver = sim.open(thorough);
    sim.execute(&driver, read()).unwrap();
    let snapshot = driver.snapshot();
    let holds = |text: &str| {
        snapshot
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("a-west.example.com") && holds("/pk"));
    for secret in ["c2VjcmV0", "secret", "private", &item().id] {
        assert!(secret.len() < 2 || !holds(secret), "{secret}");
    }
}

#[test]
fn what_is_fetched_meanwhile_wins() {
    let (sim, driver) = first(plain);
    let asked = Rc::new(Cell::new(0));
    let counted = Rc::clone(&asked);
    let there = sim.elsewhere(1, move |seen| {
        counted.set(counted.get() + u32::from(seen.what() != "item"));
        recreated("r2")(seen)
    });
    let other = there.open(plain);
    let mut call = Box::pin(other.execute(read(), OperationOptions::default()));
    assert!(there.step(call.as_mut()).is_pending());
    assert_eq!(other.restore(&driver.snapshot()), Ok(taken(3)));
    assert_eq!(there.run(call).unwrap().status, 200);
    there.seen();
    there.execute(&other, read()).unwrap();
    assert_eq!(said(&there).len(), 1);
}
