//! Calls between components leave nothing behind in the host, also those that return at once.
//!
//! wasmtime 48 leaks a slot of its table for each call between two components that never waits, and an instance ends at a
//! million. The driver and the layers wait once in such calls.

use wasmtime::Store;

use crate::host::{Caller, State, caller};
use crate::{driver, faults};

const MANY: u32 = 100_000;

/// The app above the driver, which has no account that answers.
async fn open(driver: &[u8]) -> (Store<State>, Caller) {
    let (mut store, caller) = caller(driver).await;
    let opened = async |store: &wasmtime::component::Accessor<State>| {
        let endpoint = "http://127.0.0.1:9/".to_owned();
        caller
            .call_open(store, endpoint, None)
            .await
            .unwrap()
            .unwrap();
    };
    store.run_concurrent(opened).await.unwrap();
    (store, caller)
}

#[tokio::test]
async fn calls_that_are_refused_at_once_leave_nothing_behind() {
    let (mut store, caller) = open(&driver(&[])).await;
    let mut sizes = Vec::new();
    for times in [10, MANY] {
        let refused = store
            .run_concurrent(async |store| caller.call_refused(store, times).await.unwrap())
            .await;
        assert_eq!(refused.unwrap(), times);
        sizes.push(store.concurrent_state_table_size());
    }
    let closed = store
        .run_concurrent(async |store| caller.call_closed(store, MANY).await.unwrap())
        .await;
    assert_eq!(closed.unwrap(), MANY);
    sizes.push(store.concurrent_state_table_size());
    assert_eq!(sizes, [sizes[0]; 3]);
}

#[tokio::test]
async fn answers_of_a_layer_leave_nothing_behind() {
    let refusing = faults("1-1000000 refuse");
    let (mut store, caller) = open(&driver(&[&refusing])).await;
    let mut sizes = Vec::new();
    for times in [1, 4] {
        let read = store
            .run_concurrent(async |store| {
                let id = "1".to_owned();
                caller.call_read_often(store, id, times).await.unwrap()
            })
            .await;
        assert_eq!(read.unwrap(), 0, "there is no network");
        sizes.push(store.concurrent_state_table_size());
    }
    assert_eq!(sizes[0], sizes[1]);
}
