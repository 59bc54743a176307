//! Query plans, as the gateway makes them (spec data-plane §3.4 to §3.6, §3.8).

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use super::json;
use super::query_text;

mod coverage;
#[cfg(test)]
mod tests;

pub use coverage::{Coverage, KeyShape};

/// The value of `x-ms-cosmos-supported-query-features`: what the driver carries out itself. The gateway refuses a query
/// that needs anything else.
pub const SUPPORTED_FEATURES: &str = "Aggregate,Distinct,GroupBy,MultipleOrderBy,MultipleAggregates,OffsetAndLimit,\
    OrderBy,Top,NonValueAggregate,DCount,NonStreamingOrderBy,CountIf,HybridSearch,WeightedRankFusion";

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
    let (mut query, mut hybrid, mut ranges) = (None, None, None);
    let read = json::members(body, &mut |name, value| {
        if value.get() != "null" {
            match name {
                "queryInfo" => query = Some(value),
                "hybridSearchQueryInfo" => hybrid = Some(value),
                "queryRanges" => ranges = Some(value),
                _ => {}
            }
        }
    });
    read.map_err(|_| Malformed("JSON"))?;
    let work = match (query, hybrid) {
        (Some(info), None) => Work::Query(query_info(info)?),
        (None, Some(info)) => Work::Hybrid(hybrid_info(info)?),
        _ => return Err(Malformed("queryInfo")),
    };
    Ok(QueryPlan {
        work,
        coverage: coverage::parse(ranges, keys)?,
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
    pub fn text<'a>(&'a self, query: &'a str) -> Cow<'a, str> {
        let text = self.rewritten_query.as_deref().unwrap_or(query);
        query_text::fill(text, FILTER_PLACEHOLDER, "true")
    }

    fn member(&mut self, name: &str, value: &RawValue) -> Result<(), Malformed> {
        match name {
            "distinctType" => self.distinct = known(value, &DISTINCT, "distinctType")?,
            "top" => self.top = Some(count(value, "top")?),
            "offset" => self.offset = Some(count(value, "offset")?),
            "limit" => self.limit = Some(count(value, "limit")?),
            "orderBy" => self.order_by = known_list(value, &DIRECTIONS, "orderBy")?,
            "orderByExpressions" => self.order_by_expressions = texts(value, "orderByExpressions")?,
            "groupByExpressions" => self.group_by_expressions = texts(value, "groupByExpressions")?,
            "groupByAliases" => self.group_by_aliases = texts(value, "groupByAliases")?,
            "aggregates" => self.aggregates = known_list(value, &AGGREGATES, "aggregates")?,
            "groupByAliasToAggregateType" => self.alias_aggregates = by_alias(value)?,
            "rewrittenQuery" => {
                let text = text(value, "rewrittenQuery")?;
                self.rewritten_query = Some(text).filter(|text| !text.is_empty());
            }
            "hasSelectValue" => self.has_select_value = flag(value, "hasSelectValue")?,
            "hasNonStreamingOrderBy" => {
                self.has_non_streaming_order_by = flag(value, "hasNonStreamingOrderBy")?;
            }
            "dCountInfo" => self.dcount_alias = Some(dcount_alias(value)?),
            // Texts that the client is to turn into vectors: a feature that is not asked for.
            "embeddingParameterMap" if value.get() != "{}" => {
                return Err(Malformed("embeddingParameterMap"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn query_info(json: &RawValue) -> Result<QueryInfo, Malformed> {
    let mut info = QueryInfo::default();
    each(json, "queryInfo", &mut |name, value| {
        info.member(name, value)
    })?;
    Ok(info)
}

fn hybrid_info(json: &RawValue) -> Result<HybridInfo, Malformed> {
    let mut info = HybridInfo::default();
    let (mut statistics, mut take) = (false, None);
    each(json, "hybridSearchQueryInfo", &mut |name, value| {
        match name {
            "globalStatisticsQuery" => {
                info.global_statistics_query = Some(text(value, "globalStatisticsQuery")?);
            }
            "componentQueryInfos" => {
                for component in list(value, "componentQueryInfos")? {
                    info.components.push(query_info(component)?);
                }
            }
            "componentWeights" => {
                for weight in list(value, "componentWeights")? {
                    let weight = number(weight).ok_or(Malformed("componentWeights"))?;
                    info.weights.push(weight);
                }
            }
            "skip" => info.skip = count(value, "skip")?,
            "take" => take = Some(count(value, "take")?),
            "requiresGlobalStatistics" => statistics = flag(value, "requiresGlobalStatistics")?,
            _ => {}
        }
        Ok(())
    })?;
    info.take = take.ok_or(Malformed("take"))?;
    if info.components.is_empty() {
        return Err(Malformed("componentQueryInfos"));
    }
    if !statistics {
        info.global_statistics_query = None;
    } else if info.global_statistics_query.is_none() {
        return Err(Malformed("globalStatisticsQuery"));
    }
    Ok(info)
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

/// Calls `member` with every member of an object that is not null, until it fails.
fn each<'a>(
    json: &'a RawValue,
    what: &'static str,
    member: &mut dyn FnMut(&str, &'a RawValue) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut result = Ok(());
    let read = json::members(json.get().as_bytes(), &mut |name, value| {
        if result.is_ok() && value.get() != "null" {
            result = member(name, value);
        }
    });
    read.map_err(|_| Malformed(what))?;
    result
}

fn known<T: Copy>(
    value: &RawValue,
    names: &[(&str, T)],
    what: &'static str,
) -> Result<T, Malformed> {
    let named = names.iter().find(|(name, _)| value.get() == *name);
    named.map(|(_, known)| *known).ok_or(Malformed(what))
}

fn known_list<T: Copy>(
    value: &RawValue,
    names: &[(&str, T)],
    what: &'static str,
) -> Result<Vec<T>, Malformed> {
    let mut found = Vec::new();
    for element in list(value, what)? {
        found.push(known(element, names, what)?);
    }
    Ok(found)
}

fn by_alias(value: &RawValue) -> Result<Vec<(String, Option<Aggregate>)>, Malformed> {
    const WHAT: &str = "groupByAliasToAggregateType";
    let (mut found, mut unknown) = (Vec::new(), false);
    let read = json::members(value.get().as_bytes(), &mut |alias, value| {
        let aggregate = known(value, &AGGREGATES, WHAT).ok();
        unknown |= aggregate.is_none() && value.get() != "null";
        found.push((alias.to_owned(), aggregate));
    });
    match read {
        Ok(()) if !unknown => Ok(found),
        _ => Err(Malformed(WHAT)),
    }
}

fn dcount_alias(value: &RawValue) -> Result<String, Malformed> {
    let mut alias = String::new();
    each(value, "dCountInfo", &mut |name, value| {
        if name == "dCountAlias" {
            alias = text(value, "dCountAlias")?;
        }
        Ok(())
    })?;
    Ok(alias)
}

fn list<'a>(value: &'a RawValue, what: &'static str) -> Result<Vec<&'a RawValue>, Malformed> {
    json::elements(value).ok_or(Malformed(what))
}

fn texts(value: &RawValue, what: &'static str) -> Result<Vec<String>, Malformed> {
    let mut found = Vec::new();
    for element in list(value, what)? {
        found.push(text(element, what)?);
    }
    Ok(found)
}

fn text(value: &RawValue, what: &'static str) -> Result<String, Malformed> {
    json::text(value).ok_or(Malformed(what))
}

fn count(value: &RawValue, what: &'static str) -> Result<u64, Malformed> {
    value.get().parse().map_err(|_| Malformed(what))
}

/// Native planners write 0 and 1.
fn flag(value: &RawValue, what: &'static str) -> Result<bool, Malformed> {
    match value.get() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Malformed(what)),
    }
}

/// A finite number, to the last bit, which serde_json's own reading is not.
fn number(value: &RawValue) -> Option<f64> {
    let number: f64 = value.get().parse().ok()?;
    number.is_finite().then_some(number)
}
