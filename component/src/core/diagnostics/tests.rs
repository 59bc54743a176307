use super::*;

mod compact;
mod json;
mod record;
mod summary;

/// Fills in how an attempt ended.
type Fill = fn(&mut Attempt);

const EAST: &str = "https://a-eastus.example.com:443/";
const WEST: &str = "https://a-westus.example.com:443/";
const MILLI: Nanos = 1_000_000;

/// A read of an item that begins when the attempt before ended.
fn departure() -> Departure<'static> {
    Departure {
        operation_name: "read_item",
        read: true,
        context: ExecutionContext::Initial,
        pipeline: Pipeline::DataPlane,
        region: Some("eastus"),
        endpoint: EAST,
        fallback: None,
        session_token_bytes: 0,
        at: None,
    }
}

fn west() -> Departure<'static> {
    Departure {
        region: Some("westus"),
        endpoint: WEST,
        context: ExecutionContext::RegionFailover,
        ..departure()
    }
}

fn write() -> Departure<'static> {
    Departure {
        operation_name: "create_item",
        read: false,
        ..departure()
    }
}

fn recorder() -> Recorder {
    with_cap(64)
}

fn with_cap(max_request_diagnostics: usize) -> Recorder {
    let settings = Settings {
        max_request_diagnostics,
        ..Settings::default()
    };
    Recorder::new("read_item", "6f0c".to_owned(), 0, &settings)
}

/// An attempt that is answered at `ms` milliseconds with `status`, for 1 RU.
fn answered(recorder: &Recorder, departure: &Departure<'_>, ms: u64, status: u16) -> AttemptId {
    let id = recorder.depart(departure);
    recorder.land(id, ms * MILLI, |attempt| {
        attempt.status = Some(status);
        attempt.request_charge = 1.0;
    });
    id
}

#[test]
fn names_are_those_of_the_wire() {
    let contexts = [
        (ExecutionContext::Initial, "initial"),
        (ExecutionContext::OperationRetry, "operation_retry"),
        (ExecutionContext::TransportRetry, "transport_retry"),
        (ExecutionContext::RegionFailover, "region_failover"),
        (ExecutionContext::Hedging, "hedging"),
        (
            ExecutionContext::CircuitBreakerProbe,
            "circuit_breaker_probe",
        ),
    ];
    assert!(
        contexts
            .iter()
            .all(|(context, name)| context.name() == *name)
    );
    assert_eq!(Pipeline::Metadata.name(), "metadata");
    assert_eq!(RequestSent::NotSent.name(), "not_sent");
    for (text, verbosity) in [
        ("summary", Some(Verbosity::Summary)),
        ("Minimal", Some(Verbosity::Summary)),
        ("detailed", Some(Verbosity::Detailed)),
        ("VERBOSE", Some(Verbosity::Detailed)),
        ("", None),
        ("all", None),
    ] {
        assert_eq!(Verbosity::parse(text), verbosity, "{text}");
    }
    assert_eq!(sub_status::name(404, 1002), Some("ReadSessionNotAvailable"));
    assert_eq!(sub_status::name(410, 1002), Some("PartitionKeyRangeGone"));
    assert_eq!(sub_status::name(409, 1002), None);
}
