//! The `condition` of a patch, which the emulator ignores: asked as a query about the one item before the patch.

use bytes::Bytes;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::gateway::{Gateway, Region};
use super::log::Recorded;
use super::refusal::{Refusal, Stop};
use super::rules::segments;

/// The condition of a patch; none for other requests and for patches without one.
pub(super) fn of(request: &Recorded) -> Option<String> {
    if request.method != Method::PATCH {
        return None;
    }
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("condition")?.as_str().map(str::to_owned)
}

/// Patches the item if it fulfils the condition. The etag read beforehand makes it one step: when somebody else
/// changed the item in between, the condition is asked again.
pub(super) async fn patch(
    gateway: &Gateway,
    region: &Region,
    request: &Recorded,
    condition: &str,
) -> Result<Response<Bytes>, Stop> {
    let query = query(request, condition).ok_or_else(|| {
        Refusal::bad_request("The patch condition is not of the form 'from c where …'.")
    })?;
    let read = Recorded {
        method: Method::GET,
        body: Bytes::new(),
        ..without_conditions(request)
    };
    let has_etag = request.headers.contains_key(IF_MATCH);
    loop {
        let item = gateway.forward(region, &read).await?;
        if item.status() != StatusCode::OK {
            return Ok(item);
        }
        let found = gateway.forward(region, &query).await?;
        if found.status() != StatusCode::OK {
            return Ok(found);
        }
        if is_empty(&found) {
            return Err(Refusal::precondition_failed("The patch condition does not hold.").into());
        }
        let mut guarded = request.clone();
        if let (false, Some(etag)) = (has_etag, item.headers().get(ETAG)) {
            guarded.headers.insert(IF_MATCH, etag.clone());
        }
        let answer = gateway.forward(region, &guarded).await?;
        if has_etag || answer.status() != StatusCode::PRECONDITION_FAILED {
            return Ok(answer);
        }
    }
}

/// The request without the etags, which are about the patch alone.
fn without_conditions(patch: &Recorded) -> Recorded {
    let mut request = patch.clone();
    request.headers.remove(IF_MATCH);
    request.headers.remove(IF_NONE_MATCH);
    request
}

/// The query that finds the item if the condition holds. None if the condition is not `from <alias> where <what>`.
fn query(patch: &Recorded, condition: &str) -> Option<Recorded> {
    let mut words = condition.trim().splitn(4, char::is_whitespace);
    let (from, alias, r#where, what) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if !from.eq_ignore_ascii_case("from") || !r#where.eq_ignore_ascii_case("where") {
        return None;
    }
    // The emulator takes text in double quotes for the name of a property.
    let what = if what.contains('\'') {
        what.to_owned()
    } else {
        what.replace('"', "'")
    };
    let id = segments(&patch.path).pop()?;
    let body = json!({
        "query": format!("SELECT * FROM {alias} WHERE {alias}.id = @id AND ({what})"),
        "parameters": [{ "name": "@id", "value": id }],
    });
    let feed = patch.path.rsplit_once('/')?.0.to_owned();
    let mut query = Recorded {
        method: Method::POST,
        path: feed,
        body: body.to_string().into(),
        ..without_conditions(patch)
    };
    query
        .headers
        .insert("x-ms-documentdb-isquery", HeaderValue::from_static("True"));
    Some(query)
}

/// Whether a query found nothing.
fn is_empty(found: &Response<Bytes>) -> bool {
    let body: Option<Value> = serde_json::from_slice(found.body()).ok();
    let documents = body
        .as_ref()
        .and_then(|body| body.get("Documents"))
        .and_then(Value::as_array);
    documents.is_none_or(Vec::is_empty)
}
