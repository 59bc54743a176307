//! Session tokens: which answers are believed, which requests carry what (spec driver-core §6).

use std::cell::Cell;

use futures_util::future::join;

use crate::core::clock::{MILLI, SECOND};
use crate::core::config::{Config, TopologyCache};
use crate::core::consistency::ReadConsistency;
use crate::core::operation::Conditions;
use crate::core::{ErrorKind, MetadataMode, Operation, OperationOptions};
use crate::engine::Driver;
use crate::engine::testing::{
    CONTAINER, RANGES, Reply, Seen, Sim, TWO_RANGES, account, at, create, create_of, item,
    metadata, metadata_with, read, read_of,
};

const TOKEN: &str = "x-ms-session-token";
const STRATEGY: &str = "x-ms-cosmos-read-consistency-strategy";

/// A driver of an account with the regions east and west, where every item request is answered by `answer`.
fn open(
    document: &str,
    change: impl FnOnce(&mut Config),
    answer: impl Fn(&Seen) -> Reply + 'static,
) -> (Sim, Driver<Sim>) {
    let document = document.to_owned();
    let sim = Sim::new(move |seen| {
        metadata_with(seen, &document, TWO_RANGES).unwrap_or_else(|| answer(seen))
    });
    let driver = sim.open(change);
    (sim, driver)
}

fn single_write() -> String {
    account(&["east", "west"], false, "")
}

fn ok(token: &str) -> Reply {
    Reply::status(200, 0).with(TOKEN, token)
}

/// The session tokens of the item requests since the last look; `-` for none.
fn tokens(sim: &Sim) -> Vec<String> {
    let requests = sim.item_requests();
    let token = |seen: &Seen| seen.header(TOKEN).unwrap_or("-").to_owned();
    requests.iter().map(token).collect()
}

fn eager(config: &mut Config) {
    config.partition_failover.topology_cache = Some(TopologyCache::Eager);
}

fn options(change: impl FnOnce(&mut OperationOptions)) -> OperationOptions {
    let mut options = OperationOptions::default();
    change(&mut options);
    options
}

#[test]
fn captured_by_status() {
    for (status, sub_status, captured) in [
        (200, 0, true),
        (304, 0, true),
        (404, 0, true),
        (404, 1003, true),
        (409, 0, true),
        (412, 0, true),
        (404, 1002, false),
        (400, 0, false),
        (403, 0, false),
        (408, 0, false),
        (410, 0, false),
        (413, 0, false),
        (429, 0, false),
        (449, 0, false),
        (500, 0, false),
        (503, 0, false),
    ] {
        let once = |config: &mut Config| {
            config.defaults.max_failover_retries = Some(0);
            config.defaults.max_session_retries = Some(0);
            config.defaults.max_throttle_retries = Some(0);
        };
        let answer = move |_: &Seen| Reply::status(status, sub_status).with(TOKEN, "0:1#7");
        let (sim, driver) = open(&single_write(), once, answer);
        sim.execute(&driver, read()).ok();
        sim.seen();
        sim.execute(&driver, read()).ok();
        let expected = if captured { "0:1#7" } else { "-" };
        assert_eq!(tokens(&sim)[0], expected, "{status}/{sub_status}");
    }
}

