//! Fault rules of the typed clients, which outlive instances.

use std::thread;
use std::time::Duration;

use cosmosdb_driver_host::types::{FaultError, FaultResponse};
use cosmosdb_driver_host::{Client, Error, Fault, Options, Response, blocking};
use host_tests::cluster::Cluster;
use host_tests::scripted::{Gate, ScriptedServer, Step};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::account::{CONTAINER, DATABASE, lean};
use crate::face::Face;
use crate::lab::{EAST, cluster, host, own};
use crate::scene::{GOOD, PATIENCE, config};

/// Reads go elsewhere.
fn outage() -> Fault {
    let fault = Fault::new("outage").error(FaultError::ServiceUnavailable);
    fault.read_item().region(EAST)
}

/// How many requests a read took, without those for metadata.
fn requests<T>(result: Result<Response<T>, Error>) -> usize {
    own(&result.unwrap().diagnostics).len()
}

fn blocking_client(cluster: &Cluster) -> blocking::Client {
    let config = config(&cluster.endpoint()).endpoint_unavailability_ttl(Duration::ZERO);
    blocking::Client::open(&host(Face::Blocking, cluster), config).unwrap()
}

#[test]
fn rules_of_a_blocking_client() {
    let cluster = cluster(false);
    let client = blocking_client(&cluster);
    let read = || {
        client
            .container(DATABASE, CONTAINER)
            .read_item_bytes("1", "a")
    };
    assert_eq!(requests(read()), 1);
    client.add_fault(outage()).unwrap();
    assert!(client.add_fault(outage()).is_err());
    assert_eq!(
        (requests(read()), client.fault_hits("outage").unwrap()),
        (2, Some(1))
    );
    assert!(client.set_fault_enabled("outage", false).unwrap());
    assert_eq!(
        (requests(read()), client.fault_hits("outage").unwrap()),
        (1, Some(1))
    );
    assert!(client.set_fault_enabled("outage", true).unwrap());
    assert_eq!(
        (requests(read()), client.fault_hits("outage").unwrap()),
        (2, Some(2))
    );
    assert!(client.remove_fault("outage").unwrap());
    assert_eq!(
        (requests(read()), client.fault_hits("outage").unwrap()),
        (1, None)
    );
    assert!(!client.remove_fault("outage").unwrap());
}

#[test]
fn all_instances_of_a_blocking_client_have_its_rules() {
    let gate = Gate::new();
    let server = ScriptedServer::start([
        Step::respond(200, &[], GOOD).after(&gate),
        Step::respond(200, &[], GOOD),
    ]);
    let server = server.unwrap();
    let host = Face::Blocking.host(Options::default());
    let client = blocking::Client::open(&host, lean(config(&server.endpoint()))).unwrap();
    let rule = Fault::new("rule").create_item().disabled();
    client
        .add_fault(rule.response(FaultResponse::new(412)))
        .unwrap();
    let busy = {
        let client = client.clone();
        thread::spawn(move || {
            client
                .container(DATABASE, CONTAINER)
                .read_item_bytes("1", "a")
        })
    };
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let seen = async { timeout(PATIENCE, server.wait_until(|seen| !seen.is_empty())).await };
    runtime.block_on(seen).expect("the server sees it");
    // Another instance, while the first is busy.
    assert!(client.set_fault_enabled("rule", true).unwrap());
    let create = || {
        let created = client
            .container(DATABASE, CONTAINER)
            .create_item_bytes("a", GOOD);
        created.unwrap_err().status()
    };
    assert_eq!(create(), Some(412));
    gate.open();
    busy.join().unwrap().unwrap();
    // The busy one does not know of the change: it is not used again.
    for hits in 2..4 {
        assert_eq!(
            (create(), client.fault_hits("rule").unwrap()),
            (Some(412), Some(hits))
        );
    }
    let mut tasks = client.tasks().unwrap();
    let task = tasks
        .submit(crate::scene::write(), Default::default())
        .unwrap();
    assert_eq!(tasks.wait().unwrap(), [task]);
    assert_eq!(tasks.take(task).unwrap_err().status(), Some(412));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn rules_of_an_async_client() {
    let cluster = cluster(false);
    let config = config(&cluster.endpoint()).endpoint_unavailability_ttl(Duration::ZERO);
    let client = Client::open(&host(Face::Concurrent, &cluster), config).await;
    let client = client.unwrap();
    let items = client.container(DATABASE, CONTAINER);
    let read = async || requests(items.read_item_bytes("1", "a").await);
    let hits = async || client.fault_hits("outage").await.unwrap();
    assert_eq!(read().await, 1);
    client.add_fault(outage()).await.unwrap();
    assert!(client.add_fault(outage()).await.is_err());
    assert_eq!((read().await, hits().await), (2, Some(1)));
    assert!(client.set_fault_enabled("outage", false).await.unwrap());
    assert_eq!((read().await, hits().await), (1, Some(1)));
    assert!(client.remove_fault("outage").await.unwrap());
    assert_eq!((read().await, hits().await), (1, None));
}

#[tokio::test]
async fn the_rules_of_an_async_client_survive_a_trap() {
    let server = ScriptedServer::start([Step::huge(200, 16 << 20)]).unwrap();
    let host = Face::Concurrent.host(Options {
        max_memory: 4 << 20,
        ..Options::default()
    });
    let client = Client::open(&host, lean(config(&server.endpoint()))).await;
    let client = client.unwrap();
    let full = Fault::new("full").response(FaultResponse::new(409));
    client
        .add_fault(full.create_item().disabled())
        .await
        .unwrap();
    client.set_fault_enabled("full", true).await.unwrap();
    let items = client.container(DATABASE, CONTAINER);
    let create = async || items.create_item_bytes("a", GOOD).await.unwrap_err();
    assert!(create().await.is_conflict());
    let trapped = items.read_item_bytes("1", "a").await.unwrap_err();
    assert!(matches!(trapped, Error::Instance { .. }), "{trapped}");
    assert_eq!(client.fault_hits("full").await.unwrap(), Some(0));
    assert!(create().await.is_conflict());
    assert_eq!(client.fault_hits("full").await.unwrap(), Some(1));
}
