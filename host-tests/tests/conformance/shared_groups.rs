//! Drivers of one runtime spend from the same throughput control groups.

use cosmosdb_driver_host::instance::{AsyncInstance, BlockingInstance};
use cosmosdb_driver_host::types::{FaultResponse, OperationOptions, ThroughputControlGroup};
use cosmosdb_driver_host::{Error, Fault, RuntimeConfig};

use crate::face::Face;
use crate::lab::{cluster, host, read};
use crate::scene::config;

/// A group of 10 RU per second, which takes all operations.
fn runtime() -> RuntimeConfig {
    RuntimeConfig::new().add_throughput_control_group(ThroughputControlGroup {
        target_ru_per_second: Some(10.0),
        is_default: true,
        ..ThroughputControlGroup::new("usual")
    })
}

/// One read for 30 RU: a debt of two seconds.
fn expensive() -> Fault {
    let answer = FaultResponse::new(200).header("x-ms-request-charge", "30");
    let once = Fault::new("expensive").read_item().hit_limit(1);
    once.response(answer.body("{}"))
}

/// Whether a read had to wait for the debt to be paid.
fn waited(answer: Result<cosmosdb_driver_host::types::Response, Error>) -> bool {
    answer.unwrap().diagnostics.duration_ms > 1_000.0
}

#[tokio::test]
async fn of_a_blocking_instance() {
    let cluster = cluster(false);
    let config = config(&cluster.endpoint());
    let host = host(Face::Blocking, &cluster);
    let none = OperationOptions::default();
    // Its own driver has a runtime of its own, whose group is another.
    let apart = config.clone().runtime(runtime());
    let mut instance = BlockingInstance::open(&host, &apart).await.unwrap();
    let shared = instance.runtime(&runtime()).await.unwrap();
    let one = instance.open_driver(shared, &config).await.unwrap();
    let other = instance.open_driver(shared, &config).await.unwrap();

    let mut on_other = instance.on(other).unwrap();
    assert!(!waited(on_other.execute(&read(), &none).await));
    let mut on_one = instance.on(one).unwrap();
    on_one.add_fault(expensive()).await.unwrap();
    assert!(!waited(on_one.execute(&read(), &none).await));
    assert!(!waited(instance.execute(&read(), &none).await));
    let mut on_other = instance.on(other).unwrap();
    assert!(waited(on_other.execute(&read(), &none).await));
}

#[tokio::test]
async fn of_an_async_instance() {
    let cluster = cluster(false);
    let config = config(&cluster.endpoint());
    let host = host(Face::Concurrent, &cluster);
    let none = OperationOptions::default;
    let apart = config.clone().runtime(runtime());
    let instance = AsyncInstance::open(&host, &apart).await.unwrap();
    let shared = instance.runtime(&runtime()).await.unwrap();
    let one = shared.open(&config).await.unwrap();
    let other = shared.open(&config).await.unwrap();

    assert!(!waited(other.execute(read(), none()).await));
    one.add_fault(expensive()).await.unwrap();
    assert!(!waited(one.execute(read(), none()).await));
    assert!(!waited(instance.execute(read(), none()).await));
    let both = tokio::join!(one.execute(read(), none()), other.execute(read(), none()));
    assert!(waited(both.0) && waited(both.1));
}
