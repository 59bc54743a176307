//! Whether to send again. Facts in, decision out (spec driver-core §4.1).

use super::diagnostics::RequestSent;
use super::exchange::{FailureCause, TransportFailure};

/// Repetitions of a request that provably never left.
pub const LOCAL_CONNECTIVITY_RETRIES: u32 = 1;

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send it again to the same endpoint.
    RetryHere,
    /// Give up.
    Surface,
}

/// The local connectivity retry: safe for every operation, because the service cannot have seen the request. What the
/// host refuses it will refuse again.
pub fn after_failure(failure: &TransportFailure, retries: u32) -> Decision {
    let may_retry = failure.sent == RequestSent::NotSent
        && !matches!(failure.cause, FailureCause::Denied | FailureCause::Refused)
        && retries < LOCAL_CONNECTIVITY_RETRIES;
    if may_retry {
        Decision::RetryHere
    } else {
        Decision::Surface
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_and_only_if_the_request_never_left() {
        let failure = |sent, cause| TransportFailure {
            sent,
            cause,
            detail: String::new(),
        };
        let refused = failure(RequestSent::NotSent, FailureCause::Connect);
        assert_eq!(after_failure(&refused, 0), Decision::RetryHere);
        assert_eq!(after_failure(&refused, 1), Decision::Surface);
        for cause in [FailureCause::Denied, FailureCause::Refused] {
            let refused = failure(RequestSent::NotSent, cause);
            assert_eq!(after_failure(&refused, 0), Decision::Surface);
        }
        for sent in [RequestSent::Sent, RequestSent::Unknown] {
            assert_eq!(
                after_failure(&failure(sent, FailureCause::Broken), 0),
                Decision::Surface
            );
        }
    }
}
