//! The options of runtimes, but for those that operations have too: environment where they have a name, runtime.

use std::time::Duration;

use cosmosdb_driver_host::types::{
    DiagnosticsConfig, ErrorKind, FaultOperation, FaultResponse, OperationOptions, PriorityLevel,
    RequestTimeouts, ThroughputControlGroup, Verbosity,
};
use cosmosdb_driver_host::{Fault, RuntimeConfig};
use tokio::net::{TcpSocket, TcpStream};

use super::probes::{self, FOR_EVER, throttled};
use super::{Layer, Probe, Row, Setup, check};
use crate::account::lean;
use crate::face::Face;
use crate::lab::{EAST, read};
use crate::scene::config;

on_every_face!(options_of_runtimes, the_host_of_an_emulator);

/// Without a row: what other tables are about, and the name of a group, which is what operations choose it by.
pub(super) const ELSEWHERE: [&str; 3] =
    ["environment", "defaults", "throughput_control_groups.name"];

async fn options_of_runtimes(face: Face) {
    check(face, &rows()).await;
}

fn row(
    option: &'static str,
    variable: Option<(&'static str, &'static str)>,
    values: [fn(RuntimeConfig) -> RuntimeConfig; 2],
    probe: Probe,
    seen: [&'static str; 3],
) -> Row {
    let environment = variable.map(|(name, value)| Layer::environment(name, value));
    let mut layers = Vec::from_iter(environment);
    layers.push(Layer::runtime(values));
    Row {
        option,
        layers,
        probe,
        seen,
    }
}

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    let mut rows = identity();
    rows.extend(groups());
    rows.extend(timeouts());
    rows.extend(diagnostics());
    rows.push(row("account_refresh_interval_ms", Some(("E2E_BACKGROUND_ACCOUNT_REFRESH_INTERVAL_MS", "100")),
        [|r| r.account_refresh_interval(Duration::from_millis(100)), |r| r.account_refresh_interval(FOR_EVER)],
        |face, setup| Box::pin(account_after_a_while(face, setup)), ["not read", "read again", "not read"]));
    rows
}

#[rustfmt::skip]
fn identity() -> Vec<Row> {
    vec![
        row("user_agent_suffix", None, [|r| r.user_agent_suffix("one"), |r| r.user_agent_suffix("two")],
            |face, setup| Box::pin(probes::end_of_the_user_agent(face, setup)), ["", "one", "two"]),
        row("workload_id", None, [|r| r.workload_id(1), |r| r.workload_id(2)],
            |face, setup| Box::pin(probes::end_of_the_user_agent(face, setup)), ["", "w1", "w2"]),
        row("correlation_id", None, [|r| r.correlation_id("one"), |r| r.correlation_id("two")],
            |face, setup| Box::pin(probes::end_of_the_user_agent(face, setup)), ["", "one", "two"]),
        row("wrapping_sdk_identifier", None,
            [|r| r.wrapping_sdk_identifier("one/1"), |r| r.wrapping_sdk_identifier("two/2")],
            |face, setup| Box::pin(product(face, setup)), ["cosmosdb-driver", "one", "two"]),
        row("user_agent_properties", None,
            [|r| r.user_agent_property("team", "one"), |r| r.user_agent_property("team", "two")],
            |face, setup| Box::pin(team(face, setup)), ["-", "one", "two"]),
    ]
}

/// The name that begins the user agent.
async fn product(face: Face, setup: Setup) -> String {
    let agent = probes::user_agent(face, setup).await;
    let (name, _) = agent.split_once('/').expect("a version");
    name.to_owned()
}

/// The value of a property.
async fn team(face: Face, setup: Setup) -> String {
    let agent = probes::user_agent(face, setup).await;
    let value = agent
        .split_once("; team=")
        .and_then(|(_, rest)| rest.split_once(')'));
    value.map_or("-", |(value, _)| value).to_owned()
}

/// A group that takes operations without a name.
fn usual() -> ThroughputControlGroup {
    ThroughputControlGroup {
        is_default: true,
        ..ThroughputControlGroup::new("usual")
    }
}

fn target(target: Option<f64>) -> ThroughputControlGroup {
    ThroughputControlGroup {
        target_ru_per_second: target,
        ..usual()
    }
}

fn priority(priority: PriorityLevel) -> ThroughputControlGroup {
    ThroughputControlGroup {
        priority_level: Some(priority),
        ..usual()
    }
}

fn bucket(bucket: u32, is_default: bool) -> ThroughputControlGroup {
    ThroughputControlGroup {
        throughput_bucket: Some(bucket),
        is_default,
        ..usual()
    }
}

