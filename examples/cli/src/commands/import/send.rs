//! A window on its way.

use cosmosdb_driver_host::types::{BatchAction, BulkOperation, ErrorKind};
use cosmosdb_driver_host::{Bulk, Container};

use super::Arguments;
use super::window::{Ready, Window};
use crate::account::Account;
use crate::failure::{Failure, is_transient};

/// What became of a window. What is not told here is written.
#[derive(Default)]
pub(super) struct Sent {
    /// Lines whose items were there: sent before, without an answer.
    pub(super) there: u64,
    /// Refused for what they are: place in the window, kind and reason.
    pub(super) failed: Vec<(usize, ErrorKind, String)>,
    pub(super) charge: f64,
}

/// Sends a window as one bulk. What the driver gave up for now (throttled, unavailable) is sent again, for as long as
/// each round gets something done. Errors: a round did not, or the service refuses more than single lines.
pub(super) async fn send(
    account: &Account,
    container: &Container,
    window: &Window,
    arguments: &Arguments,
) -> Result<Sent, Failure> {
    let mut sent = Sent::default();
    let mut open: Vec<(usize, &Ready)> = window.ready.iter().enumerate().collect();
    let mut first_round = true;
    while !open.is_empty() {
        let mut bulk = Bulk::new();
        bulk.max_concurrency(arguments.concurrency);
        for (_, ready) in &open {
            bulk.operation(operation(ready, arguments.create));
        }
        let done = account.traced(container.execute_bulk(bulk).await)?;
        sent.charge += done.request_charge();
        let repeated = !first_round || done.diagnostics.attempted_more_than_once;
        let (mut again, mut reason) = (Vec::new(), None);
        for ((place, ready), result) in open.iter().zip(&done.results) {
            let Some(failure) = &result.failure else {
                continue;
            };
            let kind = failure.kind;
            if kind == ErrorKind::Conflict && arguments.create && (ready.resent || repeated) {
                sent.there = sent.there.saturating_add(1);
            } else if is_of_the_line(kind) {
                sent.failed.push((*place, kind, failure.message.clone()));
            } else {
                reason = reason.or(Some(failure));
                again.push((*place, *ready));
            }
        }
        let stuck = again.len() == open.len();
        if let Some(reason) = reason.filter(|reason| stuck || !is_transient(reason.kind)) {
            return Err(Failure::Operation(
                reason.kind,
                format!(
                    "{} (and so for {} lines). The same command goes on",
                    reason.message,
                    again.len()
                ),
            ));
        }
        open = again;
        first_round = false;
    }
    Ok(sent)
}

fn operation(ready: &Ready, create: bool) -> BulkOperation {
    let body = ready.body.clone();
    BulkOperation {
        key: ready.key.clone(),
        action: if create {
            BatchAction::Create(body)
        } else {
            BatchAction::Upsert(body)
        },
        precondition: None,
    }
}

/// Whether the line is at fault, and would be again.
fn is_of_the_line(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidArgument
            | ErrorKind::Conflict
            | ErrorKind::PreconditionFailed
            | ErrorKind::PayloadTooLarge
    )
}
