//! The driver of this instance: opened with the first request, warm from the snapshot of another instance.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use driver_guest::types::{
    Config, Credential, Error, MetadataMode, Operation, OperationOptions, Response, RuntimeConfig,
};
use driver_guest::{Driver, Runtime};
use spin_sdk::key_value::Store;
use spin_sdk::variables;

/// Where the snapshot is kept.
const SNAPSHOT: &str = "cosmos-snapshot";

/// After so many operations of an instance, what it has learned is kept for the next one.
const KEPT_EVERY: u32 = 1000;

thread_local! {
    static DRIVER: RefCell<Option<Rc<Driver>>> = const { RefCell::new(None) };
    /// How many operations there may be until the snapshot is kept.
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Runs an operation. None: the app is not configured.
pub(crate) async fn execute(operation: Operation) -> Option<Result<Response, Error>> {
    let driver = open().await?;
    let answer = driver.execute(operation, OperationOptions::default()).await;
    let left = LEFT.get();
    LEFT.set(left.checked_sub(1).unwrap_or(KEPT_EVERY));
    if left == 0 {
        keep(&driver).await;
    }
    Some(answer)
}

async fn open() -> Option<Rc<Driver>> {
    let opened = || DRIVER.with_borrow(Clone::clone);
    if let Some(driver) = opened() {
        return Some(driver);
    }
    let endpoint = variables::get("cosmos_endpoint").await.ok()?;
    let key = variables::get("cosmos_key").await.ok()?;
    let snapshot = kept().await;
    // Another request of this instance may have been faster.
    if let Some(driver) = opened() {
        return Some(driver);
    }
    let config = Config::new(endpoint, Credential::AccountKey(key), MetadataMode::Eager);
    let runtime = Runtime::create(&RuntimeConfig::default()).ok()?;
    let driver = Rc::new(runtime.open(&config).ok()?);
    // A snapshot that does not fit is as good as none.
    if snapshot.is_some_and(|snapshot| driver.restore(&snapshot).is_ok()) {
        LEFT.set(KEPT_EVERY);
    }
    DRIVER.set(Some(driver.clone()));
    Some(driver)
}

/// The snapshot, if there is one. The app works without the store.
async fn kept() -> Option<Vec<u8>> {
    let store = Store::open_default().await.ok()?;
    store.get(SNAPSHOT).await.ok()?
}

async fn keep(driver: &Driver) {
    if let Ok(store) = Store::open_default().await {
        // The next instance starts cold if this fails.
        let _ = store.set(SNAPSHOT, driver.snapshot()).await;
    }
}
