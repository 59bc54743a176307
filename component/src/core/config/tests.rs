use super::super::RuntimeConfig;
use super::super::clock::{SECOND, millis};
use super::*;
use crate::wire::secret::Secret;

fn config() -> Config {
    let key = CredentialConfig::AccountKey(Secret::new("c2VjcmV0"));
    Config::new(Some("https://a.example.com/".to_owned()), key)
}

fn runtime(pairs: &[(&str, &str)]) -> Runtime {
    let pair = |(name, value): &(&str, &str)| (format!("AZURE_COSMOS_{name}"), (*value).to_owned());
    let config = RuntimeConfig {
        environment: pairs.iter().map(pair).collect(),
        ..RuntimeConfig::default()
    };
    config.checked().unwrap()
}

fn message(config: Config) -> String {
    config.checked(&runtime(&[])).unwrap_err().message
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn defaults() {
    let settings = config().checked(&runtime(&[])).unwrap();
    assert_eq!(settings.endpoint.url(), "https://a.example.com/");
    assert!(settings.preferred_regions.is_empty() && settings.backup_endpoints.is_empty());
    assert_eq!(settings.max_concurrent_metadata_hedges, 32);
    assert_eq!(
        settings.circuit_breaker,
        circuit_breaker::Settings {
            enabled: true,
            enabled_override: None,
            read_threshold: 10,
            write_threshold: 5,
            reset_window: 300 * SECOND,
            unavailability: 5 * SECOND,
            sweep_interval: 300 * SECOND,
            hedge_win_threshold: 5,
        }
    );
}

#[test]
fn partition_failover_goes_from_the_account_to_the_environment() {
    let pairs = [
        ("PPCB_ENABLED", "false"),
        ("PPCB_READ_FAILURE_THRESHOLD", "2"),
        ("PPCB_WRITE_FAILURE_THRESHOLD", "3"),
        ("PPCB_COUNTER_RESET_WINDOW_MS", "1000"),
        ("PPCB_PARTITION_UNAVAILABILITY_DURATION_MS", "5"),
        ("PPCB_FAILBACK_SWEEP_INTERVAL_MS", "6"),
        ("PPCB_CONSECUTIVE_HEDGE_WIN_THRESHOLD", "7"),
        ("PARTITION_TOPOLOGY_CACHE_MODE", "EAGER"),
    ];
    let from_environment = circuit_breaker::Settings {
        enabled: false,
        enabled_override: None,
        read_threshold: 2,
        write_threshold: 3,
        reset_window: SECOND,
        unavailability: millis(5),
        sweep_interval: millis(6),
        hedge_win_threshold: 7,
    };
    let settings = config().checked(&runtime(&pairs)).unwrap();
    assert_eq!(settings.circuit_breaker, from_environment);
    assert_eq!(settings.topology_cache, TopologyCache::Eager);

    let own = Config {
        partition_failover: PartitionFailoverConfig {
            circuit_breaker_enabled: Some(true),
            read_failure_threshold: Some(12),
            write_failure_threshold: Some(13),
            counter_reset_window_ms: Some(1_400),
            partition_unavailability_ms: Some(15),
            failback_sweep_interval_ms: Some(16),
            consecutive_hedge_wins: Some(17),
            topology_cache: Some(TopologyCache::Lazy),
        },
        ..config()
    };
    let settings = own.checked(&runtime(&pairs)).unwrap();
    assert_eq!(
        settings.circuit_breaker,
        circuit_breaker::Settings {
            enabled: true,
            enabled_override: None,
            read_threshold: 12,
            write_threshold: 13,
            reset_window: millis(1_400),
            unavailability: millis(15),
            sweep_interval: millis(16),
            hedge_win_threshold: 17,
        }
    );
}

#[test]
fn malformed_values_of_the_environment_count_as_absent() {
    let names = [
        "PPCB_ENABLED",
        "PPCB_ENABLED_OVERRIDE",
        "PPCB_READ_FAILURE_THRESHOLD",
        "PPCB_WRITE_FAILURE_THRESHOLD",
        "PPCB_PARTITION_UNAVAILABILITY_DURATION_MS",
        "PPCB_FAILBACK_SWEEP_INTERVAL_MS",
        "PPCB_CONSECUTIVE_HEDGE_WIN_THRESHOLD",
        "PARTITION_TOPOLOGY_CACHE_MODE",
    ];
    for value in ["", "perhaps", "-1", "4294967296.5"] {
        let mut pairs = names.map(|name| (name, value)).to_vec();
        // In the range of the others.
        pairs.push(("PPCB_COUNTER_RESET_WINDOW_MS", "999"));
        let runtime = runtime(&pairs);
        assert_eq!(runtime.circuit_breaker_override, None);
        assert_eq!(
            runtime.partition_failover,
            PartitionFailoverConfig::default(),
            "{value:?}"
        );
    }
}

/// The override, the option, whether the account moves partitions by itself; whether the circuit breaker works.
#[test]
fn the_circuit_breaker_obeys_the_override_then_the_account_then_the_option() {
    for (environment, enabled, account, expected) in [
        ("", None, false, true),
        ("", Some(false), false, false),
        ("", Some(false), true, true),
        ("0", Some(true), true, false),
        ("yes", Some(false), false, true),
    ] {
        let runtime = runtime(&[("PPCB_ENABLED_OVERRIDE", environment)]);
        let mut config = config();
        config.partition_failover.circuit_breaker_enabled = enabled;
        let settings = config.checked(&runtime).unwrap();
        let mut breaker = circuit_breaker::Breaker::new(settings.circuit_breaker);
        breaker.account_read(account);
        assert_eq!(breaker.is_enabled(), expected);
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_limit() {
    type Set = fn(&mut PartitionFailoverConfig, u32);
    let options: [(Set, u32, &str); 6] = [
        (
            |o, n| o.read_failure_threshold = Some(n),
            1,
            "read-failure-threshold is 0: give at least 1,",
        ),
        (
            |o, n| o.write_failure_threshold = Some(n),
            1,
            "write-failure-threshold is 0: give at least 1,",
        ),
        (
            |o, n| o.counter_reset_window_ms = Some(n.into()),
            1_000,
            "counter-reset-window-ms is 999: give at least 1000,",
        ),
        (
            |o, n| o.partition_unavailability_ms = Some(n.into()),
            1,
            "partition-unavailability-ms is 0: give at least 1,",
        ),
        (
            |o, n| o.failback_sweep_interval_ms = Some(n.into()),
            1,
            "failback-sweep-interval-ms is 0: give at least 1,",
        ),
        (
            |o, n| o.consecutive_hedge_wins = Some(n),
            1,
            "consecutive-hedge-wins is 0: give at least 1,",
        ),
    ];
    for (set, least, said) in options {
        let mut fits = config();
        set(&mut fits.partition_failover, least);
        assert!(fits.checked(&runtime(&[])).is_ok(), "{said}");
        let mut wrong = config();
        set(&mut wrong.partition_failover, least - 1);
        let error = message(wrong);
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn regions_are_listed_or_ordered_by_distance() {
    let preferring = |listed: &[&str], application: Option<&str>| Config {
        preferred_regions: texts(listed),
        application_region: application.map(str::to_owned),
        ..config()
    };
    let settings = preferring(&["West US 2", "eastus"], None).checked(&runtime(&[]));
    assert_eq!(settings.unwrap().preferred_regions, ["westus2", "eastus"]);
    let settings = preferring(&[], Some("East US")).checked(&runtime(&[]));
    assert_eq!(
        settings
            .unwrap()
            .preferred_regions
            .first()
            .map(String::as_str),
        Some("eastus")
    );
    let unknown = preferring(&[], Some("Mare Imbrium")).checked(&runtime(&[]));
    assert_eq!(unknown.unwrap().preferred_regions, ["mareimbrium"]);

    assert!(message(preferring(&["a"], Some("b"))).contains("leave one of them out"));
    assert!(message(preferring(&[""], None)).contains("preferred-regions"));
    assert!(message(preferring(&[], Some(""))).contains("application-region"));
    assert!(message(preferring(&["a"; 257], None)).contains("at most 256"));
}

#[test]
fn backup_endpoints_are_endpoints() {
    let with = |endpoints: &[&str]| Config {
        backup_endpoints: texts(endpoints),
        ..config()
    };
    let good = ["https://b.example.com:443/", "http://cosmos.test:8081"];
    let runtime_of_emulator = runtime(&[("EMULATOR_HOST", "cosmos.test")]);
    let settings = with(&good).checked(&runtime_of_emulator).unwrap();
    let urls = settings
        .backup_endpoints
        .iter()
        .map(|target| target.endpoint.url());
    assert_eq!(
        urls.collect::<Vec<_>>(),
        ["https://b.example.com/", "http://cosmos.test:8081/"]
    );
    assert!(message(with(&good)).starts_with("backup-endpoints: the endpoint begins with http://"));
    assert!(message(with(&["https://b/"; 17])).contains("at most 16"));
    assert!(with(&["https://b/"; 16]).checked(&runtime(&[])).is_ok());
}

#[test]
fn the_drivers_suffix_goes_before_the_runtimes() {
    let shared = RuntimeConfig {
        identity: Identity {
            suffix: Some("shared".to_owned()),
            workload_id: Some(7),
            ..Identity::default()
        },
        ..RuntimeConfig::default()
    };
    let shared = shared.checked().unwrap();
    for (own, expected) in [(None, "shared"), (Some("own"), "own")] {
        let config = Config {
            user_agent_suffix: own.map(str::to_owned),
            ..config()
        };
        let identity = config.checked(&shared).unwrap().identity;
        assert_eq!(identity.suffix.as_deref(), Some(expected));
        assert_eq!(identity.workload_id, Some(7));
    }
}
