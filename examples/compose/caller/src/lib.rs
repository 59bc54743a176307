//! The smallest app that calls the driver: what a test asks for, in a component.
#![cfg(target_family = "wasm")]

use std::cell::RefCell;
use std::rc::Rc;

use bindings::Guest;
use driver_guest::types::{
    Config, ContainerRef, Credential, Error, ErrorKind, ItemRef, KeyComponent, MetadataMode,
    Operation, OperationOptions, ReadItem, Response, RuntimeConfig, WriteItem,
};
use driver_guest::{Driver, Runtime};

#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wasip3::wit_bindgen::generate!({
        path: "wit",
        runtime_path: "wasip3::wit_bindgen::rt",
    });
}

thread_local!(static DRIVER: RefCell<Option<Rc<Driver>>> = const { RefCell::new(None) });

struct Caller;

impl Guest for Caller {
    fn open(endpoint: String, key: Option<String>) -> Result<(), String> {
        let credential = key.map_or(Credential::Host, Credential::AccountKey);
        let config = Config::new(endpoint, credential, MetadataMode::Lean);
        let driver = Runtime::create(&RuntimeConfig::default())
            .and_then(|runtime| runtime.open(&config))
            .map_err(|rejection| rejection.message)?;
        DRIVER.replace(Some(Rc::new(driver)));
        Ok(())
    }

    async fn create(item: Vec<u8>) -> Result<u16, String> {
        let item = WriteItem {
            container: container(),
            key: key(),
            body: item,
            precondition: None,
            session_token: None,
        };
        let answer = execute(Operation::CreateItem(item)).await;
        answer
            .map(|response| response.status)
            .map_err(|error| error.message)
    }

    async fn read(id: String) -> Result<Vec<u8>, String> {
        let answer = execute(read(&id)).await;
        answer
            .map(|response| response.body)
            .map_err(|error| error.message)
    }

    async fn read_often(id: String, times: u32) -> u32 {
        count(times, &id, |answer| answer.is_ok()).await
    }

    async fn refused(times: u32) -> u32 {
        count(times, "", |answer| {
            ended_in(answer, ErrorKind::InvalidArgument)
        })
        .await
    }

    async fn closed(times: u32) -> u32 {
        if let Some(driver) = driver() {
            driver.close();
        }
        count(times, "1", |answer| ended_in(answer, ErrorKind::Closed)).await
    }
}

type Answer = Result<Response, Error>;

async fn count(times: u32, id: &str, counts: impl Fn(&Answer) -> bool) -> u32 {
    let mut counted = 0_u32;
    for _ in 0..times {
        let answer = execute(read(id)).await;
        counted = counted.saturating_add(u32::from(counts(&answer)));
    }
    counted
}

fn ended_in(answer: &Answer, kind: ErrorKind) -> bool {
    answer.as_ref().is_err_and(|error| error.kind == kind)
}

fn driver() -> Option<Rc<Driver>> {
    DRIVER.with_borrow(Clone::clone)
}

/// Without an open driver it panics, and the test fails.
#[allow(clippy::unwrap_used, reason = "a test opens a driver first")]
async fn execute(operation: Operation) -> Answer {
    let driver = driver().unwrap();
    driver.execute(operation, OperationOptions::default()).await
}

fn read(id: &str) -> Operation {
    let item = ItemRef {
        container: container(),
        id: id.to_owned(),
        key: key(),
    };
    Operation::ReadItem(ReadItem {
        item,
        precondition: None,
        session_token: None,
    })
}

fn container() -> ContainerRef {
    ContainerRef {
        database: "d".to_owned(),
        container: "c".to_owned(),
    }
}

fn key() -> Vec<KeyComponent> {
    vec![KeyComponent::Text("a".to_owned())]
}

#[allow(unsafe_code)] // the macro makes the component's entry points
mod export {
    use super::{Caller, bindings};

    bindings::export!(Caller with_types_in bindings);
}
