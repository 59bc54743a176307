//! Where operations end that meet a fault (spec driver-core §14.3), by the endpoint of their last attempt.

use cosmosdb_driver_host::types::{ErrorKind, FaultError, FaultResponse, Outcome, RequestSent};
use cosmosdb_driver_host::{Config, Fault};
use http::Method;

use crate::build::{at, text};
use crate::face::Face;
use crate::lab::{EAST, ITEM, Lab, WEST, own, read, record, trail, upsert};

on_every_face!(
    reads_end_where_they_should,
    a_lagging_session_ends_at_the_hub,
    a_read_that_always_fails_hits_four_times,
    an_answer_that_is_lost_leaves_the_write_behind,
    a_lost_answer_that_may_not_be_asked_for_again,
    an_answer_of_ones_own,
);

/// A rule, whether all regions take writes, the regions of a read's attempts, the requests that servers see, and the
/// rule's hits.
struct Case {
    name: &'static str,
    multi_write: bool,
    rule: Option<Fault>,
    trail: &'static [&'static str],
    seen: &'static [&'static str],
    hits: u32,
}

fn case(
    name: &'static str,
    multi_write: bool,
    rule: Fault,
    (trail, seen): (&'static [&'static str], &'static [&'static str]),
    hits: u32,
) -> Case {
    Case {
        name,
        multi_write,
        rule: Some(rule),
        trail,
        seen,
        hits,
    }
}

/// The regions, as diagnostics name them, and a read as the servers see it.
const E: &str = "eastus";
const W: &str = "westus";
const AT_E: &[&str] = &["eastus GET /dbs/shop/colls/items/docs/1"];
const AT_W: &[&str] = &["westus GET /dbs/shop/colls/items/docs/1"];

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use FaultError as F;
    let rule = |error| Fault::new("rule").error(error);
    let first = |error| rule(error).read_item().region(EAST);
    let quiet = Case { name: "no rule", multi_write: false, rule: None, trail: &[E], seen: AT_E, hits: 0 };
    vec![
        quiet,
        case("429 twice is retried here", false, rule(F::TooManyRequests).hit_limit(2), (&[E, E, E], AT_E), 2),
        case("408 goes to the satellite", true, first(F::Timeout), (&[E, W], AT_W), 1),
        case("500 goes to the satellite", true, first(F::InternalServerError), (&[E, W], AT_W), 1),
        case("503 goes to the satellite", true, first(F::ServiceUnavailable), (&[E, W], AT_W), 1),
        case("no connection goes to the satellite", true, first(F::ConnectionError), (&[E, E, W], AT_W), 2),
        case("no response goes to the satellite", true, first(F::ResponseTimeout), (&[E, W], AT_W), 1),
        case("one lost connection stays here", true, rule(F::ConnectionError).hit_limit(1), (&[E, E], AT_E), 1),
        case("faults of creates leave reads alone", false, rule(F::InternalServerError).create_item(), (&[E], AT_E), 0),
        case("faults elsewhere leave reads alone", false, rule(F::InternalServerError).region(WEST), (&[E], AT_E), 0),
    ]
}

async fn reads_end_where_they_should(face: Face) {
    for case in cases() {
        let name = case.name;
        let mut lab = Lab::with(face, case.multi_write, |config| config).await;
        lab = lab.warm().await;
        if let Some(rule) = case.rule {
            lab.add(rule).await;
        }
        let response = lab.ok(read()).await;
        assert_eq!(trail(&response.diagnostics), case.trail, "{name}");
        assert_eq!(lab.cluster.lines(), case.seen, "{name}");
        let last = response.diagnostics.attempts.last().unwrap();
        let region = *case.trail.last().unwrap();
        assert_eq!(last.region.as_deref(), Some(region), "{name}");
        assert_eq!(
            last.endpoint,
            lab.cluster.region(region).endpoint(),
            "{name}"
        );
        assert_eq!(lab.hits("rule").await.unwrap_or(0), case.hits, "{name}");
    }
}

async fn a_lagging_session_ends_at_the_hub(face: Face) {
    let mut lab = Lab::with(face, false, |config| config.preferred_regions([WEST])).await;
    lab = lab.warm().await;
    let lags = Fault::new("lags").error(FaultError::ReadSessionNotAvailable);
    lab.add(lags.region("westus")).await;
    let response = lab.ok(read()).await;
    assert_eq!(trail(&response.diagnostics), [W, E]);
    assert_eq!(lab.cluster.lines(), AT_E);
    let last = response.diagnostics.attempts.last().unwrap();
    assert_eq!(last.endpoint, lab.cluster.region(EAST).endpoint());
    let seen = lab.cluster.requests().remove(0);
    let hub_only = seen.header("x-ms-cosmos-hub-region-processing-only");
    assert_eq!(hub_only, Some("True"));
}

