//! Batches: one answer for all operations (spec data-plane §6.2).

use std::rc::Rc;

use super::{Ended, Pipeline};
use crate::core::batch::{Sent, conclude, stricter};
use crate::core::clock::{Nanos, millis};
use crate::core::container::Container;
use crate::core::retry::Class;
use crate::core::{Error, Result, explain};
use crate::engine::World;
use crate::engine::transport::Answer;

impl<W: World> Pipeline<W> {
    /// Puts the results of a transactional batch in place of the body; false if an operation was refused that may succeed later, so that nothing was
    /// carried out. Then the answer is as if the service had said it of the whole batch.
    ///
    /// # Errors
    /// Another operation failed, or the answer makes no sense.
    #[cold]
    pub(super) fn conclude(&mut self, answer: &mut Answer) -> Result<bool> {
        if self.request.is_to_range() {
            // A bulk looks at each operation itself.
            return Ok(true);
        }
        let body = std::mem::take(&mut answer.body);
        let sent = Sent {
            operations: self.request.operations,
            class: self.request.class,
            body: self.request.body.as_ref().map_or(&[], |body| body),
        };
        let credential = &self.state.transport.credential;
        match conclude(&sent, &answer.headers, &body, &|text| credential.hide(text)) {
            Ok(results) => {
                answer.results = results.into_iter().map(Ok).collect();
                Ok(true)
            }
            Err(error) if error.failed_operation.is_some() && is_busy(error.status) => {
                answer.status = error.status.unwrap_or(answer.status);
                answer.headers.sub_status = error.sub_status;
                self.refused = Some(error);
                Ok(false)
            }
            Err(error) => Err(self.last_form(error)),
        }
    }

    /// One request of a bulk, which knows the container and sends single operations again that are throttled (429) or have
    /// to be tried again (449): those budgets are spent for the request as a whole.
    pub(in crate::engine) fn for_bulk(&mut self, container: &Rc<Container>) {
        self.container = Some(Rc::clone(container));
        self.spent.throttled = (u32::MAX, Nanos::MAX);
        self.spent.retried_with = (u32::MAX, Nanos::MAX);
    }

    /// Whether an attempt of a write ended so that the service may have carried it out.
    pub(in crate::engine) fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// What it may be repeated for. To the service a batch is a write, also one that only reads.
    pub(super) fn class(&self) -> Class {
        let class = self.options.class(self.request.class);
        if self.request.is_batch() {
            stricter(class, Class::Write)
        } else {
            class
        }
    }

    /// What the service asks to wait.
    pub(super) fn retry_after(&self, ended: &Ended) -> Option<Nanos> {
        match &self.refused {
            Some(error) => error.retry_after_ms.map(millis),
            None => ended.as_ref().ok().and_then(Answer::retry_after),
        }
    }

    /// An error as the caller gets it.
    pub(super) fn last_form(&self, error: Box<Error>) -> Box<Error> {
        explain::terminal(error, self.recorder.attempted_more_than_once())
    }
}

/// Whether waiting helps: 429 and 449.
fn is_busy(status: Option<u16>) -> bool {
    matches!(status, Some(429 | 449))
}
