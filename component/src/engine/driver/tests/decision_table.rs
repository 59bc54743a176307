//! Every row of the decision table (spec driver-core §4.4), for every class of operation, on accounts that write in one
//! region and in all: where the attempts go, after which pauses, whom they mark, and what is read again.
//!
//! The account has the regions east, west and north, in this order, and west is preferred. A trace names each attempt by
//! the first letter of its region; a number between two attempts is the pause in milliseconds, give or take the jitter.

use std::cell::Cell;

use crate::core::clock::{MILLI, Nanos, SECOND};
use crate::core::config::TopologyCache;
use crate::core::diagnostics::RequestSent;
use crate::core::exchange::FailureCause;
use crate::core::retry::Ending;
use crate::core::{Operation, Response, Result};
use crate::engine::testing::{Reply, Seen, Sim, account, create, increment, metadata, read};

/// What is done: read, write, and write that must not be carried out twice, each where one region writes and where all
/// do.
const COLUMNS: [(fn() -> Operation, bool); 6] = [
    (read, false),
    (read, true),
    (create, false),
    (create, true),
    (increment, false),
    (increment, true),
];

/// An account with one write region sends writes to the hub, whatever region is preferred.
const ONCE: [&str; 6] = ["w", "w", "e", "w", "e", "w"];
const AROUND: [&str; 6] = ["w e n w", "w e n w", HUB, "w e n w", HUB, "w e n w"];
const REPEATABLE: [&str; 6] = ["w e n w", "w e n w", HUB, "w e n w", "e", "w"];
const HUB: &str = "e 100 e 200 e 300 e";
const RECONNECT: [&str; 6] = [
    "w w e e n n w w",
    "w w e e n n w w",
    "e e 100 e e 200 e e 300 e e",
    "w w e e n n w w",
    "e e 100 e e 200 e e 300 e e",
    "w w e e n n w w",
];
const THROTTLE_W: &str = "w 5 w 10 w 20 w 40 w 80 w 160 w 320 w 640 w 1280 w";
const THROTTLE_E: &str = "e 5 e 10 e 20 e 40 e 80 e 160 e 320 e 640 e 1280 e";
const MOVED_E: &str = "e e 1000 e 2000 e 2000 e";
const MOVED: &str = "w e 1000 n 2000 w 2000 e";

