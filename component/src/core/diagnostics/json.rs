//! The record as JSON text (spec driver-core §9.1, §9.5).
//!
//! Durations are whole milliseconds, rounded down. Left out is what a component cannot know: `system_usage`,
//! `machine_id`, connection details; `transport_http_version` is `unknown`.

use crate::wire::json::push_text;

use super::{Attempt, Compaction, Diagnostics, Region, Tally, Verbosity, sub_status};

/// The smallest bound of a summary, in bytes.
const MIN_SUMMARY_BYTES: usize = 4096;

impl Diagnostics {
    /// The record as JSON: `requests` if detailed, `regions` if a summary. A summary of more than `max_summary_bytes`
    /// (at least 4096) is replaced by the totals, with `truncated` and a message.
    pub fn json(&self, verbosity: Verbosity, max_summary_bytes: usize) -> String {
        let max = max_summary_bytes.max(MIN_SUMMARY_BYTES);
        match verbosity {
            Verbosity::Detailed => detailed(self),
            Verbosity::Summary => {
                let text = summary(self);
                if text.len() > max {
                    truncated(self, max)
                } else {
                    text
                }
            }
        }
    }
}

fn detailed(diagnostics: &Diagnostics) -> String {
    let mut writer = totals(diagnostics);
    writer.open("requests", '[');
    for attempt in &diagnostics.attempts {
        write_attempt(&mut writer, attempt);
    }
    writer.close(']');
    writer.end()
}

fn summary(diagnostics: &Diagnostics) -> String {
    let mut writer = totals(diagnostics);
    writer.open("regions", '[');
    for region in &diagnostics.summary() {
        write_region(&mut writer, region);
    }
    writer.close(']');
    writer.end()
}

fn truncated(diagnostics: &Diagnostics, max: usize) -> String {
    let mut writer = Writer::default();
    write_head(&mut writer, diagnostics);
    writer.number("request_count", diagnostics.request_count.into());
    writer.flag("truncated", true);
    if let Some(compaction) = &diagnostics.compaction {
        write_counts(&mut writer, diagnostics, compaction);
        writer.close('}');
    }
    let message = format!(
        "the summary is larger than {max} bytes: ask for the detailed form, or raise max_summary_size_bytes"
    );
    writer.text("message", &message);
    writer.end()
}

fn write_head(writer: &mut Writer, diagnostics: &Diagnostics) {
    writer.open("", '{');
    writer.text("activity_id", &diagnostics.activity_id);
    let (status, sub_status) = diagnostics.status.unzip();
    writer.status(status, sub_status.flatten());
    writer.millis("total_duration_ms", Some(diagnostics.duration_ms));
}

fn totals(diagnostics: &Diagnostics) -> Writer {
    let mut writer = Writer::default();
    write_head(&mut writer, diagnostics);
    writer.float("total_request_charge", Some(diagnostics.request_charge));
    writer.number("request_count", diagnostics.request_count.into());
    if let Some(compaction) = &diagnostics.compaction {
        write_counts(&mut writer, diagnostics, compaction);
        writer.open("runs", '[');
        for run in &compaction.runs {
            writer.open("", '{');
            writer.text("operation_name", run.operation_name);
            writer.text_or_null("region", run.region.as_deref());
            writer.text("endpoint", &run.endpoint);
            writer.status(run.status, run.sub_status);
            writer.text("execution_context", run.context.name());
            write_tally(&mut writer, &run.tally);
            writer.close('}');
        }
        writer.close(']');
        writer.close('}');
    }
    writer
}

/// Leaves the object open.
fn write_counts(writer: &mut Writer, diagnostics: &Diagnostics, compaction: &Compaction) {
    writer.open("compaction", '{');
    writer.number("original_request_count", diagnostics.request_count.into());
    let retained = diagnostics.attempts.len() as u64;
    writer.number("retained_request_count", retained);
    writer.number("collapsed_runs", compaction.collapsed_runs.into());
    writer.number("total_runs", compaction.total_runs.into());
    if compaction.retained_truncated {
        writer.flag("retained_truncated", true);
    }
    if compaction.omitted_runs > 0 {
        writer.number("omitted_runs", compaction.omitted_runs.into());
        let requests = compaction.omitted_request_count;
        writer.number("omitted_request_count", requests.into());
    }
}

