//! The recorder, with the tape in the host.

use host_tests::emulator::Emulator;
use serde_json::Value;
use wasmtime::Store;

use crate::host::{Caller, State, caller};
use crate::{driver, faults, recorder, signer};

const ITEM: &[u8] = br#"{"id":"1","pk":"a"}"#;

/// Creates the item and reads it, below the app with these layers.
async fn create_and_read(layers: &[&[u8]], emulator: &Emulator) -> (Store<State>, Caller) {
    let (mut store, caller) = caller(&driver(layers)).await;
    let endpoint = emulator.endpoint();
    store
        .run_concurrent(async |store| {
            caller
                .call_open(store, endpoint, None)
                .await
                .unwrap()
                .unwrap();
            let created = caller.call_create(store, ITEM.to_vec()).await.unwrap();
            assert_eq!(created, Ok(201));
            let read = caller.call_read(store, "1".to_owned()).await.unwrap();
            assert_eq!(id(&read.unwrap()), "1");
        })
        .await
        .unwrap();
    (store, caller)
}

fn id(item: &[u8]) -> Value {
    serde_json::from_slice::<Value>(item).unwrap()["id"].take()
}

/// The exchanges on the tape: `POST 201`.
fn kept(store: &Store<State>) -> Vec<String> {
    let tape = store.data().tape.iter();
    tape.map(|(request, answer)| format!("{} {}", request.method, answer.status))
        .collect()
}

fn names(store: &Store<State>, exchange: usize) -> Vec<String> {
    let headers = store.data().tape[exchange].0.headers.iter();
    headers.map(|(name, _)| name.to_ascii_lowercase()).collect()
}

/// An emulator with a container.
async fn emulator() -> Emulator {
    let emulator = Emulator::builder().start().await.unwrap();
    crate::layers::prepare(&emulator).await;
    emulator
}

#[tokio::test]
async fn the_recorder_sees_what_passes_it_where_it_stands() {
    for (place, expected) in [
        (0, vec!["POST 449", "POST 201", "GET 200"]),
        (1, vec!["POST 449", "POST 201", "GET 200"]),
        (2, vec!["POST 201", "GET 200"]),
    ] {
        let emulator = emulator().await;
        let (signer, faults, recorder) =
            (signer(emulator.key()), faults("1 status 449"), recorder());
        let mut layers: Vec<&[u8]> = vec![&signer, &faults];
        layers.insert(place, &recorder);
        let (store, _) = create_and_read(&layers, &emulator).await;
        assert_eq!(kept(&store), expected, "{place}");
        assert_eq!(store.data().tape[0].0.body, ITEM);
        assert!(store.data().tape[0].0.path.ends_with("/dbs/d/colls/c/docs"));
        let names = names(&store, 0);
        assert!(!names.contains(&"authorization".to_owned()), "{names:?}");
        assert_eq!(
            names.contains(&"x-ms-date".to_owned()),
            place > 0,
            "below the signer"
        );
        let statuses: Vec<_> = emulator.requests().iter().map(|seen| seen.status).collect();
        assert_eq!(statuses, [201, 200]);
        assert_eq!(emulator.requests()[0].body, ITEM);
    }
}

#[tokio::test]
async fn what_was_recorded_is_played_without_a_network() {
    let emulator = emulator().await;
    let layers = [recorder(), signer(emulator.key())];
    let (mut store, _) = create_and_read(&[&layers[0], &layers[1]], &emulator).await;
    let tape = std::mem::take(&mut store.data_mut().tape);
    emulator.take_requests();

    let (mut store, caller) = caller(&driver(&[&layers[0]])).await;
    store.data_mut().tape = tape;
    store.data_mut().plays = true;
    let endpoint = emulator.endpoint();
    let read = store
        .run_concurrent(async |store| {
            caller
                .call_open(store, endpoint, None)
                .await
                .unwrap()
                .unwrap();
            let created = caller.call_create(store, ITEM.to_vec()).await.unwrap();
            assert_eq!(created, Ok(201));
            caller.call_read(store, "1".to_owned()).await.unwrap()
        })
        .await
        .unwrap();
    assert_eq!(id(&read.unwrap()), "1");
    assert_eq!(
        kept(&store),
        ["POST 201", "GET 200"],
        "nothing is recorded again"
    );
    assert_eq!(emulator.requests().len(), 0);
}
