//! How a command fails, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use cosmosdb_driver_host::Error;
use cosmosdb_driver_host::types::ErrorKind;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The call is wrong.
    Usage(String),
    /// The service or the driver says no.
    Driver(Error),
    /// One operation of many failed, for this reason.
    Operation(ErrorKind, String),
    /// Files, streams, data.
    Other(String),
    /// Ctrl-C, and how to go on.
    Interrupted(Option<String>),
    /// Nobody reads the output any more, which is no error.
    ReaderGone,
}

impl Failure {
    /// Makes an error of the system one of ours; `what` could not be done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Other(format!("{}: {error}", what.into()))
    }

    /// What standard output did not take.
    #[allow(clippy::needless_pass_by_value)] // For map_err.
    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Other(format!("the output cannot be written: {error}")),
        }
    }

    /// For standard error; none where silence is right.
    pub(crate) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Usage(text) | Self::Operation(_, text) | Self::Other(text) => {
                format!("error: {text}")
            }
            Self::Driver(error) => format!("error: {error}"),
            Self::Interrupted(None) => "interrupted".to_owned(),
            Self::Interrupted(Some(hint)) => format!("interrupted: {hint}"),
            Self::ReaderGone => return None,
        })
    }

    /// As `cosmos --help` lists them.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::ReaderGone => 0,
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Driver(Error::Options(_)) => 2,
            Self::Driver(error) => error.kind().map_or(1, code),
            Self::Operation(kind, _) => code(*kind),
            Self::Interrupted(_) => 130,
        })
    }
}

fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidArgument | ErrorKind::NotResumable => 2,
        ErrorKind::NotFound => 3,
        ErrorKind::Conflict | ErrorKind::PreconditionFailed => 4,
        kind if is_transient(kind) => 5,
        ErrorKind::Unauthorized | ErrorKind::Forbidden => 6,
        _ => 1,
    }
}

/// Whether the same call may succeed later, unchanged.
pub(crate) fn is_transient(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Transport
    )
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}