#[test]
fn sent_by_account_operation_and_strategy() {
    use ReadConsistency::{Default, Eventual, LatestCommitted, Session};
    for (level, strategy, reads, multi_write, writes) in [
        ("Session", Default, true, true, true),
        ("Session", Default, true, false, false),
        ("Session", Session, true, false, false),
        ("Session", Eventual, false, true, true),
        ("Session", LatestCommitted, false, false, false),
        ("Eventual", Default, false, true, false),
        ("Eventual", Session, true, true, false),
        ("BoundedStaleness", Default, false, false, false),
        ("Strong", Default, false, false, false),
        ("Strong", Session, true, false, false),
    ] {
        let policy = format!(r#","userConsistencyPolicy":{{"defaultConsistencyLevel":"{level}"}}"#);
        let document = account(&["east", "west"], multi_write, &policy);
        let with = |config: &mut Config| config.defaults.read_consistency = Some(strategy);
        let (sim, driver) = open(&document, with, |_| ok("0:1#7"));
        sim.execute(&driver, create()).unwrap();
        sim.seen();
        sim.execute(&driver, read()).unwrap();
        sim.execute(&driver, create()).unwrap();
        let sent = |yes| if yes { "0:1#7" } else { "-" };
        let case = format!("{level} {strategy:?} {multi_write}");
        assert_eq!(tokens(&sim), [sent(reads), sent(writes)], "{case}");
    }
}

#[test]
fn a_known_partition_gets_its_own_token_and_an_unknown_one_all() {
    let answer = |seen: &Seen| {
        ok(if seen.range() == "0" {
            "0:1#10"
        } else {
            "1:1#20"
        })
    };
    for (change, expected) in [
        (eager as fn(&mut Config), ["-", "-", "0:1#10", "1:1#20"]),
        (|_| {}, ["-", "0:1#10", "0:1#10,1:1#20", "0:1#10,1:1#20"]),
    ] {
        let (sim, driver) = open(&single_write(), change, answer);
        for range in ["0", "1", "0", "1"] {
            sim.execute(&driver, read_of(range)).unwrap();
        }
        assert_eq!(tokens(&sim), expected);
    }
}

#[test]
fn after_a_split_the_children_begin_where_their_parent_was() {
    const SPLIT: &str = r#"{"PartitionKeyRanges":[{"id":"1","minInclusive":"","maxExclusive":"20","parents":["0"]},
        {"id":"2","minInclusive":"20","maxExclusive":"FF","parents":["0"]}]}"#;
    let document = single_write();
    let (sim, driver) = open(&document, eager, |_| Reply::status(500, 0));
    let before = document.clone();
    sim.script(move |seen| {
        metadata_with(seen, &before, RANGES).unwrap_or_else(|| ok("0:1#50#1=9"))
    });
    sim.execute(&driver, create()).unwrap();
    sim.execute(&driver, read()).unwrap();
    assert_eq!(tokens(&sim), ["-", "0:1#50#1=9"]);
    sim.script(move |seen| {
        let item = || match seen.header(TOKEN) {
            Some(token) if token.starts_with("0:") => Reply::status(410, 1002),
            _ => ok("2:2#55#1=11"),
        };
        metadata_with(seen, &document, SPLIT).unwrap_or_else(item)
    });
    sim.execute(&driver, read_of("1")).unwrap();
    // The request that is sent again has the token of the partition that it goes to now.
    assert_eq!(tokens(&sim), ["0:1#50#1=9", "2:1#50#1=9"]);
    sim.execute(&driver, read_of("1")).unwrap();
    sim.execute(&driver, read_of("0")).unwrap();
    assert_eq!(tokens(&sim), ["2:2#55#1=11", "1:1#50#1=9"]);
}

#[test]
fn the_callers_token_goes_as_it_is() {
    let own = "7:1#3#2=1,8:-1#5";
    let with = |item, session_token| Operation::ReadItem {
        item,
        conditions: Conditions {
            session_token,
            ..Conditions::default()
        },
    };
    let custom =
        options(|options| options.custom_headers = vec![(TOKEN.to_owned(), own.to_owned())]);
    for disabled in [false, true] {
        let (sim, driver) = open(
            &single_write(),
            |config| config.defaults.session_capturing_disabled = Some(disabled),
            |seen| {
                if seen.region == "west" {
                    ok("0:1#7")
                } else {
                    Reply::status(404, 1002)
                }
            },
        );
        let result = sim.execute(&driver, with(item(), Some(own.to_owned())));
        assert_eq!(result.unwrap_err().status, Some(503));
        assert_eq!(tokens(&sim), [own; 3], "through all retries");
        sim.run(driver.execute(create(), custom.clone()))
            .unwrap_err();
        assert!(tokens(&sim).iter().all(|token| token == own));
        sim.run(driver.execute(read(), custom.clone())).unwrap_err();
        assert_eq!(tokens(&sim), [own; 3]);
    }
}

