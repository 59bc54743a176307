//! Pages of partition key ranges belong to the region that gave the first one.

use super::super::super::testing::{Reply, Seen, Sim, read, warm};
use super::*;
use crate::core::config::TopologyCache;
use crate::core::exchange::FailureCause;
use crate::engine::testing::RANGES;

/// A driver that reads ranges with its first operation, with the regions east, west and north. Each region knows only the
/// etags that it gave itself.
fn sim(later: impl Fn(&Seen) -> Option<Reply> + 'static) -> (Sim, Driver<Sim>) {
    let (sim, _) = warm(true, |_| {});
    let document = crate::engine::testing::account(&["east", "west", "north"], true, "");
    sim.script(
        move |seen| match (seen.what(), seen.header("if-none-match")) {
            ("ranges", None) => Reply::json(RANGES).with("etag", &seen.region),
            ("ranges", Some(etag)) => {
                assert_eq!(etag, seen.region, "an etag of another region");
                later(seen).unwrap_or_else(|| Reply::status(304, 0))
            }
            _ => crate::engine::testing::metadata(seen, &document)
                .unwrap_or_else(|| Reply::status(200, 0)),
        },
    );
    let driver = sim.open(|config| {
        config.partition_failover.topology_cache = Some(TopologyCache::Eager);
        config.partition_failover.circuit_breaker_enabled = Some(false);
    });
    (sim, driver)
}

/// Where ranges were asked for, `+` for a later page.
fn trail(sim: &Sim) -> String {
    let mut seen = sim.seen();
    seen.retain(|seen| seen.what() == "ranges");
    let line = |seen: &Seen| match seen.header("if-none-match") {
        None => seen.region.clone(),
        Some(_) => [&seen.region, "+"].concat(),
    };
    seen.iter().map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_later_page_is_asked_for_where_the_first_one_came_from() {
    let (sim, driver) = sim(|_| None);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(trail(&sim), "east east+");
}

#[test]
fn where_that_fails_the_pages_are_read_anew_elsewhere() {
    let broken = || Reply::failure(RequestSent::Sent, FailureCause::Broken);
    let refused = || Reply::failure(RequestSent::NotSent, FailureCause::Connect);
    for failure in [
        (|| Reply::status(503, 0)) as fn() -> Reply,
        || Reply::status(403, 1008),
        broken,
        refused,
        Reply::silence,
    ] {
        let (sim, driver) = sim(move |seen| (seen.region == "east").then(failure));
        sim.execute(&driver, read()).unwrap();
        let trail = trail(&sim);
        assert!(trail.starts_with("east east+"), "{trail}");
        assert!(trail.ends_with("east+ west west+"), "{trail}");
    }
}

#[test]
fn where_it_fails_again_the_ranges_stay_unknown() {
    let (sim, driver) = sim(|_| Some(Reply::status(503, 0)));
    sim.execute(&driver, read()).unwrap();
    let trail = trail(&sim);
    let first_pages = trail.split(' ').filter(|at| !at.ends_with('+'));
    assert_eq!(first_pages.count(), 2, "{trail}");
}

/// Half of a split: the other half never comes.
const HALF: &str =
    r#"{"PartitionKeyRanges":[{"id":"1","minInclusive":"","maxExclusive":"80","parents":["0"]}]}"#;

#[test]
fn changes_that_never_fit_are_given_up_and_what_was_known_stays() {
    let (sim, driver) = sim(|_| None);
    sim.execute(&driver, read()).unwrap();
    sim.script(|seen| match (seen.what(), seen.header("if-none-match")) {
        ("ranges", Some("half")) => Reply::status(304, 0),
        ("ranges", _) => Reply::json(HALF).with("etag", "half"),
        _ => Reply::status(410, 1002),
    });
    for _ in 0..2 {
        sim.seen();
        sim.execute(&driver, read()).unwrap_err();
        // The changes, and three times everything; each until there is no more.
        let expected = "east+ east+ east east+ east east+ east east+";
        assert_eq!(trail(&sim), expected);
    }
}
