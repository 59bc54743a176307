//! Queries as trees: what a test registers a text with, since the gateway of the tests reads no SQL.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::hybrid::Component;
use super::select::condition;

/// The direction of a sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// An aggregate function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// `COUNT`
    Count,
    /// `SUM`
    Sum,
    /// `AVG`
    Average,
    /// `MIN`
    Min,
    /// `MAX`
    Max,
    /// `COUNTIF`
    CountIf,
    /// `MAKELIST`
    MakeList,
    /// `MAKESET`
    MakeSet,
}

impl Aggregate {
    /// The aggregate of an expression: a path (`c.a.b`) or a literal (`1`).
    pub fn of(self, expression: &str) -> Column {
        Column::Aggregate(self, expression.to_owned())
    }
}

/// What is selected for a property, or as the value.
#[derive(Clone, Debug)]
pub enum Column {
    /// The value of an expression: a path (`c.a.b`, `c["a"]`, `t`) or a literal (`1`).
    Expression(String),
    /// An aggregate of an expression.
    Aggregate(Aggregate, String),
}

impl From<&str> for Column {
    fn from(expression: &str) -> Self {
        Self::Expression(expression.to_owned())
    }
}

/// The parameters of a query.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a>(pub(super) &'a Value);

impl<'a> Parameters<'a> {
    /// The value of a parameter, named with its `@`; null if there is none.
    pub fn get(&self, name: &str) -> &'a Value {
        let mut all = self.0.as_array().into_iter().flatten();
        let found = all.find(|parameter| parameter["name"] == name);
        found.map_or(&Value::Null, |parameter| &parameter["value"])
    }
}

type Test = Arc<dyn Fn(&Value, Parameters<'_>) -> bool + Send + Sync>;

/// A condition on documents: its text, and what it means.
#[derive(Clone)]
pub(super) struct Filter {
    pub(super) text: String,
    pub(super) test: Test,
}

/// What the `SELECT` clause says.
#[derive(Clone, Debug)]
pub(super) enum Select {
    /// `*`
    All,
    /// `VALUE` of one column.
    Value(Column),
    /// Properties.
    List(Vec<(String, Column)>),
    /// A value that needs no document.
    Constant(Value),
    /// What the components of a hybrid search select: the inner clause, and the scores of all components.
    Scored(Box<Self>, Vec<Key>),
}

/// A sort key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// As the query has it.
    pub(super) expression: String,
    /// Where its value is.
    pub(super) path: String,
    pub(super) direction: Direction,
}

/// Which partition keys a query can be about.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    All,
    Only(Vec<Vec<Value>>),
}

/// A query over the root `c`.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) select: Select,
    pub(super) join: Option<(String, String)>,
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<Key>,
    pub(super) is_streaming: bool,
    pub(super) group: Vec<String>,
    pub(super) is_distinct: bool,
    pub(super) count_alias: Option<String>,
    pub(super) top: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) keys: Keys,
    pub(super) components: Vec<Component>,
    pub(super) weights: Vec<f64>,
    pub(super) is_sparse: bool,
}

impl Plan {
    /// `SELECT *`
    pub fn all() -> Self {
        Self::new(Select::All)
    }

    /// `SELECT VALUE` of a path or an aggregate.
    pub fn value(column: impl Into<Column>) -> Self {
        Self::new(Select::Value(column.into()))
    }

