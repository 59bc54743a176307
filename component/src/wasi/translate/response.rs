//! What goes out.

use crate::core::diagnostics::{
    Event, EventKind, ExecutionContext, FaultEvaluation, Group, Pipeline, Region, Rollup, Settings,
};
use crate::core::{self, Attempt, Diagnostics, Error, ErrorKind, Outcome, RequestSent, Response};
use crate::wasi::bindings::types as wit;
use crate::wire::batch::OperationResult;
use crate::wire::headers::ResponseHeaders;

// A response is large: handing it over costs more than its fields.
#[inline(always)]
pub(in crate::wasi) fn response(response: Response) -> wit::Response {
    wit::Response {
        status: response.status,
        body: response.body,
        headers: headers(response.headers),
        diagnostics: diagnostics(response.diagnostics),
        results: response.results.into_iter().map(result).collect(),
    }
}

fn result(result: core::Result<OperationResult>) -> wit::BatchResult {
    match result {
        Ok(result) => wit::BatchResult {
            status: result.status,
            request_charge: result.request_charge,
            etag: result.etag,
            body: result.body.unwrap_or_default(),
            failure: None,
        },
        Err(error) => failure(*error),
    }
}

fn failure(error: Error) -> wit::BatchResult {
    let headers = error.headers.unwrap_or_default();
    wit::BatchResult {
        status: error.status.unwrap_or(0),
        request_charge: headers.request_charge,
        etag: headers.etag,
        body: Vec::new(),
        failure: Some(wit::OperationFailure {
            kind: kind(error.kind),
            message: error.message,
            sub_status: error.sub_status,
            retry_after_ms: error.retry_after_ms,
            retryable: error.retryable,
            outcome: outcome(error.outcome),
        }),
    }
}

fn outcome(outcome: Outcome) -> wit::Outcome {
    match outcome {
        Outcome::NotApplied => wit::Outcome::NotApplied,
        Outcome::Unknown => wit::Outcome::Unknown,
    }
}

#[allow(clippy::boxed_local)] // results hold it so
pub(in crate::wasi) fn error(error: Box<Error>) -> wit::Error {
    let error = *error;
    wit::Error {
        kind: kind(error.kind),
        message: error.message,
        status: error.status,
        sub_status: error.sub_status,
        retry_after_ms: error.retry_after_ms,
        retryable: error.retryable,
        outcome: outcome(error.outcome),
        cause: error.cause.map(|cause| wit::ErrorCause {
            status: cause.status,
            sub_status: cause.sub_status,
            message: cause.message,
        }),
        failed_operation: error.failed_operation,
        headers: error.headers.map(headers),
        diagnostics: error.diagnostics.map(diagnostics),
    }
}

#[allow(clippy::boxed_local)] // results hold it so
pub(in crate::wasi) fn rejection(error: Box<Error>) -> wit::Rejection {
    wit::Rejection {
        kind: kind(error.kind),
        message: error.message,
    }
}

fn kind(kind: ErrorKind) -> wit::ErrorKind {
    match kind {
        ErrorKind::InvalidArgument => wit::ErrorKind::InvalidArgument,
        ErrorKind::Unauthorized => wit::ErrorKind::Unauthorized,
        ErrorKind::Forbidden => wit::ErrorKind::Forbidden,
        ErrorKind::NotFound => wit::ErrorKind::NotFound,
        ErrorKind::Conflict => wit::ErrorKind::Conflict,
        ErrorKind::PreconditionFailed => wit::ErrorKind::PreconditionFailed,
        ErrorKind::PayloadTooLarge => wit::ErrorKind::PayloadTooLarge,
        ErrorKind::Throttled => wit::ErrorKind::Throttled,
        ErrorKind::Timeout => wit::ErrorKind::Timeout,
        ErrorKind::Cancelled => wit::ErrorKind::Cancelled,
        ErrorKind::Unavailable => wit::ErrorKind::Unavailable,
        ErrorKind::NotResumable => wit::ErrorKind::NotResumable,
        ErrorKind::BudgetSpent => wit::ErrorKind::BudgetSpent,
        ErrorKind::Transport => wit::ErrorKind::Transport,
        ErrorKind::Service => wit::ErrorKind::Service,
        ErrorKind::Closed => wit::ErrorKind::Closed,
    }
}

fn headers(headers: ResponseHeaders) -> wit::ResponseHeaders {
    wit::ResponseHeaders {
        activity_id: headers.activity_id,
        request_charge: headers.request_charge,
        session_token: headers.session_token,
        etag: headers.etag,
        continuation: headers.continuation,
        item_count: headers.item_count,
        sub_status: headers.sub_status,
        server_duration_ms: headers.server_duration_ms,
        index_metrics: headers.index_metrics,
        query_metrics: headers.query_metrics,
        others: headers.others,
    }
}

#[allow(clippy::boxed_local)] // to open it at the call costs more
fn diagnostics(diagnostics: Box<Diagnostics>) -> wit::Diagnostics {
    let report = diagnostics
        .report
        .map(|settings| report(&diagnostics, &settings));
    let omitted_attempts = diagnostics.omitted_attempts();
    let diagnostics = *diagnostics;
    let mut attempts = Vec::with_capacity(diagnostics.attempts.len());
    for own in diagnostics.attempts {
        attempts.push(attempt(own));
    }
    wit::Diagnostics {
        omitted_attempts,
        activity_id: diagnostics.activity_id,
        operation_name: diagnostics.operation_name.to_owned(),
        duration_ms: diagnostics.duration_ms,
        request_charge: diagnostics.request_charge,
        request_count: diagnostics.request_count,
        attempts,
        compaction: diagnostics.compaction.map(|compaction| wit::Compaction {
            runs: compaction.runs.iter().map(rollup).collect(),
            omitted_runs: compaction.omitted_runs,
            omitted_requests: compaction.omitted_request_count,
        }),
        hedge: diagnostics.hedge.map(|hedge| wit::Hedge {
            ending: hedge.ending.to_owned(),
            threshold_ms: hedge.threshold_ms,
            primary: hedge.primary,
            alternate: hedge.alternate,
        }),
        attempted_more_than_once: diagnostics.attempted_more_than_once,
        fault_injection_enabled: diagnostics.fault_injection_enabled,
        report,
    }
}

