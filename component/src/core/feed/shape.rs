//! What a query plan says of how its rows are put together (spec data-plane §3.5).

/// How the rows of all partitions become the query's. As the plan has it; the default is plain rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// `distinctType`.
    pub distinct: Distinct,
    /// `offset`.
    pub offset: Option<u64>,
    /// `limit`. The smaller one of this and `top` holds.
    pub limit: Option<u64>,
    /// `top`.
    pub top: Option<u64>,
    /// `orderBy`.
    pub order: Vec<Order>,
    /// `hasNonStreamingOrderBy`: the partitions' rows are not sorted by the order, or not all of them come.
    pub non_streaming: bool,
    /// Whether there are `groupByExpressions`.
    pub grouped: bool,
    /// `groupByAliases`, each with its type in `groupByAliasToAggregateType`; none of a type are plain values.
    pub aliases: Vec<(String, Option<AggregateKind>)>,
    /// `aggregates`: of a `SELECT VALUE`, at most one.
    pub aggregate: Option<AggregateKind>,
    /// `hasSelectValue`.
    pub value: bool,
    /// `dCountAlias`, empty for `SELECT VALUE`.
    pub dcount: Option<String>,
}

/// Which rows count as the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Distinct {
    /// None.
    #[default]
    None,
    /// Equal ones, which follow one another because the query orders by them.
    Ordered,
    /// Equal ones, wherever they are.
    Unordered,
}

/// A column of `ORDER BY`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// Whether the highest comes first.
    pub descending: bool,
}

/// An aggregate function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    /// `Average`.
    Average,
    /// `Count`.
    Count,
    /// `CountIf`.
    CountIf,
    /// `MakeList`.
    MakeList,
    /// `MakeSet`.
    MakeSet,
    /// `Max`.
    Max,
    /// `Min`.
    Min,
    /// `Sum`.
    Sum,
}

impl AggregateKind {
    /// By the name that plans use, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        const NAMES: [(&str, AggregateKind); 8] = [
            ("Average", AggregateKind::Average),
            ("Count", AggregateKind::Count),
            ("CountIf", AggregateKind::CountIf),
            ("MakeList", AggregateKind::MakeList),
            ("MakeSet", AggregateKind::MakeSet),
            ("Max", AggregateKind::Max),
            ("Min", AggregateKind::Min),
            ("Sum", AggregateKind::Sum),
        ];
        let found = NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, kind)| *kind)
    }
}

/// What a feed may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows that an order by distance or rank may ask for, `OFFSET` and `LIMIT` together, and rows that each component of a
    /// hybrid search keeps. Default 1000.
    pub window: u64,
    /// Groups, distinct rows, and members of a `MakeSet`. Default 1 000 000 (24 MB of hashes).
    pub entries: usize,
    /// Bytes of JSON that groups, aggregates and sorted rows keep. Default 64 MiB.
    pub bytes: usize,
    /// Leaves of a plain feed that are asked ahead of the one that is drained, a page of each. Default 0.
    pub prefetch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: 1000,
            entries: 1_000_000,
            bytes: 64 << 20,
            prefetch: 0,
        }
    }
}

impl Shape {
    /// Rows to give at most.
    pub fn take(&self) -> Option<u64> {
        match (self.top, self.limit) {
            (Some(top), Some(limit)) => Some(top.min(limit)),
            (top, limit) => top.or(limit),
        }
    }

    /// Whether aggregates go over all rows together.
    pub(super) fn aggregates(&self) -> bool {
        let of_alias = self.aliases.iter().any(|(_, kind)| kind.is_some());
        !self.grouped && (self.aggregate.is_some() || of_alias)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_holds() {
        for (top, limit, expected) in [
            (None, None, None),
            (Some(3), None, Some(3)),
            (None, Some(0), Some(0)),
            (Some(3), Some(2), Some(2)),
            (Some(1), Some(2), Some(1)),
        ] {
            let shape = Shape {
                top,
                limit,
                ..Shape::default()
            };
            assert_eq!(shape.take(), expected);
        }
    }

    #[test]
    fn aggregates_by_name() {
        assert_eq!(
            AggregateKind::parse("CountIf"),
            Some(AggregateKind::CountIf)
        );
        assert_eq!(
            AggregateKind::parse("average"),
            Some(AggregateKind::Average)
        );
        assert_eq!(AggregateKind::parse("Median"), None);
    }
}
