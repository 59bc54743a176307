//! What a plan makes of the documents of one range.

use std::cmp::Ordering;

use serde_json::Value;

use super::container::{Container, Item};
use super::knobs::TieOrder;
use super::page::Position;
use super::path;
use super::plan::{Aggregate, Column, Direction, Parameters, Plan, Select};
use super::scope::Scope;
use super::value::compare;
use super::{aggregate, rid};

/// A document, or one of its elements when there is a join, that passes the filter.
pub(super) struct Unit<'a> {
    pub(super) position: Position,
    item: &'a Item,
    /// The alias of the join, and the element.
    element: Option<(&'a str, &'a Value)>,
}

/// A resume filter (spec data-plane §3.7).
pub(super) struct Resume {
    keys: Vec<Option<Value>>,
    ordinal: Option<u64>,
    excludes: bool,
}

impl Resume {
    /// From a body's property. None: it is none for this plan.
    pub(super) fn parse(filter: &Value, plan: &Plan) -> Option<Self> {
        let keys = filter["value"].as_array()?;
        (keys.len() == plan.order.len() && !keys.is_empty()).then_some(())?;
        let keys = keys.iter().map(|key| match key {
            Value::Array(undefined) if undefined.is_empty() => Some(None),
            Value::Array(_) | Value::Object(_) => None,
            value => Some(Some(value.clone())),
        });
        let ordinal = match &filter["rid"] {
            Value::Null => None,
            rid => Some(rid::ordinal_of(rid.as_str()?)?),
        };
        Some(Self {
            keys: keys.collect::<Option<Vec<Option<Value>>>>()?,
            ordinal,
            excludes: filter["exclude"].as_bool()?,
        })
    }

    /// Whether a row comes at the boundary or behind it; behind it only, if the boundary is excluded.
    pub(super) fn keeps(&self, position: &Position, order: Order<'_>) -> bool {
        let side = order.keys(&position.keys, &self.keys).then_with(|| {
            let ordinal = self.ordinal.unwrap_or(position.ordinal);
            order.ordinals(position.ordinal, ordinal)
        });
        side.is_gt() || (side.is_eq() && !self.excludes)
    }
}

/// The order of the rows of a plan.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) plan: &'a Plan,
    pub(super) ties: TieOrder,
}

impl Order<'_> {
    pub(super) fn positions(self, left: &Position, right: &Position) -> Ordering {
        self.keys(&left.keys, &right.keys)
            .then_with(|| self.ordinals(left.ordinal, right.ordinal))
            .then_with(|| left.nth.cmp(&right.nth))
    }

    fn keys(self, left: &[Option<Value>], right: &[Option<Value>]) -> Ordering {
        let pairs = left.iter().zip(right).zip(&self.plan.order);
        let orders = pairs.map(|((left, right), key)| {
            let order = compare(left.as_ref(), right.as_ref());
            match key.direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }

    fn ordinals(self, left: u64, right: u64) -> Ordering {
        let first = self.plan.order.first().map(|key| key.direction);
        let is_descending = match self.ties {
            TieOrder::Untold | TieOrder::Reversible => first == Some(Direction::Descending),
            TieOrder::Ascending => false,
            TieOrder::Descending => first.is_some(),
        };
        let order = left.cmp(&right);
        if is_descending {
            order.reverse()
        } else {
            order
        }
    }
}

/// The units of a scope, in order.
pub(super) fn units<'a>(
    plan: &'a Plan,
    container: &'a Container,
    scope: &Scope,
    parameters: Parameters<'_>,
) -> Vec<Unit<'a>> {
    let mut units = Vec::new();
    for item in &container.data.items {
        let document = &item.document.value;
        if !scope.has(item) || !passes(plan, document, parameters) {
            continue;
        }
        for (nth, element) in (0..).zip(elements(plan, document)) {
            let keys = plan.order.iter();
            units.push(Unit {
                position: Position {
                    keys: keys
                        .map(|key| evaluate(&key.path, document, element))
                        .collect(),
                    ordinal: item.ordinal,
                    nth,
                },
                item,
                element,
            });
        }
    }
    let order = Order {
        plan,
        ties: container.knobs.ties,
    };
    units.sort_by(|left, right| order.positions(&left.position, &right.position));
    units
}

/// The elements that a document is joined with; one time nothing without a join.
fn elements<'a>(plan: &'a Plan, document: &'a Value) -> Vec<Option<(&'a str, &'a Value)>> {
    let Some((alias, array)) = &plan.join else {
        return vec![None];
    };
    let segments = path::parse(array).map(|(_, segments)| segments);
    let array = segments.and_then(|segments| path::get(document, &segments));
    let elements = array.and_then(Value::as_array).into_iter().flatten();
    elements
        .map(|element| Some((alias.as_str(), element)))
        .collect()
}

/// Whether a document passes the filter.
pub(super) fn passes(plan: &Plan, document: &Value, parameters: Parameters<'_>) -> bool {
    let filter = plan.filter.as_ref();
    filter.is_none_or(|filter| (filter.test)(document, parameters))
}

