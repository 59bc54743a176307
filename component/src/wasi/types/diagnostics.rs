//! What happened on the wire.

use crate::core::diagnostics::{
    Compaction, Event, EventKind, ExecutionContext, FaultEvaluation, Group, Hedge, Pipeline,
    Region, Rollup, Settings, Tally,
};
use crate::core::{Attempt, Diagnostics, RequestSent};
use crate::wasi::abi::{Keep, Layout, Lower, Wire};

enumerations! {
    RequestSent { Sent, NotSent, Unknown }
    ExecutionContext {
        Initial,
        OperationRetry,
        TransportRetry,
        RegionFailover,
        Hedging,
        CircuitBreakerProbe,
    }
    Pipeline { DataPlane, Metadata }
    EventKind {
        RoutingFallback,
        TransportStart,
        ResponseHeadersReceived,
        TransportComplete,
        TransportFailed,
    }
}

outgoing!(Diagnostics, |own| {
    own.activity_id => String,
    own.operation_name => &str,
    own.duration_ms => f64,
    own.request_charge => f64,
    own.request_count => u32,
    own.attempts => Vec<Attempt>,
    own.omitted_attempts() => u32,
    own.compaction.as_deref() => Option<&Compaction>,
    own.hedge => Option<Box<Hedge>>,
    own.attempted_more_than_once => bool,
    own.fault_injection_enabled => bool,
    own.report.as_ref().map(|settings| Report(own, settings)) => Option<Report<'_>>,
});

outgoing!(Attempt, |own| {
    own.operation_name => &str,
    own.context => ExecutionContext,
    own.pipeline => Pipeline,
    own.region => Option<String>,
    own.endpoint => String,
    own.status => Option<u16>,
    own.sub_status => Option<u32>,
    own.request_charge => f64,
    own.activity_id => Option<String>,
    own.request_sent => RequestSent,
    own.duration_ms => f64,
    own.server_duration_ms => Option<f64>,
    own.timed_out => bool,
    own.session_token_bytes_sent => u32,
    own.error => Option<String>,
    own.events() => Vec<Event<'_>>,
    own.fault_evaluations() => &[FaultEvaluation],
});

outgoing!(Event<'_>, |own| {
    own.kind => EventKind,
    own.at_ms => Option<f64>,
    own.details => Option<&str>,
});

outgoing!(FaultEvaluation, |own| {
    own.rule => String,
    own.outcome => &str,
});

outgoing!(Hedge, |own| {
    own.ending => &str,
    own.threshold_ms => f64,
    own.primary => Option<String>,
    own.alternate => Option<String>,
});

outgoing!(Compaction, |own| {
    own.runs.iter().map(Run::of_rollup).collect() => Vec<Run<'_>>,
    own.omitted_runs => u32,
    own.omitted_request_count => u32,
});

/// Attempts that were alike.
struct Run<'a> {
    operation_name: &'static str,
    context: ExecutionContext,
    region: Option<&'a str>,
    endpoint: &'a str,
    status: Option<u16>,
    sub_status: Option<u32>,
    tally: &'a Tally,
}

impl<'a> Run<'a> {
    fn of_rollup(rollup: &'a Rollup) -> Self {
        Self {
            operation_name: rollup.operation_name,
            context: rollup.context,
            region: rollup.region.as_deref(),
            endpoint: &rollup.endpoint,
            status: rollup.status,
            sub_status: rollup.sub_status,
            tally: &rollup.tally,
        }
    }

    fn of_group(group: &'a Group<'a>, region: Option<&'a str>) -> Self {
        Self {
            operation_name: "",
            context: group.context,
            region,
            endpoint: group.endpoint,
            status: group.status,
            sub_status: group.sub_status,
            tally: &group.tally,
        }
    }
}

outgoing!(Run<'_>, |own| {
    own.operation_name => &str,
    own.context => ExecutionContext,
    own.region => Option<&str>,
    own.endpoint => &str,
    own.status => Option<u16>,
    own.sub_status => Option<u32>,
    own.tally.count => u32,
    own.tally.request_charge => f64,
    own.tally.min_ms => f64,
    own.tally.max_ms => f64,
    own.tally.p50_ms() => f64,
});

/// Diagnostics in short and as text.
struct Report<'a>(&'a Diagnostics, &'a Settings);

impl Wire for Report<'_> {
    const LAYOUT: Layout = <(Vec<Summary<'_>>, String)>::LAYOUT;
}

#[allow(unsafe_code)] // the order is the WIT's
impl Lower for Report<'_> {
    #[inline(never)]
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        let Self(diagnostics, settings) = self;
        let attempts = &diagnostics.attempts;
        let regions = diagnostics.summary().into_iter();
        let regions: Vec<Summary<'_>> =
            regions.map(|region| Summary { region, attempts }).collect();
        let json = diagnostics.json(settings.verbosity, settings.max_summary_size_bytes);
        // SAFETY: the caller's promise; the summary points into the diagnostics, and the text is kept.
        unsafe { (regions.as_slice(), json.as_str()).lower(at, keep) };
        keep.text(json);
    }
}

/// What went to one region, and the attempts by which its first and last are told.
struct Summary<'a> {
    region: Region<'a>,
    attempts: &'a [Attempt],
}

impl Summary<'_> {
    fn place(&self, wanted: Option<&Attempt>) -> Option<u32> {
        let is = |attempt: &Attempt| wanted.is_some_and(|wanted| std::ptr::eq(attempt, wanted));
        let place = self.attempts.iter().position(is);
        place.and_then(|place| u32::try_from(place).ok())
    }

    fn groups(&self) -> Vec<Run<'_>> {
        let region = &self.region;
        let run = |group| Run::of_group(group, region.name);
        region.groups.iter().map(run).collect()
    }
}

outgoing!(Summary<'_>, |own| {
    own.region.name => Option<&str>,
    own.region.request_count => u32,
    own.region.request_charge => f64,
    own.place(own.region.first) => Option<u32>,
    own.place(own.region.last) => Option<u32>,
    own.groups() => Vec<Run<'_>>,
});
