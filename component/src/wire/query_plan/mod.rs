//! Query plans, as the gateway makes them (spec data-plane §3.4 to §3.6, §3.8).

use std::fmt;

use super::json::{self, Json};
use super::object::Object;
use super::query_text;

mod coverage;
#[cfg(test)]
mod tests;

pub use coverage::{Coverage, KeyShape};

/// The value of `x-ms-cosmos-supported-query-features`: what the driver carries out itself. The gateway refuses a query
/// that needs anything else.
pub const SUPPORTED_FEATURES: &str = "Aggregate,Distinct,GroupBy,MultipleOrderBy,MultipleAggregates,OffsetAndLimit,\
    OrderBy,Top,NonValueAggregate,DCount,NonStreamingOrderBy,ListAndSetAggregate,CountIf,HybridSearch,WeightedRankFusion";

/// Stands in a rewritten query for a filter; `true` lets every row pass.
pub const FILTER_PLACEHOLDER: &str = "{documentdb-formattableorderbyquery-filter}";

/// How a query runs over several partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryPlan {
    /// What to do with the partitions' answers.
    pub work: Work,
    /// Where it runs.
    pub coverage: Coverage,
}

/// The two kinds of queries.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// One query, sent to all partitions.
    Query(QueryInfo),
    /// A search by several criteria, each a query of its own.
    Hybrid(HybridInfo),
}

/// What becomes of the rows of one query. By default they are passed on as they come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryInfo {
    /// Whether rows are to differ, and whether equal ones come together.
    pub distinct: Distinct,
    /// How many rows at most (TOP).
    pub top: Option<u64>,
    /// How many rows to leave out first; the gateway omits 0.
    pub offset: Option<u64>,
    /// How many rows after that (LIMIT).
    pub limit: Option<u64>,
    /// The direction of each ORDER BY column.
    pub order_by: Vec<Direction>,
    /// The ORDER BY columns as texts.
    pub order_by_expressions: Vec<String>,
    /// The GROUP BY columns as texts.
    pub group_by_expressions: Vec<String>,
    /// The names of the result's properties, in order.
    pub group_by_aliases: Vec<String>,
    /// The aggregates of a query with `VALUE`.
    pub aggregates: Vec<Aggregate>,
    /// The aggregates of a query without it, by the property that holds the result; none where it is a plain value.
    pub alias_aggregates: Vec<(String, Option<Aggregate>)>,
    /// What to send in place of the query, if it needs to be another text.
    pub rewritten_query: Option<String>,
    /// Whether the query has `VALUE`: rows are values, not objects.
    pub has_select_value: bool,
    /// Whether partitions return only their best rows, so that all of them must be read before the first is known.
    pub has_non_streaming_order_by: bool,
    /// The count of distinct rows is the result: as this property, or as it is if the name is empty.
    pub dcount_alias: Option<String>,
}

/// A search by several criteria.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HybridInfo {
    /// Asks each partition for what scores depend on, if they depend on the whole container.
    pub global_statistics_query: Option<String>,
    /// The query of each criterion, at least one.
    pub components: Vec<QueryInfo>,
    /// The weight of each criterion; 1 where there is none.
    pub weights: Vec<f64>,
    /// How many rows to leave out first.
    pub skip: u64,
    /// How many rows after that.
    pub take: u64,
}

/// What DISTINCT asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Distinct {
    /// Nothing.
    #[default]
    None,
    /// Equal rows come one after the other.
    Ordered,
    /// They come anywhere.
    Unordered,
}

/// The direction of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Lowest first.
    Ascending,
    /// Highest first.
    Descending,
}

/// What is made of many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `COUNT`.
    Count,
    /// `COUNTIF`.
    CountIf,
    /// `SUM`.
    Sum,
    /// `AVG`.
    Average,
    /// `MIN`.
    Min,
    /// `MAX`.
    Max,
    /// `MAKELIST`.
    MakeList,
    /// `MAKESET`.
    MakeSet,
}

/// A plan that the driver cannot follow, by the member that it does not understand. It did not ask for such a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the gateway's query plan cannot be followed: its {} is missing or not understood",
            self.0
        )
    }
}

