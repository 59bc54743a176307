use std::rc::Rc;

use super::*;
use crate::core::clock::{SECOND, millis};
use crate::core::runtime::{Runtime, RuntimeConfig};
use crate::core::throughput::GroupConfig;

type Pairs = Vec<(String, String)>;

fn runtime(environment: Pairs, defaults: OperationOptions) -> Runtime {
    let group = |name: &str| GroupConfig {
        name: name.to_owned(),
        target_ru_per_second: None,
        priority: None,
        bucket: None,
        is_default: false,
    };
    let config = RuntimeConfig {
        environment,
        defaults,
        throughput_control_groups: vec![group("low"), group("middle"), group("high")],
        ..RuntimeConfig::default()
    };
    config.checked().unwrap()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (format!("AZURE_COSMOS_{name}"), value.to_owned())
}

fn message(result: Result<OperationOptions>) -> String {
    result.unwrap_err().message
}

/// Three values of one option, in all combinations of layers.
struct Precedence<V, F> {
    /// Its name in the environment and a value there, with what becomes of it.
    environment: Option<(&'static str, &'static str, F)>,
    values: [V; 3],
    set: fn(&mut OperationOptions, V),
    read: fn(&Resolved) -> F,
    default: F,
}

impl<V: Clone, F: PartialEq + std::fmt::Debug + Clone> Precedence<V, F> {
    /// For every set of layers, the highest one that says something wins.
    fn check(&self, expected: &[F; 3]) {
        for layers in 0_u8..16 {
            let on = |layer: u8| layers & (1 << layer) != 0;
            let layer = |at: u8| {
                let mut options = OperationOptions::default();
                if let Some(value) = self.values.get(usize::from(at)).filter(|_| on(at)) {
                    (self.set)(&mut options, value.clone());
                }
                options
            };
            let mut environment = Pairs::new();
            let mut below = self.default.clone();
            if let Some((name, value, becomes)) = &self.environment
                && on(3)
            {
                environment.push(pair(name, value));
                below = becomes.clone();
            }
            let runtime = runtime(environment, layer(0));
            let layers_below = Layers::new(layer(1), &runtime).unwrap();
            let resolved = layers_below.resolve(layer(2), &runtime).unwrap();
            let highest = (0..3).rev().find(|at| on(*at));
            let expected = highest.map_or(&below, |at| &expected[usize::from(at)]);
            assert_eq!(&(self.read)(&resolved), expected, "layers {layers:04b}");
        }
    }
}

/// One test for each option: `name, environment => values => what they become, default`.
macro_rules! precedence {
    ($($test:ident: $option:ident, $environment:expr, $values:expr => $read:expr, $expected:expr, $default:expr;)+) => { $(
        #[test]
        fn $test() {
            Precedence {
                environment: $environment,
                values: $values,
                set: |options, value| options.$option = Some(value),
                read: $read,
                default: $default,
            }
            .check(&$expected);
        }
    )+ };
}

