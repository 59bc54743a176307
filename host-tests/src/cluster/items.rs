//! Item operations.

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::epk;
use super::ranges::Range;
use super::store::{Container, Version, key_of};
use super::world::{Call, World, unknown, write_forbidden};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Create,
    Upsert,
    Replace,
    Delete,
}

/// Which item.
struct Target<'a> {
    /// The components of the partition key, from the header.
    key: Vec<Value>,
    /// From the path.
    id: Option<&'a str>,
}

impl World {
    /// Answers a request for items. `path` is what follows `docs`.
    pub(super) fn items(&mut self, call: &Call<'_>, id: &str, path: &[&str]) -> Answer {
        let (Some(kind), Some(container)) = (kind(call, path), self.store.container(id)) else {
            return unknown();
        };
        let key = call.header("x-ms-documentdb-partitionkey");
        let Some(Value::Array(key)) = key.and_then(|key| serde_json::from_str(key).ok()) else {
            return Answer::refusal(400, 0, "The request has no partition key header.");
        };
        let range = container.ranges.of(epk::hash(&key)).clone();
        let named = call.header("x-ms-documentdb-partitionkeyrangeid");
        if named.is_some_and(|id| container.ranges.find(id).is_none()) {
            return Answer::refusal(410, 1002, "The partition key range is gone.");
        }
        let needs_hub = call.writes || call.says("x-ms-cosmos-hub-region-processing-only");
        if needs_hub && !self.topology.takes_writes(call.region, Some(&range.id)) {
            return write_forbidden();
        }
        let token = call.header("x-ms-session-token").unwrap_or_default();
        let answer = if asked_for(token, &range) > container.lsn(call.region) {
            Answer::refusal(404, 1002, "The region does not have this write yet.")
        } else {
            let id = path.first().copied();
            apply(call, kind, &Target { key, id }, container)
        };
        let lsn = container.lsn(call.region);
        let session = format!("{}:1#{lsn}#1={lsn}", range.id);
        self.owned(answer, id)
            .header("x-ms-documentdb-partitionkeyrangeid", &range.id)
            .header("x-ms-session-token", &session)
            .header("lsn", &lsn.to_string())
    }
}

/// Reads or writes.
fn apply(call: &Call<'_>, kind: Kind, target: &Target<'_>, container: &mut Container) -> Answer {
    let document = match body(call, kind, target) {
        Ok(document) => document,
        Err(refusal) => return refusal,
    };
    let in_body = document.as_ref().and_then(|item| item["id"].as_str());
    let Some(id) = target.id.or(in_body).map(str::to_owned) else {
        return Answer::refusal(400, 0, "The item has no id.");
    };
    // Writes are decided by what is true everywhere.
    let region = (!call.writes).then_some(call.region);
    let current = container.item(&target.key, &id, region);
    let status = match decide(call, kind, current) {
        Ok(status) => status,
        Err(refusal) => return refusal,
    };
    if call.writes {
        container.write(&target.key, &id, document, Some(call.region));
    }
    let is_minimal = call.writes && call.header("prefer") == Some("return=minimal");
    let charge = if call.writes { "5" } else { "1" };
    let answer = match container.item(&target.key, &id, region) {
        None => Answer::empty(status),
        Some(shown) => {
            let answer = if is_minimal {
                Answer::empty(status)
            } else {
                Answer::document(status, shown.document())
            };
            answer
                .header("etag", &shown.etag)
                .header("x-ms-item-lsn", &shown.lsn.to_string())
        }
    };
    answer.charged(charge)
}

fn kind(call: &Call<'_>, path: &[&str]) -> Option<Kind> {
    let is_query = call.says("x-ms-documentdb-isquery");
    match (&call.request.method, path) {
        (&Method::GET, [_]) => Some(Kind::Read),
        (&Method::POST, []) if is_query => None,
        (&Method::POST, []) if call.says("x-ms-documentdb-is-upsert") => Some(Kind::Upsert),
        (&Method::POST, []) if !call.says("x-ms-cosmos-is-batch-request") => Some(Kind::Create),
        (&Method::PUT, [_]) => Some(Kind::Replace),
        (&Method::DELETE, [_]) => Some(Kind::Delete),
        _ => None,
    }
}

/// The item of a write, if it has one. Errors: what the service refuses of it.
fn body(call: &Call<'_>, kind: Kind, target: &Target<'_>) -> Result<Option<Value>, Answer> {
    if matches!(kind, Kind::Read | Kind::Delete) {
        return Ok(None);
    }
    let document: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
    if !document.is_object() {
        return Err(Answer::refusal(400, 0, "The item is no JSON object."));
    }
    if key_of(&document) != target.key {
        let message = "The partition key of the item is not that of the header.";
        return Err(Answer::refusal(400, 1001, message));
    }
    if target.id.is_some_and(|id| document["id"] != id) {
        return Err(Answer::refusal(
            400,
            0,
            "The id of the item is not that of the path.",
        ));
    }
    Ok(Some(document))
}

/// The status of what works. Errors: the status of what does not.
fn decide(call: &Call<'_>, kind: Kind, current: Option<&Version>) -> Result<u16, Answer> {
    let etag = current.map(|current| current.etag.as_str());
    let unless = call.header("if-none-match");
    let only_if = call.header("if-match").filter(|_| kind != Kind::Create);
    match (kind, etag) {
        (Kind::Read, Some(etag)) if unless == Some(etag) => {
            Err(Answer::empty(304).header("etag", etag))
        }
        (Kind::Create, Some(_)) => Err(Answer::refusal(409, 0, "The item exists.")),
        (Kind::Create | Kind::Upsert, None) => Ok(201),
        (_, None) => Err(Answer::refusal(404, 0, "There is no such item.")),
        (_, Some(etag)) if only_if.is_some_and(|wanted| wanted != "*" && wanted != etag) => {
            Err(Answer::refusal(412, 0, "The item has another etag."))
        }
        (Kind::Delete, _) => Ok(204),
        _ => Ok(200),
    }
}

/// The last write of the range that a session token speaks of; 0 if it does not.
fn asked_for(token: &str, range: &Range) -> u64 {
    let parts = token
        .split(',')
        .filter_map(|part| part.trim().split_once(':'));
    let parts = parts.filter(|(id, _)| range.descends_from(id));
    let lsns = parts.filter_map(|(_, progress)| {
        let mut fields = progress.split('#');
        let first = fields.next();
        fields.next().or(first)?.parse().ok()
    });
    lsns.max().unwrap_or(0)
}
