//! A window on its way.

use cosmosdb_driver_host::types::{BatchAction, BulkOperation, ErrorKind};
use cosmosdb_driver_host::{Bulk, Container, Error};

use super::Arguments;
use super::window::{Ready, Window};
use crate::account::Account;
use crate::failure::{Failure, is_transient};

/// What became of a window. If nothing stopped it, what is not told here is written.
#[derive(Default)]
pub(super) struct Sent {
    /// Lines whose items were there: sent before, without an answer.
    pub(super) there: u64,
    /// Refused for what they are: place in the window, kind and reason.
    pub(super) failed: Vec<(usize, ErrorKind, String)>,
    pub(super) charge: f64,
    /// Why some lines have no final answer.
    pub(super) stopped: Option<Failure>,
    /// The numbers of lines that are known not to be written.
    pub(super) unwritten: Vec<u64>,
}

/// A line without a final answer.
struct Open<'a> {
    /// In the window.
    place: usize,
    ready: &'a Ready,
    /// Whether it may have been carried out before: a conflict may be with itself.
    unsure: bool,
}

/// Sends a window as one bulk. What the driver gave up for now (throttled, unavailable) is sent again, for as long as
/// each round gets something done. It stops if a round did not, or if the service refuses more than single lines.
pub(super) async fn send(
    account: &Account,
    container: &Container,
    window: &Window,
    arguments: &Arguments,
) -> Sent {
    let mut sent = Sent::default();
    let lines = window.ready.iter().enumerate();
    let mut open: Vec<Open<'_>> = lines
        .map(|(place, ready)| Open {
            place,
            ready,
            unsure: ready.resent,
        })
        .collect();
    while !open.is_empty() {
        let done = round(account, container, &mut open, arguments, &mut sent).await;
        if let Err(failure) = done {
            sent.stopped = Some(failure);
            let unwritten = open.iter().filter(|line| !line.unsure);
            sent.unwritten.extend(unwritten.map(Open::number));
            break;
        }
    }
    sent
}

impl Open<'_> {
    fn number(&self) -> u64 {
        self.ready.line.number
    }
}

/// Sends the open lines once, and leaves those that stay open.
async fn round(
    account: &Account,
    container: &Container,
    open: &mut Vec<Open<'_>>,
    arguments: &Arguments,
    sent: &mut Sent,
) -> Result<(), Failure> {
    let mut bulk = Bulk::new();
    bulk.max_concurrency(arguments.concurrency);
    for line in &*open {
        bulk.operation(operation(line.ready, arguments.create));
    }
    let done = container.execute_bulk(bulk).await;
    if done.as_ref().is_err_and(Error::may_be_applied) {
        open.iter_mut().for_each(|line| line.unsure = true);
    }
    let done = account.traced(done)?;
    sent.charge += done.request_charge();
    let all = std::mem::take(open);
    let (count, mut reason) = (all.len(), None);
    for (mut line, result) in all.into_iter().zip(&done.results) {
        let Some(failure) = &result.failure else {
            continue;
        };
        let kind = failure.kind;
        // The driver says so of a create that it has repeated without knowing what became of the first one.
        line.unsure |= failure.may_be_applied();
        if kind == ErrorKind::Conflict && arguments.create && line.unsure {
            sent.there = sent.there.saturating_add(1);
        } else if is_of_the_line(kind) {
            let message = failure.message.clone();
            sent.failed.push((line.place, kind, message));
            if !line.unsure {
                sent.unwritten.push(line.number());
            }
        } else {
            reason = reason.or(Some(failure));
            open.push(line);
        }
    }
    let stuck = open.len() == count;
    match reason.filter(|reason| stuck || !is_transient(reason.kind)) {
        None => Ok(()),
        Some(reason) => Err(Failure::Operation(
            reason.kind,
            format!(
                "{} (and so for {} lines). The same command goes on",
                reason.message,
                open.len()
            ),
        )),
    }
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
