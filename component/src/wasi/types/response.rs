//! Answers and errors.

use crate::core::error::Cause;
use crate::core::{self, Diagnostics, Error, ErrorKind, Outcome, Response};
use crate::wasi::abi::{Keep, Layout, Lower, Wire};
use crate::wire::batch::OperationResult;
use crate::wire::headers::ResponseHeaders;

enumerations! {
    ErrorKind {
        InvalidArgument,
        Unauthorized,
        Forbidden,
        NotFound,
        Conflict,
        PreconditionFailed,
        PayloadTooLarge,
        Throttled,
        Timeout,
        Cancelled,
        Unavailable,
        Transport,
        Service,
        NotResumable,
        BudgetSpent,
        Closed,
    }
    Outcome { NotApplied, Unknown }
}

outgoing!(ResponseHeaders, |own| {
    own.activity_id => Option<String>,
    own.request_charge => f64,
    own.session_token => Option<String>,
    own.etag => Option<String>,
    own.continuation => Option<String>,
    own.item_count => Option<u32>,
    own.sub_status => Option<u32>,
    own.server_duration_ms => Option<f64>,
    own.index_metrics => Option<String>,
    own.query_metrics => Option<String>,
    own.others => Vec<(String, String)>,
});

outgoing!(Response, |own| {
    own.status => u16,
    own.body => Vec<u8>,
    own.headers => ResponseHeaders,
    own.diagnostics => Box<Diagnostics>,
    own.results => Vec<BatchResult>,
});

outgoing!(Cause, |own| {
    own.status => Option<u16>,
    own.sub_status => Option<u32>,
    own.message => String,
});

outgoing!(Error, |own| {
    own.kind => ErrorKind,
    own.message => String,
    own.status => Option<u16>,
    own.sub_status => Option<u32>,
    own.retry_after_ms => Option<u64>,
    own.retryable => bool,
    own.outcome => Outcome,
    own.cause => Option<Cause>,
    own.failed_operation => Option<u32>,
    own.headers => Option<ResponseHeaders>,
    own.diagnostics => Option<Box<Diagnostics>>,
});

/// What a call is refused with that sends nothing.
pub(in crate::wasi) struct Rejection(Box<Error>);

impl From<Box<Error>> for Rejection {
    fn from(error: Box<Error>) -> Self {
        Self(error)
    }
}

outgoing!(Rejection, |own| {
    own.0.kind => ErrorKind,
    own.0.message => String,
});

/// The result of one operation of several.
type BatchResult = core::Result<OperationResult>;

/// What is said of it.
struct Single<'a> {
    status: u16,
    request_charge: f64,
    etag: Option<&'a String>,
    body: &'a [u8],
    failure: Option<Failure<'a>>,
}

impl Wire for BatchResult {
    const LAYOUT: Layout = Single::LAYOUT;
}

#[allow(unsafe_code)] // it is what is said of it
impl Lower for BatchResult {
    unsafe fn lower(&self, at: *mut u8, keep: &mut Keep) {
        let said = match self {
            Ok(result) => Single {
                status: result.status,
                request_charge: result.request_charge,
                etag: result.etag.as_ref(),
                body: result.body.as_deref().unwrap_or_default(),
                failure: None,
            },
            Err(error) => {
                let headers = error.headers.as_ref();
                Single {
                    status: error.status.unwrap_or(0),
                    request_charge: headers.map_or(0.0, |headers| headers.request_charge),
                    etag: headers.and_then(|headers| headers.etag.as_ref()),
                    body: &[],
                    failure: Some(Failure(error)),
                }
            }
        };
        // SAFETY: the caller's promise; all of it points into the result.
        unsafe { said.lower(at, keep) }
    }
}

outgoing!(Single<'_>, |own| {
    own.status => u16,
    own.request_charge => f64,
    own.etag => Option<&String>,
    own.body => &[u8],
    own.failure => Option<Failure<'_>>,
});

/// The error of an operation that failed for itself.
struct Failure<'a>(&'a Error);

outgoing!(Failure<'_>, |own| {
    own.0.kind => ErrorKind,
    own.0.message => String,
    own.0.sub_status => Option<u32>,
    own.0.retry_after_ms => Option<u64>,
    own.0.retryable => bool,
    own.0.outcome => Outcome,
});