fn attempt(attempt: Attempt) -> wit::Attempt {
    let events = attempt.events().iter().map(event).collect();
    let evaluations = attempt.fault_evaluations().iter();
    let fault_evaluations = evaluations.map(evaluation).collect();
    wit::Attempt {
        operation_name: attempt.operation_name.to_owned(),
        execution_context: context(attempt.context),
        pipeline: match attempt.pipeline {
            Pipeline::DataPlane => wit::PipelineKind::DataPlane,
            Pipeline::Metadata => wit::PipelineKind::Metadata,
        },
        region: attempt.region,
        endpoint: attempt.endpoint,
        status: attempt.status,
        sub_status: attempt.sub_status,
        request_charge: attempt.request_charge,
        activity_id: attempt.activity_id,
        request_sent: match attempt.request_sent {
            RequestSent::Sent => wit::RequestSent::Sent,
            RequestSent::NotSent => wit::RequestSent::NotSent,
            RequestSent::Unknown => wit::RequestSent::Unknown,
        },
        duration_ms: attempt.duration_ms,
        server_duration_ms: attempt.server_duration_ms,
        timed_out: attempt.timed_out,
        session_token_bytes_sent: attempt.session_token_bytes_sent,
        error: attempt.error,
        events,
        fault_evaluations,
    }
}

fn evaluation(evaluation: &FaultEvaluation) -> wit::FaultEvaluation {
    wit::FaultEvaluation {
        rule: evaluation.rule.clone(),
        outcome: evaluation.outcome.to_owned(),
    }
}

fn context(context: ExecutionContext) -> wit::ExecutionContext {
    match context {
        ExecutionContext::Initial => wit::ExecutionContext::Initial,
        ExecutionContext::OperationRetry => wit::ExecutionContext::OperationRetry,
        ExecutionContext::TransportRetry => wit::ExecutionContext::TransportRetry,
        ExecutionContext::RegionFailover => wit::ExecutionContext::RegionFailover,
        ExecutionContext::Hedging => wit::ExecutionContext::Hedging,
        ExecutionContext::CircuitBreakerProbe => wit::ExecutionContext::CircuitBreakerProbe,
    }
}

fn event(event: &Event<'_>) -> wit::AttemptEvent {
    wit::AttemptEvent {
        kind: match event.kind {
            EventKind::RoutingFallback => wit::AttemptEventKind::RoutingFallback,
            EventKind::TransportStart => wit::AttemptEventKind::TransportStart,
            EventKind::ResponseHeadersReceived => wit::AttemptEventKind::ResponseHeadersReceived,
            EventKind::TransportComplete => wit::AttemptEventKind::TransportComplete,
            EventKind::TransportFailed => wit::AttemptEventKind::TransportFailed,
        },
        at_ms: event.at_ms,
        details: event.details.map(str::to_owned),
    }
}

fn rollup(run: &Rollup) -> wit::AttemptRollup {
    wit::AttemptRollup {
        operation_name: run.operation_name.to_owned(),
        execution_context: context(run.context),
        region: run.region.clone(),
        endpoint: run.endpoint.clone(),
        status: run.status,
        sub_status: run.sub_status,
        count: run.tally.count,
        request_charge: run.tally.request_charge,
        min_duration_ms: run.tally.min_ms,
        max_duration_ms: run.tally.max_ms,
        p50_duration_ms: run.tally.p50_ms(),
    }
}

fn report(diagnostics: &Diagnostics, settings: &Settings) -> wit::DiagnosticsReport {
    let place = |wanted: &Attempt| {
        let is = |attempt: &Attempt| std::ptr::eq(attempt, wanted);
        let place = diagnostics.attempts.iter().position(is);
        place.and_then(|place| u32::try_from(place).ok())
    };
    let region = |region: &Region<'_>| wit::RegionSummary {
        region: region.name.map(str::to_owned),
        request_count: region.request_count,
        request_charge: region.request_charge,
        first: region.first.and_then(place),
        last: region.last.and_then(place),
        groups: region
            .groups
            .iter()
            .map(|group| group_of(region, group))
            .collect(),
    };
    wit::DiagnosticsReport {
        regions: diagnostics.summary().iter().map(region).collect(),
        json: diagnostics.json(settings.verbosity, settings.max_summary_size_bytes),
    }
}

fn group_of(region: &Region<'_>, group: &Group<'_>) -> wit::AttemptRollup {
    wit::AttemptRollup {
        operation_name: String::new(),
        execution_context: context(group.context),
        region: region.name.map(str::to_owned),
        endpoint: group.endpoint.to_owned(),
        status: group.status,
        sub_status: group.sub_status,
        count: group.tally.count,
        request_charge: group.tally.request_charge,
        min_duration_ms: group.tally.min_ms,
        max_duration_ms: group.tally.max_ms,
        p50_duration_ms: group.tally.p50_ms(),
    }
}
