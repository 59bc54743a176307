//! The texts of rewritten queries (spec data-plane §3.6).

use super::plan::{Aggregate, Column, Direction, Plan, Select};

/// What the client replaces by `true`.
pub(super) const FILTER: &str = "{documentdb-formattableorderbyquery-filter}";

/// The text that is executed over one range, with this in place of the placeholder; empty: the query's own.
pub(super) fn rewritten(plan: &Plan, placeholder: &str) -> String {
    if !plan.order.is_empty() {
        return ordered(plan, placeholder);
    }
    let from = from(plan);
    if !plan.group.is_empty() {
        let items = braced("item", plan.group.iter().map(String::as_str));
        let payload = payload(&plan.select);
        let group = plan.group.join(", ");
        return format!(
            "SELECT {items} AS groupByItems, {payload} AS payload{from}\nGROUP BY {group}"
        );
    }
    if plan.is_aggregated() {
        return match plan.select {
            Select::Value(_) => format!("SELECT VALUE {}{from}", payload(&plan.select)),
            _ => format!("SELECT {} AS payload{from}", payload(&plan.select)),
        };
    }
    if plan.count_alias.is_some() || (plan.is_distinct && plan.limit.is_some()) {
        return format!("SELECT DISTINCT {}{from}", clause(&plan.select));
    }
    match (plan.is_distinct, plan.window(), plan.limit) {
        (false, Some(window), Some(_)) => {
            let top = plan
                .top
                .map_or_else(String::new, |top| format!("TOP {top} "));
            format!(
                "SELECT {top}{}{from}\nOFFSET 0 LIMIT {window}",
                clause(&plan.select)
            )
        }
        _ => String::new(),
    }
}

fn ordered(plan: &Plan, placeholder: &str) -> String {
    let top = plan
        .top
        .map_or_else(String::new, |top| format!("TOP {top} "));
    let keys = plan.order.iter().map(|key| key.expression.as_str());
    let items = braced("item", keys);
    let mut condition = format!("({placeholder})");
    if let Some(filter) = &plan.filter {
        condition = format!("(({}) AND {condition})", filter.text);
    }
    if plan.is_distinct
        && let [key] = plan.order.as_slice()
    {
        condition = format!("({condition} AND IS_DEFINED({}))", key.expression);
    }
    let orders = plan.order.iter().map(|key| match key.direction {
        Direction::Ascending => key.expression.clone(),
        Direction::Descending => format!("{} DESC", key.expression),
    });
    let order = orders.collect::<Vec<String>>().join(", ");
    let window = match plan.window().filter(|_| plan.limit.is_some()) {
        Some(window) => format!("\nOFFSET 0 LIMIT {window}"),
        None => String::new(),
    };
    let (payload, sources) = (payload(&plan.select), sources(plan));
    format!(
        "SELECT {top}c._rid, {items} AS orderByItems, {payload} AS payload{sources}\n\
         WHERE {condition}\nORDER BY {order}{window}"
    )
}

fn from(plan: &Plan) -> String {
    let sources = sources(plan);
    match &plan.filter {
        Some(filter) => format!("{sources}\nWHERE ({})", filter.text),
        None => sources,
    }
}

fn sources(plan: &Plan) -> String {
    match &plan.join {
        Some((alias, path)) => format!("\nFROM c\nJOIN {alias} IN {path}"),
        None => "\nFROM c".to_owned(),
    }
}

/// As it stands behind `SELECT`.
fn clause(select: &Select) -> String {
    match select {
        Select::All => "*".to_owned(),
        Select::Value(column) => format!("VALUE {}", text(column)),
        Select::List(columns) => {
            let columns = columns.iter();
            let columns = columns.map(|(alias, column)| format!("{} AS {alias}", text(column)));
            columns.collect::<Vec<String>>().join(", ")
        }
        Select::Constant(value) => format!("VALUE {value}"),
        Select::Scored(inner, _) => clause(inner),
    }
}

/// As it stands before `AS payload`, with aggregates in their partial form.
fn payload(select: &Select) -> String {
    match select {
        Select::All => "c".to_owned(),
        Select::Value(Column::Aggregate(function, path)) => {
            format!("[{}]", partial(*function, path))
        }
        Select::Value(column) => text(column),
        Select::List(columns) => {
            let columns = columns.iter().map(|(alias, column)| match column {
                Column::Aggregate(function, path) => {
                    format!("\"{alias}\": {}", partial(*function, path))
                }
                Column::Expression(path) => format!("\"{alias}\": {path}"),
            });
            format!("{{{}}}", columns.collect::<Vec<String>>().join(", "))
        }
        Select::Constant(value) => value.to_string(),
        Select::Scored(inner, scores) => {
            let scores = scores
                .iter()
                .map(|key| format!("({} ?? -1)", key.expression));
            let scores = scores.collect::<Vec<String>>().join(", ");
            format!(
                "{{\"payload\": {}, \"componentScores\": [{scores}]}}",
                payload(inner)
            )
        }
    }
}

fn text(column: &Column) -> String {
    match column {
        Column::Expression(path) => path.clone(),
        Column::Aggregate(function, path) => format!("{}({path})", name(*function)),
    }
}

fn partial(function: Aggregate, path: &str) -> String {
    let name = name(function);
    match function {
        Aggregate::Average => {
            format!("{{\"item\": {{\"sum\": SUM({path}), \"count\": COUNT({path})}}}}")
        }
        Aggregate::Min | Aggregate::Max => {
            let property = name.to_lowercase();
            format!(
                "{{\"item\": {name}({path}), \"item2\": {{\"{property}\": {name}({path}), \"count\": COUNT({path})}}}}"
            )
        }
        _ => format!("{{\"item\": {name}({path})}}"),
    }
}

fn name(function: Aggregate) -> &'static str {
    match function {
        Aggregate::Count => "COUNT",
        Aggregate::Sum => "SUM",
        Aggregate::Average => "AVG",
        Aggregate::Min => "MIN",
        Aggregate::Max => "MAX",
        Aggregate::CountIf => "COUNTIF",
        Aggregate::MakeList => "MAKELIST",
        Aggregate::MakeSet => "MAKESET",
    }
}

/// `[{"name": a}, {"name": b}]`
fn braced<'a>(name: &str, expressions: impl Iterator<Item = &'a str>) -> String {
    let items = expressions.map(|expression| format!("{{\"{name}\": {expression}}}"));
    format!("[{}]", items.collect::<Vec<String>>().join(", "))
}
