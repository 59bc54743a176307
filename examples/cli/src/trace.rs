//! `--trace`: the requests of one operation as a waterfall.

use cosmosdb_driver_host::types::{Attempt, Diagnostics, ExecutionContext};

/// The cells of the longest bar.
const WIDTH: f64 = 32.0;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// A line for the operation and one for each of its requests, in the order in which they began.
///
/// The driver records how long each request took, not when it began: a request is drawn after the one before it, or,
/// where both cannot have fit into the operation one after the other, beside it.
pub(crate) fn waterfall(diagnostics: &Diagnostics, colours: bool) -> String {
    let total = diagnostics.duration_ms.max(0.001);
    let mut text = format!(
        "{}  {} {}  {:.1} ms  {:.2} RU  activity {}\n",
        diagnostics.operation_name,
        diagnostics.request_count,
        if diagnostics.request_count == 1 {
            "request"
        } else {
            "requests"
        },
        diagnostics.duration_ms,
        diagnostics.request_charge,
        diagnostics.activity_id,
    );
    let place = |attempt: &Attempt| attempt.region.clone().unwrap_or_else(|| host(attempt));
    let widest = |of: &dyn Fn(&Attempt) -> usize| diagnostics.attempts.iter().map(of).max();
    let places = widest(&|attempt| place(attempt).len()).unwrap_or(0);
    let names = widest(&|attempt| attempt.operation_name.len()).unwrap_or(0);
    let starts = starts(diagnostics, total);
    for (attempt, start) in diagnostics.attempts.iter().zip(starts) {
        let (status, good) = status(attempt);
        let (on, off) = match (colours, good) {
            (false, _) => ("", ""),
            (true, true) => (GREEN, PLAIN),
            (true, false) => (RED, PLAIN),
        };
        text.push_str(&format!(
            "  {:<places$}  {:<names$}  {:<15}  {on}{status:<8}{off}  {:>8.1} ms  {:>7.2} RU  |{}|\n",
            place(attempt),
            attempt.operation_name,
            reason(attempt.execution_context),
            attempt.duration_ms,
            attempt.request_charge,
            bar(start, attempt.duration_ms, total),
        ));
        if let Some(error) = &attempt.error {
            text.push_str(&format!("  {:<places$}  {error}\n", ""));
        }
    }
    if diagnostics.omitted_attempts > 0 {
        text.push_str(&format!("  and {} more\n", diagnostics.omitted_attempts));
    }
    text
}

/// When each request began, in milliseconds, as far as that can be told.
fn starts(diagnostics: &Diagnostics, total: f64) -> Vec<f64> {
    let (mut starts, mut begun, mut ended) = (Vec::new(), 0.0_f64, 0.0_f64);
    for attempt in &diagnostics.attempts {
        let hedge = diagnostics.hedge.as_ref();
        let follows = match (attempt.execution_context, hedge) {
            (ExecutionContext::Hedging, Some(hedge)) => begun + hedge.threshold_ms,
            _ => ended,
        };
        let start = follows.min(total - attempt.duration_ms).max(begun);
        starts.push(start);
        begun = start;
        ended = ended.max(start + attempt.duration_ms);
    }
    starts
}

/// At least one cell, and never more than there are.
fn bar(start: f64, duration: f64, total: f64) -> String {
    let cells = |part: f64| (part / total * WIDTH).round().clamp(0.0, WIDTH);
    let before = cells(start).min(WIDTH - 1.0);
    let long = cells(duration).max(1.0).min(WIDTH - before);
    let repeat = |text: &str, count: f64| text.repeat(count as usize);
    [
        repeat(" ", before),
        repeat("=", long),
        repeat(" ", WIDTH - before - long),
    ]
    .concat()
}

/// As text, and whether that is a success.
fn status(attempt: &Attempt) -> (String, bool) {
    match (attempt.status, attempt.sub_status) {
        (None, _) => ("none".to_owned(), false),
        (Some(status), Some(sub_status)) if sub_status > 0 => {
            (format!("{status}/{sub_status}"), status < 400)
        }
        (Some(status), _) => (status.to_string(), status < 400),
    }
}

fn reason(context: ExecutionContext) -> &'static str {
    match context {
        ExecutionContext::Initial => "initial",
        ExecutionContext::OperationRetry => "retry",
        ExecutionContext::TransportRetry => "transport retry",
        ExecutionContext::RegionFailover => "failover",
        ExecutionContext::Hedging => "hedging",
        ExecutionContext::CircuitBreakerProbe => "probe",
    }
}

/// Without its scheme.
fn host(attempt: &Attempt) -> String {
    let endpoint = attempt.endpoint.as_str();
    let host = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, host)| host);
    host.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_to_scale_and_stays_within_its_frame() {
        for (start, duration, expected) in [
            (0.0, 32.0, "================================"),
            (8.0, 8.0, "        ========                "),
            (0.0, 0.0, "=                               "),
            (32.0, 0.1, "                               ="),
            (16.0, 99.0, "                ================"),
        ] {
            assert_eq!(bar(start, duration, 32.0), expected);
        }
    }
}
