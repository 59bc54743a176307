//! The table of queries: what each means, and what it should come to.

use std::sync::Arc;

use cosmosdb_driver_host::types::QueryParameter;
use host_tests::gateway::Direction::{Ascending, Descending};
use host_tests::gateway::{Aggregate, Column, Plan};
use serde_json::{Value, json};

use super::super::stock::{compare, distinct, sorted, values};
use super::super::{Scene, parameter};

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
    fn gathered(
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
    fn aggregate(
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
    kinds
}

fn number(document: &Value) -> u64 {
    document["n"].as_u64().unwrap()
}

fn column(name: &str) -> Column {
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

fn window(mut rows: Vec<Value>, skip: usize, take: usize) -> Vec<Value> {
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

/// The sum of a property, which is a number everywhere.
fn sum(documents: &[Value], name: &str) -> f64 {
    let numbers = values(documents, name).into_iter();
    numbers.map(|value| value.as_f64().unwrap()).sum()
}

fn average(documents: &[Value], name: &str) -> f64 {
    sum(documents, name) / documents.len() as f64
}

/// The least and the greatest value of a property.
fn extremes(documents: &[Value], name: &str) -> [Value; 2] {
    let mut values = values(documents, name);
    values.sort_by(|left, right| compare(Some(left), Some(right)));
    [values[0].clone(), values[values.len() - 1].clone()]
}

fn flags(documents: &[Value]) -> usize {
    let set = documents.iter().filter(|row| row["flag"] == true);
    set.count()
}

fn aggregates() -> Vec<Kind> {
    let none = |text, plan| Kind::aggregate(text, plan, |_| Vec::new());
    vec![
        Kind::aggregate(
            "SELECT VALUE COUNT(1) FROM c",
            Plan::value(Aggregate::Count.of("1")),
            |all| vec![json!(all.len())],
        ),
        Kind::aggregate(
            "SELECT VALUE COUNT(c.a) FROM c",
            Plan::value(Aggregate::Count.of("c.a")),
            |all| vec![json!(values(&all, "a").len())],
        ),
        Kind::aggregate(
            "SELECT VALUE COUNT(1) FROM c WHERE c.n < 0",
            Plan::value(Aggregate::Count.of("1")).matching("c.n < 0"),
            |_| vec![json!(0)],
        ),
        Kind::aggregate(
            "SELECT VALUE SUM(c.price) FROM c",
            Plan::value(Aggregate::Sum.of("c.price")),
            |all| vec![json!(sum(&all, "price"))],
        ),
        Kind::aggregate(
            "SELECT VALUE SUM(c.none) FROM c",
            Plan::value(Aggregate::Sum.of("c.none")),
            |_| vec![json!(0)],
        ),
        none(
            "SELECT VALUE SUM(c.a) FROM c",
            Plan::value(Aggregate::Sum.of("c.a")),
        ),
        Kind::aggregate(
            "SELECT VALUE AVG(c.price) FROM c",
            Plan::value(Aggregate::Average.of("c.price")),
            |all| vec![json!(average(&all, "price"))],
        ),
        none(
            "SELECT VALUE AVG(c.none) FROM c",
            Plan::value(Aggregate::Average.of("c.none")),
        ),
        none(
            "SELECT VALUE AVG(c.a) FROM c",
            Plan::value(Aggregate::Average.of("c.a")),
        ),
        Kind::aggregate(
            "SELECT VALUE MIN(c.price) FROM c WHERE c.n >= 20",
            Plan::value(Aggregate::Min.of("c.price")).matching("c.n >= 20"),
            |mut all| {
                all.retain(|document| number(document) >= 20);
                vec![extremes(&all, "price")[0].clone()]
            },
        ),
        Kind::aggregate(
            "SELECT VALUE MIN(c.a) FROM c",
            Plan::value(Aggregate::Min.of("c.a")),
            |all| vec![extremes(&all, "a")[0].clone()],
        ),
        Kind::aggregate(
            "SELECT VALUE MAX(c.a) FROM c",
            Plan::value(Aggregate::Max.of("c.a")),
            |all| vec![extremes(&all, "a")[1].clone()],
        ),
        none(
            "SELECT VALUE MAX(c.tags) FROM c",
            Plan::value(Aggregate::Max.of("c.tags")),
        ),
        none(
            "SELECT VALUE MIN(c.none) FROM c",
            Plan::value(Aggregate::Min.of("c.none")),
        ),
        Kind::aggregate(
            "SELECT VALUE COUNTIF(c.flag) FROM c",
            Plan::value(Aggregate::CountIf.of("c.flag")),
            |all| vec![json!(flags(&all))],
        ),
        Kind::aggregate(
            "SELECT VALUE MAKELIST(c.a) FROM c",
            Plan::value(Aggregate::MakeList.of("c.a")),
            |all| vec![values(&all, "a").into()],
        ),
        Kind::aggregate(
            "SELECT VALUE MAKESET(c.a) FROM c",
            Plan::value(Aggregate::MakeSet.of("c.a")),
            |all| vec![distinct(values(&all, "a")).into()],
        ),
        Kind::aggregate(
            "SELECT VALUE MAKELIST(c.none) FROM c",
            Plan::value(Aggregate::MakeList.of("c.none")),
            |_| vec![json!([])],
        ),
    ]
}

/// Aggregates of every kind as properties.
fn every_aggregate() -> [(&'static str, Column); 8] {
    [
        ("n", Aggregate::Count.of("1")),
        ("s", Aggregate::Sum.of("c.price")),
        ("a", Aggregate::Average.of("c.price")),
        ("least", Aggregate::Min.of("c.n")),
        ("most", Aggregate::Max.of("c.n")),
        ("f", Aggregate::CountIf.of("c.flag")),
        ("l", Aggregate::MakeList.of("c.m")),
        ("u", Aggregate::MakeSet.of("c.m")),
    ]
}

fn aggregated(all: &[Value]) -> Value {
    let [least, most] = extremes(all, "n");
    json!({
        "n": all.len(),
        "s": sum(all, "price"),
        "a": average(all, "price"),
        "least": least,
        "most": most,
        "f": flags(all),
        "l": values(all, "m"),
        "u": distinct(values(all, "m")),
    })
}

fn lists() -> Vec<Kind> {
    let nothing = [
        ("$1", Aggregate::Average.of("c.none")),
        ("$2", Aggregate::Max.of("c.none")),
        ("$3", Aggregate::Sum.of("c.a")),
        ("$4", Aggregate::Count.of("c.none")),
    ];
    vec![
        Kind::aggregate(
            "SELECT COUNT(1) AS n, SUM(c.price) AS s, AVG(c.price) AS a, MIN(c.n) AS least, MAX(c.n) AS most, \
             COUNTIF(c.flag) AS f, MAKELIST(c.m) AS l, MAKESET(c.m) AS u FROM c",
            Plan::list(every_aggregate()),
            |all| vec![aggregated(&all)],
        ),
        Kind::aggregate(
            "SELECT AVG(c.none), MAX(c.none), SUM(c.a), COUNT(c.none) FROM c",
            Plan::list(nothing),
            |_| vec![json!({ "$4": 0 })],
        ),
        Kind::aggregate(
            "SELECT AVG(c.none) FROM c",
            Plan::list([("$1", Aggregate::Average.of("c.none"))]),
            |_| vec![json!({})],
        ),
    ]
}

/// The documents of each group, by the values of these properties.
fn grouped(all: Vec<Value>, names: &[&str]) -> Vec<Vec<Value>> {
    let mut groups: Vec<Vec<Value>> = Vec::new();
    for document in all {
        let is_own = |group: &&mut Vec<Value>| {
            let mut names = names.iter();
            names.all(|name| compare(group[0].get(*name), document.get(*name)).is_eq())
        };
        match groups.iter_mut().find(is_own) {
            Some(group) => group.push(document),
            None => groups.push(vec![document]),
        }
    }
    groups
}

fn groups() -> Vec<Kind> {
    let by_team = |all| grouped(all, &["team"]);
    vec![
        Kind::gathered(
            "SELECT c.team, COUNT(1) AS n, SUM(c.price) AS s, AVG(c.price) AS a, MIN(c.n) AS least, MAX(c.n) AS most, \
             COUNTIF(c.flag) AS f, MAKELIST(c.m) AS l, MAKESET(c.m) AS u FROM c GROUP BY c.team",
            Plan::list(
                [("team", column("team"))]
                    .into_iter()
                    .chain(every_aggregate()),
            )
            .group_by("c.team"),
            Rows::Lists,
            move |_, all| {
                let groups = by_team(all).into_iter();
                let groups = groups.map(|group| {
                    let mut row = aggregated(&group);
                    row["team"] = group[0]["team"].clone();
                    row
                });
                groups.collect()
            },
        ),
        Kind::gathered(
            "SELECT c.m, COUNT(c.a) AS n FROM c GROUP BY c.m, c.team",
            Plan::list([("m", column("m")), ("n", Aggregate::Count.of("c.a"))])
                .group_by("c.m")
                .group_by("c.team"),
            Rows::InAnyOrder,
            |_, all| {
                let groups = grouped(all, &["m", "team"]).into_iter();
                let groups = groups
                    .map(|group| json!({ "m": group[0]["m"], "n": values(&group, "a").len() }));
                groups.collect()
            },
        ),
        Kind::gathered(
            "SELECT VALUE AVG(c.price) FROM c GROUP BY c.team",
            Plan::value(Aggregate::Average.of("c.price")).group_by("c.team"),
            Rows::InAnyOrder,
            move |_, all| {
                let groups = by_team(all).into_iter();
                groups
                    .map(|group| json!(average(&group, "price")))
                    .collect()
            },
        ),
        Kind::gathered(
            "SELECT VALUE c.team FROM c GROUP BY c.team",
            Plan::value("c.team").group_by("c.team"),
            Rows::InAnyOrder,
            |_, all| distinct(values(&all, "team")),
        ),
        Kind::gathered(
            "SELECT COUNT(1) AS n FROM c GROUP BY c.a",
            Plan::list([("n", Aggregate::Count.of("1"))]).group_by("c.a"),
            Rows::InAnyOrder,
            |_, all| {
                let groups = grouped(all, &["a"]).into_iter();
                groups.map(|group| json!({ "n": group.len() })).collect()
            },
        ),
        Kind::gathered(
            "SELECT VALUE MAX(c.none) FROM c GROUP BY c.m",
            Plan::value(Aggregate::Max.of("c.none")).group_by("c.m"),
            Rows::InAnyOrder,
            |_, _| Vec::new(),
        ),
        Kind::gathered(
            "SELECT c.m, COUNT(1) AS n FROM c GROUP BY c.m OFFSET 1 LIMIT 3",
            Plan::list([("m", column("m")), ("n", Aggregate::Count.of("1"))])
                .group_by("c.m")
                .offset_limit(1, 3),
            Rows::AnyOf(3),
            |_, all| {
                let groups = grouped(all, &["m"]).into_iter();
                groups
                    .map(|group| json!({ "m": group[0]["m"], "n": group.len() }))
                    .collect()
            },
        ),
    ]
}