/// The value of a path or a literal; none: undefined.
pub(super) fn evaluate(
    expression: &str,
    document: &Value,
    element: Option<(&str, &Value)>,
) -> Option<Value> {
    if let Ok(literal) = serde_json::from_str(expression) {
        return Some(literal);
    }
    let (alias, segments) = path::parse(expression)?;
    let root = match element {
        Some((name, element)) if name == alias => element,
        _ if alias == "c" => document,
        _ => return None,
    };
    path::get(root, &segments).cloned()
}

impl Unit<'_> {
    fn value(&self, expression: &str) -> Option<Value> {
        evaluate(expression, &self.item.document.value, self.element)
    }

    /// The values of the columns of a `GROUP BY`.
    pub(super) fn group(&self, plan: &Plan) -> Vec<Option<Value>> {
        plan.group.iter().map(|path| self.value(path)).collect()
    }

    /// The row of a plan that combines nothing: in its envelope, or as the user gets it.
    pub(super) fn row(&self, plan: &Plan, is_final: bool) -> Option<String> {
        let payload = self.payload(&plan.select);
        if is_final || plan.order.is_empty() {
            return payload;
        }
        let keys = items(&self.position.keys);
        let rid = &self.item.rid;
        Some(match payload {
            Some(payload) => {
                format!("{{\"_rid\":\"{rid}\",\"orderByItems\":{keys},\"payload\":{payload}}}")
            }
            None => format!("{{\"_rid\":\"{rid}\",\"orderByItems\":{keys}}}"),
        })
    }

    /// None: undefined.
    fn payload(&self, select: &Select) -> Option<String> {
        match select {
            Select::All => Some(self.item.document.text.clone()),
            Select::Value(Column::Expression(path)) if path == "c" => {
                Some(self.item.document.text.clone())
            }
            Select::Constant(value) => Some(value.to_string()),
            Select::Scored(inner, scores) => {
                let payload = self.payload(inner);
                let payload =
                    payload.map_or_else(String::new, |text| format!("\"payload\":{text},"));
                let scores = scores.iter().map(|key| {
                    let score = self.value(&key.path);
                    score.map_or_else(|| "-1".to_owned(), |score| score.to_string())
                });
                let scores = scores.collect::<Vec<String>>().join(",");
                Some(format!("{{{payload}\"componentScores\":[{scores}]}}"))
            }
            _ => combined(select, std::slice::from_ref(&self), true),
        }
    }
}

/// The row of a plan that combines units: in its envelope, or as the user gets it. None: undefined.
pub(super) fn combined_row(plan: &Plan, units: &[&Unit<'_>], is_final: bool) -> Option<String> {
    let payload = combined(&plan.select, units, is_final);
    if is_final {
        return payload;
    }
    let payload = payload.map(|payload| format!("\"payload\":{payload}"));
    match (units.first(), &plan.select) {
        (Some(first), _) if !plan.group.is_empty() => {
            let keys = items(&first.group(plan));
            let payload = payload.map_or_else(String::new, |payload| format!(",{payload}"));
            Some(format!("{{\"groupByItems\":{keys}{payload}}}"))
        }
        (_, Select::Value(_)) => combined(&plan.select, units, false),
        _ => payload.map(|payload| format!("{{{payload}}}")),
    }
}

/// The columns over all units.
fn combined(select: &Select, units: &[&Unit<'_>], is_final: bool) -> Option<String> {
    match select {
        Select::Value(Column::Aggregate(function, path)) if !is_final => {
            let partial = aggregate::partial(*function, &values(units, path));
            Some(format!("[{partial}]"))
        }
        Select::Value(column) => Some(over(column, units, is_final)?.to_string()),
        Select::List(columns) => {
            let columns = columns.iter().filter_map(|(alias, column)| {
                let value = over(column, units, is_final)?;
                Some(format!("{}:{value}", Value::from(alias.as_str())))
            });
            Some(format!(
                "{{{}}}",
                columns.collect::<Vec<String>>().join(",")
            ))
        }
        _ => None,
    }
}

fn over(column: &Column, units: &[&Unit<'_>], is_final: bool) -> Option<Value> {
    match column {
        Column::Expression(path) => units.first()?.value(path),
        Column::Aggregate(function, path) => aggregated(*function, &values(units, path), is_final),
    }
}

fn aggregated(function: Aggregate, values: &[Option<Value>], is_final: bool) -> Option<Value> {
    if is_final {
        aggregate::last(function, values)
    } else {
        Some(aggregate::partial(function, values))
    }
}

fn values(units: &[&Unit<'_>], path: &str) -> Vec<Option<Value>> {
    units.iter().map(|unit| unit.value(path)).collect()
}

/// `[{"item":1},{}]`
fn items(keys: &[Option<Value>]) -> String {
    let items = keys.iter().map(|key| match key {
        Some(key) => format!("{{\"item\":{key}}}"),
        None => "{}".to_owned(),
    });
    format!("[{}]", items.collect::<Vec<String>>().join(","))
}