#[rustfmt::skip]
fn groups() -> Vec<Row> {
    vec![
        row("throughput_control_groups.target_ru_per_second", None,
            [|r| r.add_throughput_control_group(target(Some(10.0))), |r| r.add_throughput_control_group(target(None))],
            |face, setup| Box::pin(after_an_expensive_read(face, setup)), ["at once", "later", "at once"]),
        row("throughput_control_groups.priority_level", None,
            [|r| r.add_throughput_control_group(priority(PriorityLevel::Low)),
             |r| r.add_throughput_control_group(priority(PriorityLevel::High))],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-ms-cosmos-priority-level")),
            ["-", "Low", "High"]),
        row("throughput_control_groups.throughput_bucket", None,
            [|r| r.add_throughput_control_group(bucket(1, true)), |r| r.add_throughput_control_group(bucket(2, true))],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-ms-cosmos-throughput-bucket")),
            ["-", "1", "2"]),
        row("throughput_control_groups.is_default", None,
            [|r| r.add_throughput_control_group(bucket(1, true)), |r| r.add_throughput_control_group(bucket(1, false))],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-ms-cosmos-throughput-bucket")),
            ["-", "1", "-"]),
    ]
}

/// When a read begins after one that has put the group into debt for a second.
async fn after_an_expensive_read(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, true).await;
    let answer = FaultResponse::new(200)
        .header("x-ms-request-charge", "30")
        .body("{}");
    let once = Fault::new("expensive").read_item().hit_limit(1);
    stage.lab.add(once.response(answer)).await;
    stage.read().await.unwrap();
    let waited = stage.read().await.unwrap().diagnostics.duration_ms;
    let when = if waited > 500.0 { "later" } else { "at once" };
    when.to_owned()
}

fn data(ms: u64) -> RequestTimeouts {
    RequestTimeouts {
        data_plane_request_ms: Some(ms),
        ..RequestTimeouts::default()
    }
}

fn metadata(ms: u64) -> RequestTimeouts {
    RequestTimeouts {
        metadata_request_ms: Some(ms),
        ..RequestTimeouts::default()
    }
}

fn connect(ms: u64) -> RequestTimeouts {
    RequestTimeouts {
        connect_ms: Some(ms),
        ..RequestTimeouts::default()
    }
}

#[rustfmt::skip]
fn timeouts() -> Vec<Row> {
    vec![
        row("timeouts.connect_ms", Some(("CONNECTION_POOL_MAX_CONNECT_TIMEOUT_MS", "100")),
            [|r| r.timeouts(connect(100)), |r| r.timeouts(connect(6_000))],
            |face, setup| Box::pin(end_of_connecting(face, setup)), ["the deadline", "its own", "the deadline"]),
        row("timeouts.data_plane_request_ms", Some(("CONNECTION_POOL_MAX_DATAPLANE_REQUEST_TIMEOUT_MS", "100")),
            [|r| r.timeouts(data(100)), |r| r.timeouts(data(200))],
            |face, setup| Box::pin(end_of_a_silent_request(face, setup, FaultOperation::ReadItem)),
            ["another answers", "100 ms", "200 ms"]),
        row("timeouts.metadata_request_ms", Some(("CONNECTION_POOL_MAX_METADATA_REQUEST_TIMEOUT_MS", "100")),
            [|r| r.timeouts(metadata(100)), |r| r.timeouts(metadata(200))],
            |face, setup| Box::pin(end_of_a_silent_request(face, setup, FaultOperation::MetadataReadContainer)),
            ["1000 ms", "100 ms", "200 ms"]),
    ]
}

/// What ends a request that is not answered in the first region.
async fn end_of_a_silent_request(face: Face, setup: Setup, operation: FaultOperation) -> String {
    let mut stage = setup.open(face, false).await;
    let silent = Fault::new("silent").operation(operation).region(EAST);
    stage.lab.add(silent.delay(FOR_EVER)).await;
    let record = stage.read().await.unwrap().diagnostics;
    let cut = record.attempts.iter().find_map(|attempt| {
        let error = attempt.error.as_deref().filter(|_| attempt.timed_out)?;
        error.strip_prefix("no complete answer within ")
    });
    assert!(cut.is_some() || record.hedge.is_some());
    cut.unwrap_or("another answers").to_owned()
}

/// What ends an operation that gets no connection within a second.
async fn end_of_connecting(face: Face, setup: Setup) -> String {
    // One connection fits into the queue of a listener that accepts none.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _first = TcpStream::connect(address).await.unwrap();

    let runtime = setup.runtime.max_failover_retries(0);
    let runtime = runtime.end_to_end_timeout(Duration::from_secs(1));
    let config = lean(config(&format!("http://{address}/"))).runtime(runtime);
    let driver = face.open(Default::default(), &config).await;
    let error = driver.unwrap().execute(read()).await.unwrap_err();
    let error = error.driver().unwrap();
    assert!(
        matches!(error.kind, ErrorKind::Timeout | ErrorKind::Transport),
        "{error:?}"
    );
    let deadline = error.sub_status == Some(20_008);
    let what = if deadline { "the deadline" } else { "its own" };
    what.to_owned()
}

fn records(records: u32) -> DiagnosticsConfig {
    DiagnosticsConfig {
        max_request_diagnostics: Some(records),
        ..DiagnosticsConfig::default()
    }
}

