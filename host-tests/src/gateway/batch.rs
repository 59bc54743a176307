//! Batches: transactional by key, and bulk by range (spec data-plane §6).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, bad};
use super::call::Call;
use super::container::Container;
use super::epk::Epk;
use super::items::{Kind, Operation, Outcome, operate};
use super::page::owned;
use super::scope::{Scope, scope};

/// The most operations of a batch.
const MAX_OPERATIONS: usize = 100;

/// The most bytes of a batch.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// An operation as it came, its values untouched.
type Raw = BTreeMap<String, Box<RawValue>>;

/// The outcome of an operation, and when to try it again, in milliseconds.
type Done = (Outcome, Option<u64>);

/// Answers a batch. Errors: the batch as a whole is refused.
pub(super) fn batch(call: &Call<'_>, container: &mut Container) -> Result<Answer, Answer> {
    let scope = scope(call, container)?;
    let is_atomic = call.says("x-ms-cosmos-batch-atomic");
    if is_atomic != scope.key.is_some() {
        return Err(bad(
            "A transactional batch names a key, a bulk request a range.",
        ));
    }
    if call.request.body.len() > MAX_BYTES {
        return Err(Answer::refusal(413, 0, "The batch is too large."));
    }
    let operations: Vec<Raw> = serde_json::from_str(call.text()?)
        .map_err(|_| bad("The batch is no array of operations."))?;
    if !(1..=MAX_OPERATIONS).contains(&operations.len()) {
        return Err(bad("A batch has 1 to 100 operations."));
    }
    let done = if is_atomic {
        together(call, container, &scope, &operations)
    } else {
        let each = operations.iter();
        each.map(|raw| one(call, container, &scope, raw)).collect()
    };
    let failed = done.iter().any(|(outcome, _)| outcome.status >= 300);
    let rows: Vec<String> = done.iter().map(row).collect();
    let answer = Answer::text(
        if failed { 207 } else { 200 },
        format!("[{}]", rows.join(",")),
    );
    Ok(owned(answer.charged("10.5"), container, &scope.range))
}

/// All or nothing. The operations beside the one that failed are 424.
fn together(
    call: &Call<'_>,
    container: &mut Container,
    scope: &Scope,
    operations: &[Raw],
) -> Vec<Done> {
    let before = container.data.clone();
    let mut done: Vec<Done> = Vec::new();
    for raw in operations {
        done.push(one(call, container, scope, raw));
        if done
            .last()
            .is_some_and(|(outcome, _)| outcome.status >= 400)
        {
            break;
        }
    }
    let failed = done.iter().position(|(outcome, _)| outcome.status >= 400);
    let Some(failed) = failed else {
        return done;
    };
    container.data = before;
    let dependency = || {
        (
            Outcome::refused(424, 0, "Another operation of the batch failed."),
            None,
        )
    };
    done.resize_with(operations.len(), dependency);
    for (place, row) in done.iter_mut().enumerate() {
        if place != failed {
            *row = dependency();
        }
    }
    done
}

fn one(call: &Call<'_>, container: &mut Container, scope: &Scope, raw: &Raw) -> Done {
    if let Some(rule) = container.knobs.outcome(&json_of(raw)) {
        let outcome = Outcome::refused(
            rule.status,
            rule.sub_status,
            "Refused by a rule of the test.",
        );
        return (outcome, rule.retry_after);
    }
    let outcome = match operation(container, scope, raw) {
        Ok(operation) => {
            let mut outcome = operate(container, &operation, call.now);
            if raw
                .get("minimalReturnPreference")
                .is_some_and(|value| value.get() == "true")
            {
                outcome.document = None;
            }
            outcome
        }
        Err(outcome) => outcome,
    };
    (outcome, None)
}

/// The operation that a row asks for. Errors: it is none, or belongs elsewhere.
fn operation<'a>(
    container: &Container,
    scope: &Scope,
    raw: &'a Raw,
) -> Result<Operation<'a>, Outcome> {
    let kind = match text(raw, "operationType").as_deref() {
        Some("Create") => Kind::Create,
        Some("Upsert") => Kind::Upsert,
        Some("Replace") => Kind::Replace,
        Some("Read") => Kind::Read,
        Some("Delete") => Kind::Delete,
        Some("Patch") => Kind::Patch,
        _ => return Err(Outcome::refused(400, 0, "There is no such operation type.")),
    };
    let own: Option<Vec<Value>> =
        text(raw, "partitionKey").and_then(|key| serde_json::from_str(&key).ok());
    let key = own.or_else(|| scope.key.clone());
    let key = key.ok_or_else(|| Outcome::refused(400, 0, "The operation has no partition key."))?;
    let epk = Epk::of(&key, container.keys.is_hierarchical);
    if !scope.covers(&key, &epk) {
        return Err(match scope.key {
            Some(_) => Outcome::refused(400, 1001, "The operation has another partition key."),
            None => Outcome::refused(410, 1002, "The partition key lies in another range."),
        });
    }
    Ok(Operation {
        kind,
        key,
        id: text(raw, "id"),
        body: raw.get("resourceBody").map_or("", |body| body.get()),
        if_match: text(raw, "ifMatch"),
        if_none_match: text(raw, "ifNoneMatch"),
    })
}

fn text(raw: &Raw, name: &str) -> Option<String> {
    serde_json::from_str(raw.get(name)?.get()).ok()
}

fn json_of(raw: &Raw) -> Value {
    let parse = |value: &RawValue| serde_json::from_str(value.get()).unwrap_or_default();
    let properties = raw.iter().map(|(name, value)| (name.clone(), parse(value)));
    Value::Object(properties.collect())
}

fn row((outcome, retry_after): &Done) -> String {
    let mut row = json!({ "statusCode": outcome.status, "requestCharge": 1.24 });
    if outcome.sub_status > 0 {
        row["subStatusCode"] = Value::from(outcome.sub_status);
    }
    if let Some(retry_after) = retry_after {
        row["retryAfterMilliseconds"] = Value::from(*retry_after);
    }
    if let Some(etag) = &outcome.etag {
        row["eTag"] = Value::from(etag.as_str());
    }
    let row = row.to_string();
    match &outcome.document {
        None => row,
        Some(document) => format!(
            "{},\"resourceBody\":{document}}}",
            row.trim_end_matches('}')
        ),
    }
}
