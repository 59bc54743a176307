//! From the gateway's plan to a feed (spec data-plane §3.5).

use crate::core::feed::{AggregateKind, Component, Distinct, Hybrid, Order, Shape};
use crate::wire::query_plan::{self as wire, Aggregate, Direction, HybridInfo, QueryInfo};

/// How the rows of all partitions become the query's.
pub fn shape_of(info: &QueryInfo) -> Shape {
    Shape {
        distinct: match info.distinct {
            wire::Distinct::None => Distinct::None,
            wire::Distinct::Ordered => Distinct::Ordered,
            wire::Distinct::Unordered => Distinct::Unordered,
        },
        offset: info.offset,
        limit: info.limit,
        top: info.top,
        order: order_of(info),
        non_streaming: info.has_non_streaming_order_by,
        grouped: !info.group_by_expressions.is_empty(),
        aliases: aliases_of(info),
        aggregate: info.aggregates.first().copied().map(kind_of),
        value: info.has_select_value,
        dcount: info.dcount_alias.clone(),
    }
}

/// A search by several criteria. `text` is the query itself, for criteria without a text of their own.
pub fn hybrid_of(info: &HybridInfo, text: &str) -> Hybrid {
    let mut components = Vec::with_capacity(info.components.len());
    for component in &info.components {
        let query = component.rewritten_query.as_deref().unwrap_or(text);
        let offset = component.offset.unwrap_or(0);
        components.push(Component {
            query: query.to_owned(),
            order: order_of(component),
            reach: component.take().map(|take| take.saturating_add(offset)),
        });
    }
    Hybrid {
        statistics: info.global_statistics_query.clone(),
        components,
        weights: info.weights.clone(),
        skip: info.skip,
        take: info.take,
    }
}

fn order_of(info: &QueryInfo) -> Vec<Order> {
    let order = |direction: &Direction| Order {
        descending: *direction == Direction::Descending,
    };
    info.order_by.iter().map(order).collect()
}

/// The result's properties in their order, each with its aggregate.
fn aliases_of(info: &QueryInfo) -> Vec<(String, Option<AggregateKind>)> {
    let mut aliases = Vec::new();
    for alias in &info.group_by_aliases {
        let mut typed = info.alias_aggregates.iter();
        let found = typed.find(|(own, _)| own == alias);
        aliases.push((alias.clone(), found.and_then(|(_, kind)| kind.map(kind_of))));
    }
    if aliases.is_empty() {
        for (alias, kind) in &info.alias_aggregates {
            aliases.push((alias.clone(), kind.map(kind_of)));
        }
    }
    aliases
}

fn kind_of(aggregate: Aggregate) -> AggregateKind {
    match aggregate {
        Aggregate::Count => AggregateKind::Count,
        Aggregate::CountIf => AggregateKind::CountIf,
        Aggregate::Sum => AggregateKind::Sum,
        Aggregate::Average => AggregateKind::Average,
        Aggregate::Min => AggregateKind::Min,
        Aggregate::Max => AggregateKind::Max,
        Aggregate::MakeList => AggregateKind::MakeList,
        Aggregate::MakeSet => AggregateKind::MakeSet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::epk::KeyHash;
    use crate::wire::query_plan::{KeyShape, Work, parse};

    fn work(json: &str) -> Work {
        let keys = KeyShape {
            hash: KeyHash::V2,
            paths: 1,
        };
        parse(json.as_bytes(), keys).unwrap().work
    }

    fn shape(info: &str) -> Shape {
        match work(&format!("{{\"queryInfo\":{info}}}")) {
            Work::Query(info) => shape_of(&info),
            Work::Hybrid(_) => panic!("no query"),
        }
    }

    #[test]
    fn a_plan_says_how_rows_are_put_together() {
        assert_eq!(shape("{}"), Shape::default());
        let ordered = shape(
            r#"{"distinctType":"Ordered","top":3,"offset":1,"limit":2,"orderBy":["Descending","Ascending"],
                "orderByExpressions":["c.a","c.b"],"hasSelectValue":true}"#,
        );
        let order = |descending| Order { descending };
        assert_eq!(
            ordered,
            Shape {
                distinct: Distinct::Ordered,
                top: Some(3),
                offset: Some(1),
                limit: Some(2),
                order: vec![order(true), order(false)],
                value: true,
                ..Shape::default()
            }
        );
        let grouped = shape(
            r#"{"groupByExpressions":["c.t"],"groupByAliases":["n","t"],"groupByAliasToAggregateType":{"t":null,"n":"Count"}}"#,
        );
        let aliases = vec![
            ("n".to_owned(), Some(AggregateKind::Count)),
            ("t".to_owned(), None),
        ];
        assert_eq!(
            grouped,
            Shape {
                grouped: true,
                aliases,
                ..Shape::default()
            }
        );
        let counted = shape(r#"{"aggregates":["Sum"],"dCountInfo":{"dCountAlias":"d"}}"#);
        assert_eq!(counted.aggregate, Some(AggregateKind::Sum));
        assert_eq!(counted.dcount.as_deref(), Some("d"));
    }

    #[test]
    fn criteria_without_a_text_have_the_querys() {
        let search = work(
            r#"{"hybridSearchQueryInfo":{"globalStatisticsQuery":"s","requiresGlobalStatistics":true,"skip":1,"take":2,
                "componentWeights":[0.5],"componentQueryInfos":[{"rewrittenQuery":"r","orderBy":["Ascending"],"top":7,"offset":1},
                {}]}}"#,
        );
        let Work::Hybrid(info) = search else {
            panic!("no search")
        };
        let hybrid = hybrid_of(&info, "text");
        assert_eq!(hybrid.statistics.as_deref(), Some("s"));
        assert_eq!(
            (hybrid.skip, hybrid.take, hybrid.weights.as_slice()),
            (1, 2, &[0.5][..])
        );
        let components: Vec<_> = hybrid
            .components
            .iter()
            .map(|component| {
                (
                    component.query.as_str(),
                    component.order.len(),
                    component.reach,
                )
            })
            .collect();
        assert_eq!(components, [("r", 1, Some(8)), ("text", 0, None)]);
    }
}