fn bytes(bytes: u32) -> DiagnosticsConfig {
    DiagnosticsConfig {
        max_summary_size_bytes: Some(bytes),
        ..DiagnosticsConfig::default()
    }
}

fn verbosity(verbosity: Verbosity) -> DiagnosticsConfig {
    DiagnosticsConfig {
        default_verbosity: Some(verbosity),
        ..DiagnosticsConfig::default()
    }
}

#[rustfmt::skip]
fn diagnostics() -> Vec<Row> {
    vec![
        row("diagnostics.max_request_diagnostics", Some(("DIAGNOSTICS_MAX_REQUEST_DIAGNOSTICS", "16")),
            [|r| r.diagnostics(records(16)), |r| r.diagnostics(records(64))],
            |face, setup| Box::pin(record_of_forty(face, setup)), ["all", "some", "all"]),
        row("diagnostics.max_summary_size_bytes", Some(("DIAGNOSTICS_MAX_SUMMARY_SIZE_BYTES", "4096")),
            [|r| r.diagnostics(bytes(4_096)), |r| r.diagnostics(bytes(8_192))],
            |face, setup| Box::pin(summary_of_many(face, setup)), ["whole", "cut", "whole"]),
        row("diagnostics.default_verbosity", Some(("DIAGNOSTICS_DEFAULT_VERBOSITY", "verbose")),
            [|r| r.diagnostics(verbosity(Verbosity::Detailed)), |r| r.diagnostics(verbosity(Verbosity::Summary))],
            |face, setup| Box::pin(form_of_the_text(face, setup)), ["regions", "requests", "regions"]),
    ]
}

/// Whether all of forty requests are on record.
async fn record_of_forty(face: Face, mut setup: Setup) -> String {
    setup.runtime = setup.runtime.max_throttle_retries(39);
    let mut stage = setup.open(face, true).await;
    stage.lab.add(throttled(0).read_item()).await;
    let error = stage.read().await.unwrap_err();
    let record = error.driver().unwrap().diagnostics.as_ref().unwrap();
    assert_eq!(record.request_count, 40);
    let left_out = 40 - record.attempts.len();
    assert_eq!(record.omitted_attempts as usize, left_out);
    let said = if left_out == 0 { "all" } else { "some" };
    said.to_owned()
}

/// Whether the summary of twenty different failures is whole.
async fn summary_of_many(face: Face, mut setup: Setup) -> String {
    setup.runtime = setup.runtime.max_throttle_retries(39);
    setup.operation = OperationOptions {
        diagnostics_report: Some(true),
        ..OperationOptions::default()
    };
    let mut stage = setup.open(face, true).await;
    for sub_status in 1..=20 {
        let answer = FaultResponse::new(429).sub_status(sub_status);
        let once = Fault::new(sub_status.to_string()).read_item().hit_limit(1);
        let answer = answer.header("x-ms-retry-after-ms", "0");
        stage.lab.add(once.response(answer)).await;
    }
    let report = stage.read().await.unwrap().diagnostics.report.unwrap();
    let cut = report.json.contains(r#""truncated":true"#);
    assert!(report.json.len() <= 8_192 && (!cut || report.json.len() <= 4_096));
    let said = if cut { "cut" } else { "whole" };
    said.to_owned()
}

/// What the text lists.
async fn form_of_the_text(face: Face, mut setup: Setup) -> String {
    setup.operation.diagnostics_report = Some(true);
    let mut stage = setup.open(face, true).await;
    let report = stage.read().await.unwrap().diagnostics.report.unwrap();
    let text: serde_json::Value = serde_json::from_str(&report.json).unwrap();
    let forms = ["regions", "requests"].into_iter();
    let listed: Vec<_> = forms.filter(|form| text[form].is_array()).collect();
    listed.join(", ")
}

/// Whether the account is read again, a moment later.
async fn account_after_a_while(face: Face, setup: Setup) -> String {
    let mut stage = setup.open(face, true).await;
    stage.pass(Duration::from_millis(150)).await;
    stage.read().await.unwrap();
    let seen = stage.lab.cluster.lines();
    let again = seen.iter().any(|line| line.ends_with(" GET /"));
    let said = if again { "read again" } else { "not read" };
    said.to_owned()
}

async fn the_host_of_an_emulator(face: Face) {
    for (value, opens) in [
        (None, false),
        (Some("other"), false),
        (Some("emulator"), true),
    ] {
        let mut runtime = RuntimeConfig::new();
        if let Some(value) = value {
            runtime = runtime.environment("AZURE_COSMOS_EMULATOR_HOST", value);
        }
        let config = config("http://emulator:8081/").runtime(runtime);
        let opened = face.open(Default::default(), &config).await;
        assert_eq!(opened.is_ok(), opens, "{value:?}");
        let refused = opened.err().map(|error| error.kind());
        assert_eq!(
            refused,
            (!opens).then_some(Some(ErrorKind::InvalidArgument))
        );
    }
}
