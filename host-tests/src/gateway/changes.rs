//! The change feed (spec data-plane §5.3).

use serde_json::{Value, json};

use super::answer::{Answer, bad};
use super::call::Call;
use super::container::{Change, Container};
use super::page::{feed, owned};
use super::scope::{Scope, scope};

/// What the changes look like.
#[derive(Clone, Copy)]
struct Mode {
    /// All versions and deletes, not the latest versions.
    is_full: bool,
    /// In envelopes.
    is_wrapped: bool,
}

/// A page of changes. Errors: what the service refuses.
pub(super) fn changes(call: &Call<'_>, container: &mut Container) -> Result<Answer, Answer> {
    let mode = mode(call)?;
    let scope = scope(call, container)?;
    let start = start(call, container, mode.is_full)?;
    let size = container.knobs.size(call)?;
    let last = container.data.lsn;
    let is_empty = container.knobs.is_empty_page();
    let news = news(container, &scope, &start, mode);
    if news.is_empty() || is_empty {
        let etag = if news.is_empty() { last } else { start.lsn };
        let nothing = Answer::empty(304).header("x-ms-item-count", "0");
        return Ok(with_etag(nothing, container, &scope, etag));
    }
    let page = &news[..news.len().min(size)];
    let etag = match page.last() {
        Some(change) if page.len() < news.len() => change.lsn,
        _ => last,
    };
    let rows: Vec<String> = page.iter().map(|change| row(change, mode)).collect();
    let page = feed(&container.rid, "Documents", &rows);
    Ok(with_etag(page, container, &scope, etag))
}

fn mode(call: &Call<'_>) -> Result<Mode, Answer> {
    if call.header("x-ms-continuation").is_some() {
        return Err(bad("A change feed continues by its etag."));
    }
    let is_wrapped = match call.header("x-ms-cosmos-changefeed-wire-format-version") {
        None => false,
        Some("2021-09-15") => true,
        Some(_) => return Err(bad("There is no such wire format of the change feed.")),
    };
    let is_full = match call.header("a-im") {
        Some("Incremental Feed") => false,
        Some("Full-Fidelity Feed") if is_wrapped => true,
        Some("Full-Fidelity Feed") => {
            return Err(bad("All versions and deletes need a wire format."));
        }
        _ => return Err(bad("The header a-im names no feed.")),
    };
    Ok(Mode {
        is_full,
        is_wrapped,
    })
}

/// The changes of a scope behind its start, in order.
fn news<'a>(container: &'a Container, scope: &Scope, start: &Start, mode: Mode) -> Vec<&'a Change> {
    let changes = container.data.changes.iter();
    changes
        .filter(|change| change.lsn > start.lsn && change.time >= start.time)
        .filter(|change| scope.covers(&change.key, &change.epk))
        .filter(|change| mode.is_full || is_latest(container, change))
        .collect()
}

/// What a page comes after.
#[derive(Default)]
struct Start {
    lsn: u64,
    time: u64,
}

fn start(call: &Call<'_>, container: &Container, is_full: bool) -> Result<Start, Answer> {
    let mut start = Start::default();
    if let Some(date) = call.header("if-modified-since") {
        if is_full {
            return Err(bad("All versions and deletes do not start at a time."));
        }
        let date = httpdate::parse_http_date(date);
        let date = date.map_err(|_| bad("If-Modified-Since is no date."))?;
        let since = date.duration_since(std::time::UNIX_EPOCH);
        start.time = since.map_or(0, |since| since.as_secs());
    }
    match call.header("if-none-match") {
        None if is_full => {
            return Err(bad(
                "All versions and deletes do not start at the beginning.",
            ));
        }
        None => {}
        Some("*") => start.lsn = container.data.lsn,
        Some(etag) => {
            let lsn = etag
                .strip_prefix('"')
                .and_then(|etag| etag.strip_suffix('"'));
            let lsn = lsn.and_then(|lsn| lsn.parse().ok());
            start.lsn = lsn.ok_or_else(|| bad("The etag is none of a change feed."))?;
        }
    }
    Ok(start)
}

/// Whether a change is what its document looks like now.
fn is_latest(container: &Container, change: &Change) -> bool {
    let items = &container.data.items;
    items.iter().any(|item| item.document.lsn == change.lsn)
}

fn row(change: &Change, mode: Mode) -> String {
    let current = change
        .current
        .as_ref()
        .map_or("{}", |current| current.text.as_str());
    if !mode.is_wrapped {
        return current.to_owned();
    }
    let mut metadata = json!({ "lsn": change.lsn, "crts": change.time });
    if !mode.is_full {
        return format!("{{\"current\":{current},\"metadata\":{metadata}}}");
    }
    metadata["operationType"] = Value::from(change.operation);
    let Some(previous) = &change.previous else {
        return format!("{{\"current\":{current},\"metadata\":{metadata}}}");
    };
    metadata["previousImageLSN"] = Value::from(previous.lsn);
    if change.operation == "delete" {
        metadata["timeToLiveExpired"] = Value::Bool(false);
        metadata["id"] = Value::from(change.id.as_str());
        metadata["partitionKey"] = Value::Array(change.key.clone());
    }
    let previous = &previous.text;
    format!("{{\"current\":{current},\"previous\":{previous},\"metadata\":{metadata}}}")
}

fn with_etag(answer: Answer, container: &Container, scope: &Scope, lsn: u64) -> Answer {
    let answer = answer.header("etag", &format!("\"{lsn}\""));
    owned(answer, container, &scope.range).charged("1")
}