impl std::error::Error for Malformed {}

/// Reads a plan for a container with such keys. Unknown members are ignored, null ones are absent.
///
/// # Errors
/// The body is no plan, or holds something that [`SUPPORTED_FEATURES`] does not ask for.
pub fn parse(body: &[u8], keys: KeyShape) -> Result<QueryPlan, Malformed> {
    let mut plan = Object::read(body).ok_or(Malformed("JSON"))?;
    let work = match (plan.take("queryInfo"), plan.take("hybridSearchQueryInfo")) {
        (Some(info), None) => Work::Query(query_info(info)?),
        (None, Some(info)) => Work::Hybrid(hybrid_info(info)?),
        _ => return Err(Malformed("queryInfo")),
    };
    Ok(QueryPlan {
        work,
        coverage: coverage::parse(plan.take("queryRanges"), keys)?,
    })
}

impl QueryInfo {
    /// How many rows at most, be it by TOP or by LIMIT.
    pub fn take(&self) -> Option<u64> {
        match (self.top, self.limit) {
            (Some(top), Some(limit)) => Some(top.min(limit)),
            (top, limit) => top.or(limit),
        }
    }

    /// What to send to every partition: the rewritten query with an open filter, else the query itself.
    pub fn text(&self, query: &str) -> String {
        match &self.rewritten_query {
            Some(text) => query_text::fill(text, FILTER_PLACEHOLDER, "true"),
            None => query.to_owned(),
        }
    }
}

fn query_info(json: Json<'_>) -> Result<QueryInfo, Malformed> {
    let info = &mut object(json, "queryInfo")?;
    // Texts that the client is to turn into vectors: a feature that is not asked for.
    let embeddings = info.take("embeddingParameterMap");
    if embeddings.is_some_and(|map| map.get() != "{}") {
        return Err(Malformed("embeddingParameterMap"));
    }
    let distinct = known_list(info, "distinctType", &DISTINCT)?;
    Ok(QueryInfo {
        distinct: distinct.first().copied().unwrap_or_default(),
        top: count(info, "top")?,
        offset: count(info, "offset")?,
        limit: count(info, "limit")?,
        order_by: known_list(info, "orderBy", &DIRECTIONS)?,
        order_by_expressions: texts(info, "orderByExpressions")?,
        group_by_expressions: texts(info, "groupByExpressions")?,
        group_by_aliases: texts(info, "groupByAliases")?,
        aggregates: known_list(info, "aggregates", &AGGREGATES)?,
        alias_aggregates: by_alias(info)?,
        rewritten_query: text(info, "rewrittenQuery")?.filter(|text| !text.is_empty()),
        has_select_value: flag(info, "hasSelectValue")?,
        has_non_streaming_order_by: flag(info, "hasNonStreamingOrderBy")?,
        dcount_alias: dcount_alias(info)?,
    })
}

fn hybrid_info(json: Json<'_>) -> Result<HybridInfo, Malformed> {
    let info = &mut object(json, "hybridSearchQueryInfo")?;
    let mut components = Vec::new();
    for component in list(info, "componentQueryInfos")? {
        components.push(query_info(component)?);
    }
    if components.is_empty() {
        return Err(Malformed("componentQueryInfos"));
    }
    let mut weights = Vec::new();
    for weight in list(info, "componentWeights")? {
        let weight = json::number(weight.get());
        weights.push(weight.ok_or(Malformed("componentWeights"))?);
    }
    let statistics = text(info, "globalStatisticsQuery")?;
    let needed = flag(info, "requiresGlobalStatistics")?;
    if needed && statistics.is_none() {
        return Err(Malformed("globalStatisticsQuery"));
    }
    Ok(HybridInfo {
        global_statistics_query: statistics.filter(|_| needed),
        components,
        weights,
        skip: count(info, "skip")?.unwrap_or_default(),
        take: count(info, "take")?.ok_or(Malformed("take"))?,
    })
}

const DISTINCT: [(&str, Distinct); 3] = [
    ("\"None\"", Distinct::None),
    ("\"Ordered\"", Distinct::Ordered),
    ("\"Unordered\"", Distinct::Unordered),
];

