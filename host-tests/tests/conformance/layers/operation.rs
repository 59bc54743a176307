//! The options of operations: environment where it has a name, runtime, account, operation.

use std::mem::take;

use cosmosdb_driver_host::types::{
    AvailabilityStrategy, OperationOptions, PriorityLevel, ReadConsistency,
};

use super::{Layer, Probe, Row, Setup, check, probes};
use crate::face::Face;

on_every_face!(options_of_operations, an_override_beats_all_layers);

async fn options_of_operations(face: Face) {
    check(face, &rows()).await;
}

/// Sets an option.
type Set = fn(&mut OperationOptions);

fn with(set: Set) -> OperationOptions {
    let mut options = OperationOptions::default();
    set(&mut options);
    options
}

fn row(
    option: &'static str,
    variable: Option<(&'static str, &'static str)>,
    values: [Set; 2],
    probe: Probe,
    seen: [&'static str; 3],
) -> Row {
    let environment = variable.map(|(name, value)| Layer::environment(name, value));
    let mut layers = Vec::from_iter(environment);
    layers.extend([
        Layer::new("runtime", values, |setup, set| {
            setup.runtime = take(&mut setup.runtime).options(with(set));
        }),
        Layer::new("account", values, |setup, set| setup.defaults = with(set)),
        Layer::new("operation", values, |setup, set| {
            setup.operation = with(set)
        }),
    ]);
    Row {
        option,
        layers,
        probe,
        seen,
    }
}

const ONE: &str = "7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b11";
const TWO: &str = "7ea3a1f2-2b6f-4a62-8e0c-2f1a3c9d0b22";

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    vec![
        row("content_response_on_write", Some(("CONTENT_RESPONSE_ON_WRITE", "enabled")),
            [|o| o.content_response_on_write = Some(true), |o| o.content_response_on_write = Some(false)],
            |face, setup| Box::pin(probes::answer_to_a_write(face, setup)),
            ["return=minimal, empty", "-, item", "return=minimal, empty"]),
        row("custom_headers", None,
            [|o| o.custom_headers = vec![("x-own".into(), "1".into())],
             |o| o.custom_headers = vec![("X-Own".into(), "2".into())]],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-own")),
            ["-", "1", "2"]),
        row("activity_id", None,
            [|o| o.activity_id = Some(ONE.into()), |o| o.activity_id = Some(TWO.into())],
            |face, setup| Box::pin(probes::activity(face, setup, [ONE, TWO])),
            ["another", ONE, TWO]),
        row("read_consistency", Some(("READ_CONSISTENCY_STRATEGY", "eventual")),
            [|o| o.read_consistency = Some(ReadConsistency::Eventual),
             |o| o.read_consistency = Some(ReadConsistency::LatestCommitted)],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-ms-cosmos-read-consistency-strategy")),
            ["-", "Eventual", "LatestCommitted"]),
        row("excluded_regions", None,
            [|o| o.excluded_regions = Some(vec!["East US".into()]), |o| o.excluded_regions = Some(Vec::new())],
            |face, setup| Box::pin(probes::region_of_a_read(face, setup)),
            ["eastus", "westus", "eastus"]),
        row("priority_level", None,
            [|o| o.priority_level = Some(PriorityLevel::Low), |o| o.priority_level = Some(PriorityLevel::High)],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-ms-cosmos-priority-level")),
            ["-", "Low", "High"]),
        row("throughput_bucket", None,
            [|o| o.throughput_bucket = Some(3), |o| o.throughput_bucket = Some(4)],
            |face, setup| Box::pin(probes::header_of_a_read(face, setup, "x-ms-cosmos-throughput-bucket")),
            ["-", "3", "4"]),
        row("throughput_control_group", None,
            [|o| o.throughput_control_group = Some("one".into()), |o| o.throughput_control_group = Some("two".into())],
            |face, setup| Box::pin(probes::bucket_of_the_group(face, setup)),
            ["-", "1", "2"]),
        row("max_failover_retries", Some(("MAX_FAILOVER_RETRY_COUNT", "0")),
            [|o| o.max_failover_retries = Some(0), |o| o.max_failover_retries = Some(1)],
            |face, setup| Box::pin(probes::attempts_when(face, setup, probes::unavailable())),
            ["4", "1", "2"]),
        row("max_session_retries", Some(("MAX_SESSION_RETRY_COUNT", "0")),
            [|o| o.max_session_retries = Some(0), |o| o.max_session_retries = Some(1)],
            |face, setup| Box::pin(probes::attempts_when(face, setup, probes::lagging())),
            ["3", "1", "2"]),
        row("max_throttle_retries", Some(("MAX_THROTTLE_RETRY_COUNT", "0")),
            [|o| o.max_throttle_retries = Some(0), |o| o.max_throttle_retries = Some(2)],
            |face, setup| Box::pin(probes::attempts_when(face, setup, probes::throttled(0))),
            ["10", "1", "3"]),
        // Each pause is of 1 ms, and one attempt more follows the pauses that are allowed.
        row("max_throttle_wait_ms", None,
            [|o| o.max_throttle_wait_ms = Some(3), |o| o.max_throttle_wait_ms = Some(0)],
            |face, setup| Box::pin(probes::attempts_when(face, setup, probes::throttled(1))),
            ["10", "5", "2"]),
        row("endpoint_unavailability_ttl_ms", Some(("ENDPOINT_UNAVAILABLE_TTL_MS", "0")),
            [|o| o.endpoint_unavailability_ttl_ms = Some(0), |o| o.endpoint_unavailability_ttl_ms = Some(60_000)],
            |face, setup| Box::pin(probes::region_after_a_failure(face, setup)),
            ["westus", "eastus", "westus"]),
        row("session_capturing_disabled", None,
            [|o| o.session_capturing_disabled = Some(true), |o| o.session_capturing_disabled = Some(false)],
            |face, setup| Box::pin(probes::session_after_a_write(face, setup)),
            ["the write's", "-", "the write's"]),
        row("retry_ambiguous_writes", None,
            [|o| o.retry_ambiguous_writes = Some(false), |o| o.retry_ambiguous_writes = Some(true)],
            |face, setup| Box::pin(probes::attempts_of_a_lost_write(face, setup)),
            ["2", "1", "2"]),
        row("ru_budget", None,
            [|o| o.ru_budget = Some(5.0), |o| o.ru_budget = Some(6.0)],
            |face, setup| Box::pin(probes::attempts_when(face, setup, probes::expensive())),
            ["4", "1", "2"]),
        row("diagnostics_report", None,
            [|o| o.diagnostics_report = Some(true), |o| o.diagnostics_report = Some(false)],
            |face, setup| Box::pin(probes::report(face, setup)),
            ["none", "there", "none"]),
        // These wait: side by side they wait together.
        row("end_to_end_timeout_ms", None,
            [|o| o.end_to_end_timeout_ms = Some(1_000), |o| o.end_to_end_timeout_ms = Some(1_100)],
            |face, setup| Box::pin(probes::end_of_patience(face, setup)),
            ["none", "1000 ms", "1100 ms"]),
        row("hedging_enabled", Some(("HEDGING_ENABLED", "off")),
            [|o| o.hedging_enabled = Some(false), |o| o.hedging_enabled = Some(true)],
            |face, setup| Box::pin(probes::hedge_switched(face, setup)),
            ["after 1 ms", "alone", "after 1 ms"]),
        row("availability_strategy", None,
            [|o| o.availability_strategy = Some(AvailabilityStrategy::Hedging(Some(2))),
             |o| o.availability_strategy = Some(AvailabilityStrategy::Disabled)],
            |face, setup| Box::pin(probes::hedge(face, setup)),
            ["after 1000 ms", "after 2 ms", "alone"]),
    ]
}

async fn an_override_beats_all_layers(face: Face) {
    let on = |o: &mut OperationOptions| o.hedging_enabled = Some(true);
    let setup = |value: &str| Setup {
        runtime: Setup::default()
            .runtime
            .environment("AZURE_COSMOS_HEDGING_ENABLED_OVERRIDE", value)
            .options(with(on)),
        defaults: with(on),
        operation: with(on),
        ..Setup::default()
    };
    assert_eq!(probes::hedge_switched(face, setup("false")).await, "alone");
    let perhaps = probes::hedge_switched(face, setup("perhaps")).await;
    assert_eq!(perhaps, "after 1 ms", "what is malformed counts as absent");
}
