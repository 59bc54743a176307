//! Hybrid search (spec data-plane §3.8).

use serde_json::{Value, json};

use super::container::Container;
use super::info::query_info;
use super::plan::{Direction, Key, Parameters, Plan, Select};
use super::rows;
use super::scope::Scope;
use super::text::rewritten;

/// Beside twice its window, so many rows come from a component.
const MORE: u64 = 100;

/// One ranking of a hybrid search.
#[derive(Clone, Debug)]
pub struct Component {
    kind: Kind,
    score: String,
    direction: Direction,
}

#[derive(Clone, Debug)]
enum Kind {
    FullText { path: String, terms: Vec<String> },
    Vector { expression: String },
}

impl Component {
    /// `FullTextScore(path, terms)`: words are counted in the text at `path`, and `score` is the path of the property
    /// that has the score.
    pub fn full_text(path: &str, terms: &[&str], score: &str) -> Self {
        Self {
            kind: Kind::FullText {
                path: path.to_owned(),
                terms: terms.iter().map(|term| (*term).to_owned()).collect(),
            },
            score: score.to_owned(),
            direction: Direction::Descending,
        }
    }

    /// A distance: its text, and the path of the property that has its value.
    pub fn vector(expression: &str, score: &str, direction: Direction) -> Self {
        Self {
            kind: Kind::Vector {
                expression: expression.to_owned(),
            },
            score: score.to_owned(),
            direction,
        }
    }

    fn is_full_text(&self) -> bool {
        matches!(self.kind, Kind::FullText { .. })
    }
}

/// What the plan says of the search.
pub(super) fn info(plan: &Plan) -> Value {
    let components = components(plan);
    let infos: Vec<Value> = components.iter().map(query_info).collect();
    let needs_statistics = plan.components.iter().any(Component::is_full_text);
    json!({
        "globalStatisticsQuery": if needs_statistics { statistics_text(plan) } else { String::new() },
        "componentQueryInfos": infos,
        "componentWithoutPayloadQueryInfos": [],
        "projectionQueryInfo": null,
        "componentWeights": plan.weights,
        "skip": plan.offset,
        "take": plan.limit.or(plan.top),
        "requiresGlobalStatistics": needs_statistics,
    })
}

/// The query of each component, with the placeholders of the totals.
pub(super) fn components(plan: &Plan) -> Vec<Plan> {
    let mut dense = 0;
    let keys = plan
        .components
        .iter()
        .enumerate()
        .map(|(place, component)| {
            let number = if plan.is_sparse { place } else { dense };
            dense += usize::from(component.is_full_text());
            Key {
                expression: expression(component, number),
                path: component.score.clone(),
                direction: component.direction,
            }
        });
    let keys: Vec<Key> = keys.collect();
    let select = Select::Scored(Box::new(plan.select.clone()), keys.clone());
    let window = plan.window().unwrap_or_default();
    let queries = keys.into_iter().map(|key| Plan {
        select: select.clone(),
        order: vec![key],
        is_streaming: false,
        top: Some(2 * window + MORE),
        offset: None,
        limit: None,
        components: Vec::new(),
        weights: Vec::new(),
        ..plan.clone()
    });
    queries.collect()
}

/// The text of a component's query that has the true totals of all documents of the container.
pub(super) fn substituted(
    plan: &Plan,
    component: &Plan,
    container: &Container,
    parameters: Parameters<'_>,
) -> String {
    let totals = totals(plan, container, None, parameters);
    let mut text = rewritten(component, "true");
    let count = totals["documentCount"].to_string();
    text = text.replace(&placeholder("totaldocumentcount"), &count);
    let full_text = plan
        .components
        .iter()
        .enumerate()
        .filter(|(_, one)| one.is_full_text());
    for (dense, (place, _)) in full_text.enumerate() {
        let number = if plan.is_sparse { place } else { dense };
        let statistics = &totals["fullTextStatistics"][dense];
        for (name, value) in [
            ("totalwordcount", "totalWordCount"),
            ("hitcountsarray", "hitCounts"),
        ] {
            let name = placeholder(&format!("{name}-{number}"));
            text = text.replace(&name, &statistics[value].to_string());
        }
    }
    text
}

/// The text that the client asks every range for the totals with.
pub(super) fn statistics_text(plan: &Plan) -> String {
    let statistics = plan.components.iter().filter_map(|component| match &component.kind {
        Kind::FullText { path, terms } => {
            let hits = terms.iter();
            let hits = hits.map(|term| format!("COUNTIF(FullTextContains({path}, \"{term}\"))"));
            let hits = hits.collect::<Vec<String>>().join(", ");
            Some(format!(
                "{{\"totalWordCount\": SUM(_FullTextWordCount({path})), \"hitCounts\": [{hits}]}}"
            ))
        }
        Kind::Vector { .. } => None,
    });
    let statistics = statistics.collect::<Vec<String>>().join(", ");
    let filter = plan.filter.as_ref();
    let filter = filter.map_or_else(String::new, |filter| format!("\nWHERE ({})", filter.text));
    format!(
        "SELECT COUNT(1) AS documentCount, [{statistics}] AS fullTextStatistics\nFROM c{filter}"
    )
}

/// The totals of one scope, or of the whole container.
pub(super) fn totals(
    plan: &Plan,
    container: &Container,
    scope: Option<&Scope>,
    parameters: Parameters<'_>,
) -> Value {
    let documents: Vec<&Value> = container
        .data
        .items
        .iter()
        .filter(|item| scope.is_none_or(|scope| scope.has(item)))
        .map(|item| &item.document.value)
        .filter(|document| rows::passes(plan, document, parameters))
        .collect();
    let statistics = plan
        .components
        .iter()
        .filter_map(|component| match &component.kind {
            Kind::FullText { path, terms } => Some(full_text(&documents, path, terms)),
            Kind::Vector { .. } => None,
        });
    json!({
        "documentCount": documents.len(),
        "fullTextStatistics": statistics.collect::<Vec<Value>>(),
    })
}

fn full_text(documents: &[&Value], path: &str, terms: &[String]) -> Value {
    let texts = documents.iter().filter_map(|document| {
        let text = rows::evaluate(path, document, None)?;
        Some(text.as_str()?.to_lowercase())
    });
    let texts: Vec<String> = texts.collect();
    let words: usize = texts
        .iter()
        .map(|text| text.split_whitespace().count())
        .sum();
    let hits = terms.iter().map(|term| {
        let has = |text: &&String| text.split_whitespace().any(|word| word == term);
        texts.iter().filter(has).count()
    });
    json!({ "totalWordCount": words, "hitCounts": hits.collect::<Vec<usize>>() })
}

/// As it stands in the query of a component.
fn expression(component: &Component, number: usize) -> String {
    match &component.kind {
        Kind::Vector { expression } => expression.clone(),
        Kind::FullText { path, terms } => {
            let terms = terms.iter().map(|term| format!("\"{term}\""));
            format!(
                "_FullTextScore({path}, [{}], {}, {}, {})",
                terms.collect::<Vec<String>>().join(", "),
                placeholder("totaldocumentcount"),
                placeholder(&format!("totalwordcount-{number}")),
                placeholder(&format!("hitcountsarray-{number}")),
            )
        }
    }
}

fn placeholder(name: &str) -> String {
    format!("{{documentdb-formattablehybridsearchquery-{name}}}")
}
