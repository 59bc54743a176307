//! What goes into a bulk and comes out of it.

use std::fmt;
use std::rc::Rc;

use crate::core::clock::{Nanos, millis};
use crate::core::error::{Error, Result};
use crate::core::retry::{Class, Limits};
use crate::wire::batch::{BatchOperation, MAX_OPERATIONS, OperationResult};
use crate::wire::epk::Epk;
use crate::wire::headers::ResponseHeaders;

/// How a bulk works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether writes return their items. Default: no.
    pub content_response: bool,
    /// Whether a write of unknown outcome is repeated if its repetition shows. Default: yes. Patches that must not be
    /// carried out twice never are.
    pub retry_ambiguous_writes: bool,
    /// Budgets of each operation: its repetitions after 429, and after failures. Default: those of single operations.
    pub limits: Limits,
    /// Operations in one batch, at most 100. Default: 100.
    pub max_operations: usize,
    /// Bytes of one batch, at most 2 MiB. Default: 220 KiB. A larger operation travels alone.
    pub max_batch_bytes: usize,
    /// How long an input may wait for others. Default: 100 ms.
    pub max_age: Nanos,
    /// Batches under way, all together. Default: 32.
    pub max_batches: usize,
    /// Batches under way for one partition. Default: 50.
    pub max_batches_per_range: u32,
    /// Inputs without an outcome that was taken. Default: 10 000.
    pub max_inputs: usize,
    /// Bytes of their operations and results. Default: 32 MiB.
    pub max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            content_response: false,
            retry_ambiguous_writes: true,
            limits: Limits::default(),
            max_operations: MAX_OPERATIONS,
            max_batch_bytes: 220 << 10,
            max_age: millis(100),
            max_batches: 32,
            max_batches_per_range: 50,
            max_inputs: 10_000,
            max_bytes: 32 << 20,
        }
    }
}

/// One operation to carry out.
#[derive(Clone, PartialEq)]
pub struct Input {
    /// The item's complete partition key, as its header would have it.
    pub key: String,
    /// Where that lies in the container's hash space.
    pub point: Epk,
    /// The operation.
    pub operation: BatchOperation,
}

/// There is no room for another input: take outcomes, then push it again.
pub struct Full(pub Box<Input>);

/// What became of an input.
#[derive(Debug)]
pub struct Outcome {
    /// Its number, from 0 on.
    pub index: u64,
    /// What the service says; or an error whose outcome is unknown if the operation may have been carried out.
    pub result: Result<OperationResult>,
}

/// Names a batch; never used again within a bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchId(pub u64);

/// A batch to send.
pub struct Batch {
    /// Its name.
    pub id: BatchId,
    /// The id of the partition key range that it goes to.
    pub range: Rc<str>,
    /// What it may be repeated for as a whole.
    pub class: Class,
    /// How many operations it has.
    pub operations: usize,
    /// The request's body.
    pub body: Vec<u8>,
}

// Bodies are the user's data: they stay out of logs.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("id", &self.id)
            .field("range", &self.range)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this, and ask again.
    Send(Batch),
    /// Read the partition key ranges again, after the container was looked up again if `container` says so; then
    /// [`Bulk::on_ranges`](super::Bulk::on_ranges). Ask again meanwhile.
    Refresh {
        /// Whether the container may be another one now.
        container: bool,
    },
    /// Ask again at that instant, or after whatever happens before.
    WaitUntil(Nanos),
    /// Ask again after an answer, an input, or the end of inputs.
    Wait,
    /// The bulk is closed and every input has its outcome.
    Done,
}

/// How a batch ended.
pub enum Answer<'a> {
    /// With an answer whose status says success.
    Results {
        /// One for each operation; none if the body makes no sense.
        results: Option<Vec<OperationResult>>,
        /// The answer's headers.
        headers: &'a ResponseHeaders,
        /// Takes secrets out of the service's words.
        hide: &'a dyn Fn(&mut String),
    },
    /// With an error.
    Failed(&'a Error),
}
