//! Aggregates and groups.

use host_tests::gateway::{Aggregate, Column, Plan};
use serde_json::{Value, json};

use super::super::stock::{compare, distinct, values};
use super::table::{Kind, Rows, column, number};

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

pub(super) fn aggregates() -> Vec<Kind> {
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

pub(super) fn lists() -> Vec<Kind> {
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

pub(super) fn groups() -> Vec<Kind> {
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
