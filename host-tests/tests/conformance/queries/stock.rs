//! Documents to query, and what plain Rust makes of them.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosmosdb_driver_host::types::FeedScope;
use host_tests::gateway::Direction;
use serde_json::{Value, json};

use super::Scene;
use crate::account::DATABASE;
use crate::build::text;

/// The key of every fourth document.
pub(super) const BIG: &str = "big";

/// A container beside, whose ranges are half as large, and tell where feed ranges begin and end.
const FINE: &str = "fine";

/// A document with properties for every kind of query.
pub(super) fn document(n: u64) -> Value {
    let team = ["red", "green", "blue"][(n % 3) as usize];
    let pk = if n.is_multiple_of(4) {
        BIG.to_owned()
    } else {
        format!("k{n}")
    };
    let words = ["swim", "run run", "swim and run", "rest"][(n % 4) as usize];
    let mut document = json!({
        "id": n.to_string(),
        "pk": pk,
        "n": n,
        "m": n % 5,
        "team": team,
        "price": n as f64 / 4.0,
        "flag": n.is_multiple_of(3),
        "tags": [team, n % 2],
        "text": words,
        "s": (n * 37) % 1009,
        "t": (n * 53) % 997,
    });
    if let Some(mixed) = mixed(n) {
        document["a"] = mixed;
    }
    document
}

/// A value of any type that has an order; none: undefined.
pub(super) fn mixed(n: u64) -> Option<Value> {
    Some(match n % 13 {
        0 => return None,
        1 => json!(null),
        2 => json!(false),
        3 => json!(true),
        4 => json!(5),
        5 => json!(5.0),
        6 => json!(-1.5),
        7 => json!(9_007_199_254_740_993_u64),
        8 => json!(9_007_199_254_740_992_u64),
        9 => json!(""),
        10 => json!("a"),
        11 => json!("\u{1F600}"),
        _ => json!("\u{E000}"),
    })
}

impl Scene {
    /// Puts so many documents into the container.
    pub(super) fn fill(&self, documents: u64) {
        for n in 0..documents {
            self.container().put(document(n));
        }
    }

    /// The documents in the order of the ranges, and in each in the order of creation.
    pub(super) fn stock(&self) -> Vec<Value> {
        let ranges = self.ranges();
        let mut stock = self.container().items();
        stock.sort_by_cached_key(|document| {
            let own = self.container().range_of(&[document["pk"].clone()]);
            ranges.iter().position(|range| *range == own)
        });
        stock
    }

    /// A part of the hash space that begins and ends within ranges, and the documents of [`stock`](Self::stock) that
    /// lie in it.
    pub(super) fn part(&self) -> (FeedScope, Vec<Value>) {
        let halves = 2 * self.ranges().len();
        self.gateway
            .create(DATABASE, FINE, &["/pk"], u32::try_from(halves).unwrap());
        let fine = self.gateway.container(DATABASE, FINE);
        let chosen = &fine.ranges()[1..halves - 2];
        let bounds = (&chosen[0].1, &chosen.last().unwrap().2);
        let mut stock = self.stock();
        stock.retain(|document| {
            let own = fine.range_of(&[document["pk"].clone()]);
            chosen.iter().any(|(id, _, _)| *id == own)
        });
        (FeedScope::Range(range_text(bounds.0, bounds.1)), stock)
    }

    /// The scope of [`BIG`], and its documents.
    pub(super) fn big(&self) -> (FeedScope, Vec<Value>) {
        let mut stock = self.stock();
        stock.retain(|document| document["pk"] == BIG);
        (FeedScope::Key(text(BIG)), stock)
    }
}

/// A feed range as text.
pub(super) fn range_text(min: &str, max: &str) -> String {
    let range = json!({ "min": min, "max": max, "isMinInclusive": true, "isMaxInclusive": false });
    STANDARD.encode(json!({ "Range": range }).to_string())
}

/// The order of values of different types, none being undefined. Numbers here are integers or small fractions, and arrays
/// and objects only compared for equality.
pub(super) fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    let rank = |value: Option<&Value>| match value {
        None => 0,
        Some(Value::Null) => 1,
        Some(Value::Bool(_)) => 2,
        Some(Value::Number(_)) => 3,
        Some(Value::String(_)) => 4,
        Some(Value::Array(_)) => 5,
        Some(Value::Object(_)) => 6,
    };
    match (left, right) {
        (Some(Value::Bool(left)), Some(Value::Bool(right))) => left.cmp(right),
        (Some(Value::String(left)), Some(Value::String(right))) => {
            left.encode_utf16().cmp(right.encode_utf16())
        }
        (Some(Value::Number(left)), Some(Value::Number(right))) => {
            match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap(),
            }
        }
        (Some(left), Some(right)) if rank(Some(left)) >= 5 => canonical(left)
            .to_string()
            .cmp(&canonical(right).to_string()),
        _ => rank(left).cmp(&rank(right)),
    }
}

/// The same value with one text for equal numbers.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 => {
                json!(float as i64)
            }
            _ => value.clone(),
        },
        Value::Array(all) => all.iter().map(canonical).collect(),
        Value::Object(all) => {
            let all = all.iter();
            Value::Object(
                all.map(|(name, value)| (name.clone(), canonical(value)))
                    .collect(),
            )
        }
        _ => value.clone(),
    }
}

/// Whether queries take them for the same.
pub(super) fn equal(left: &[Value], right: &[Value]) -> bool {
    let mut pairs = left.iter().zip(right);
    left.len() == right.len() && pairs.all(|(left, right)| same(left, right))
}

fn same(left: &Value, right: &Value) -> bool {
    canonical(left) == canonical(right)
}

/// The values without those that came before.
pub(super) fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut once: Vec<Value> = Vec::new();
    for value in values {
        if !once.iter().any(|known| same(known, &value)) {
            once.push(value);
        }
    }
    once
}

/// The values of a property, where it is defined.
pub(super) fn values(documents: &[Value], name: &str) -> Vec<Value> {
    let defined = documents.iter().filter_map(|document| document.get(name));
    defined.cloned().collect()
}

/// Sorted by properties. Documents that these leave equal stay in the order of the ranges, and within one as they were
/// created, or the other way round if the first direction is descending: so `documents` have to come from
/// [`Scene::stock`], with the place of their range.
pub(super) fn sorted(
    scene: &Scene,
    mut documents: Vec<Value>,
    keys: &[(&str, Direction)],
) -> Vec<Value> {
    if keys[0].1 == Direction::Descending {
        let ranges = scene.ranges();
        let place = |document: &Value| {
            let own = scene.container().range_of(&[document["pk"].clone()]);
            ranges.iter().position(|range| *range == own)
        };
        documents.reverse();
        documents.sort_by_cached_key(place);
    }
    documents.sort_by(|left, right| {
        let orders = keys.iter().map(|(name, direction)| {
            let order = compare(left.get(name), right.get(name));
            match direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    documents
}

/// In any order: sorted by their texts.
pub(super) fn bag(values: &[Value]) -> Vec<Value> {
    let mut bag: Vec<Value> = values.iter().map(canonical).collect();
    bag.sort_by_key(Value::to_string);
    bag
}
