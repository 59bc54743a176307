//! The table of queries: what each means, and what it should come to.

use std::sync::Arc;

use cosmosdb_driver_host::types::QueryParameter;
use host_tests::gateway::Direction::{Ascending, Descending};
use host_tests::gateway::{Column, Plan};
use serde_json::{Value, json};

use super::super::stock::{distinct, sorted, values};
use super::super::{Scene, parameter};
use super::combined::{aggregates, groups, lists};
use super::searches::searches;

/// How rows are compared with those that are expected.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    InOrder,
    InAnyOrder,
    /// In any order, and so are the lists in them.
    Lists,
    /// So many of those that are expected, whichever.
    AnyOf(usize),
}

type Expected = Arc<dyn Fn(&Scene, Vec<Value>) -> Vec<Value>>;

/// A query.
pub(super) struct Kind {
    pub(super) text: &'static str,
    /// What it means; none if the account understands the text.
    pub(super) plan: Option<Plan>,
    pub(super) rows: Rows,
    /// Whether the driver asks for a plan to read a whole container.
    pub(super) is_planned: bool,
    /// Whether the rows of one key have to be put together too.
    pub(super) is_gathered: bool,
    pub(super) is_resumable: bool,
    /// The rows, of documents in the order of the ranges.
    pub(super) expected: Expected,
}

impl Kind {
    /// Rows that stream, and need a plan.
    fn new(
        text: &'static str,
        plan: Plan,
        expected: impl Fn(&Scene, Vec<Value>) -> Vec<Value> + 'static,
    ) -> Self {
        Self {
            text,
            plan: Some(plan),
            rows: Rows::InOrder,
            is_planned: true,
            is_gathered: false,
            is_resumable: true,
            expected: Arc::new(expected),
        }
    }

    /// Rows that need no plan.
    fn plain(
        text: &'static str,
        plan: impl Into<Option<Plan>>,
        expected: impl Fn(&Scene, Vec<Value>) -> Vec<Value> + 'static,
    ) -> Self {
        Self {
            plan: plan.into(),
            is_planned: false,
            ..Self::new(text, Plan::all(), expected)
        }
    }

    /// Rows that are known at the end.
    pub(super) fn gathered(
        text: &'static str,
        plan: Plan,
        rows: Rows,
        expected: impl Fn(&Scene, Vec<Value>) -> Vec<Value> + 'static,
    ) -> Self {
        Self {
            rows,
            is_gathered: true,
            is_resumable: false,
            ..Self::new(text, plan, expected)
        }
    }

    /// One row that is worked out.
    pub(super) fn aggregate(
        text: &'static str,
        plan: Plan,
        expected: impl Fn(Vec<Value>) -> Vec<Value> + 'static,
    ) -> Self {
        Self::gathered(text, plan, Rows::Lists, move |_, all| expected(all))
    }

    /// The values for the parameters of the text.
    pub(super) fn parameters(&self) -> Vec<QueryParameter> {
        let known = [("@most", json!(30)), ("@team", json!("red"))];
        let named = known.iter().filter(|(name, _)| self.text.contains(name));
        named.map(|(name, value)| parameter(name, value)).collect()
    }
}

pub(super) fn kinds() -> Vec<Kind> {
    let mut kinds = streams();
    kinds.extend(windows());
    kinds.extend(distincts());
    kinds.extend(aggregates());
    kinds.extend(lists());
    kinds.extend(groups());
    kinds.extend(searches());
    kinds
}

pub(super) fn number(document: &Value) -> u64 {
    document["n"].as_u64().unwrap()
}

pub(super) fn column(name: &str) -> Column {
    format!("c.{name}").as_str().into()
}

