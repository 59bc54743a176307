//! Regions that answer that they cannot, or break off.

use cosmosdb_driver_host::Config;
use cosmosdb_driver_host::types::{
    ErrorKind, ExecutionContext, Operation, OperationOptions, Outcome, RequestSent,
};
use host_tests::cluster::{ANYWHERE, ClusterOptions, Effect};
use host_tests::scripted::Step;

use super::{
    Regions, THREE, TWO, as_is, attempts, contexts, create, items, multi_write, reads,
    single_write, upsert, writes,
};
use crate::build::{at, text};
use crate::face::Face;
use crate::scene::read;

on_every_face!(
    a_read_goes_to_the_next_region,
    a_read_goes_through_all_regions,
    a_write_goes_to_the_next_region_that_takes_it,
    a_write_is_repeated_at_the_hub,
    a_write_that_was_carried_out_is_told,
    an_upsert_may_be_carried_out_twice,
    a_delete_that_was_carried_out_is_told,
    a_write_of_unknown_outcome_is_not_repeated_if_told_so,
    a_refused_write_is_repeated_even_so,
    without_failover_there_is_one_attempt,
);

/// What a region does to a request, and what the driver sees of it.
fn failures() -> [(Effect, &'static str, RequestSent); 8] {
    let refuse = Effect::refuse;
    let sent = RequestSent::Sent;
    [
        (refuse(500, 0), "500", sent),
        (refuse(502, 0), "502", sent),
        (refuse(503, 0), "503", sent),
        (refuse(408, 0), "408", sent),
        (refuse(410, 0), "410", sent),
        (refuse(429, 3092), "429/3092", sent),
        (Step::reset().into(), "-", RequestSent::Unknown),
        (Step::reset_after_head(200, 10).into(), "-", sent),
    ]
}

/// Of those, what leaves open whether a write was carried out.
fn is_ambiguous(seen: &str) -> bool {
    matches!(seen, "500" | "502" | "408" | "-")
}

async fn a_read_goes_to_the_next_region(face: Face) {
    for account in [single_write(TWO), single_write(THREE), multi_write(TWO)] {
        for (effect, seen, sent) in failures() {
            let mut regions = Regions::warm(face, account, as_is).await;
            let rule = regions.cluster.on("East US", reads().times(1), effect);
            let response = regions.ok(read()).await;
            assert_eq!(regions.trace(), ["eastus read", "westus read"], "{seen}");
            assert_eq!(rule.hits(), 1);
            let diagnostics = &response.diagnostics;
            assert_eq!(
                attempts(diagnostics),
                [format!("eastus {seen}"), "westus 200".to_owned()]
            );
            assert_eq!(
                contexts(diagnostics),
                [ExecutionContext::Initial, ExecutionContext::RegionFailover]
            );
            assert_eq!(diagnostics.attempts[0].request_sent, sent, "{seen}");
            assert!(!diagnostics.attempted_more_than_once, "a read");
            let ids: Vec<_> = diagnostics
                .attempts
                .iter()
                .map(|attempt| attempt.activity_id.as_deref())
                .collect();
            let own = Some(diagnostics.activity_id.as_str());
            assert_eq!(ids[1], own);
            assert!(ids[0].is_none() || ids[0] == own);
        }
    }
}

async fn a_read_goes_through_all_regions(face: Face) {
    for (account, expected) in [
        (
            single_write(THREE),
            [
                "eastus read",
                "westus read",
                "northeurope read",
                "eastus read",
            ],
        ),
        (
            single_write(TWO),
            ["eastus read", "westus read", "eastus read", "westus read"],
        ),
    ] {
        let mut regions = Regions::warm(face, account, as_is).await;
        regions
            .cluster
            .on(ANYWHERE, reads(), Effect::refuse(503, 0));
        let error = regions.fails(read()).await;
        assert_eq!(
            (error.kind, error.status, error.outcome),
            (ErrorKind::Unavailable, Some(503), Outcome::NotApplied)
        );
        assert!(error.retryable);
        assert_eq!(regions.trace(), expected);
    }
}

async fn a_write_goes_to_the_next_region_that_takes_it(face: Face) {
    for (effect, seen, _) in failures() {
        let mut regions = Regions::warm(face, multi_write(THREE), as_is).await;
        regions.cluster.on("East US", writes().times(1), effect);
        let created = regions.ok(create("2")).await;
        assert_eq!(
            regions.trace(),
            ["eastus create", "westus create"],
            "{seen}"
        );
        let again = created.diagnostics.attempted_more_than_once;
        assert_eq!(again, is_ambiguous(seen), "{seen}");
    }
}

async fn a_write_is_repeated_at_the_hub(face: Face) {
    for (effect, seen, _) in failures() {
        let mut regions = Regions::warm(face, single_write(TWO), as_is).await;
        regions.cluster.on("East US", writes().times(1), effect);
        let created = regions.ok(create("2")).await;
        assert_eq!(
            attempts(&created.diagnostics),
            [format!("eastus {seen}"), "eastus 201".to_owned()]
        );
        assert_eq!(
            regions.trace(),
            ["eastus create", "eastus create"],
            "{seen}"
        );
        let again = created.diagnostics.attempted_more_than_once;
        assert_eq!(again, is_ambiguous(seen), "{seen}");
        assert!(regions.cluster.item("a", "2").is_some());
    }
}

/// The region that has lost its answer, and where the write arrives a second time.
fn accounts() -> [(ClusterOptions<'static>, &'static str); 2] {
    [(single_write(TWO), "eastus"), (multi_write(TWO), "westus")]
}

fn lost() -> [Step; 2] {
    [Step::reset(), Step::reset_after_head(201, 10)]
}

async fn a_write_that_was_carried_out_is_told(face: Face) {
    for (account, second) in accounts() {
        for step in lost() {
            let mut regions = Regions::warm(face, account, as_is).await;
            let lost = Effect::served_then(step);
            regions.cluster.on("East US", writes().times(1), lost);
            let error = regions.fails(create("2")).await;
            assert_eq!(
                (error.kind, error.status, error.outcome),
                (ErrorKind::Conflict, Some(409), Outcome::Unknown),
                "{error:?}"
            );
            assert!(!error.retryable && error.message.contains("earlier attempt"));
            let diagnostics = error.diagnostics.unwrap();
            assert!(diagnostics.attempted_more_than_once);
            assert_eq!(
                regions.trace(),
                ["eastus create".to_owned(), format!("{second} create")]
            );
            assert!(regions.cluster.item("a", "2").is_some(), "its own");
        }
    }
}

async fn an_upsert_may_be_carried_out_twice(face: Face) {
    for (account, second) in accounts() {
        for step in lost() {
            let mut regions = Regions::warm(face, account, as_is).await;
            let lost = Effect::served_then(step);
            regions.cluster.on("East US", writes().times(1), lost);
            let written = regions.ok(upsert("2")).await;
            assert_eq!(written.status, 200, "it is there already");
            assert!(written.diagnostics.attempted_more_than_once);
            assert_eq!(
                regions.trace(),
                ["eastus upsert".to_owned(), format!("{second} upsert")]
            );
        }
    }
}

async fn a_delete_that_was_carried_out_is_told(face: Face) {
    let mut regions = Regions::warm(face, multi_write(TWO), as_is).await;
    let lost = Effect::served_then(Step::reset());
    regions.cluster.on("East US", items().times(1), lost);
    let error = regions.fails(at(text("a")).delete("1")).await;
    assert_eq!(
        (error.kind, error.outcome),
        (ErrorKind::NotFound, Outcome::Unknown)
    );
    assert!(error.message.contains("earlier attempt"), "{error:?}");
    assert_eq!(regions.trace(), ["eastus delete", "westus delete"]);
}

fn once() -> OperationOptions {
    OperationOptions {
        retry_ambiguous_writes: Some(false),
        ..OperationOptions::default()
    }
}

async fn a_write_of_unknown_outcome_is_not_repeated_if_told_so(face: Face) {
    for (account, _) in accounts() {
        for (effect, seen, _) in failures() {
            if !is_ambiguous(seen) {
                continue;
            }
            let mut regions = Regions::warm(face, account, as_is).await;
            regions.cluster.on("East US", items().times(1), effect);
            let error = regions.fails_with(create("2"), once()).await;
            assert_eq!(error.outcome, Outcome::Unknown, "{error:?}");
            assert!(error.retryable, "by whoever has looked");
            let diagnostics = error.diagnostics.unwrap();
            assert_eq!(attempts(&diagnostics), [format!("eastus {seen}")]);
            assert!(!diagnostics.attempted_more_than_once);
            assert_eq!(regions.trace(), ["eastus create"]);
        }
    }
    // Reads are not meant.
    let change = |config: Config| config.retry_ambiguous_writes(false);
    let mut regions = Regions::warm(face, single_write(TWO), change).await;
    regions
        .cluster
        .on("East US", reads().times(1), Step::reset());
    regions.ok(read()).await;
    assert_eq!(regions.trace(), ["eastus read", "westus read"]);
}

async fn a_refused_write_is_repeated_even_so(face: Face) {
    for (account, second) in accounts() {
        for (effect, seen, _) in failures() {
            if is_ambiguous(seen) {
                continue;
            }
            let mut regions = Regions::warm(face, account, as_is).await;
            regions.cluster.on("East US", items().times(1), effect);
            let created = regions.ok_with(create("2"), once()).await;
            assert!(!created.diagnostics.attempted_more_than_once);
            assert_eq!(
                regions.trace(),
                ["eastus create".to_owned(), format!("{second} create")],
                "{seen}"
            );
        }
    }
}

async fn without_failover_there_is_one_attempt(face: Face) {
    type Case = (fn() -> Operation, &'static str);
    let cases: [Case; 2] = [(read, "eastus read"), (|| create("2"), "eastus create")];
    for (operation, expected) in cases {
        let mut regions = Regions::warm(face, multi_write(TWO), as_is).await;
        regions
            .cluster
            .on("East US", items().times(1), Effect::refuse(503, 0));
        let none = OperationOptions {
            max_failover_retries: Some(0),
            ..OperationOptions::default()
        };
        let error = regions.fails_with(operation(), none).await;
        assert_eq!(
            (error.kind, error.outcome),
            (ErrorKind::Unavailable, Outcome::NotApplied)
        );
        assert_eq!(regions.trace(), [expected]);
    }
}
