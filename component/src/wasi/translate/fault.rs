//! Fault rules.

use std::rc::Rc;

use crate::core::clock::{Nanos, millis};
use crate::core::faults::{
    CustomResponse, FaultCondition, FaultError, FaultOperation, FaultResult, FaultRule,
};
use crate::wasi::bindings::types as wit;

/// A rule that is added at `now`.
pub(in crate::wasi) fn fault(rule: wit::FaultRule, now: Nanos) -> FaultRule {
    let instant = |after: u64| now.saturating_add(millis(after));
    FaultRule {
        id: Rc::from(rule.id),
        condition: FaultCondition {
            operation: rule.condition.operation.map(operation),
            region: rule.condition.region,
            container: rule.condition.container,
        },
        result: FaultResult {
            delay: millis(rule.delay_ms),
            custom_response: rule.response.map(response),
            error: rule.error.map(error),
            probability: rule.probability.unwrap_or(1.0),
        },
        enabled: rule.enabled,
        hit_limit: rule.hit_limit,
        start: rule.start_after_ms.map(instant),
        end: rule.end_after_ms.map(instant),
    }
}

fn response(response: wit::FaultResponse) -> CustomResponse {
    let headers = response.headers.into_iter();
    CustomResponse {
        status: response.status,
        sub_status: response.sub_status,
        headers: headers
            .map(|(name, value)| (name, value.into_bytes()))
            .collect(),
        body: response.body,
    }
}

fn error(error: wit::FaultError) -> FaultError {
    match error {
        wit::FaultError::InternalServerError => FaultError::InternalServerError,
        wit::FaultError::TooManyRequests => FaultError::TooManyRequests,
        wit::FaultError::RetryWith => FaultError::RetryWith,
        wit::FaultError::ReadSessionNotAvailable => FaultError::ReadSessionNotAvailable,
        wit::FaultError::Timeout => FaultError::Timeout,
        wit::FaultError::ServiceUnavailable => FaultError::ServiceUnavailable,
        wit::FaultError::PartitionIsGone => FaultError::PartitionIsGone,
        wit::FaultError::WriteForbidden => FaultError::WriteForbidden,
        wit::FaultError::DatabaseAccountNotFound => FaultError::DatabaseAccountNotFound,
        wit::FaultError::ConnectionError => FaultError::ConnectionError,
        wit::FaultError::ResponseTimeout => FaultError::ResponseTimeout,
        wit::FaultError::ResponseTimeoutAfterService => FaultError::ResponseTimeoutAfterService,
    }
}

fn operation(operation: wit::FaultOperation) -> FaultOperation {
    use FaultOperation as To;
    use wit::FaultOperation as From;
    match operation {
        From::ReadItem => To::ReadItem,
        From::QueryItem => To::QueryItem,
        From::CreateItem => To::CreateItem,
        From::UpsertItem => To::UpsertItem,
        From::ReplaceItem => To::ReplaceItem,
        From::DeleteItem => To::DeleteItem,
        From::PatchItem => To::PatchItem,
        From::BatchItem => To::BatchItem,
        From::ChangeFeedItem => To::ChangeFeedItem,
        From::MetadataReadContainer => To::MetadataReadContainer,
        From::MetadataReadDatabaseAccount => To::MetadataReadDatabaseAccount,
        From::MetadataQueryPlan => To::MetadataQueryPlan,
        From::MetadataPartitionKeyRanges => To::MetadataPartitionKeyRanges,
    }
}
