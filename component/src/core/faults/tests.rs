use super::*;
use crate::core::clock::{Nanos, SECOND};
use crate::core::diagnostics::RequestSent;
use crate::core::error::ErrorKind;
use crate::core::exchange::FailureCause;

mod effects;

const READ: FaultRequest<'static> = FaultRequest {
    operation: Some(FaultOperation::ReadItem),
    region: Some("eastus"),
    host: "account-eastus.documents.azure.com",
    path: "/dbs/d/colls/orders/docs/1",
};

fn failing(error: FaultError) -> FaultResult {
    FaultResult {
        error: Some(error),
        ..FaultResult::default()
    }
}

fn rule(id: &str) -> FaultRule {
    FaultRule::new(id, failing(FaultError::ServiceUnavailable))
}

fn faults(rules: Vec<FaultRule>) -> Faults {
    let mut faults = Faults::default();
    for rule in rules {
        faults.add(rule).unwrap();
    }
    faults
}

fn for_region(name: &str) -> FaultRule {
    let mut rule = rule("a");
    rule.condition.region = Some(name.to_owned());
    rule
}

fn outcomes(evaluation: &Evaluation) -> Vec<(&str, &'static str)> {
    let records = evaluation.records.iter();
    records
        .map(|record| (&*record.rule, record.outcome))
        .collect()
}