precedence! {
    content_response: content_response_on_write, Some(("CONTENT_RESPONSE_ON_WRITE", "enabled", true)),
        [true, false, true] => |r| r.content_response_on_write, [true, false, true], false;
    activity_id: activity_id, None, [1, 2, 3].map(uuid)
        => |r| r.activity_id.clone(), [1, 2, 3].map(|n| Some(uuid(n))), None;
    read_consistency: read_consistency,
        Some(("READ_CONSISTENCY_STRATEGY", "latestCommitted", ReadConsistency::LatestCommitted)),
        [ReadConsistency::Eventual, ReadConsistency::Session, ReadConsistency::GlobalStrong] => |r| r.read_consistency,
        [ReadConsistency::Eventual, ReadConsistency::Session, ReadConsistency::GlobalStrong], ReadConsistency::Default;
    excluded_regions: excluded_regions, None,
        [names(&["West US 2"]), names(&["East US", "North Europe"]), names(&[])] => |r| r.excluded_regions.clone(),
        [names(&["westus2"]), names(&["eastus", "northeurope"]), names(&[])], names(&[]);
    priority_level: priority_level, None, [PriorityLevel::High, PriorityLevel::Low, PriorityLevel::High]
        => |r| r.priority_level,
        [Some(PriorityLevel::High), Some(PriorityLevel::Low), Some(PriorityLevel::High)], None;
    throughput_bucket: throughput_bucket, None, [0, 5, u32::MAX]
        => |r| r.throughput_bucket, [Some(0), Some(5), Some(u32::MAX)], None;
    throughput_control_group: throughput_control_group, None, ["low", "middle", "high"].map(str::to_owned)
        => |r| r.throughput_control_group.clone(), ["low", "middle", "high"].map(|n| Some(n.to_owned())), None;
    end_to_end_timeout: end_to_end_timeout_ms, None, [1_000, 2_000, u64::MAX]
        => |r| r.end_to_end_timeout, [Some(SECOND), Some(2 * SECOND), Some(u64::MAX)], None;
    max_failover_retries: max_failover_retries, Some(("MAX_FAILOVER_RETRY_COUNT", "9", 9)), [1, 0, 2]
        => |r| r.max_failover_retries, [1, 0, 2], 3;
    max_session_retries: max_session_retries, Some(("MAX_SESSION_RETRY_COUNT", "9", Some(9))), [1, 0, 2]
        => |r| r.max_session_retries, [Some(1), Some(0), Some(2)], None;
    max_throttle_retries: max_throttle_retries, Some(("MAX_THROTTLE_RETRY_COUNT", "18", 18)), [1, 0, 2]
        => |r| r.max_throttle_retries, [1, 0, 2], 9;
    max_throttle_wait: max_throttle_wait_ms, None, [1, 0, 270_000]
        => |r| r.max_throttle_wait, [millis(1), 0, 270 * SECOND], 30 * SECOND;
    endpoint_unavailability_ttl: endpoint_unavailability_ttl_ms,
        Some(("ENDPOINT_UNAVAILABLE_TTL_MS", "250", millis(250))), [1, 0, 2]
        => |r| r.endpoint_unavailability_ttl, [millis(1), 0, millis(2)], 60 * SECOND;
    session_capturing_disabled: session_capturing_disabled, None, [true, false, true]
        => |r| r.session_capturing_disabled, [true, false, true], false;
    hedging_enabled: hedging_enabled, Some(("HEDGING_ENABLED", "false", false)), [false, true, false]
        => |r| r.hedging, [false, true, false], true;
    availability_strategy: availability_strategy, None,
        [AvailabilityStrategy::Hedging(Some(1)), AvailabilityStrategy::Disabled, AvailabilityStrategy::Hedging(None)]
        => |r| (r.hedging, r.hedging_threshold),
        [(true, Some(millis(1))), (false, None), (true, None)], (true, None);
    retry_ambiguous_writes: retry_ambiguous_writes, None, [false, true, false]
        => |r| r.retry_ambiguous_writes, [false, true, false], true;
    ru_budget: ru_budget, None, [0.5, 100.0, f64::MAX] => |r| r.ru_budget, [Some(0.5), Some(100.0), Some(f64::MAX)], None;
    diagnostics_report: diagnostics_report, None, [true, false, true] => |r| r.diagnostics_report, [true, false, true], false;
}

#[test]
fn custom_headers_merge_by_name_over_all_layers() {
    let layer = |value: &str, names: &[&str]| OperationOptions {
        custom_headers: names
            .iter()
            .map(|name| ((*name).to_owned(), value.to_owned()))
            .collect(),
        ..OperationOptions::default()
    };
    let runtime = runtime(Pairs::new(), layer("runtime", &["X-A", "x-b", "x-c"]));
    let layers = Layers::new(layer("account", &["x-b", "x-c"]), &runtime).unwrap();
    let resolved = layers
        .resolve(layer("operation", &["X-C"]), &runtime)
        .unwrap();
    let expected = [("x-c", "operation"), ("x-b", "account"), ("x-a", "runtime")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(resolved.custom_headers, expected);
}

/// The override, `hedging_enabled`, the strategy; whether reads hedge, and after how many milliseconds of their own.
#[test]
fn hedging_is_decided_by_the_override_then_the_switch_then_the_strategy() {
    let hedging = AvailabilityStrategy::Hedging;
    for (environment, enabled, strategy, expected) in [
        ("", None, None, (true, None)),
        ("", Some(false), Some(hedging(Some(7))), (false, Some(7))),
        (
            "",
            Some(true),
            Some(AvailabilityStrategy::Disabled),
            (true, None),
        ),
        (
            "false",
            Some(true),
            Some(hedging(Some(7))),
            (false, Some(7)),
        ),
        (
            "On",
            Some(false),
            Some(AvailabilityStrategy::Disabled),
            (true, None),
        ),
        ("maybe", Some(false), None, (false, None)),
    ] {
        let environment = vec![pair("HEDGING_ENABLED_OVERRIDE", environment)];
        let runtime = runtime(environment, OperationOptions::default());
        let layers = Layers::new(OperationOptions::default(), &runtime).unwrap();
        let options = OperationOptions {
            hedging_enabled: enabled,
            availability_strategy: strategy,
            ..OperationOptions::default()
        };
        let resolved = layers.resolve(options, &runtime).unwrap();
        let threshold = expected.1.map(millis);
        assert_eq!(
            (resolved.hedging, resolved.hedging_threshold),
            (expected.0, threshold)
        );
    }
}

#[test]
fn malformed_values_of_the_environment_count_as_absent() {
    let names = [
        "CONTENT_RESPONSE_ON_WRITE",
        "READ_CONSISTENCY_STRATEGY",
        "MAX_FAILOVER_RETRY_COUNT",
        "MAX_SESSION_RETRY_COUNT",
        "MAX_THROTTLE_RETRY_COUNT",
        "ENDPOINT_UNAVAILABLE_TTL_MS",
        "HEDGING_ENABLED",
        "HEDGING_ENABLED_OVERRIDE",
    ];
    for value in ["", "perhaps", "-1", "1.5", "99999999999999999999999"] {
        let pairs = names.iter().map(|name| pair(name, value)).collect();
        let runtime = runtime(pairs, OperationOptions::default());
        assert!(runtime.defaults.is_empty(), "{value:?}");
        assert_eq!(runtime.hedging_override, None, "{value:?}");
    }
}

/// Numbers out of their range, and the limit that the message names.
#[test]
fn numbers_out_of_range_are_refused_with_the_limit() {
    let timeout = |ms| OperationOptions {
        end_to_end_timeout_ms: Some(ms),
        ..OperationOptions::default()
    };
    assert_eq!(
        message(timeout(999).checked()),
        "end-to-end-timeout-ms is 999: give at least 1000, or leave it out"
    );
    assert!(timeout(1_000).checked().is_ok());

    let strategy = |threshold| OperationOptions {
        availability_strategy: Some(AvailabilityStrategy::Hedging(Some(threshold))),
        ..OperationOptions::default()
    };
    assert!(message(strategy(0).checked()).contains("at least 1,"));
    assert!(strategy(1).checked().is_ok());

    for budget in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = OperationOptions {
            ru_budget: Some(budget),
            ..OperationOptions::default()
        };
        assert!(message(options.checked()).contains("above 0"), "{budget}");
    }
    assert_eq!(
        within("x", Some(9), 10, 20).unwrap_err().message,
        "x is 9: give 10 to 20, or leave it out"
    );
    for fits in [None, Some(10), Some(20)] {
        assert!(within("x", fits, 10, 20).is_ok());
    }
}