const DIRECTIONS: [(&str, Direction); 2] = [
    ("\"Ascending\"", Direction::Ascending),
    ("\"Descending\"", Direction::Descending),
];

const AGGREGATES: [(&str, Aggregate); 8] = [
    ("\"Count\"", Aggregate::Count),
    ("\"CountIf\"", Aggregate::CountIf),
    ("\"Sum\"", Aggregate::Sum),
    ("\"Average\"", Aggregate::Average),
    ("\"Min\"", Aggregate::Min),
    ("\"Max\"", Aggregate::Max),
    ("\"MakeList\"", Aggregate::MakeList),
    ("\"MakeSet\"", Aggregate::MakeSet),
];

fn object<'a>(json: Json<'a>, what: &'static str) -> Result<Object<'a>, Malformed> {
    Object::read(json.get().as_bytes()).ok_or(Malformed(what))
}

/// The elements of a list; none if it is absent.
fn list<'a>(info: &mut Object<'a>, name: &'static str) -> Result<Vec<Json<'a>>, Malformed> {
    match info.take(name) {
        Some(list) => json::elements(list).ok_or(Malformed(name)),
        None => Ok(Vec::new()),
    }
}

/// What a name, or each of a list of names, stands for.
fn known_list<T: Copy>(
    info: &mut Object<'_>,
    name: &'static str,
    names: &[(&str, T)],
) -> Result<Vec<T>, Malformed> {
    let Some(value) = info.take(name) else {
        return Ok(Vec::new());
    };
    let elements = json::elements(value).unwrap_or_else(|| vec![value]);
    let mut found = Vec::with_capacity(elements.len());
    for element in elements {
        found.push(known(element, names).ok_or(Malformed(name))?);
    }
    Ok(found)
}

fn known<T: Copy>(value: Json<'_>, names: &[(&str, T)]) -> Option<T> {
    let named = names.iter().find(|(name, _)| value.get() == *name);
    named.map(|(_, known)| *known)
}

fn by_alias(info: &mut Object<'_>) -> Result<Vec<(String, Option<Aggregate>)>, Malformed> {
    const NAME: &str = "groupByAliasToAggregateType";
    let (mut found, mut unknown) = (Vec::new(), false);
    let Some(value) = info.take(NAME) else {
        return Ok(found);
    };
    let read = json::members(value.get().as_bytes(), &mut |alias, value| {
        let aggregate = known(value, &AGGREGATES);
        unknown |= aggregate.is_none() && value.get() != "null";
        found.push((alias.to_owned(), aggregate));
    });
    match read {
        Some(()) if !unknown => Ok(found),
        _ => Err(Malformed(NAME)),
    }
}

fn dcount_alias(info: &mut Object<'_>) -> Result<Option<String>, Malformed> {
    let Some(json) = info.take("dCountInfo") else {
        return Ok(None);
    };
    let alias = text(&mut object(json, "dCountInfo")?, "dCountAlias")?;
    Ok(Some(alias.unwrap_or_default()))
}

fn texts(info: &mut Object<'_>, name: &'static str) -> Result<Vec<String>, Malformed> {
    let mut found = Vec::new();
    for element in list(info, name)? {
        found.push(json::text(element).ok_or(Malformed(name))?);
    }
    Ok(found)
}

fn text(info: &mut Object<'_>, name: &'static str) -> Result<Option<String>, Malformed> {
    match info.take(name) {
        Some(value) => json::text(value).ok_or(Malformed(name)).map(Some),
        None => Ok(None),
    }
}

fn count(info: &mut Object<'_>, name: &'static str) -> Result<Option<u64>, Malformed> {
    match info.take(name) {
        Some(value) => value.get().parse().map(Some).map_err(|_| Malformed(name)),
        None => Ok(None),
    }
}

/// Native planners write 0 and 1. Absent is no.
fn flag(info: &mut Object<'_>, name: &'static str) -> Result<bool, Malformed> {
    match info.take(name).map(Json::get) {
        Some("true" | "1") => Ok(true),
        Some("false" | "0") | None => Ok(false),
        Some(_) => Err(Malformed(name)),
    }
}
