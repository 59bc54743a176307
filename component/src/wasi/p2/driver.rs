//! `cosmosdb:driver/driver`: each call runs to its end.
#![allow(unsafe_code)] // the component's entry points

use super::{reactor, tasks};
use crate::core::{Error, ErrorKind, Operation, OperationOptions, Response, Result};
use crate::wasi::driver::{Handle, Pages};

export!([face!(), "[method]driver.execute"]
fn execute(driver: &Handle, operation: Operation, options: OperationOptions) -> Result<Response> {
    finish(driver.0.execute(operation, options))
});

export!([face!(), "[method]feed.next-page"] flat(feed)
fn next_page(feed: &Pages) -> Result<Response> {
    let (_, page) = feed.0.next_page();
    finish(page)
});

/// Runs a call to its end.
#[inline(always)] // what it returns is large
fn finish(call: impl Future<Output = Result<Response>>) -> Result<Response> {
    // A stall cannot happen as long as every pending operation waits for the host; it must not trap if it does.
    let stalled = || {
        Err(Error::new(
            ErrorKind::Transport,
            "the operation waits for nothing: report this as a bug",
        ))
    };
    reactor::run(call, tasks::run_beside).unwrap_or_else(stalled)
}