async fn a_read_that_always_fails_hits_four_times(face: Face) {
    let mut lab = Lab::with(face, true, |config| config).await.warm().await;
    let down = Fault::new("down").error(FaultError::ServiceUnavailable);
    lab.add(down.read_item().hit_limit(8)).await;
    for call in 1..=2 {
        let failed = lab.execute(read()).await;
        assert_eq!(trail(record(&failed)), [E, W, E, W]);
        assert_eq!(failed.unwrap_err().status(), Some(503));
        assert_eq!(lab.hits("down").await, Some(4 * call));
        let seen = lab.cluster.lines();
        let reads = seen.iter().filter(|line| line.contains("/docs/"));
        assert_eq!(reads.count(), 0, "nothing is sent");
    }
    let response = lab.ok(read()).await;
    let said = &response.diagnostics.attempts[0].fault_evaluations[0];
    assert_eq!(
        (said.rule.as_str(), said.outcome.as_str()),
        ("down", "hit_limit_exhausted")
    );
    assert_eq!(lab.hits("down").await, Some(8));
}

/// A lab whose creates lose their answers.
async fn lossy(face: Face, change: impl FnOnce(Config) -> Config) -> Lab {
    let mut lab = Lab::with(face, false, change).await.warm().await;
    let lost = Fault::new("lost").error(FaultError::ResponseTimeoutAfterService);
    lab.add(lost.create_item().hit_limit(1)).await;
    lab
}

const NEW: &str = r#"{"id":"2","pk":"a"}"#;

async fn an_answer_that_is_lost_leaves_the_write_behind(face: Face) {
    let mut lab = lossy(face, |config| config).await;
    let result = lab.execute(at(text("a")).create(NEW)).await;
    assert_eq!(trail(record(&result)), [E, E]);
    assert!(record(&result).attempted_more_than_once);
    let error = result.unwrap_err();
    let error = error.driver().unwrap();
    assert_eq!((error.kind, error.status), (ErrorKind::Conflict, Some(409)));
    assert!(
        error.message.contains("earlier attempt"),
        "{}",
        error.message
    );
    assert_eq!(lab.cluster.requests_in(EAST).len(), 2);
    assert!(
        lab.cluster.item("a", "2").is_some(),
        "the write is in the store"
    );
    assert_eq!(lab.hits("lost").await, Some(1));
}

async fn a_lost_answer_that_may_not_be_asked_for_again(face: Face) {
    let mut lab = lossy(face, |config| config.retry_ambiguous_writes(false)).await;
    // What is no success is not lost, and no hit.
    let taken = lab.execute(at(text("a")).create(ITEM)).await.unwrap_err();
    assert_eq!(
        (taken.status(), lab.hits("lost").await),
        (Some(409), Some(0))
    );
    lab.cluster.clear();

    let result = lab.execute(at(text("a")).create(NEW)).await;
    let attempts = own(record(&result));
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].request_sent, RequestSent::Unknown);
    assert_eq!(attempts[0].fault_evaluations[0].outcome, "applied");
    let error = result.unwrap_err();
    let error = error.driver().unwrap();
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::Timeout, Outcome::Unknown)
    );
    let seen = lab.cluster.requests();
    assert_eq!((seen.len(), &seen[0].method), (1, &Method::POST));
    assert!(
        lab.cluster.item("a", "2").is_some(),
        "the write is in the store"
    );
    assert_eq!(lab.hits("lost").await, Some(1));
}

async fn an_answer_of_ones_own(face: Face) {
    let mut lab = Lab::new(face).await.warm().await;
    let answer = FaultResponse::new(412)
        .sub_status(7)
        .body(r#"{"message":"so it is"}"#);
    let answer = answer
        .header("x-ms-request-charge", "2.5")
        .header("x-more", "yes");
    let rule = Fault::new("own").upsert_item().response(answer);
    lab.add(rule.error(FaultError::Timeout)).await;
    let error = lab.execute(upsert()).await.unwrap_err();
    let error = error.driver().unwrap();
    assert_eq!((error.status, error.sub_status), (Some(412), Some(7)));
    let headers = error.headers.as_ref().unwrap();
    assert_eq!(headers.request_charge, 2.5);
    assert!(
        headers
            .others
            .contains(&("x-more".to_owned(), "yes".to_owned()))
    );
    assert!(lab.cluster.requests().is_empty(), "nothing was sent");
}
