//! The cluster, seen by a plain client.

mod account;
mod containers;
mod faults;
mod items;
mod regions;

use http::Method;

use super::{Cluster, ClusterOptions};
use crate::testing::{Answer, Call, Client, call};

const ITEMS: &str = "/dbs/d/colls/c/docs";

/// A cluster and a client.
struct Scene {
    cluster: Cluster,
    client: Client,
}

impl Scene {
    /// `East US`, which takes the writes, and `West US`.
    fn new() -> Self {
        Self::with(ClusterOptions::default())
    }

    /// The same, and both take writes.
    fn multi_write() -> Self {
        Self::with(ClusterOptions {
            multi_write: true,
            ..ClusterOptions::default()
        })
    }

    fn with(options: ClusterOptions<'_>) -> Self {
        Self {
            cluster: Cluster::start(options).unwrap(),
            client: Client::new(),
        }
    }

    async fn send(&self, region: &str, call: Call) -> Answer {
        let endpoint = self.cluster.region(region).endpoint();
        self.client.send(&endpoint, call).await.unwrap()
    }

    async fn get(&self, region: &str, path: &str) -> Answer {
        self.send(region, call(Method::GET, path)).await
    }

    /// Status and sub-status.
    async fn outcome(&self, region: &str, call: Call) -> (u16, u32) {
        outcome(&self.send(region, call).await)
    }
}

fn outcome(answer: &Answer) -> (u16, u32) {
    let sub_status = answer.header("x-ms-substatus");
    let sub_status = sub_status.map_or(0, |text| text.parse().unwrap());
    (answer.status.as_u16(), sub_status)
}

/// A request for an item with the partition key `a`.
fn item(method: Method, id: &str) -> Call {
    call(method, &format!("{ITEMS}/{id}")).header("x-ms-documentdb-partitionkey", r#"["a"]"#)
}

fn read() -> Call {
    item(Method::GET, "1")
}

/// Creates the item 1.
fn create() -> Call {
    call(Method::POST, ITEMS)
        .header("x-ms-documentdb-partitionkey", r#"["a"]"#)
        .body(r#"{"id":"1","pk":"a"}"#)
}

fn upsert(body: &str) -> Call {
    create()
        .header("x-ms-documentdb-is-upsert", "true")
        .body(body.to_owned())
}
