//! `cosmosdb:driver/async-driver`: calls that wait.
#![allow(unsafe_code)] // the component's entry points

use std::future::poll_fn;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::task;
use crate::core::{Operation, OperationOptions, Response, Result};
use crate::wasi::abi;
use crate::wasi::driver::{Handle, Pages};

#[link(wasm_import_module = "[export]cosmosdb:driver/async-driver@0.1.0")]
unsafe extern "C" {
    #[link_name = "[task-return][method]driver.execute"]
    fn executed(answer: *mut u8);
    #[link_name = "[task-return][method]feed.next-page"]
    fn page_given(answer: *mut u8);
}

#[unsafe(export_name = "[async-lift]cosmosdb:driver/async-driver@0.1.0#[method]driver.execute")]
unsafe extern "C" fn execute(arguments: *mut u8) -> i32 {
    // SAFETY: the host has written what the WIT says.
    let (driver, operation, options): (&Handle, Operation, OperationOptions) =
        unsafe { abi::arguments(arguments) };
    let call = driver.0.execute(operation, options);
    start(call.boxed_local(), executed)
}

#[unsafe(export_name = "[async-lift]cosmosdb:driver/async-driver@0.1.0#[method]feed.next-page")]
unsafe extern "C" fn next_page(feed: usize) -> i32 {
    // SAFETY: the host has given what the WIT says.
    let (feed,): (&Pages,) = unsafe { abi::lift([feed].as_ptr().cast()) };
    let (_, page) = feed.0.next_page();
    start(page.boxed_local(), page_given)
}

#[unsafe(export_name = "[callback][async-lift]cosmosdb:driver/async-driver@0.1.0#[method]driver.execute")]
unsafe extern "C" fn execute_goes_on(event: u32, waitable: u32, code: u32) -> u32 {
    // SAFETY: the host calls it for a task that was started here.
    unsafe { task::resume(event, waitable, code) }
}

#[unsafe(export_name = "[callback][async-lift]cosmosdb:driver/async-driver@0.1.0#[method]feed.next-page")]
unsafe extern "C" fn next_page_goes_on(event: u32, waitable: u32, code: u32) -> u32 {
    // SAFETY: the host calls it for a task that was started here.
    unsafe { task::resume(event, waitable, code) }
}

/// Starts a call, whose result the host gets when there is one.
fn start(
    call: LocalBoxFuture<'static, Result<Response>>,
    give: unsafe extern "C" fn(*mut u8),
) -> i32 {
    let task = async move {
        let answer = abi::answer(suspending(call).await);
        // SAFETY: the host has read the answer when it is back.
        unsafe {
            give(answer);
            abi::release(answer);
        }
    };
    task::start(task.boxed_local())
}

/// Runs a call that suspends at least once. In a composition of components wasmtime 48 leaks a table slot for every
/// async call that returns without suspending, as argument errors do.
async fn suspending<F: Future + Unpin>(mut call: F) -> F::Output {
    let (mut suspended, mut early) = (false, None);
    poll_fn(|context| {
        let polled = match early.take() {
            Some(output) => return Poll::Ready(output),
            None => call.poll_unpin(context),
        };
        match polled {
            Poll::Ready(output) if !suspended => {
                early = Some(output);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            polled => {
                suspended = true;
                polled
            }
        }
    })
    .await
}