/// One row.
struct Row {
    endings: Vec<Ending>,
    traces: [&'static str; 6],
    /// Regions that are avoided afterwards if the partition is not known; with it, unless the circuit breaker looks after
    /// it, which is for reads, and for writes where all regions take them.
    avoided: [&'static str; 6],
    /// Whether the partition gets a bad mark.
    partition: bool,
    /// Account documents, container definitions and lists of ranges that are read again.
    again: [(usize, usize, usize); 6],
    /// What the caller gets if nothing helps, if not what the service said.
    finally: Option<(u16, u32)>,
}

const NONE: [&str; 6] = [""; 6];
const ALL: [&str; 6] = ["wen", "wen", "e", "wen", "e", "wen"];
const ALL_REPEATABLE: [&str; 6] = ["wen", "wen", "e", "wen", "", ""];
const NOTHING: [(usize, usize, usize); 6] = [(0, 0, 0); 6];
const CONTAINER_AGAIN: [(usize, usize, usize); 6] = [(0, 1, 0); 6];

fn answers(list: &[(u16, u32)]) -> Vec<Ending> {
    let ending = |&(status, sub_status): &(u16, u32)| Ending::Answer { status, sub_status };
    list.iter().map(ending).collect()
}

fn failures(list: &[(RequestSent, FailureCause)]) -> Vec<Ending> {
    let ending = |&(sent, cause): &(_, _)| Ending::Failure { sent, cause };
    list.iter().map(ending).collect()
}

fn row(endings: Vec<Ending>, traces: [&'static str; 6], avoided: [&'static str; 6]) -> Row {
    Row {
        endings,
        traces,
        avoided,
        partition: avoided != NONE,
        again: NOTHING,
        finally: None,
    }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use FailureCause::{Broken, Connect, Denied, Dns, Incomplete, Other, Refused, Timeout, Tls, TooLarge};
    use RequestSent::{NotSent, Sent, Unknown};
    let final_answers = answers(&[
        (300, 0), (400, 0), (400, 1001), (400, 1004), (401, 0), (401, 5000), (401, 5006), (403, 0), (403, 5300), (403, 5301),
        (404, 0), (404, 1003), (404, 1013), (405, 0), (406, 0), (409, 0), (411, 0), (412, 0), (413, 0), (413, 3402), (422, 0),
        (451, 0), (501, 0), (505, 0),
    ]);
    let moved = |reads: [&'static str; 2]| [reads[0], reads[1], MOVED_E, MOVED, MOVED_E, MOVED];
    let account = |reads: usize| [(reads, 0, 0), (reads, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0)];
    vec![
        row(final_answers, ONCE, NONE),
        Row { again: CONTAINER_AGAIN, ..row(answers(&[(400, 1024)]), ONCE, NONE) },
        Row { again: account(0), finally: Some((503, 20_311)), ..row(answers(&[(403, 3)]), moved(["w", "w"]), ["", "", "e", "wen", "e", "wen"]) },
        Row { again: account(1), finally: Some((503, 20_312)), ..row(answers(&[(403, 1008)]), moved([MOVED, MOVED]), ALL) },
        Row { again: CONTAINER_AGAIN, finally: Some((503, 20_310)), ..row(answers(&[(404, 1002)]), ["w e e", "w e n w", "e e e", "w e n w", "e e e", "w e n w"], NONE) },
        row(answers(&[(408, 0)]), REPEATABLE, ALL_REPEATABLE),
        Row { again: CONTAINER_AGAIN, ..row(answers(&[(410, 1000)]), AROUND, ALL) },
        Row { again: [(0, 0, 1); 6], ..row(answers(&[(410, 1002), (410, 1007), (410, 1008)]), ["w w", "w w", "e e", "w w", "e e", "w w"], NONE) },
        row(answers(&[(410, 0), (410, 1022)]), AROUND, ALL),
        row(answers(&[(429, 0), (429, 3088), (429, 3200), (429, 3201), (429, 3210), (429, 3212), (429, 3214)]), [THROTTLE_W, THROTTLE_W, THROTTLE_E, THROTTLE_W, THROTTLE_E, THROTTLE_W], NONE),
        row(answers(&[(429, 3092)]), ["w e n w", "w e n w", THROTTLE_E, "w e n w", THROTTLE_E, "w e n w"], ALL),
        row(answers(&[(500, 0), (502, 0), (504, 0), (507, 0)]), REPEATABLE, ALL_REPEATABLE),
        row(answers(&[(503, 0), (503, 9001)]), AROUND, ALL),
        Row { partition: false, ..row(failures(&[(NotSent, Connect), (NotSent, Tls), (NotSent, Dns), (NotSent, Other)]), RECONNECT, ALL) },
        row(failures(&[(NotSent, Denied), (NotSent, Refused), (Sent, TooLarge)]), ONCE, NONE),
        Row { partition: true, ..row(failures(&[(Unknown, Broken), (Unknown, Other), (Sent, Incomplete), (Unknown, Timeout)]), REPEATABLE, NONE) },
    ]
}

/// What happened.
#[derive(Debug)]
struct Run {
    attempts: Vec<(char, Nanos)>,
    avoided: Vec<String>,
    breaker: bool,
    again: (usize, usize, usize),
    result: Result<Response>,
}

/// Runs one case: the ending meets every attempt, or the first alone.
fn run(ending: Ending, column: usize, known: bool, always: bool) -> Run {
    let (operation, multi_write) = COLUMNS[column];
    let document = account(&["east", "west", "north"], multi_write, "");
    let broken = Cell::new(false);
    let healthy = document.clone();
    let sim =
        Sim::new(move |seen| metadata(seen, &healthy).unwrap_or_else(|| Reply::status(200, 0)));
    let driver = sim.open(|config| {
        config.preferred_regions = vec!["West".to_owned()];
        // Races have tests of their own.
        config.defaults.hedging_enabled = Some(false);
        config.partition_failover.topology_cache = Some(if known {
            TopologyCache::Eager
        } else {
            TopologyCache::Lazy
        });
    });
    // Whatever is only read once is there.
    sim.execute(&driver, read()).unwrap();
    sim.pass(SECOND);
    sim.seen();
    sim.script(move |seen: &Seen| {
        if let Some(reply) = metadata(seen, &document) {
            return reply;
        }
        if broken.replace(true) && !always {
            return Reply::status(200, 0);
        }
        match ending {
            Ending::Answer { status, sub_status } => Reply::status(status, sub_status),
            Ending::Failure { sent, cause } => Reply::failure(sent, cause),
        }
    });
    let result = sim.execute(&driver, operation());
    let seen = sim.seen();
    let count = |what| seen.iter().filter(|seen| seen.what() == what).count();
    let again = (
        count("account"),
        count("container"),
        count("ranges").div_ceil(2),
    );
    let mut attempts = Vec::new();
    let mut ended = 0;
    for seen in &seen {
        if seen.what() == "item" {
            let pause = if attempts.is_empty() {
                0
            } else {
                seen.at - ended
            };
            attempts.push((seen.region.chars().next().unwrap(), pause));
        }
        ended = seen.at + MILLI;
    }
    let state = driver.state.borrow().clone().unwrap();
    let write = !operation().is_read();
    let (avoided, breaker) = state.router.borrow().marks(write, ended, 60 * SECOND);
    Run {
        attempts,
        avoided,
        breaker,
        again,
        result,
    }
}

/// The attempts of a trace with the pauses before them, in milliseconds.
fn expected(trace: &str) -> Vec<(char, u64)> {
    let (mut attempts, mut pause) = (Vec::new(), 0);
    for word in trace.split(' ') {
        match word.parse::<u64>() {
            Ok(milliseconds) => pause = milliseconds,
            Err(_) => {
                attempts.push((word.chars().next().unwrap(), pause));
                pause = 0;
            }
        }
    }
    attempts
}

/// Equal but for a jitter of a quarter.
fn follows(attempts: &[(char, Nanos)], expected: &[(char, u64)]) -> bool {
    let near = |pause: Nanos, milliseconds: u64| {
        let middle = milliseconds * MILLI;
        pause.abs_diff(middle) <= middle / 4
    };
    let same = |((region, pause), (other, milliseconds)): (&(char, Nanos), &(char, u64))| {
        region == other && near(*pause, *milliseconds)
    };
    attempts.len() == expected.len() && attempts.iter().zip(expected).all(same)
}

/// One case against its row.
fn check(row: &Row, ending: Ending, column: usize, known: bool, always: bool) {
    let run = run(ending, column, known, always);
    let case =
        format!("{ending:?}, column {column}, partition known {known}, always {always}: {run:?}");
    let mut trace = expected(row.traces[column]);
    if !always {
        trace.truncate(2);
    }
    assert!(follows(&run.attempts, &trace), "{case}");
    let goes_on = expected(row.traces[column]).len() > 1;
    match &run.result {
        Ok(response) => assert!(!always && goes_on && response.status == 200, "{case}"),
        Err(error) => {
            assert!(always || !goes_on, "{case}");
            let said = match ending {
                Ending::Answer { status, sub_status } => Some((status, sub_status)),
                Ending::Failure { .. } => None,
            };
            let status = error
                .status
                .map(|status| (status, error.sub_status.unwrap_or(0)));
            assert_eq!(status, row.finally.or(said), "{case}");
            assert_eq!(error.cause.is_some(), row.finally.is_some(), "{case}");
        }
    }
    check_marks(row, &run, (column, known, always), &case);
}

fn check_marks(row: &Row, run: &Run, (column, known, always): (usize, bool, bool), case: &str) {
    let reads = column < 2;
    let blamed = !row.avoided[column].is_empty() || row.traces[column].len() > 1;
    let watched = known && row.partition && blamed && (reads || column % 2 == 1);
    // A success clears what the region was marked for, and a lone failure marks one region.
    let mut avoided: Vec<char> = row.avoided[column].chars().collect();
    if watched {
        avoided.clear();
    }
    if !always {
        let (first, second) = (
            run.attempts[0].0,
            run.attempts.get(1).map(|attempt| attempt.0),
        );
        avoided.retain(|region| *region == first && Some(first) != second);
    }
    let mut marked: Vec<char> = run
        .avoided
        .iter()
        .filter_map(|name| name.chars().next())
        .collect();
    avoided.sort_unstable();
    marked.sort_unstable();
    assert_eq!(marked, avoided, "{case}");
    assert_eq!(run.breaker, watched, "{case}");
    let (account, container, ranges) = row.again[column];
    // Ranges are read again only where they had been read; the container when the session budget is used up.
    let late = matches!(row.finally, Some((503, 20_310))) && !always;
    let container = if late { 0 } else { container };
    let ranges = if known { ranges } else { 0 };
    assert_eq!(run.again, (account, container, ranges), "{case}");
}

#[test]
fn decision_table() {
    let mut cases = 0;
    for row in rows() {
        for &ending in &row.endings {
            for column in 0..COLUMNS.len() {
                for known in [false, true] {
                    for always in [false, true] {
                        check(&row, ending, column, known, always);
                        cases += 1;
                    }
                }
            }
        }
    }
    println!("decision table: {cases} cases");
}
