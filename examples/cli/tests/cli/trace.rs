//! `--trace`

use host_tests::cluster::{Cluster, ClusterOptions, Effect, Match};
use serde_json::json;

use crate::process::{Cosmos, KEY};

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
    let lines: Vec<Vec<&str>> = done
        .stderr
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][..3], ["read_item", "4", "requests"]);
    let global = cluster.endpoint();
    let global = global.trim_start_matches("http://").trim_end_matches('/');
    let expected = [
        [global, "read_account", "initial", "200"],
        ["eastus", "read_container", "initial", "200"],
        ["eastus", "read_item", "initial", "503"],
        ["westus", "read_item", "failover", "200"],
    ];
    let requests: Vec<_> = lines[1..].iter().map(|line| &line[..4]).collect();
    assert_eq!(requests, expected);
    // All in one frame.
    let frames = done.stderr.lines().skip(1).map(|line| line.find('|'));
    let frames: Vec<_> = frames.collect();
    assert!(frames.windows(2).all(|two| two[0] == two[1]), "{done:?}");
}

#[test]
fn an_error_is_traced_too() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let cosmos = Cosmos::new(&cluster.endpoint(), KEY, "d", "c");
    let cosmos = cosmos.with("COSMOS_ALLOW", &cluster.region("East US").endpoint());
    let done = cosmos.run(&["read", "1", "-k", "a", "--trace"]);
    assert_eq!(done.code, Some(3), "{done:?}");
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert!(lines[0].starts_with("read_item  3 requests"), "{done:?}");
    assert!(lines[3].contains("  404"), "{done:?}");
    assert!(lines[4].starts_with("error: read_item: 404"), "{done:?}");
    assert_eq!(
        cosmos.run(&["read", "1", "-k", "a"]).stderr.lines().count(),
        1
    );
}
