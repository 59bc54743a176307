//! What part of a container a request is about (spec data-plane §1.2, §3.1).

use serde_json::Value;

use super::answer::{Answer, bad};
use super::call::Call;
use super::container::{Container, Item, same_key};
use super::epk::{Epk, Slice};

/// A logical partition, a physical one, or a slice of one.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// From a logical partition's key up to the same key.
    pub(super) slice: Slice,
    /// None: not a logical partition.
    pub(super) key: Option<Vec<Value>>,
    /// The id of the physical partition.
    pub(super) range: String,
}

impl Scope {
    /// Whether the key of a document lies in it.
    pub(super) fn covers(&self, key: &[Value], epk: &Epk) -> bool {
        match &self.key {
            Some(own) => same_key(own, key),
            None => self.slice.has(epk),
        }
    }

    pub(super) fn has(&self, item: &Item) -> bool {
        self.covers(&item.key, &item.epk)
    }
}

/// The scope that a request names. Errors: it names none or more than one, or the range is gone.
pub(super) fn scope(call: &Call<'_>, container: &mut Container) -> Result<Scope, Answer> {
    let id = call.header("x-ms-documentdb-partitionkeyrangeid");
    if call.header("x-ms-documentdb-partitionkey").is_none() {
        let id = id.ok_or_else(no_scope)?;
        return range(call, container, id);
    }
    if id.is_some() || call.header("x-ms-start-epk").is_some() {
        return Err(bad("A partition key and a range are named in one request."));
    }
    let key = key(call, container)?;
    let epk = Epk::of(&key, container.keys.is_hierarchical);
    let range = container.ranges.of(&epk).map(|range| range.id.clone());
    let range = range.unwrap_or_default();
    refuse_gone(container, &range)?;
    Ok(Scope {
        slice: Slice {
            min: epk.clone(),
            max: epk,
        },
        key: Some(key),
        range,
    })
}

/// The complete partition key of the header. Errors: there is none.
pub(super) fn key(call: &Call<'_>, container: &Container) -> Result<Vec<Value>, Answer> {
    let header = call.header("x-ms-documentdb-partitionkey");
    let Some(Value::Array(key)) = header.and_then(|key| serde_json::from_str(key).ok()) else {
        return Err(bad(
            "The request has no partition key header, or it is no array.",
        ));
    };
    if key.len() != container.keys.paths.len() {
        return Err(bad("The partition key is not complete."));
    }
    Ok(key)
}

fn range(call: &Call<'_>, container: &mut Container, id: &str) -> Result<Scope, Answer> {
    refuse_gone(container, id)?;
    let Some(range) = container.ranges.find(id) else {
        return Err(gone(1002));
    };
    let slice = match slice(call)? {
        Some(slice) if !slice.is_within(&range.slice()) => {
            return Err(bad("The slice does not lie within the range."));
        }
        Some(slice) => slice,
        None => range.slice(),
    };
    Ok(Scope {
        slice,
        key: None,
        range: id.to_owned(),
    })
}

/// The slice of the headers, if there is one.
fn slice(call: &Call<'_>) -> Result<Option<Slice>, Answer> {
    let bounds = ["x-ms-start-epk", "x-ms-end-epk"].map(|name| call.header(name));
    let kind = call.header("x-ms-read-key-type");
    let (start, end) = match (bounds, kind) {
        ([None, None], None) => return Ok(None),
        ([Some(start), Some(end)], Some("EffectivePartitionKeyRange")) => (start, end),
        _ => return Err(bad("One of the input values is invalid.")),
    };
    if start.is_empty() {
        return Err(bad("x-ms-start-epk is empty."));
    }
    match (Epk::parse(start), Epk::parse(end)) {
        (Some(min), Some(max)) if min < max => Ok(Some(Slice { min, max })),
        _ => Err(bad("The effective partition keys are no slice.")),
    }
}

fn refuse_gone(container: &mut Container, range: &str) -> Result<(), Answer> {
    match container.knobs.is_gone(range) {
        Some(sub_status) => Err(gone(sub_status)),
        None => Ok(()),
    }
}

fn gone(sub_status: u32) -> Answer {
    Answer::refusal(410, sub_status, "The partition key range is gone.")
}

fn no_scope() -> Answer {
    let message = "The request names neither a partition key nor a partition key range.";
    Answer::refusal(400, 1004, message)
}
