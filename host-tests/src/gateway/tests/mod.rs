//! The gateway, seen by a plain client.

mod batches;
mod changes;
mod control_plane;
mod feeds;
mod items;
mod leaves;
mod oracle;
mod plans;
mod queries;
mod random;
mod search;

use http::Method;
use serde_json::{Value, json};

use super::{Control, Gateway, Options};
use crate::testing::{Answer, Call, Client, call};

const ITEMS: &str = "/dbs/d/colls/c/docs";

/// All features that a complete client has.
const FEATURES: &str = "Aggregate, Distinct, GroupBy, MultipleOrderBy, MultipleAggregates, OffsetAndLimit, OrderBy, \
                        Top, NonValueAggregate, DCount, NonStreamingOrderBy, ListAndSetAggregate, CountIf, \
                        HybridSearch, WeightedRankFusion";

/// A gateway and a client.
struct Scene {
    gateway: Gateway,
    client: Client,
}

impl Scene {
    /// A container with so many ranges.
    fn new(ranges: u32) -> Self {
        Self::with(Options {
            ranges,
            ..Options::default()
        })
    }

    fn with(options: Options<'_>) -> Self {
        Self {
            gateway: Gateway::start(options).unwrap(),
            client: Client::new(),
        }
    }

    /// So many documents with the properties `id`, `pk` (`p0` to `p6`), `n` (0, 1, …) and `m` (0 to 2).
    fn filled(ranges: u32, documents: u64) -> Self {
        let scene = Self::new(ranges);
        for n in 0..documents {
            let (id, pk) = (n.to_string(), format!("p{}", n % 7));
            scene
                .container()
                .put(json!({ "id": id, "pk": pk, "n": n, "m": n % 3 }));
        }
        scene
    }

    fn container(&self) -> Control<'_> {
        self.gateway.container("d", "c")
    }

    /// The ids of the ranges, in the order of their keys.
    fn ranges(&self) -> Vec<String> {
        let ranges = self.container().ranges().into_iter();
        ranges.map(|(id, _, _)| id).collect()
    }

    async fn send(&self, call: Call) -> Answer {
        self.client
            .send(&self.gateway.endpoint(), call)
            .await
            .unwrap()
    }

    /// Status and sub-status.
    async fn outcome(&self, call: Call) -> (u16, u32) {
        outcome(&self.send(call).await)
    }

    /// Lets the gateway issue the plan of a text.
    async fn plan(&self, text: &str) -> Value {
        let answer = self.send(plan(text)).await;
        assert_eq!(outcome(&answer), (200, 0), "{answer:?}");
        answer.json()
    }

    /// The rewritten text of a query, ready to be sent.
    async fn rewritten(&self, text: &str) -> String {
        let plan = self.plan(text).await;
        let text = plan["queryInfo"]["rewrittenQuery"].as_str().unwrap();
        text.replace("{documentdb-formattableorderbyquery-filter}", "true")
    }

    /// All pages of a request, by continuation.
    async fn pages(&self, call: Call) -> Vec<Vec<Value>> {
        let (mut pages, mut next) = (Vec::new(), call.clone());
        loop {
            let answer = self.send(next).await;
            assert_eq!(outcome(&answer), (200, 0), "{answer:?}");
            pages.push(rows(&answer));
            match answer.header("x-ms-continuation") {
                Some(token) => next = call.clone().header("x-ms-continuation", token),
                None => return pages,
            }
        }
    }

    /// All rows of a text over every range, in the order of the ranges.
    async fn over_ranges(&self, text: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        for range in self.ranges() {
            let pages = self.pages(by_range(query(text), &range)).await;
            rows.extend(pages.into_iter().flatten());
        }
        rows
    }
}

fn outcome(answer: &Answer) -> (u16, u32) {
    let sub_status = answer.header("x-ms-substatus");
    let sub_status = sub_status.map_or(0, |text| text.parse().unwrap());
    (answer.status.as_u16(), sub_status)
}

fn rows(answer: &Answer) -> Vec<Value> {
    let body = answer.json();
    let rows = body["Documents"].as_array().unwrap().clone();
    assert_eq!(body["_count"], rows.len());
    rows
}

/// A query without parameters and without a scope.
fn query(text: &str) -> Call {
    query_with(&json!({ "query": text, "parameters": [] }))
}

fn query_with(body: &Value) -> Call {
    call(Method::POST, ITEMS)
        .header("content-type", "application/query+json")
        .header("x-ms-documentdb-isquery", "True")
        .body(body.to_string())
}

fn plan(text: &str) -> Call {
    query(text)
        .header("x-ms-cosmos-is-query-plan-request", "True")
        .header("x-ms-cosmos-query-version", "1.0")
        .header("x-ms-cosmos-supported-query-features", FEATURES)
}

fn by_range(call: Call, range: &str) -> Call {
    call.header("x-ms-documentdb-partitionkeyrangeid", range)
}

fn by_key(call: Call, key: &str) -> Call {
    call.header("x-ms-documentdb-partitionkey", key)
}

fn by_slice(call: Call, range: &str, min: &str, max: &str) -> Call {
    by_range(call, range)
        .header("x-ms-start-epk", min)
        .header("x-ms-end-epk", max)
        .header("x-ms-read-key-type", "EffectivePartitionKeyRange")
}

/// A request for an item with the partition key `a`.
fn item(method: Method, id: &str) -> Call {
    by_key(call(method, &format!("{ITEMS}/{id}")), r#"["a"]"#)
}

/// Creates an item with the partition key `a`.
fn create(body: &str) -> Call {
    by_key(call(Method::POST, ITEMS), r#"["a"]"#).body(body.to_owned())
}

/// The values of a property.
fn values(rows: &[Value], property: &str) -> Vec<Value> {
    rows.iter().map(|row| row[property].clone()).collect()
}