#[test]
fn lists_of_regions_are_bounded() {
    let excluded = |regions: Vec<String>| OperationOptions {
        excluded_regions: Some(regions),
        ..OperationOptions::default()
    };
    let many = |count: usize| vec!["eastus".to_owned(); count];
    assert!(excluded(many(256)).checked().is_ok());
    assert!(message(excluded(many(257)).checked()).contains("at most 256"));
    assert!(excluded(vec!["x".repeat(64)]).checked().is_ok());
    for name in [" ", &"x".repeat(65)] {
        let error = message(excluded(names(&[name])).checked());
        assert!(error.contains("64 bytes"), "{error}");
    }
}

#[test]
fn a_group_must_be_one_of_the_runtime() {
    let of = |name: &str| OperationOptions {
        throughput_control_group: Some(name.to_owned()),
        ..OperationOptions::default()
    };
    let runtime = runtime(Pairs::new(), OperationOptions::default());
    let layers = Layers::new(of("low"), &runtime).unwrap();
    for refused in [
        Layers::new(of("Low"), &runtime).unwrap_err(),
        layers.resolve(of("other"), &runtime).unwrap_err(),
        RuntimeConfig {
            defaults: of("low"),
            ..RuntimeConfig::default()
        }
        .checked()
        .unwrap_err(),
    ] {
        assert!(refused.message.contains("no group"), "{refused}");
    }
}

#[test]
fn an_operation_keeps_what_it_began_with() {
    let retries = |count| OperationOptions {
        max_failover_retries: Some(count),
        ..OperationOptions::default()
    };
    let shared = runtime(Pairs::new(), retries(1));
    let first = Layers::new(OperationOptions::default(), &shared).unwrap();
    let begun = first.resolve(OperationOptions::default(), &shared).unwrap();
    let second = Layers::new(retries(2), &shared).unwrap();
    let own = first.resolve(retries(3), &shared).unwrap();
    let counts = [
        &begun,
        &own,
        &second
            .resolve(OperationOptions::default(), &shared)
            .unwrap(),
        &first.resolve(OperationOptions::default(), &shared).unwrap(),
    ];
    assert_eq!(counts.map(|r| r.max_failover_retries), [1, 3, 2, 1]);
    drop((first, shared));
    assert_eq!(begun.max_failover_retries, 1);
}

#[test]
fn an_operation_without_options_shares_what_is_resolved() {
    let runtime = runtime(Pairs::new(), OperationOptions::default());
    let layers = Layers::new(OperationOptions::default(), &runtime).unwrap();
    let resolve = || {
        layers
            .resolve(OperationOptions::default(), &runtime)
            .unwrap()
    };
    assert!(Rc::ptr_eq(&resolve(), &resolve()));
}

#[test]
fn an_activity_id_is_a_uuid() {
    let with_id = |id: &str| OperationOptions {
        activity_id: Some(id.to_owned()),
        ..OperationOptions::default()
    };
    assert!(with_id(&uuid(1)).checked().is_ok());
    for id in [
        "",
        "x",
        "7ea3a1f2\r\n",
        "7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b1g",
        "7ea3a1f202b6f-4a62-8e0c-2f1a3c9d0b11",
    ] {
        assert!(with_id(id).checked().is_err());
    }
}

fn uuid(number: u8) -> String {
    format!("7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b{number:02}")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
