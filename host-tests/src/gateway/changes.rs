//! The change feed (spec data-plane §5.3).

use serde_json::{Value, json};

use super::answer::{Answer, bad};
use super::call::Call;
use super::container::{Change, Container};
use super::page::{feed, owned};
use super::scope::{Scope, scope};

/// A page of changes. Errors: what the service refuses.
pub(super) fn changes(call: &Call<'_>, container: &mut Container) -> Result<Answer, Answer> {
    let is_full = match call.header("a-im") {
        Some("Incremental Feed") => false,
        Some("Full-Fidelity Feed") => true,
        _ => return Err(bad("The header a-im names no feed.")),
    };
    if call.header("x-ms-continuation").is_some() {
        return Err(bad("A change feed continues by its etag."));
    }
    let scope = scope(call, container)?;
    let is_wrapped = match call.header("x-ms-cosmos-changefeed-wire-format-version") {
        None => false,
        Some("2021-09-15") => true,
        Some(_) => return Err(bad("There is no such wire format of the change feed.")),
    };
    let start = start(call, container, is_full)?;
    if is_full && !is_wrapped {
        return Err(bad(
            "All versions and deletes need the wire format 2021-09-15.",
        ));
    }
    let last = container.data.lsn;
    let news: Vec<&Change> = container
        .data
        .changes
        .iter()
        .filter(|change| change.lsn > start.lsn && change.time >= start.time)
        .filter(|change| scope.covers(&change.key, &change.epk))
        .filter(|change| is_full || is_latest(container, change))
        .collect();
    let size = container
        .knobs
        .page_size
        .unwrap_or(usize::MAX)
        .min(call.max_items()?);
    if news.is_empty() || container.knobs.empty_pages > 0 {
        let etag = if news.is_empty() { last } else { start.lsn };
        container.knobs.is_empty_page();
        return Ok(with_etag(
            Answer::empty(304).header("x-ms-item-count", "0"),
            container,
            &scope,
            etag,
        ));
    }
    let page = &news[..news.len().min(size)];
    let etag = match page.last() {
        Some(change) if page.len() < news.len() => change.lsn,
        _ => last,
    };
    let rows: Vec<String> = page
        .iter()
        .map(|change| row(change, is_full, is_wrapped))
        .collect();
    Ok(with_etag(
        feed(&container.rid, "Documents", &rows),
        container,
        &scope,
        etag,
    ))
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

fn row(change: &Change, is_full: bool, is_wrapped: bool) -> String {
    let current = change
        .current
        .as_ref()
        .map_or("{}", |current| current.text.as_str());
    if !is_wrapped {
        return current.to_owned();
    }
    let mut metadata = json!({ "lsn": change.lsn, "crts": change.time });
    if !is_full {
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
