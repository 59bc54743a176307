//! Errors of the typed API.

use std::fmt;
use std::time::Duration;

use crate::bindings::wit::Rejection;
use crate::types;

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The driver answered with an error: the service refused, nothing came back, or the call was wrong. Its kind,
    /// status, outcome and diagnostics say more.
    Driver(Box<types::Error>),
    /// A value could not be written as JSON; nothing was sent. Or the operation succeeded, but the body of its
    /// answer does not fit the type asked for.
    Json {
        /// What could not be written or read.
        what: &'static str,
        /// Whether the operation had been carried out.
        applied: bool,
        /// What the JSON library says.
        source: serde_json::Error,
    },
    /// The answer has no body where a value was asked for: it was 304, a delete, or a write without
    /// [`content_response`](crate::ItemOptions::content_response).
    NoContent {
        /// The HTTP status of the answer.
        status: u16,
    },
    /// The component instance ended while this call was under way: it trapped (out of memory, a bug), or an
    /// earlier call on it was dropped. Whether the operation was carried out is unknown. The clients use a new
    /// instance from the next call; an instance used by itself must be opened again.
    Instance {
        /// What ended it.
        reason: String,
    },
    /// Too much is going on: a limit of [`Limits`](crate::Limits), [`Options::max_instances`](crate::Options::max_instances)
    /// or [`Options::pooled_instances`](crate::Options::pooled_instances) is reached. Nothing was sent; the same call may
    /// succeed later.
    Overloaded(&'static str),
    /// Nothing of a snapshot can be used. The client works as if there had been none.
    Snapshot(types::SnapshotRefusal),
    /// The component could not be loaded or instantiated.
    Load(String),
    /// The host's options, or the endpoint that it must allow, are wrong.
    Options(String),
    /// Called in the wrong place: the async client outside of a tokio runtime, the blocking one inside.
    Runtime(&'static str),
}

impl Error {
    /// What the driver's error means; none if it is not the driver's.
    pub fn kind(&self) -> Option<types::ErrorKind> {
        self.driver().map(|error| error.kind)
    }

    /// The HTTP status of the service's answer, if one arrived.
    pub fn status(&self) -> Option<u16> {
        self.driver().and_then(|error| error.status)
    }

    /// How long the service asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.driver()?.retry_after_ms.map(Duration::from_millis)
    }

    /// Whether the same call may succeed later without a change. Look at
    /// [`may_be_applied`](Self::may_be_applied) before repeating a write.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Driver(error) => error.retryable,
            Self::Instance { .. } | Self::Overloaded(_) => true,
            _ => false,
        }
    }

    /// Whether the operation may have been carried out in spite of the error: read before writing again.
    pub fn may_be_applied(&self) -> bool {
        match self {
            Self::Driver(error) => error.outcome == types::Outcome::Unknown,
            Self::Json { applied, .. } => *applied,
            Self::NoContent { .. } | Self::Instance { .. } => true,
            _ => false,
        }
    }

    /// 404: no such item, container or database.
    pub fn is_not_found(&self) -> bool {
        self.kind() == Some(types::ErrorKind::NotFound)
    }

    /// 409: an item, container or database with this id exists, or a unique key is taken.
    pub fn is_conflict(&self) -> bool {
        self.kind() == Some(types::ErrorKind::Conflict)
    }

    /// 412: the etag or the patch condition did not hold.
    pub fn is_precondition_failed(&self) -> bool {
        self.kind() == Some(types::ErrorKind::PreconditionFailed)
    }

    /// 429: out of request units; wait for [`retry_after`](Self::retry_after).
    pub fn is_throttled(&self) -> bool {
        self.kind() == Some(types::ErrorKind::Throttled)
    }

    /// The client was closed, and takes no calls any more; nothing was sent.
    pub fn is_closed(&self) -> bool {
        self.kind() == Some(types::ErrorKind::Closed)
    }

    /// The operation for whose sake a batch was not carried out: its place in the batch, from 0. None if the batch as a
    /// whole failed.
    pub fn failed_operation(&self) -> Option<usize> {
        usize::try_from(self.driver()?.failed_operation?).ok()
    }

    /// The driver's error, if it is one.
    pub fn driver(&self) -> Option<&types::Error> {
        match self {
            Self::Driver(error) => Some(error),
            _ => None,
        }
    }

    /// The call is wrong; nothing was sent.
    pub(crate) fn invalid_argument(message: &str) -> Self {
        Self::from(Rejection {
            kind: types::ErrorKind::InvalidArgument,
            message: message.to_owned(),
        })
    }

    pub(crate) fn unwritable(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json {
            what,
            applied: false,
            source,
        }
    }

    pub(crate) fn unreadable(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json {
            what,
            applied: true,
            source,
        }
    }

    pub(crate) fn load(error: &wasmtime::Error) -> Self {
        Self::Load(format!(
            "the component cannot be loaded: {error:#}. Use the driver's component of this host's version, \
             unchanged; it imports nothing but wasi:http, wasi:io, wasi:clocks and wasi:random"
        ))
    }

    /// From a trap. Of wasmtime's text only the cause: the backtrace says nothing to a user.
    pub(crate) fn trap(error: &wasmtime::Error) -> Self {
        Self::Instance {
            reason: error.root_cause().to_string(),
        }
    }
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        Self::Driver(Box::new(error))
    }
}

