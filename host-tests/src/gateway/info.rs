//! The plan as JSON (spec data-plane §3.5), and what a client must be able to do for it (§3.4).

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::container::Container;
use super::epk::Epk;
use super::hybrid;
use super::plan::{Aggregate, Column, Direction, Keys, Plan, Select};
use super::text::{FILTER, rewritten};

/// The answer to a request for the plan. Errors: the client lacks a feature that it needs.
pub(super) fn info(plan: &Plan, container: &Container, features: &str) -> Result<Value, Answer> {
    let known: Vec<&str> = features.split(',').map(str::trim).collect();
    let needed = needed(plan);
    let lacking = needed.iter().filter(|feature| !known.contains(feature));
    let lines = lacking.map(|feature| {
        format!("\nQuery contained {feature}, which the calling client does not support.")
    });
    let lines: String = lines.collect();
    if !lines.is_empty() {
        let message = "Query contains 1 or more unsupported features. Upgrade your SDK to a version that does \
                       support the requested features:";
        return Err(Answer::refusal(400, 0, &format!("{message}{lines}")));
    }
    Ok(complete(plan, container))
}

/// The whole plan, whatever the client can do.
pub(super) fn complete(plan: &Plan, container: &Container) -> Value {
    let is_hybrid = !plan.components.is_empty();
    let mut plan = plan.clone();
    if plan.is_folded(container.keys.paths.len()) {
        (plan.top, plan.offset, plan.limit) = (None, None, None);
    }
    let plan = &plan;
    let query = if is_hybrid {
        Value::Null
    } else {
        query_info(plan)
    };
    let hybrid = if is_hybrid {
        hybrid::info(plan)
    } else {
        Value::Null
    };
    json!({
        "partitionedQueryExecutionInfoVersion": 2,
        "queryInfo": query,
        "queryRanges": ranges(plan, container),
        "hybridSearchQueryInfo": hybrid,
    })
}

/// What is to be done with the rows.
pub(super) fn query_info(plan: &Plan) -> Value {
    let columns = plan.columns();
    let is_listed = matches!(plan.select, Select::List(_));
    let is_combined = !plan.group.is_empty() || plan.is_aggregated();
    let aliased = columns.iter().filter(|_| is_listed && is_combined);
    let aliases: Vec<&str> = aliased.clone().map(|(alias, _)| *alias).collect();
    let types: Map<String, Value> = aliased
        .map(|(alias, column)| ((*alias).to_owned(), type_of(column)))
        .collect();
    let functions: Vec<&str> = match &plan.select {
        Select::Value(Column::Aggregate(function, _)) => vec![name(*function)],
        _ => Vec::new(),
    };
    let orders = plan.order.iter().map(|key| match key.direction {
        Direction::Ascending => "Ascending",
        Direction::Descending => "Descending",
    });
    let expressions = plan.order.iter().map(|key| key.expression.as_str());
    json!({
        "distinctType": distinct_type(plan),
        "top": plan.top,
        "offset": plan.offset.filter(|offset| *offset > 0),
        "limit": plan.limit,
        "orderBy": orders.collect::<Vec<&str>>(),
        "orderByExpressions": expressions.collect::<Vec<&str>>(),
        "groupByExpressions": plan.group,
        "groupByAliases": aliases,
        "aggregates": functions,
        "groupByAliasToAggregateType": types,
        "rewrittenQuery": rewritten(plan, FILTER),
        "hasSelectValue": matches!(plan.select, Select::Value(_) | Select::Constant(_)),
        "dCountInfo": plan.count_alias.as_ref().map(|alias| json!({ "dCountAlias": alias })),
        "hasNonStreamingOrderBy": !plan.is_streaming,
    })
}

/// Ordered only where equal rows follow each other.
fn distinct_type(plan: &Plan) -> &'static str {
    match (&plan.select, plan.order.as_slice()) {
        _ if !plan.is_distinct => "None",
        (Select::Value(Column::Expression(path)), [key]) if *path == key.path => "Ordered",
        _ => "Unordered",
    }
}

fn type_of(column: &Column) -> Value {
    match column {
        Column::Aggregate(function, _) => Value::from(name(*function)),
        Column::Expression(_) => Value::Null,
    }
}

fn name(function: Aggregate) -> &'static str {
    match function {
        Aggregate::Count => "Count",
        Aggregate::Sum => "Sum",
        Aggregate::Average => "Average",
        Aggregate::Min => "Min",
        Aggregate::Max => "Max",
        Aggregate::CountIf => "CountIf",
        Aggregate::MakeList => "MakeList",
        Aggregate::MakeSet => "MakeSet",
    }
}

/// The features that the plan makes use of.
fn needed(plan: &Plan) -> Vec<&'static str> {
    let functions = plan.aggregates();
    let has = |function: Aggregate| functions.contains(&function);
    let is_listed = matches!(plan.select, Select::List(_));
    let features = [
        (!functions.is_empty(), "Aggregate"),
        (plan.is_distinct, "Distinct"),
        (!plan.group.is_empty(), "GroupBy"),
        (functions.len() > 1, "MultipleAggregates"),
        (!functions.is_empty() && is_listed, "NonValueAggregate"),
        (plan.order.len() > 1, "MultipleOrderBy"),
        (!plan.order.is_empty() && plan.is_streaming, "OrderBy"),
        (!plan.is_streaming, "NonStreamingOrderBy"),
        (plan.limit.is_some(), "OffsetAndLimit"),
        (plan.top.is_some(), "Top"),
        (plan.count_alias.is_some(), "DCount"),
        (has(Aggregate::CountIf), "CountIf"),
        (
            has(Aggregate::MakeList) || has(Aggregate::MakeSet),
            "ListAndSetAggregate",
        ),
        (!plan.components.is_empty(), "HybridSearch"),
        (!plan.weights.is_empty(), "WeightedRankFusion"),
    ];
    let needed = features.into_iter().filter(|(is_needed, _)| *is_needed);
    needed.map(|(_, feature)| feature).collect()
}

/// The slices that the query can be about: points for keys, half-open ranges for prefixes.
fn ranges(plan: &Plan, container: &Container) -> Value {
    let row = |min: String, max: String, is_closed: bool| {
        json!({
            "min": min,
            "max": max,
            "isMinInclusive": true,
            "isMaxInclusive": is_closed,
        })
    };
    if matches!(plan.select, Select::Constant(_)) {
        return json!([row(String::new(), String::new(), true)]);
    }
    let Keys::Only(keys) = &plan.keys else {
        return json!([row(String::new(), "FF".to_owned(), false)]);
    };
    let points = keys.iter().map(|key| {
        let point = Epk::of(key, container.keys.is_hierarchical).text();
        let is_complete = key.len() == container.keys.paths.len();
        (point, is_complete)
    });
    let mut points: Vec<(String, bool)> = points.collect();
    points.sort();
    points.dedup();
    let rows = points.into_iter().map(|(point, is_complete)| {
        let end = if is_complete {
            point.clone()
        } else {
            format!("{point}FF")
        };
        row(point, end, is_complete)
    });
    Value::Array(rows.collect())
}