    /// `SELECT` of properties: their names and what they are. A column without an alias is named `$1`, `$2`, … by the
    /// service.
    pub fn list(columns: impl IntoIterator<Item = (&'static str, Column)>) -> Self {
        let named = columns.into_iter();
        let named = named.map(|(alias, column)| (alias.to_owned(), column));
        Self::new(Select::List(named.collect()))
    }

    /// `SELECT VALUE 5`: one row without documents.
    pub fn constant(value: impl Into<Value>) -> Self {
        Self::new(Select::Constant(value.into()))
    }

    fn new(select: Select) -> Self {
        Self {
            select,
            join: None,
            filter: None,
            order: Vec::new(),
            is_streaming: true,
            group: Vec::new(),
            is_distinct: false,
            count_alias: None,
            top: None,
            offset: None,
            limit: None,
            keys: Keys::All,
            components: Vec::new(),
            weights: Vec::new(),
            is_sparse: false,
        }
    }

    /// `JOIN alias IN path`: a row for each element of an array of the document.
    pub fn join(mut self, alias: &str, path: &str) -> Self {
        self.join = Some((alias.to_owned(), path.to_owned()));
        self
    }

    /// `WHERE text`, and what it means.
    pub fn filter(
        mut self,
        text: &str,
        test: impl Fn(&Value, Parameters<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.filter = Some(Filter {
            text: text.to_owned(),
            test: Arc::new(test),
        });
        self
    }

    /// `WHERE text` of a simple text, which means what it says: comparisons of paths with literals and parameters,
    /// `IN`, `IS_NULL`, `IS_DEFINED`, `AND`, `OR`, `NOT` and parentheses.
    ///
    /// # Panics
    ///
    /// On the server's thread, if the text is not that simple or a parameter is missing: the client gets no answer.
    #[expect(clippy::expect_used, reason = "a test with such a text is wrong")]
    pub fn matching(self, text: &str) -> Self {
        let whole = format!("FROM c WHERE {text}");
        self.filter(text, move |document, parameters| {
            let condition = condition(&whole, parameters.0);
            condition.expect("a simple condition").holds(document)
        })
    }

    /// `ORDER BY path`, after the keys so far.
    pub fn order_by(mut self, path: &str, direction: Direction) -> Self {
        self.order.push(Key {
            expression: path.to_owned(),
            path: path.to_owned(),
            direction,
        });
        self
    }

    /// `ORDER BY` a distance: its text (`VectorDistance(c.v, [1, 2])`), and the path of the property that has its
    /// value.
    pub fn vector(mut self, expression: &str, score: &str, direction: Direction) -> Self {
        self.order = vec![Key {
            expression: expression.to_owned(),
            path: score.to_owned(),
            direction,
        }];
        self.is_streaming = false;
        self
    }

    /// `ORDER BY RANK RRF(…)` of the components, or of the only one.
    pub fn hybrid(mut self, components: impl IntoIterator<Item = Component>) -> Self {
        self.components = components.into_iter().collect();
        self
    }

    /// The weights of the components of a hybrid search.
    pub fn weights(mut self, weights: impl IntoIterator<Item = f64>) -> Self {
        self.weights = weights.into_iter().collect();
        self
    }

    /// The placeholders of a hybrid search are numbered by component, though the statistics are those of the full-text
    /// components only, as some gateways do.
    pub fn numbered_by_component(mut self) -> Self {
        self.is_sparse = true;
        self
    }

    /// `GROUP BY path`, after the paths so far.
    pub fn group_by(mut self, path: &str) -> Self {
        self.group.push(path.to_owned());
        self
    }

    /// `SELECT DISTINCT`
    pub fn distinct(mut self) -> Self {
        self.is_distinct = true;
        self
    }

    /// `SELECT COUNT(1) AS alias FROM (SELECT DISTINCT …)`; without an alias: `SELECT VALUE COUNT(1) FROM (…)`.
    pub fn count_distinct(mut self, alias: &str) -> Self {
        self.is_distinct = true;
        self.count_alias = Some(alias.to_owned());
        self
    }

    /// `TOP count`
    pub fn top(mut self, count: u64) -> Self {
        self.top = Some(count);
        self
    }

    /// `OFFSET offset LIMIT limit`
    pub fn offset_limit(mut self, offset: u64, limit: u64) -> Self {
        (self.offset, self.limit) = (Some(offset), Some(limit));
        self
    }

    /// The only partition keys that the filter lets pass, as a condition on the partition key tells the service.
    /// Keys that are not complete are prefixes.
    pub fn keys(mut self, keys: impl IntoIterator<Item = Vec<Value>>) -> Self {
        self.keys = Keys::Only(keys.into_iter().collect());
        self
    }

    /// The columns, if there are any.
    pub(super) fn columns(&self) -> Vec<(&str, &Column)> {
        match &self.select {
            Select::Value(column) => vec![("", column)],
            Select::List(columns) => columns
                .iter()
                .map(|(alias, column)| (alias.as_str(), column))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The aggregate functions.
    pub(super) fn aggregates(&self) -> Vec<Aggregate> {
        let columns = self.columns().into_iter();
        let functions = columns.filter_map(|(_, column)| match column {
            Column::Aggregate(function, _) => Some(*function),
            Column::Expression(_) => None,
        });
        functions.collect()
    }

    /// Whether all documents become one row.
    pub(super) fn is_aggregated(&self) -> bool {
        self.group.is_empty() && !self.aggregates().is_empty()
    }

    /// Whether the service leaves the window to the range that executes the query: there is only one partition key,
    /// and nothing to combine. The plan tells of no window then.
    pub(super) fn is_folded(&self, paths: usize) -> bool {
        let is_point =
            matches!(&self.keys, Keys::Only(keys) if keys.len() == 1 && keys[0].len() == paths);
        let is_plain = self.order.is_empty() && self.group.is_empty() && self.components.is_empty();
        let is_plain = is_plain && self.aggregates().is_empty() && !self.is_distinct;
        is_point && is_plain && self.window().is_some()
    }

    /// The rows that one range can contribute at most.
    pub(super) fn window(&self) -> Option<u64> {
        let limit = self
            .limit
            .map(|limit| self.offset.unwrap_or(0).saturating_add(limit));
        match (self.top, limit) {
            (Some(top), Some(limit)) => Some(top.min(limit)),
            (top, limit) => top.or(limit),
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WHERE {}", self.text)
    }
}