/// The property, if it is defined.
fn only(document: &Value, names: &[&str]) -> Value {
    let named = names.iter().filter_map(|name| {
        let value = document.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(named.collect())
}

/// A row for each tag.
fn tagged(documents: &[Value]) -> Vec<Value> {
    let rows = documents.iter().flat_map(|document| {
        let tags = document["tags"].as_array().unwrap().iter();
        tags.map(|tag| json!({ "id": document["id"], "t": tag }))
    });
    rows.collect()
}

fn streams() -> Vec<Kind> {
    let all = "SELECT * FROM c";
    vec![
        Kind::plain(all, None, |_, all| all),
        Kind::plain("SELECT * FROM c WHERE c.n >= 50", None, |_, mut all| {
            all.retain(|document| number(document) >= 50);
            all
        }),
        Kind::plain(
            "SELECT * FROM c WHERE c.n < @most AND c.team = @team",
            None,
            |_, mut all| {
                all.retain(|document| number(document) < 30 && document["team"] == "red");
                all
            },
        ),
        Kind::plain("SELECT * FROM c WHERE c.n < 0", None, |_, _| Vec::new()),
        Kind::plain(
            "SELECT VALUE c.a FROM c WHERE c.flag = true",
            Plan::value("c.a").matching("c.flag = true"),
            |_, mut all| {
                all.retain(|document| document["flag"] == true);
                values(&all, "a")
            },
        ),
        Kind::plain(
            "SELECT c.id, c.a FROM c",
            Plan::list([("id", column("id")), ("a", column("a"))]),
            |_, all| all.iter().map(|row| only(row, &["id", "a"])).collect(),
        ),
        Kind::new(
            "SELECT c.id, t FROM c JOIN t IN c.tags",
            Plan::list([("id", column("id")), ("t", "t".into())]).join("t", "c.tags"),
            |_, all| tagged(&all),
        ),
        Kind::new("SELECT VALUE 5", Plan::constant(5), |_, _| vec![json!(5)]),
        Kind::new(
            "SELECT * FROM c ORDER BY c.n DESC",
            Plan::all().order_by("c.n", Descending),
            |scene, all| sorted(scene, all, &[("n", Descending)]),
        ),
        Kind::new(
            "SELECT VALUE c.id FROM c ORDER BY c.a",
            Plan::value("c.id").order_by("c.a", Ascending),
            |scene, all| values(&sorted(scene, all, &[("a", Ascending)]), "id"),
        ),
        Kind::new(
            "SELECT * FROM c WHERE c.n < @most ORDER BY c.team DESC, c.m",
            Plan::all()
                .matching("c.n < @most")
                .order_by("c.team", Descending)
                .order_by("c.m", Ascending),
            |scene, mut all| {
                all.retain(|document| number(document) < 30);
                sorted(scene, all, &[("team", Descending), ("m", Ascending)])
            },
        ),
        Kind::new(
            "SELECT c.id, t FROM c JOIN t IN c.tags ORDER BY c.m",
            Plan::list([("id", column("id")), ("t", "t".into())])
                .join("t", "c.tags")
                .order_by("c.m", Ascending),
            |scene, all| tagged(&sorted(scene, all, &[("m", Ascending)])),
        ),
    ]
}

/// The rows that `OFFSET` and `LIMIT` leave.
pub(super) fn window(mut rows: Vec<Value>, skip: usize, take: usize) -> Vec<Value> {
    rows.drain(..skip.min(rows.len()));
    rows.truncate(take);
    rows
}

fn windows() -> Vec<Kind> {
    vec![
        Kind::new("SELECT TOP 10 * FROM c", Plan::all().top(10), |_, all| {
            window(all, 0, 10)
        }),
        Kind::new("SELECT TOP 0 * FROM c", Plan::all().top(0), |_, _| {
            Vec::new()
        }),
        Kind::new(
            "SELECT TOP 10 * FROM c ORDER BY c.n DESC",
            Plan::all().top(10).order_by("c.n", Descending),
            |scene, all| window(sorted(scene, all, &[("n", Descending)]), 0, 10),
        ),
        Kind::new(
            "SELECT * FROM c OFFSET 5 LIMIT 12",
            Plan::all().offset_limit(5, 12),
            |_, all| window(all, 5, 12),
        ),
        Kind::new(
            "SELECT * FROM c ORDER BY c.team, c.n OFFSET 12 LIMIT 15",
            Plan::all()
                .order_by("c.team", Ascending)
                .order_by("c.n", Ascending)
                .offset_limit(12, 15),
            |scene, all| {
                let keys = [("team", Ascending), ("n", Ascending)];
                window(sorted(scene, all, &keys), 12, 15)
            },
        ),
        Kind::new(
            "SELECT * FROM c ORDER BY c.n OFFSET 1000 LIMIT 5",
            Plan::all().order_by("c.n", Ascending).offset_limit(1000, 5),
            |_, _| Vec::new(),
        ),
    ]
}

fn distincts() -> Vec<Kind> {
    let unordered = |text, plan, expected: fn(&Scene, Vec<Value>) -> Vec<Value>| {
        Kind::gathered(text, plan, Rows::InOrder, expected)
    };
    vec![
        unordered(
            "SELECT DISTINCT c.team, c.m FROM c",
            Plan::list([("team", column("team")), ("m", column("m"))]).distinct(),
            |_, all| distinct(all.iter().map(|row| only(row, &["team", "m"])).collect()),
        ),
        unordered(
            "SELECT DISTINCT VALUE c.a FROM c",
            Plan::value("c.a").distinct(),
            |_, all| distinct(values(&all, "a")),
        ),
        unordered(
            "SELECT DISTINCT TOP 2 VALUE c.m FROM c",
            Plan::value("c.m").distinct().top(2),
            |_, all| window(distinct(values(&all, "m")), 0, 2),
        ),
        unordered(
            "SELECT DISTINCT VALUE c.a FROM c OFFSET 2 LIMIT 3",
            Plan::value("c.a").distinct().offset_limit(2, 3),
            |_, all| window(distinct(values(&all, "a")), 2, 3),
        ),
        unordered(
            "SELECT DISTINCT c.m, c.team FROM c ORDER BY c.m",
            Plan::list([("m", column("m")), ("team", column("team"))])
                .distinct()
                .order_by("c.m", Ascending),
            |scene, all| {
                let all = sorted(scene, all, &[("m", Ascending)]);
                distinct(all.iter().map(|row| only(row, &["m", "team"])).collect())
            },
        ),
        Kind {
            is_resumable: true,
            ..unordered(
                "SELECT DISTINCT VALUE c.a FROM c ORDER BY c.a DESC",
                Plan::value("c.a").distinct().order_by("c.a", Descending),
                |scene, all| {
                    let mut all = sorted(scene, all, &[("a", Descending)]);
                    all.retain(|document| document.get("a").is_some());
                    distinct(values(&all, "a"))
                },
            )
        },
        unordered(
            "SELECT COUNT(1) AS n FROM (SELECT DISTINCT VALUE c.a FROM c)",
            Plan::value("c.a").count_distinct("n"),
            |_, all| vec![json!({ "n": distinct(values(&all, "a")).len() })],
        ),
        unordered(
            "SELECT VALUE COUNT(1) FROM (SELECT DISTINCT c.team FROM c)",
            Plan::list([("team", column("team"))]).count_distinct(""),
            |_, _| vec![json!(3)],
        ),
    ]
}