fn write_attempt(writer: &mut Writer, attempt: &Attempt) {
    let security = if attempt.endpoint.starts_with("https:") {
        "secure"
    } else {
        "emulator_with_insecure_certificates"
    };
    writer.open("", '{');
    writer.text("execution_context", attempt.context.name());
    writer.text("operation_name", attempt.operation_name);
    writer.text("pipeline_type", attempt.pipeline.name());
    writer.text("transport_security", security);
    writer.text("transport_kind", "gateway");
    writer.text("transport_http_version", "unknown");
    writer.text_or_null("region", attempt.region.as_deref());
    writer.text("endpoint", &attempt.endpoint);
    writer.status(attempt.status, attempt.sub_status);
    writer.float("request_charge", Some(attempt.request_charge));
    writer.text_or_null("activity_id", attempt.activity_id.as_deref());
    writer.text_or_null("session_token", attempt.session_token());
    writer.float("server_duration_ms", attempt.server_duration_ms);
    writer.millis("duration_ms", Some(attempt.duration_ms));
    write_events(writer, attempt);
    writer.flag("timed_out", attempt.timed_out);
    writer.text("request_sent", attempt.request_sent.name());
    writer.text_or_null("error", attempt.error.as_deref());
    if !attempt.fault_evaluations().is_empty() {
        writer.open("fault_injection_evaluations", '[');
        for evaluation in attempt.fault_evaluations() {
            writer.open("", '{');
            writer.text("rule", &evaluation.rule);
            writer.text("outcome", evaluation.outcome);
            writer.close('}');
        }
        writer.close(']');
    }
    writer.close('}');
}

fn write_events(writer: &mut Writer, attempt: &Attempt) {
    writer.open("events", '[');
    for event in attempt.events() {
        writer.open("", '{');
        writer.text("event_type", event.kind.name());
        writer.millis("duration_ms", event.at_ms);
        writer.text_or_null("details", event.details);
        writer.close('}');
    }
    writer.close(']');
}

fn write_region(writer: &mut Writer, region: &Region<'_>) {
    writer.open("", '{');
    writer.text_or_null("region", region.name);
    writer.number("request_count", region.request_count.into());
    writer.float("total_request_charge", Some(region.request_charge));
    write_brief(writer, "first", region.first);
    write_brief(writer, "last", region.last);
    writer.open("deduplicated_groups", '[');
    for group in &region.groups {
        writer.open("", '{');
        writer.text("endpoint", group.endpoint);
        writer.status(group.status, group.sub_status);
        writer.text("execution_context", group.context.name());
        write_tally(writer, &group.tally);
        writer.close('}');
    }
    writer.close(']');
    writer.close('}');
}

fn write_brief(writer: &mut Writer, name: &str, attempt: Option<&Attempt>) {
    let Some(attempt) = attempt else {
        return writer.value(name, "null");
    };
    writer.open(name, '{');
    writer.text("execution_context", attempt.context.name());
    writer.text("endpoint", &attempt.endpoint);
    writer.status(attempt.status, attempt.sub_status);
    writer.float("request_charge", Some(attempt.request_charge));
    writer.millis("duration_ms", Some(attempt.duration_ms));
    writer.flag("timed_out", attempt.timed_out);
    writer.close('}');
}

fn write_tally(writer: &mut Writer, tally: &Tally) {
    writer.number("count", tally.count.into());
    writer.float("total_request_charge", Some(tally.request_charge));
    writer.millis("min_duration_ms", Some(tally.min_ms));
    writer.millis("max_duration_ms", Some(tally.max_ms));
    writer.millis("p50_duration_ms", Some(tally.p50_ms()));
}

/// Writes members in order; a member without a name is an element.
#[derive(Default)]
struct Writer(String);

impl Writer {
    fn value(&mut self, name: &str, json: &str) {
        if !self.0.is_empty() && !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
        if !name.is_empty() {
            self.0.push('"');
            self.0.push_str(name);
            self.0.push_str("\":");
        }
        self.0.push_str(json);
    }

    fn open(&mut self, name: &str, bracket: char) {
        self.value(name, "");
        self.0.push(bracket);
    }

    fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    fn end(mut self) -> String {
        self.close('}');
        self.0
    }

    fn text(&mut self, name: &str, text: &str) {
        self.value(name, "");
        push_text(&mut self.0, text);
    }

    fn text_or_null(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.value(name, "null"),
        }
    }

    fn number(&mut self, name: &str, number: u64) {
        self.value(name, &number.to_string());
    }

    fn millis(&mut self, name: &str, millis: Option<f64>) {
        match millis {
            Some(millis) => self.number(name, millis as u64),
            None => self.value(name, "null"),
        }
    }

    fn float(&mut self, name: &str, number: Option<f64>) {
        match number.filter(|number| number.is_finite()) {
            Some(number) => self.value(name, ryu::Buffer::new().format_finite(number)),
            None => self.value(name, "null"),
        }
    }

    fn flag(&mut self, name: &str, flag: bool) {
        self.value(name, if flag { "true" } else { "false" });
    }

    /// `404/1002 (ReadSessionNotAvailable)`, as much of it as there is.
    fn status(&mut self, status: Option<u16>, sub_status: Option<u32>) {
        let Some(status) = status else {
            return self.value("status", "null");
        };
        let mut text = status.to_string();
        if let Some(sub) = sub_status.filter(|sub| *sub != 0) {
            text.push('/');
            text.push_str(&sub.to_string());
            if let Some(name) = sub_status::name(status, sub) {
                text.push_str(" (");
                text.push_str(name);
                text.push(')');
            }
        }
        self.text("status", &text);
    }
}
