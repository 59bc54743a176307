//! Fault rules.

use std::rc::Rc;

use crate::core::clock::{Nanos, millis};
use crate::core::faults::{
    CustomResponse, FaultCondition, FaultError, FaultOperation, FaultResult, FaultRule,
};

enumerations! {
    FaultOperation {
        ReadItem,
        QueryItem,
        CreateItem,
        UpsertItem,
        ReplaceItem,
        DeleteItem,
        PatchItem,
        BatchItem,
        ChangeFeedItem,
        MetadataReadContainer,
        MetadataReadDatabaseAccount,
        MetadataQueryPlan,
        MetadataPartitionKeyRanges,
    }
    FaultError {
        InternalServerError,
        TooManyRequests,
        RetryWith,
        ReadSessionNotAvailable,
        Timeout,
        ServiceUnavailable,
        PartitionIsGone,
        WriteForbidden,
        DatabaseAccountNotFound,
        ConnectionError,
        ResponseTimeout,
        ResponseTimeoutAfterService,
    }
}

record!(FaultCondition {
    operation: Option<FaultOperation>,
    region: Option<String>,
    container: Option<String>,
});

record!(CustomResponse {
    status: u16,
    sub_status: u32,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
});

record!(FaultRule {
    id: String,
    condition: FaultCondition,
    delay_ms: u64,
    custom_response: Option<CustomResponse>,
    error: Option<FaultError>,
    probability: Option<f64>,
    enabled: bool,
    hit_limit: Option<u32>,
    start_after_ms: Option<u64>,
    end_after_ms: Option<u64>,
} => Self {
    id: Rc::from(id),
    condition,
    result: FaultResult {
        delay: millis(delay_ms),
        custom_response,
        error,
        probability: probability.unwrap_or(1.0),
    },
    enabled,
    hit_limit,
    start: start_after_ms.map(millis),
    end: end_after_ms.map(millis),
});

/// A rule that is added at `now`: the times of one that came in count from there.
pub(in crate::wasi) fn from_now(mut rule: FaultRule, now: Nanos) -> FaultRule {
    for instant in [&mut rule.start, &mut rule.end].into_iter().flatten() {
        *instant = instant.saturating_add(now);
    }
    rule
}
