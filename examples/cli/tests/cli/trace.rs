//! `--trace`

use host_tests::cluster::{Cluster, ClusterOptions, Effect, Match};
use serde_json::json;

use crate::process::{Cosmos, KEY, normal};

#[test]
fn a_waterfall_shows_every_request_by_region() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    cluster.put(json!({ "id": "1", "pk": "a" }));
    cluster.on(
        "East US",
        Match::any().path("/docs/"),
        Effect::refuse(503, 0),
    );
    let allow = ["East US", "West US"].map(|region| cluster.region(region).endpoint());
    let cosmos =
        Cosmos::new(&cluster.endpoint(), KEY, "d", "c").with("COSMOS_ALLOW", &allow.join(","));
    let done = cosmos.run(&["read", "1", "-k", "a", "--trace"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("\"id\":\"1\""), "{done:?}");
    assert_eq!(normal(&done.stderr), "");
}
