//! The feed of all documents (spec data-plane §5.1), and the feed of partition key ranges (§2).

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::container::Container;
use super::page::{self, Cursor, Page, Position};
use super::scope::scope;

/// A page of the documents of a scope, in the order of their numbers.
pub(super) fn documents(call: &Call<'_>, container: &mut Container) -> Result<Answer, Answer> {
    let scope = scope(call, container)?;
    let cursor = page::begin(call, container, &scope)?;
    if container.knobs.is_empty_page() {
        let empty = Page::empty(cursor);
        return Ok(page::answer(call, container, &scope, &empty));
    }
    let size = container.knobs.size(call)?;
    let last = cursor.position.map_or(0, |position| position.ordinal);
    let mut items = container.data.items.iter();
    let mut rest = items
        .by_ref()
        .filter(|item| scope.has(item) && item.ordinal > last);
    let taken: Vec<_> = rest.by_ref().take(size).collect();
    let is_last = rest.next().is_none();
    let next = taken.last().filter(|_| !is_last).map(|item| Cursor {
        position: Some(Position {
            keys: Vec::new(),
            ordinal: item.ordinal,
            nth: 0,
        }),
        emitted: 0,
    });
    let rows = taken
        .iter()
        .map(|item| item.document.text.clone())
        .collect();
    Ok(page::answer(call, container, &scope, &Page { rows, next }))
}

/// The partition key ranges that an etag does not know of. Etags of other containers know of none.
pub(super) fn ranges(call: &Call<'_>, container: &Container) -> Answer {
    let knobs = &container.knobs;
    let origin = format!("\"{}-{}-", container.rid, knobs.etags);
    let known: Option<u64> = call
        .header("if-none-match")
        .filter(|_| call.header("a-im").is_some())
        .and_then(|etag| etag.strip_prefix(&origin)?.strip_suffix('"')?.parse().ok());
    let shown = container.held.as_ref().unwrap_or(&container.ranges);
    let limit = knobs.ranges_page.unwrap_or(usize::MAX);
    let (mut rows, last) = shown.rows_after(known.unwrap_or(0), limit);
    if known.is_some() {
        rows.retain(|row| row["id"].as_str() != knobs.lost.as_deref());
    }
    if knobs.reversed {
        rows.reverse();
    }
    let answer = if rows.is_empty() {
        Answer::empty(304)
    } else {
        let feed = json!({
            "_rid": container.rid,
            "PartitionKeyRanges": rows,
            "_count": rows.len(),
        });
        Answer::document(200, &feed)
    };
    answer
        .header("etag", &format!("{origin}{last}\""))
        .header("x-ms-item-count", &rows.len().to_string())
        .header("x-ms-content-path", &container.rid)
}