#[test]
fn nothing_is_kept_or_sent_where_capturing_is_disabled() {
    let (sim, driver) = open(&single_write(), |_| {}, |_| ok("0:1#7"));
    let disabled = || options(|options| options.session_capturing_disabled = Some(true));
    sim.run(driver.execute(read(), disabled())).unwrap();
    sim.execute(&driver, read()).unwrap();
    sim.run(driver.execute(read(), disabled())).unwrap();
    sim.execute(&driver, read()).unwrap();
    assert_eq!(tokens(&sim), ["-", "-", "-", "0:1#7"]);
}

#[test]
fn a_strategy_is_named_on_reads_alone() {
    use ReadConsistency::{Default, Eventual, GlobalStrong, LatestCommitted, Session};
    let strong = r#","userConsistencyPolicy":{"defaultConsistencyLevel":"Strong"}"#;
    let document = account(&["east"], false, strong);
    for (strategy, header, level) in [
        (Default, None, Some("Eventual")),
        (Eventual, Some("Eventual"), None),
        (Session, Some("Session"), None),
        (LatestCommitted, Some("LatestCommitted"), None),
        (GlobalStrong, Some("GlobalStrong"), None),
    ] {
        let (sim, driver) = open(&document, |_| {}, |_| ok("0:1#7"));
        let with = || {
            options(|options| {
                options.read_consistency = Some(strategy);
                let level = ("x-ms-consistency-level".to_owned(), "Eventual".to_owned());
                options.custom_headers = vec![level];
            })
        };
        sim.run(driver.execute(read(), with())).unwrap();
        sim.run(driver.execute(create(), with())).unwrap();
        for seen in sim.seen() {
            let is_read = seen.what() == "item" && seen.method == "GET";
            let expected = if is_read {
                (header, level)
            } else {
                (None, Some("Eventual"))
            };
            // The account is read before anybody asks for anything.
            if seen.what() != "account" {
                let said = (seen.header(STRATEGY), seen.header("x-ms-consistency-level"));
                assert_eq!(said, expected, "{strategy:?} {} {}", seen.method, seen.path);
            }
        }
    }
}

#[test]
fn global_strong_needs_a_strong_account() {
    let strategy = |config: &mut Config| {
        config.defaults.read_consistency = Some(ReadConsistency::GlobalStrong)
    };
    let (sim, driver) = open(&single_write(), strategy, |_| ok("0:1#7"));
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert_eq!(sim.trail(), "");
    // Writes ignore it, and so do reads of other things than items.
    sim.execute(&driver, create()).unwrap();
    sim.execute(&driver, Operation::ReadContainer(at()))
        .unwrap();
    assert_eq!(sim.trail(), "east");
}

#[test]
fn lean_drivers_keep_sessions_by_name() {
    let lean = |config: &mut Config| config.metadata = MetadataMode::Lean;
    let answer = |seen: &Seen| {
        ok(if seen.range() == "0" {
            "0:1#10"
        } else {
            "1:1#20"
        })
    };
    let (sim, driver) = open(&single_write(), lean, answer);
    for range in ["0", "1", "0"] {
        sim.execute(&driver, read_of(range)).unwrap();
    }
    sim.execute(&driver, create()).unwrap();
    let seen = sim.seen();
    assert!(seen.iter().all(|seen| seen.what() == "item"), "{seen:?}");
    let sent: Vec<_> = seen.iter().map(|seen| seen.header(TOKEN)).collect();
    assert_eq!(sent, [None, Some("0:1#10"), Some("0:1#10,1:1#20"), None]);
}

