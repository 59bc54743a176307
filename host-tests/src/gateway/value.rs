//! The order and the equality of JSON values as queries see them (spec data-plane §3.7, §3.11). None is undefined.
//!
//! Written apart from the driver's own, so that the one checks the other.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Undefined, null, false, true, numbers, strings, arrays, objects. Arrays and objects are in no meaningful order, but
/// always in the same.
pub(super) fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::Bool(left)), Some(Value::Bool(right))) => left.cmp(right),
        (Some(Value::Number(left)), Some(Value::Number(right))) => numbers(left, right),
        (Some(Value::String(left)), Some(Value::String(right))) => {
            left.encode_utf16().cmp(right.encode_utf16())
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            let mut pairs = left.iter().zip(right);
            let first = pairs.find_map(|(left, right)| differ(left, right));
            first.unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let mut pairs = left.iter().zip(right);
            let first = pairs.find_map(|((a, left), (b, right))| match a.cmp(b) {
                Ordering::Equal => differ(left, right),
                order => Some(order),
            });
            first.unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

/// Whether queries take them for the same.
pub(super) fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    compare(left, right) == Ordering::Equal
}

fn differ(left: &Value, right: &Value) -> Option<Ordering> {
    Some(compare(Some(left), Some(right))).filter(|order| order.is_ne())
}

fn rank(value: Option<&Value>) -> u8 {
    match value {
        None => 0,
        Some(Value::Null) => 1,
        Some(Value::Bool(_)) => 2,
        Some(Value::Number(_)) => 3,
        Some(Value::String(_)) => 4,
        Some(Value::Array(_)) => 5,
        Some(Value::Object(_)) => 6,
    }
}

/// By value, without loss.
fn numbers(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => {
            let [left, right] = [left, right].map(|number| number.as_f64().unwrap_or_default());
            left.partial_cmp(&right).unwrap_or(Ordering::Equal)
        }
    }
}

/// The number as an integer, if it is one that lies within 127 bits.
fn integer(number: &Number) -> Option<i128> {
    const LIMIT: f64 = 1e37;
    if let Some(whole) = number.as_i128() {
        return Some(whole);
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < LIMIT).then_some(float as i128)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use serde_json::{Value, json};

    use super::{compare, equal};

    #[test]
    fn values_of_all_types_have_an_order() {
        let ordered: [Option<Value>; 17] = [
            None,
            Some(json!(null)),
            Some(json!(false)),
            Some(json!(true)),
            Some(json!(-1e300)),
            Some(json!(-1)),
            Some(json!(0)),
            Some(json!(0.5)),
            Some(json!(9_007_199_254_740_992_u64)),
            Some(json!(9_007_199_254_740_993_u64)),
            Some(json!(u64::MAX)),
            Some(json!("")),
            Some(json!("a")),
            Some(json!("\u{1F600}")),
            Some(json!("\u{E000}")),
            Some(json!([1, 2])),
            Some(json!({"a": 1})),
        ];
        for (left, one) in ordered.iter().enumerate() {
            for (right, other) in ordered.iter().enumerate() {
                let order = compare(one.as_ref(), other.as_ref());
                assert_eq!(order, left.cmp(&right), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn numbers_are_equal_by_value() {
        for (left, right) in [(json!(5), json!(5.0)), (json!(0), json!(-0.0))] {
            assert!(equal(Some(&left), Some(&right)));
        }
        let [one, other] = [json!({"a": 1, "b": [2.0]}), json!({"b": [2], "a": 1.0})];
        assert!(equal(Some(&one), Some(&other)));
        assert_eq!(
            compare(Some(&json!([1])), Some(&json!([1, 0]))),
            Ordering::Less
        );
    }
}