impl From<Rejection> for Error {
    /// A refused call is a driver's error without an answer of the service.
    fn from(rejection: Rejection) -> Self {
        Self::from(types::Error {
            kind: rejection.kind,
            message: rejection.message,
            status: None,
            sub_status: None,
            retry_after_ms: None,
            retryable: false,
            outcome: types::Outcome::NotApplied,
            cause: None,
            failed_operation: None,
            headers: None,
            diagnostics: None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(error) => write_driver(f, error),
            Self::Json { what, source, .. } => write!(f, "{what}: {source}"),
            Self::NoContent { status } => write!(
                f,
                "the answer (status {status}) has no body: ask for it with ItemOptions::content_response, \
                 or expect None"
            ),
            Self::Instance { reason } => write!(
                f,
                "the component instance ended ({reason}); whether the operation was carried out is unknown: \
                 read before writing again. A client uses a new instance from the next call"
            ),
            Self::Snapshot(refusal) => f.write_str(refused(*refusal)),
            Self::Load(text) | Self::Options(text) => f.write_str(text),
            Self::Runtime(text) | Self::Overloaded(text) => f.write_str(text),
        }
    }
}

fn refused(refusal: types::SnapshotRefusal) -> &'static str {
    use types::SnapshotRefusal::{Closed, Damaged, Foreign, Newer, TooLarge};
    match refusal {
        Damaged => {
            "these bytes are no snapshot, or have been changed or cut on their way: make a new one"
        }
        Newer => {
            "the snapshot was written by a later version of the driver: make one with this version, or update this one"
        }
        Foreign => {
            "the snapshot is of another account, or of another endpoint: keep one for each endpoint"
        }
        TooLarge => "these bytes are no snapshot: none is larger than 1 MiB",
        Closed => "the driver was closed: open another one",
    }
}

fn write_driver(f: &mut fmt::Formatter<'_>, error: &types::Error) -> fmt::Result {
    f.write_str(&error.message)?;
    if let Some(status) = error.status {
        write!(f, " (status {status}")?;
        if let Some(sub_status) = error.sub_status {
            write!(f, "/{sub_status}")?;
        }
        f.write_str(")")?;
    }
    match &error.diagnostics {
        Some(diagnostics) => write!(f, " [activity id {}]", diagnostics.activity_id),
        None => Ok(()),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled() -> Error {
        Error::from(types::Error {
            kind: types::ErrorKind::Throttled,
            message: "out of request units: wait".to_owned(),
            status: Some(429),
            sub_status: Some(3200),
            retry_after_ms: Some(1500),
            retryable: true,
            outcome: types::Outcome::NotApplied,
            cause: None,
            failed_operation: None,
            headers: None,
            diagnostics: None,
        })
    }

    #[test]
    fn an_error_of_the_driver_tells_what_it_means() {
        let error = throttled();
        assert!(error.is_throttled() && error.is_retryable() && !error.may_be_applied());
        assert!(!error.is_not_found());
        assert_eq!(error.status(), Some(429));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
        assert_eq!(
            error.to_string(),
            "out of request units: wait (status 429/3200)"
        );
    }

    #[test]
    fn errors_are_small() {
        assert!(size_of::<Error>() <= 32, "{}", size_of::<Error>());
    }
}