#[test]
fn a_region_that_lags_does_not_cost_the_token() {
    for (multi_write, trail) in [(false, "west east"), (true, "west east")] {
        let document = account(&["east", "west"], multi_write, "");
        let lags = |seen: &Seen| match seen.region.as_str() {
            "west" if seen.method == "GET" => Reply::status(404, 1002).with(TOKEN, "0:1#2"),
            _ => ok("0:1#50"),
        };
        let west = |config: &mut Config| config.preferred_regions = vec!["West".to_owned()];
        let (sim, driver) = open(&document, west, lags);
        sim.execute(&driver, create()).unwrap();
        sim.seen();
        let response = sim.execute(&driver, read()).unwrap();
        let seen = sim.item_requests();
        let regions: Vec<_> = seen.iter().map(|seen| seen.region.as_str()).collect();
        assert_eq!(regions.join(" "), trail);
        assert!(seen.iter().all(|seen| seen.header(TOKEN) == Some("0:1#50")));
        // What the lagging region had got to is on record.
        let attempts = &response.diagnostics.attempts;
        assert_eq!(attempts[0].session_token(), Some("0:1#2"));
        assert_eq!(attempts[0].session_token_bytes_sent, 6);
    }
}

#[test]
fn what_was_written_is_read() {
    let lsn = Cell::new(0);
    let answer = move |seen: &Seen| {
        if seen.method == "POST" {
            lsn.set(lsn.get() + 1);
        }
        ok(&format!("{}:1#{}", seen.range(), lsn.get()))
    };
    let (sim, driver) = open(&single_write(), |_| {}, answer);
    for (operation, sent) in [
        (create_of("0"), "-"),
        (read_of("0"), "0:1#1"),
        (create_of("1"), "-"),
        (create_of("0"), "-"),
        (read_of("1"), "0:1#3,1:1#2"),
    ] {
        sim.execute(&driver, operation).unwrap();
        assert_eq!(tokens(&sim), [sent]);
    }
    sim.execute(&driver, Operation::DeleteContainer(at()))
        .unwrap();
    sim.execute(&driver, read_of("0")).unwrap();
    assert_eq!(tokens(&sim), ["-"]);
}

#[test]
fn the_loser_of_a_race_is_not_believed() {
    let answer = |seen: &Seen| match seen.region.as_str() {
        "east" => ok("0:1#99").after(1_400 * MILLI),
        _ => ok("0:1#50").after(300 * MILLI),
    };
    let (sim, driver) = open(&single_write(), |_| {}, answer);
    sim.execute(&driver, read()).unwrap();
    sim.pass(SECOND);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(tokens(&sim), ["-", "-", "0:1#50", "0:1#50"]);
}

#[test]
fn a_late_answer_of_a_container_that_is_gone_spoils_nothing() {
    let document = single_write();
    let (sim, driver) = open(&document, |_| {}, |_| Reply::status(200, 0));
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    let asked = Cell::new(0);
    sim.script(move |seen| {
        if seen.what() == "container" {
            return Reply::json(&CONTAINER.replace("r1", "r2"));
        }
        let rid = seen
            .header("x-ms-cosmos-intended-collection-rid")
            .unwrap_or("");
        let item = || match (rid, asked.replace(asked.get() + 1)) {
            ("r1", 0) => ok("0:1#900")
                .with("x-ms-content-path", "r1")
                .after(500 * MILLI),
            ("r1", _) => Reply::status(400, 1024),
            _ => ok("0:1#3").with("x-ms-content-path", "r2"),
        };
        metadata(seen, &document).unwrap_or_else(item)
    });
    let execute = || driver.execute(read(), OperationOptions::default());
    let (late, early) = sim.run(join(execute(), execute()));
    assert!(late.is_ok() && early.is_ok());
    sim.seen();
    sim.execute(&driver, read()).unwrap();
    assert_eq!(tokens(&sim), ["0:1#3"]);
}
