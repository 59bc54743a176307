use super::*;

fn with(pairs: &[(&str, &str)]) -> RuntimeConfig {
    let pair = |(name, value): &(&str, &str)| (format!("AZURE_COSMOS_{name}"), (*value).to_owned());
    RuntimeConfig {
        environment: pairs.iter().map(pair).collect(),
        ..RuntimeConfig::default()
    }
}

const ENVIRONMENT: [(&str, &str); 8] = [
    ("EMULATOR_HOST", "cosmos.test"),
    ("CONNECTION_POOL_MAX_CONNECT_TIMEOUT_MS", "100"),
    ("CONNECTION_POOL_MAX_DATAPLANE_REQUEST_TIMEOUT_MS", "101"),
    ("CONNECTION_POOL_MAX_METADATA_REQUEST_TIMEOUT_MS", "102"),
    ("DIAGNOSTICS_MAX_REQUEST_DIAGNOSTICS", "512"),
    ("DIAGNOSTICS_MAX_SUMMARY_SIZE_BYTES", "4096"),
    ("DIAGNOSTICS_DEFAULT_VERBOSITY", "Verbose"),
    ("E2E_BACKGROUND_ACCOUNT_REFRESH_INTERVAL_MS", "103"),
];

/// Everything that falls from the runtime's options to the environment.
fn facts(runtime: &Runtime) -> (Timeouts, usize, usize, Verbosity, Nanos) {
    let diagnostics = &runtime.diagnostics;
    (
        runtime.timeouts,
        diagnostics.max_request_diagnostics,
        diagnostics.max_summary_size_bytes,
        diagnostics.verbosity,
        runtime.account_refresh_interval,
    )
}

fn timeouts(connect: Nanos, data: Option<u64>, metadata: Option<u64>) -> Timeouts {
    Timeouts {
        connect,
        data_plane: data.map(millis),
        metadata: metadata.map(millis),
    }
}

fn usual() -> (Timeouts, usize, usize, Verbosity, Nanos) {
    let timeouts = timeouts(5 * SECOND, None, None);
    (timeouts, 64, 8192, Verbosity::Summary, 300 * SECOND)
}

#[test]
fn options_go_from_the_runtime_to_the_environment_to_the_default() {
    let runtime = with(&[]).checked().unwrap();
    assert_eq!(facts(&runtime), usual());
    assert!(runtime.defaults.is_empty() && runtime.emulator_host.is_none());

    let runtime = with(&ENVIRONMENT).checked().unwrap();
    let waits = timeouts(millis(100), Some(101), Some(102));
    assert_eq!(
        facts(&runtime),
        (waits, 512, 4096, Verbosity::Detailed, millis(103))
    );
    assert_eq!(runtime.emulator_host.as_deref(), Some("cosmos.test"));

    let own = RuntimeConfig {
        timeouts: TimeoutsConfig {
            connect_ms: Some(6_000),
            data_plane_request_ms: Some(65_000),
            metadata_request_ms: Some(64_000),
        },
        diagnostics: DiagnosticsConfig {
            max_request_diagnostics: Some(16),
            max_summary_size_bytes: Some(1 << 20),
            default_verbosity: Some(Verbosity::Summary),
        },
        account_refresh_interval_ms: Some(100),
        ..with(&ENVIRONMENT)
    };
    let waits = timeouts(6 * SECOND, Some(65_000), Some(64_000));
    assert_eq!(
        facts(&own.checked().unwrap()),
        (waits, 16, 1 << 20, Verbosity::Summary, millis(100))
    );
}

#[test]
fn values_of_the_environment_out_of_range_count_as_absent() {
    for value in ["", "x", "99", "1000000000000000000000", "-5"] {
        let pairs = ENVIRONMENT.map(|(name, _)| match name {
            // 99 is within its range.
            "DIAGNOSTICS_MAX_REQUEST_DIAGNOSTICS" => (name, "15"),
            _ => (name, value),
        });
        let runtime = with(&pairs).checked().unwrap();
        assert_eq!(facts(&runtime), usual(), "{value:?}");
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_limits() {
    type Set = fn(&mut RuntimeConfig, u64);
    let options: [(Set, &str, u64, Option<u64>); 6] = [
        (
            |c, n| c.timeouts.connect_ms = Some(n),
            "timeouts.connect-ms",
            100,
            Some(6_000),
        ),
        (
            |c, n| c.timeouts.data_plane_request_ms = Some(n),
            "timeouts.data-plane-request-ms",
            100,
            Some(65_000),
        ),
        (
            |c, n| c.timeouts.metadata_request_ms = Some(n),
            "timeouts.metadata-request-ms",
            100,
            Some(65_000),
        ),
        (
            |c, n| c.diagnostics.max_request_diagnostics = u32::try_from(n).ok(),
            "diagnostics.max-request-diagnostics",
            16,
            Some(4_096),
        ),
        (
            |c, n| c.diagnostics.max_summary_size_bytes = u32::try_from(n).ok(),
            "diagnostics.max-summary-size-bytes",
            4_096,
            Some(1 << 20),
        ),
        (
            |c, n| c.account_refresh_interval_ms = Some(n),
            "account-refresh-interval-ms",
            100,
            None,
        ),
    ];
    for (set, name, low, high) in options {
        let check = |number: u64| {
            let mut config = with(&[]);
            set(&mut config, number);
            config.checked().map(|_| ()).map_err(|error| error.message)
        };
        let limits = match high {
            Some(high) => format!("{low} to {high}"),
            None => format!("at least {low}"),
        };
        let refused = |number: u64| {
            Err(format!(
                "{name} is {number}: give {limits}, or leave it out"
            ))
        };
        assert_eq!(check(low), Ok(()));
        assert_eq!(check(low - 1), refused(low - 1));
        if let Some(high) = high {
            assert_eq!(check(high), Ok(()));
            assert_eq!(check(high + 1), refused(high + 1));
        }
    }
}

#[test]
fn groups_have_names_of_their_own() {
    let group = || GroupConfig {
        name: "g".to_owned(),
        target_ru_per_second: Some(400.0),
        priority: None,
        bucket: None,
        is_default: true,
    };
    let config = |groups| RuntimeConfig {
        throughput_control_groups: groups,
        ..RuntimeConfig::default()
    };
    let runtime = config(vec![group()]).checked().unwrap();
    assert_eq!(runtime.groups.borrow().get("g"), Some(&group()));
    let error = config(vec![group(), group()]).checked().unwrap_err();
    assert!(error.message.contains("name"), "{error}");
}
