//! Orders by distance, and full-text and hybrid search.

use host_tests::gateway::Direction::{self, Ascending, Descending};
use host_tests::gateway::{Component, Plan};
use serde_json::Value;

use super::super::stock::{sorted, values};
use super::table::{Kind, Rows, column, window};

/// How slowly a rank loses weight.
const RANK_OFFSET: f64 = 60.0;

/// A ranking: the property with the scores, its direction and its weight.
type Ranking = (&'static str, Direction, f64);

/// The documents by the sum of what their ranks are worth; equal scores share a rank, and equal sums go by `_rid`.
fn fused(mut documents: Vec<Value>, rankings: &[Ranking]) -> Vec<Value> {
    documents.sort_by_key(|document| document["_rid"].as_str().unwrap().to_owned());
    let worth = |document: &Value| {
        let parts = rankings.iter().map(|(name, direction, weight)| {
            let own = document[*name].as_u64().unwrap();
            let mut scores: Vec<u64> = documents
                .iter()
                .map(|other| other[*name].as_u64().unwrap())
                .filter(|score| match direction {
                    Direction::Ascending => *score <= own,
                    Direction::Descending => *score >= own,
                })
                .collect();
            scores.sort_unstable();
            scores.dedup();
            weight / (RANK_OFFSET + scores.len() as f64)
        });
        parts.sum::<f64>()
    };
    let mut scored: Vec<(f64, &Value)> = documents.iter().map(|one| (worth(one), one)).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.into_iter().map(|(_, one)| one.clone()).collect()
}

pub(super) fn searches() -> Vec<Kind> {
    let text = || Component::full_text("c.text", &["swim", "run"], "c.s");
    let other = || Component::full_text("c.text", &["rest"], "c.m");
    let vector = || Component::vector("VectorDistance(c.e, [1, 2])", "c.t", Ascending);
    let hybrid = |text, plan, rankings: &'static [Ranking], skip, take| {
        Kind::gathered(text, plan, Rows::InOrder, move |_, all| {
            window(fused(all, rankings), skip, take)
        })
    };
    vec![
        Kind::gathered(
            "SELECT TOP 7 c.id FROM c ORDER BY VectorDistance(c.e, [1, 2])",
            Plan::list([("id", column("id"))])
                .vector("VectorDistance(c.e, [1, 2])", "c.s", Ascending)
                .top(7),
            Rows::InOrder,
            |scene, all| {
                let all = sorted(scene, all, &[("s", Ascending)]);
                let rows = all.iter().map(|row| serde_json::json!({ "id": row["id"] }));
                window(rows.collect(), 0, 7)
            },
        ),
        Kind::gathered(
            "SELECT VALUE c.id FROM c ORDER BY VectorDistance(c.e, [3]) OFFSET 4 LIMIT 9",
            Plan::value("c.id")
                .vector("VectorDistance(c.e, [3])", "c.t", Descending)
                .offset_limit(4, 9),
            Rows::InOrder,
            |scene, all| {
                let all = sorted(scene, all, &[("t", Descending)]);
                window(values(&all, "id"), 4, 9)
            },
        ),
        Kind::gathered(
            "SELECT TOP 5 * FROM c ORDER BY RANK FullTextScore(c.text, 'swim', 'run')",
            Plan::all().hybrid([text()]).top(5),
            Rows::InOrder,
            |scene, all| window(sorted(scene, all, &[("s", Descending)]), 0, 5),
        ),
        hybrid(
            "SELECT TOP 12 * FROM c ORDER BY RANK RRF(VectorDistance(c.e, [1, 2]), FullTextScore(c.text, 'swim', 'run'))",
            Plan::all().hybrid([vector(), text()]).top(12),
            &[("t", Ascending, 1.0), ("s", Descending, 1.0)],
            0,
            12,
        ),
        hybrid(
            "SELECT * FROM c ORDER BY RANK RRF(FullTextScore(c.text, 'swim', 'run'), VectorDistance(c.e, [1, 2]), \
             FullTextScore(c.text, 'rest'), [2, 0.5, -1]) OFFSET 3 LIMIT 10",
            Plan::all()
                .hybrid([text(), vector(), other()])
                .weights([2.0, 0.5, -1.0])
                .numbered_by_component()
                .offset_limit(3, 10),
            &[
                ("s", Descending, 2.0),
                ("t", Ascending, 0.5),
                ("m", Descending, -1.0),
            ],
            3,
            10,
        ),
    ]
}
