//! The component.

use std::cell::{Cell, OnceCell};
use std::time::Duration;

use middleware_layer::clocks::monotonic_clock::wait_for;
use middleware_layer::{ErrorCode, Layer, Request, Response, answer, breathe, client, settings};

use crate::script::{self, Fault, Rule};

struct Faults;

impl Layer for Faults {
    async fn send(request: Request) -> Result<Response, ErrorCode> {
        let Some((delay, fault)) = next() else {
            breathe().await;
            return Err(ErrorCode::ConfigurationError);
        };
        if delay > 0 {
            wait_for(nanoseconds(delay)).await;
        }
        match fault {
            Some(Fault::Status(status, sub_status)) => {
                breathe().await;
                let sub_status = sub_status.to_string().into_bytes();
                let headers = [("x-ms-substatus".to_owned(), sub_status)];
                answer(status, &headers, Vec::new())
            }
            Some(Fault::Refuse) => {
                breathe().await;
                Err(ErrorCode::ConnectionRefused)
            }
            Some(Fault::Lose) => {
                client::send(request).await?;
                Err(ErrorCode::ConnectionTerminated)
            }
            Some(Fault::Delay(_)) | None => client::send(request).await,
        }
    }
}

fn nanoseconds(milliseconds: u64) -> u64 {
    let nanoseconds = Duration::from_millis(milliseconds).as_nanos();
    u64::try_from(nanoseconds).unwrap_or(u64::MAX)
}

/// What is done to the next request. None: the script is not understood.
fn next() -> Option<(u64, Option<Fault>)> {
    thread_local! {
        static SCRIPT: OnceCell<Option<Vec<Rule>>> = const { OnceCell::new() };
        static REQUESTS: Cell<u64> = const { Cell::new(0) };
    }
    let number = REQUESTS.get().saturating_add(1);
    REQUESTS.set(number);
    SCRIPT.with(|script| {
        let script = script.get_or_init(|| script::read(&settings::get()));
        Some(script::about(script.as_deref()?, number))
    })
}

middleware_layer::export!(Faults with_types_in middleware_layer::bindings);
