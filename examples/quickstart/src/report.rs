//! What a person sees.

use cosmosdb_driver_host::types::{Attempt, Diagnostics, RequestSent};
use cosmosdb_driver_host::{Error, Response};

/// Prints a table as the story goes, and one full record of diagnostics in the end.
#[derive(Default)]
pub(crate) struct Report {
    kept: Option<(Diagnostics, String)>,
    request_charge: f64,
    requests: u32,
}

impl Report {
    /// Prints the head of the table.
    pub(crate) fn begin() -> Self {
        println!();
        println!(
            "{:<17} {:>6} {:>7}  {:<12} {:>8} {:>10}",
            "operation", "status", "RU", "region", "attempts", "time"
        );
        println!("{}", "-".repeat(66));
        Self::default()
    }

    /// Prints the line of a step that should succeed, or of the error if it did not.
    pub(crate) fn step(&mut self, result: Result<Response, Error>) -> Result<Response, Error> {
        match &result {
            Ok(response) => self.line(response.status, &response.diagnostics, ""),
            Err(error) => {
                let diagnostics = error.driver().and_then(|error| error.diagnostics.as_ref());
                if let Some(diagnostics) = diagnostics {
                    self.line(error.status().unwrap_or(0), diagnostics, "");
                }
            }
        }
        result
    }

    /// Prints the line of a step that the service should refuse. Errors: it failed in another way.
    pub(crate) fn refusal(&mut self, result: Result<Response, Error>) -> Result<(), Error> {
        match result {
            Err(error) if error.is_precondition_failed() => {
                let diagnostics = error.driver().and_then(|error| error.diagnostics.as_ref());
                if let Some(diagnostics) = diagnostics {
                    self.line(
                        error.status().unwrap_or(0),
                        diagnostics,
                        "  as it should: outdated etag",
                    );
                }
                Ok(())
            }
            other => self.step(other).map(drop),
        }
    }

    /// Remembers an answer for the end.
    pub(crate) fn keep(&mut self, response: &Response) {
        let body = response.value.as_deref().unwrap_or_default();
        self.kept = Some((
            response.diagnostics.clone(),
            String::from_utf8_lossy(body).into_owned(),
        ));
    }

    /// Prints the sums, the item as it was, and the full record of the kept answer.
    pub(crate) fn end(&self) {
        println!("{}", "-".repeat(66));
        println!(
            "{:<17} {:>6} {:>7.2} {:>22}",
            "sum", "", self.request_charge, self.requests
        );
        if let Some((diagnostics, body)) = &self.kept {
            println!("\nthe item at last  {body}\n");
            print_diagnostics(diagnostics);
        }
    }

    fn line(&mut self, status: u16, diagnostics: &Diagnostics, remark: &str) {
        self.request_charge += diagnostics.request_charge;
        self.requests = self.requests.saturating_add(diagnostics.request_count);
        let last = diagnostics.attempts.last();
        let region = last
            .and_then(|attempt| attempt.region.as_deref())
            .unwrap_or("-");
        println!(
            "{:<17} {:>6} {:>7.2}  {:<12} {:>8} {:>7.2} ms{remark}",
            diagnostics.operation_name,
            status,
            diagnostics.request_charge,
            region,
            diagnostics.request_count,
            diagnostics.duration_ms,
        );
    }
}

fn print_diagnostics(diagnostics: &Diagnostics) {
    println!("diagnostics of the last {}", diagnostics.operation_name);
    println!("  activity id     {}", diagnostics.activity_id);
    println!("  duration        {:.3} ms", diagnostics.duration_ms);
    println!("  request charge  {:.2} RU", diagnostics.request_charge);
    println!("  requests        {}", diagnostics.request_count);
    for (number, attempt) in (1..).zip(&diagnostics.attempts) {
        print_attempt(number, attempt);
    }
    if diagnostics.omitted_attempts > 0 {
        println!("  and {} attempts in between", diagnostics.omitted_attempts);
    }
}

fn print_attempt(number: u32, attempt: &Attempt) {
    let text = |value: Option<&str>| value.unwrap_or("-").to_owned();
    println!("  attempt {number}       {}", attempt.operation_name);
    println!("    region        {}", text(attempt.region.as_deref()));
    println!("    endpoint      {}", attempt.endpoint);
    let status = attempt.status.map(|status| status.to_string());
    println!("    status        {}", text(status.as_deref()));
    let sub_status = attempt.sub_status.map(|status| status.to_string());
    println!("    sub-status    {}", text(sub_status.as_deref()));
    println!("    charge        {:.2} RU", attempt.request_charge);
    println!("    activity id   {}", text(attempt.activity_id.as_deref()));
    println!("    request sent  {}", sent(attempt.request_sent));
    println!("    duration      {:.3} ms", attempt.duration_ms);
    if let Some(server) = attempt.server_duration_ms {
        println!("    of the server {server:.3} ms");
    }
    if let Some(error) = &attempt.error {
        println!("    error         {error}");
    }
}

fn sent(sent: RequestSent) -> &'static str {
    match sent {
        RequestSent::Sent => "yes",
        RequestSent::NotSent => "no",
        RequestSent::Unknown => "unknown",
    }
}
