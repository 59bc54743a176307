//! What goes into a bulk and comes out of it.

use std::fmt;
use std::rc::Rc;

use crate::core::clock::Nanos;
use crate::core::container::Container;
use crate::core::error::{Error, Result};
use crate::core::operation::PartitionKey;
use crate::core::options::Resolved;
use crate::core::retry::{Class, Limits, Spent};
use crate::wire::batch::{BatchOperation, MAX_OPERATIONS, OperationResult};
use crate::wire::epk::Epk;
use crate::wire::headers::ResponseHeaders;

/// Batches under way, unless told otherwise.
const DEFAULT_BATCHES: u32 = 32;

/// More than this may not be.
const MAX_BATCHES: u32 = 256;

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
    /// Batches under way, all together. Default: 32.
    pub max_batches: u32,
    /// Batches under way for one partition. Default: 50.
    pub max_batches_per_range: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            content_response: false,
            retry_ambiguous_writes: true,
            limits: Limits::default(),
            max_operations: MAX_OPERATIONS,
            max_batch_bytes: 220 << 10,
            max_batches: DEFAULT_BATCHES,
            max_batches_per_range: 50,
        }
    }
}

impl Settings {
    /// As an operation's options say.
    ///
    /// # Errors
    /// `invalid-argument`: no batch under way at one time, or more than 256.
    pub fn new(options: &Resolved, max_concurrency: Option<u32>) -> Result<Self> {
        let max_batches = max_concurrency.unwrap_or(DEFAULT_BATCHES);
        if max_batches == 0 || max_batches > MAX_BATCHES {
            return Err(Error::invalid(
                "the max-concurrency of a bulk is 1 to 256: give one of these, or none",
            ));
        }
        Ok(Self {
            content_response: options.content_response_on_write,
            retry_ambiguous_writes: options.retry_ambiguous_writes,
            limits: options.limits(),
            max_batches,
            ..Self::default()
        })
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

impl Input {
    /// An operation on an item of this container.
    ///
    /// # Errors
    /// `invalid-argument`: a key that is not complete or cannot be sent, a patch that touches the key.
    pub fn new(
        container: &Container,
        key: &PartitionKey,
        operation: BatchOperation,
    ) -> Result<Self> {
        let patched = crate::core::batch::patched_paths(std::slice::from_ref(&operation));
        Ok(Self {
            key: container.key_text(key, &patched)?,
            point: container.point(key).ok_or_else(|| {
                Error::invalid(
                    "the partition key holds a number that no key can hold: give finite numbers",
                )
            })?,
            operation,
        })
    }
}

/// An input on its way.
pub(super) struct Item {
    /// As it goes into bodies. Empty once there is an outcome.
    pub(super) operation: Vec<u8>,
    /// Where its key lies.
    pub(super) point: Epk,
    /// What it may be repeated for.
    pub(super) class: Class,
    /// It is not sent before.
    pub(super) not_before: Nanos,
    /// The most operations that a batch with it may hold.
    pub(super) share: usize,
    /// What its repetitions have spent.
    pub(super) spent: Spent,
    /// Whether an earlier attempt may have been carried out.
    pub(super) tainted: bool,
    /// What became of it.
    pub(super) outcome: Option<Result<OperationResult>>,
}

impl Item {
    pub(super) fn new(operation: Vec<u8>, point: Epk, class: Class) -> Self {
        Self {
            operation,
            point,
            class,
            not_before: 0,
            share: usize::MAX,
            spent: Spent::default(),
            tainted: false,
            outcome: None,
        }
    }
}

/// Names a batch; never used again within a bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchId(pub u32);

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
    /// Ask again after an answer.
    Wait,
    /// Every input has its outcome.
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
        /// Whether the batch was sent before, and may have been carried out then.
        repeated: bool,
    },
    /// With an error. Its outcome is unknown if any attempt may have been carried out.
    Failed(&'a Error),
}
