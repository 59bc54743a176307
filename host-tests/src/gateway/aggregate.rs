//! Aggregates: what one range contributes, and the final value (spec data-plane §3.6, §3.7).

use serde_json::{Map, Number, Value, json};

use super::plan::Aggregate;
use super::value::{compare, equal};

/// The partial value of a range, as the rewritten queries have it.
pub(super) fn partial(function: Aggregate, values: &[Option<Value>]) -> Value {
    let defined: Vec<&Value> = values.iter().flatten().collect();
    let item = match function {
        Aggregate::Average => Some(object([
            ("sum", sum(&defined)),
            ("count", Some(Value::from(defined.len()))),
        ])),
        _ => value(function, &defined),
    };
    let name = match function {
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        _ => return object([("item", item)]),
    };
    let with_count = object([
        (name, item.clone()),
        ("count", Some(Value::from(defined.len()))),
    ]);
    object([("item", item), ("item2", Some(with_count))])
}

/// The value over all documents; none: undefined.
pub(super) fn last(function: Aggregate, values: &[Option<Value>]) -> Option<Value> {
    let defined: Vec<&Value> = values.iter().flatten().collect();
    match function {
        Aggregate::Average if defined.is_empty() => None,
        Aggregate::Average => {
            let sum = sum(&defined)?.as_f64()?;
            let average = sum / defined.len() as f64;
            Some(json!(average))
        }
        _ => value(function, &defined),
    }
}

fn value(function: Aggregate, defined: &[&Value]) -> Option<Value> {
    match function {
        Aggregate::Count => Some(Value::from(defined.len())),
        Aggregate::CountIf => {
            let hits = defined.iter().filter(|value| ***value == Value::Bool(true));
            Some(Value::from(hits.count()))
        }
        Aggregate::Sum | Aggregate::Average => sum(defined),
        Aggregate::Min | Aggregate::Max => extreme(defined, function == Aggregate::Min),
        Aggregate::MakeList => Some(defined.iter().copied().cloned().collect()),
        Aggregate::MakeSet => {
            let mut set: Vec<Value> = Vec::new();
            for value in defined {
                if !set.iter().any(|known| equal(Some(known), Some(value))) {
                    set.push((*value).clone());
                }
            }
            Some(Value::Array(set))
        }
    }
}

/// Undefined if there is anything but numbers. Integers stay integers.
fn sum(defined: &[&Value]) -> Option<Value> {
    if let Some(whole) = defined
        .iter()
        .map(|value| value.as_i64())
        .sum::<Option<i64>>()
    {
        return Some(Value::from(whole));
    }
    let sum: Option<f64> = defined.iter().map(|value| value.as_f64()).sum();
    Number::from_f64(sum?).map(Value::Number)
}

/// Undefined if there are arrays or objects, or nothing.
fn extreme(defined: &[&Value], is_min: bool) -> Option<Value> {
    if defined
        .iter()
        .any(|value| value.is_array() || value.is_object())
    {
        return None;
    }
    let order = |left: &&&Value, right: &&&Value| compare(Some(left), Some(right));
    let found = if is_min {
        defined.iter().min_by(order)
    } else {
        defined.iter().max_by(order)
    };
    found.map(|value| (*value).clone())
}

/// Without the undefined properties.
fn object<const N: usize>(properties: [(&str, Option<Value>); N]) -> Value {
    let defined = properties.into_iter();
    let defined = defined.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(defined.collect::<Map<String, Value>>())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::plan::Aggregate;
    use super::{last, partial};

    #[test]
    fn partials_are_those_of_the_service() {
        let some = [Some(json!(2)), None, Some(json!(1.5))];
        let mixed = [Some(json!(2)), Some(json!("a")), Some(json!([1]))];
        let cases: [(Aggregate, &[Option<Value>], Value); 14] = [
            (Aggregate::Count, &[], json!({"item": 0})),
            (Aggregate::Count, &some, json!({"item": 2})),
            (Aggregate::Sum, &[], json!({"item": 0})),
            (Aggregate::Sum, &some, json!({"item": 3.5})),
            (Aggregate::Sum, &mixed, json!({})),
            (
                Aggregate::Average,
                &[],
                json!({"item": {"sum": 0, "count": 0}}),
            ),
            (
                Aggregate::Average,
                &some,
                json!({"item": {"sum": 3.5, "count": 2}}),
            ),
            (Aggregate::Average, &mixed, json!({"item": {"count": 3}})),
            (Aggregate::Min, &[], json!({"item2": {"count": 0}})),
            (
                Aggregate::Min,
                &some,
                json!({"item": 1.5, "item2": {"min": 1.5, "count": 2}}),
            ),
            (
                Aggregate::Max,
                &some,
                json!({"item": 2, "item2": {"max": 2, "count": 2}}),
            ),
            (Aggregate::Max, &mixed, json!({"item2": {"count": 3}})),
            (Aggregate::MakeList, &some, json!({"item": [2, 1.5]})),
            (
                Aggregate::MakeSet,
                &[Some(json!(1)), Some(json!(1.0))],
                json!({"item": [1]}),
            ),
        ];
        for (function, values, expected) in cases {
            assert_eq!(
                partial(function, values),
                expected,
                "{function:?} {values:?}"
            );
        }
    }

    #[test]
    fn final_values_may_be_undefined() {
        let some = [Some(json!(2)), Some(json!(1))];
        assert_eq!(last(Aggregate::Average, &some), Some(json!(1.5)));
        assert_eq!(last(Aggregate::Average, &[]), None);
        assert_eq!(last(Aggregate::Average, &[Some(json!("a"))]), None);
        assert_eq!(last(Aggregate::Min, &[]), None);
        assert_eq!(last(Aggregate::Sum, &[]), Some(json!(0)));
        assert_eq!(
            last(Aggregate::CountIf, &[Some(json!(true)), Some(json!(1))]),
            Some(json!(1))
        );
    }
}
