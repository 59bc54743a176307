//! Errors by meaning (spec driver-core §4.9).

use std::fmt;

use super::diagnostics::Diagnostics;
use crate::wire::Invalid;
use crate::wire::headers::ResponseHeaders;

/// The result of anything that can fail. Boxed: the error carries headers and diagnostics.
pub type Result<T> = std::result::Result<T, Box<Error>>;

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The call is wrong: caught here, or answered with 400.
    InvalidArgument,
    /// 401.
    Unauthorized,
    /// 403, or refused by the host.
    Forbidden,
    /// 404.
    NotFound,
    /// 409.
    Conflict,
    /// 412.
    PreconditionFailed,
    /// 413.
    PayloadTooLarge,
    /// 429.
    Throttled,
    /// 408, or nothing arrived in time.
    Timeout,
    /// The caller cancelled it.
    Cancelled,
    /// 410, 423, 449, 503.
    Unavailable,
    /// The feed has no continuation.
    NotResumable,
    /// The operation's own RU budget is spent.
    BudgetSpent,
    /// No complete HTTP response.
    Transport,
    /// Any other answer, or one that makes no sense.
    Service,
    /// The driver was closed.
    Closed,
}

/// What is known about the effect of a failed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was changed.
    NotApplied,
    /// It may or may not have been carried out.
    Unknown,
}

/// The failure behind an error that sums up several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The HTTP status, if a response arrived.
    pub status: Option<u16>,
    /// The service's sub-status.
    pub sub_status: Option<u32>,
    /// What it meant.
    pub message: String,
}

/// A failed operation.
#[derive(Debug)]
pub struct Error {
    /// What it means.
    pub kind: ErrorKind,
    /// What happened, what it means, what to do next.
    pub message: String,
    /// The HTTP status, if a response arrived; or the driver's own, with a sub-status from 20 000 on.
    pub status: Option<u16>,
    /// The service's sub-status, or the driver's own.
    pub sub_status: Option<u32>,
    /// How long the service asks to wait.
    pub retry_after_ms: Option<u64>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What is known of its effect.
    pub outcome: Outcome,
    /// The last failure, where the error sums up several.
    pub cause: Option<Cause>,
    /// The place of the operation for whose sake a batch was not carried out.
    pub failed_operation: Option<u32>,
    /// The headers of the service's answer.
    pub headers: Option<ResponseHeaders>,
    /// What was sent.
    pub diagnostics: Option<Box<Diagnostics>>,
}

impl Error {
    /// An error without an answer of the service: nothing was changed, repeating does not help.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            kind,
            message: message.into(),
            status: None,
            sub_status: None,
            retry_after_ms: None,
            retryable: false,
            outcome: Outcome::NotApplied,
            cause: None,
            failed_operation: None,
            headers: None,
            diagnostics: None,
        })
    }

    /// The same for another operation that waited for the same answer. Diagnostics are each operation's own.
    pub fn for_another(&self) -> Box<Self> {
        Box::new(Self {
            message: self.message.clone(),
            cause: self.cause.clone(),
            headers: self.headers.clone(),
            diagnostics: None,
            ..*self
        })
    }

    /// The call is wrong; nothing was sent.
    pub fn invalid(message: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// A call on a driver that was closed.
    pub fn closed() -> Box<Self> {
        Self::new(ErrorKind::Closed, "the driver is closed: open a new one")
    }

    /// Puts another meaning in front of this error, which becomes the cause. What is known of the outcome stays.
    pub fn summed_up(
        mut self: Box<Self>,
        kind: ErrorKind,
        status: (u16, u32),
        message: String,
    ) -> Box<Self> {
        self.cause = Some(Cause {
            status: self.status,
            sub_status: self.sub_status,
            message: std::mem::replace(&mut self.message, message),
        });
        self.kind = kind;
        (self.status, self.sub_status) = (Some(status.0), Some(status.1));
        self
    }

    /// An operation that its caller cancelled. Whether it is a write that may
    /// have been applied is known from its attempts.
    pub fn cancelled(may_have_applied: bool, diagnostics: Option<Box<Diagnostics>>) -> Box<Self> {
        let mut error = Self::new(
            ErrorKind::Cancelled,
            "the operation was cancelled; a request that had left may still be carried out",
        );
        if may_have_applied {
            error.outcome = Outcome::Unknown;
        }
        error.diagnostics = diagnostics;
        error
    }
}

impl From<Invalid> for Box<Error> {
    fn from(invalid: Invalid) -> Self {
        Error::invalid(invalid.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