/// The outcome of the only rule.
fn outcome(faults: &Faults, request: &FaultRequest<'_>, now: Nanos, random: u64) -> &'static str {
    let evaluation = faults.evaluate(request, now, random);
    assert_eq!(evaluation.records.len(), 1);
    evaluation.records[0].outcome
}

#[test]
fn the_first_failing_check_is_the_record() {
    // A rule that fails every check; then each check is mended in turn.
    let mut strict = rule("a");
    strict.enabled = false;
    strict.start = Some(20);
    strict.end = Some(5);
    strict.hit_limit = Some(0);
    strict.condition = FaultCondition {
        operation: Some(FaultOperation::CreateItem),
        region: Some("westus".to_owned()),
        container: Some("customers".to_owned()),
    };
    type Mend = fn(&mut FaultRule);
    let mend: [(&str, Mend); 8] = [
        ("disabled", |rule| rule.enabled = true),
        ("before_start_time", |rule| rule.start = None),
        ("after_end_time", |rule| rule.end = None),
        ("hit_limit_exhausted", |rule| rule.hit_limit = Some(1)),
        ("operation_mismatch", |rule| {
            rule.condition.operation = Some(FaultOperation::ReadItem);
        }),
        ("region_mismatch", |rule| {
            rule.condition.region = Some("East US".to_owned());
        }),
        ("container_mismatch", |rule| {
            rule.condition.container = Some("orders".to_owned());
        }),
        ("applied", |_| {}),
    ];
    for (expected, next) in mend {
        let faults = faults(vec![strict.clone()]);
        assert_eq!(outcome(&faults, &READ, 10, 0), expected);
        let hits = u32::from(expected == "applied");
        assert_eq!(faults.hits("a"), Some(hits), "{expected}");
        next(&mut strict);
    }
}

#[test]
fn the_first_that_matches_is_applied_and_later_ones_are_superseded() {
    let mut off = rule("off");
    off.enabled = false;
    let mut late = rule("late");
    late.start = Some(SECOND);
    let faults = faults(vec![
        off,
        rule("first"),
        rule("second"),
        late,
        rule("third"),
    ]);
    let evaluation = faults.evaluate(&READ, 0, 0);
    assert_eq!(
        outcomes(&evaluation),
        [
            ("off", "disabled"),
            ("second", "superseded"),
            ("late", "before_start_time"),
            ("third", "superseded"),
            ("first", "applied"),
        ]
    );
    assert_eq!(&*evaluation.applied.unwrap().rule, "first");
    let hits = ["off", "first", "second", "late", "third"].map(|id| faults.hits(id));
    assert_eq!(hits, [0, 1, 0, 0, 0].map(Some));
}

#[test]
fn the_start_is_included_and_the_end_is_not() {
    let mut timed = rule("a");
    timed.start = Some(10);
    timed.end = Some(20);
    let faults = faults(vec![timed]);
    let cases = [
        (9, "before_start_time"),
        (10, "applied"),
        (19, "applied"),
        (20, "after_end_time"),
    ];
    for (now, expected) in cases {
        assert_eq!(outcome(&faults, &READ, now, 0), expected, "{now}");
    }
}

#[test]
fn a_hit_limit_counts_every_attempt() {
    let mut limited = rule("a");
    limited.hit_limit = Some(2);
    let faults = faults(vec![limited]);
    let seen = [0; 4].map(|now| outcome(&faults, &READ, now, 0));
    let (hit, spent) = ("applied", "hit_limit_exhausted");
    assert_eq!(seen, [hit, hit, spent, spent]);
    assert_eq!(faults.hits("a"), Some(2));
}

#[test]
fn of_two_concurrent_requests_one_gets_the_only_hit() {
    let mut limited = FaultRule::new("a", failing(FaultError::ResponseTimeoutAfterService));
    limited.hit_limit = Some(1);
    limited.result.delay = SECOND;
    let mut faults = faults(vec![limited]);
    let reserve = |faults: &Faults| {
        let evaluation = faults.evaluate(&READ, 0, 0);
        assert_eq!(evaluation.records, []);
        let applied = evaluation.applied.unwrap();
        assert_eq!(applied.delay, SECOND);
        match applied.effect {
            Effect::DiscardSuccess {
                failure,
                reservation,
            } => (failure, reservation),
            other => panic!("{other:?}"),
        }
    };
    let (failure, first) = reserve(&faults);
    assert_eq!(failure.sent, RequestSent::Unknown);
    assert_eq!(failure.cause, FailureCause::Timeout);
    assert_eq!(faults.hits("a"), Some(1));
    assert_eq!(outcome(&faults, &READ, 0, 0), "hit_limit_exhausted");

    // The service answers 4xx, or the request is cancelled: the hit is free again.
    drop(first);
    assert_eq!(faults.hits("a"), Some(0));

    // It answers 2xx, even if the rule was turned off meanwhile.
    let (_, second) = reserve(&faults);
    assert!(faults.set_enabled("a", false));
    let record = second.commit();
    assert_eq!((&*record.rule, record.outcome), ("a", "applied"));
    assert_eq!(faults.hits("a"), Some(1));
    assert!(faults.set_enabled("a", true));
    assert_eq!(outcome(&faults, &READ, 0, 0), "hit_limit_exhausted");
}

#[test]
fn a_reservation_may_outlive_its_rule() {
    let result = failing(FaultError::ResponseTimeoutAfterService);
    let mut faults = faults(vec![FaultRule::new("a", result)]);
    let evaluation = faults.evaluate(&READ, 0, 0);
    faults.clear();
    faults.add(rule("a")).unwrap();
    assert_eq!(outcome(&faults, &READ, 0, 0), "applied");
    drop(evaluation);
    assert_eq!(faults.hits("a"), Some(1));
}

#[test]
fn probability() {
    const HALF: u64 = 1 << 63;
    let (hit, miss) = ("applied", "probability_miss");
    let cases = [
        (1.0, u64::MAX, hit),
        (7.0, u64::MAX, hit),
        (f64::INFINITY, u64::MAX, hit),
        (0.5, HALF - 1, hit),
        (0.5, HALF, miss),
        (0.0, 0, miss),
        (-1.0, 0, miss),
        (f64::NAN, 0, miss),
        (f64::NEG_INFINITY, 0, miss),
    ];
    for (probability, random, expected) in cases {
        let mut rule = rule("a");
        rule.result.probability = probability;
        rule.result.delay = SECOND;
        let faults = faults(vec![rule]);
        let evaluation = faults.evaluate(&READ, 0, random);
        assert_eq!(outcomes(&evaluation), [("a", expected)], "{probability}");
        assert_eq!(evaluation.applied.is_some(), expected == hit);
        assert_eq!(faults.hits("a"), Some(u32::from(expected == hit)));
    }
}

#[test]
fn a_miss_does_not_pass_the_request_on_to_the_next_rule() {
    let mut never = rule("never");
    never.result.probability = 0.0;
    let evaluation = faults(vec![never, rule("next")]).evaluate(&READ, 0, 0);
    assert_eq!(
        outcomes(&evaluation),
        [("next", "superseded"), ("never", "probability_miss")]
    );
    assert!(evaluation.applied.is_none());
}

#[test]
fn a_region_is_the_requests_or_that_of_its_host() {
    let cases = [
        (Some("eastus"), "other-westus.x", "East US", true),
        (Some("eastus2"), "account-eastus.x", "eastus", false),
        (None, "account-eastus.documents.azure.com", "East US", true),
        (None, "account-eastus2.documents.azure.com", "eastus", false),
        (None, "accounteastus.documents.azure.com", "eastus", false),
        (None, "eastus.emulator.local", "eastus", true),
        (None, "eastus", "eastus", true),
        (None, "account.eastus.x", "eastus", false),
        (None, "account-us.x", "eastus", false),
        (None, "", "eastus", false),
    ];
    for (region, host, expected, matches) in cases {
        let request = FaultRequest {
            region,
            host,
            ..READ
        };
        let seen = outcome(&faults(vec![for_region(expected)]), &request, 0, 0);
        let outcome = if matches {
            "applied"
        } else {
            "region_mismatch"
        };
        assert_eq!(seen, outcome, "{region:?} {host} {expected}");
    }
}

#[test]
fn a_rule_for_an_operation_leaves_unknown_ones_alone() {
    let mut reads = rule("a");
    reads.condition.operation = Some(FaultOperation::ReadItem);
    let unknown = FaultRequest {
        operation: None,
        ..READ
    };
    let faults = faults(vec![reads]);
    assert_eq!(outcome(&faults, &unknown, 0, 0), "operation_mismatch");
    assert_eq!(outcome(&faults, &READ, 0, 0), "applied");
}

#[test]
fn operations_by_name() {
    use FaultOperation as Op;
    let cases = [
        ("read_item", Some(Op::ReadItem)),
        ("patch_read_item", Some(Op::ReadItem)),
        ("query_items", Some(Op::QueryItem)),
        ("read_many_items", Some(Op::QueryItem)),
        ("create_item", Some(Op::CreateItem)),
        ("upsert_item", Some(Op::UpsertItem)),
        ("replace_item", Some(Op::ReplaceItem)),
        ("patch_replace_item", Some(Op::ReplaceItem)),
        ("delete_item", Some(Op::DeleteItem)),
        ("patch_item", Some(Op::PatchItem)),
        ("execute_batch", Some(Op::BatchItem)),
        ("query_change_feed", Some(Op::ChangeFeedItem)),
        ("read_all_items", Some(Op::ChangeFeedItem)),
        (
            "read_all_items_of_logical_partition",
            Some(Op::ChangeFeedItem),
        ),
        ("read_container", Some(Op::MetadataReadContainer)),
        ("read_account", Some(Op::MetadataReadDatabaseAccount)),
        ("query_plan", Some(Op::MetadataQueryPlan)),
        (
            "read_partition_key_ranges",
            Some(Op::MetadataPartitionKeyRanges),
        ),
        ("create_container", None),
        ("read_database", None),
        ("", None),
    ];
    for (name, expected) in cases {
        assert_eq!(FaultOperation::of(name), expected, "{name}");
    }
}

#[test]
fn ids_are_unique_and_rules_bounded() {
    let mut faults = Faults::default();
    assert!(faults.is_empty());
    for at in 0..MAX_RULES {
        faults.add(rule(&at.to_string())).unwrap();
    }
    let duplicate = faults.add(rule("7")).unwrap_err();
    assert_eq!(duplicate.kind, ErrorKind::InvalidArgument);
    assert!(duplicate.message.contains("\"7\""), "{duplicate}");
    let full = faults.add(rule("more")).unwrap_err();
    assert_eq!(full.kind, ErrorKind::InvalidArgument);
    assert!(full.message.contains("64"), "{full}");
    assert!(faults.remove("7") && !faults.remove("7"));
    assert_eq!(faults.hits("7"), None);
    assert!(!faults.set_enabled("7", true));
    faults.add(rule("7")).unwrap();
    faults.clear();
    assert!(faults.is_empty());
}

#[test]
fn without_rules_there_is_nothing_to_do() {
    let evaluation = Faults::default().evaluate(&READ, 0, 0);
    assert!(evaluation.records.is_empty() && evaluation.applied.is_none());
}
