//! What a rule says (spec driver-core §10.1 to §10.3).

use std::rc::Rc;

use crate::core::clock::Nanos;
use crate::wire::headers::HeaderList;

/// A fault and when to inject it.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// Names the rule, unique in its driver.
    pub id: Rc<str>,
    /// Which requests it is for.
    pub condition: FaultCondition,
    /// What happens to them.
    pub result: FaultResult,
    /// Whether it is on. Default: yes. A rule for [`FaultOperation::MetadataReadDatabaseAccount`] is better added
    /// disabled, else the driver cannot even learn the account's regions.
    pub enabled: bool,
    /// After so many hits it is exhausted. Default: never.
    pub hit_limit: Option<u32>,
    /// From this instant on, itself included. Default: always.
    pub start: Option<Nanos>,
    /// Up to this instant, itself excluded. Default: for ever.
    pub end: Option<Nanos>,
}

impl FaultRule {
    /// A rule with all defaults: on, for every request, without limits.
    pub fn new(id: &str, result: FaultResult) -> Self {
        Self {
            id: id.into(),
            condition: FaultCondition::default(),
            result,
            enabled: true,
            hit_limit: None,
            start: None,
            end: None,
        }
    }
}

/// Which requests a rule is for: all fields that are set must match. Default: every request, metadata included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultCondition {
    /// What the request is for.
    pub operation: Option<FaultOperation>,
    /// The region that it goes to.
    pub region: Option<String>,
    /// Part of the URL's path as it is sent, escapes included: the container's id, or `colls/{id}`.
    pub container: Option<String>,
}

/// What happens to a request. Default: nothing. The custom response wins over the error.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultResult {
    /// How long to wait before the response or error, or before sending when there is neither. Default: 0.
    pub delay: Nanos,
    /// A response in place of the service's.
    pub custom_response: Option<CustomResponse>,
    /// An error in place of the service's response.
    pub error: Option<FaultError>,
    /// How likely it happens: 0 and below never, 1 and above always, NaN never. Default: 1.
    pub probability: f64,
}

impl Default for FaultResult {
    fn default() -> Self {
        Self {
            delay: 0,
            custom_response: None,
            error: None,
            probability: 1.0,
        }
    }
}

/// A response that no service sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomResponse {
    /// The HTTP status.
    pub status: u16,
    /// Sent as `x-ms-substatus`, over one in the headers, unless it is 0.
    pub sub_status: u32,
    /// All other headers.
    pub headers: HeaderList,
    /// The body.
    pub body: Vec<u8>,
}

/// Errors to inject. Those with a status look as if the service had answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultError {
    /// 500.
    InternalServerError,
    /// 429.
    TooManyRequests,
    /// 449.
    RetryWith,
    /// 404/1002.
    ReadSessionNotAvailable,
    /// 408.
    Timeout,
    /// 503.
    ServiceUnavailable,
    /// 410/1002.
    PartitionIsGone,
    /// 403/3.
    WriteForbidden,
    /// 403/1008.
    DatabaseAccountNotFound,
    /// No connection: the request is not sent.
    ConnectionError,
    /// No response, and nobody can tell whether the request was sent. It is not.
    ResponseTimeout,
    /// The service carries the request out, but its answer is lost. Only an answer of success is.
    ResponseTimeoutAfterService,
}

impl FaultError {
    /// Status and sub-status of the errors that look like an answer.
    pub(super) fn status(self) -> Option<(u16, u32)> {
        match self {
            Self::InternalServerError => Some((500, 0)),
            Self::TooManyRequests => Some((429, 0)),
            Self::RetryWith => Some((449, 0)),
            Self::ReadSessionNotAvailable => Some((404, 1002)),
            Self::Timeout => Some((408, 0)),
            Self::ServiceUnavailable => Some((503, 0)),
            Self::PartitionIsGone => Some((410, 1002)),
            Self::WriteForbidden => Some((403, 3)),
            Self::DatabaseAccountNotFound => Some((403, 1008)),
            Self::ConnectionError | Self::ResponseTimeout | Self::ResponseTimeoutAfterService => {
                None
            }
        }
    }
}

/// What a request is for, as far as rules tell requests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultOperation {
    /// Reads an item.
    ReadItem,
    /// Queries items, or reads many.
    QueryItem,
    /// Creates an item.
    CreateItem,
    /// Creates or replaces an item.
    UpsertItem,
    /// Replaces an item.
    ReplaceItem,
    /// Deletes an item.
    DeleteItem,
    /// Patches an item on the server.
    PatchItem,
    /// A transactional batch.
    BatchItem,
    /// Reads a feed of items: a change feed, or all items.
    ChangeFeedItem,
    /// Reads a container's definition, for the caller or for the driver.
    MetadataReadContainer,
    /// Reads the account's regions.
    MetadataReadDatabaseAccount,
    /// Fetches the plan of a query.
    MetadataQueryPlan,
    /// Reads a container's partition key ranges.
    MetadataPartitionKeyRanges,
}

impl FaultOperation {
    /// The operation with this name in diagnostics (spec driver-core §1.10); none if no rule can tell it apart.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "read_item" | "patch_read_item" => Self::ReadItem,
            "query_items" | "read_many_items" => Self::QueryItem,
            "create_item" => Self::CreateItem,
            "upsert_item" => Self::UpsertItem,
            "replace_item" | "patch_replace_item" => Self::ReplaceItem,
            "delete_item" => Self::DeleteItem,
            "patch_item" => Self::PatchItem,
            "execute_batch" | "execute_bulk" => Self::BatchItem,
            "query_change_feed" | "read_all_items" | "read_all_items_of_logical_partition" => {
                Self::ChangeFeedItem
            }
            "read_container" => Self::MetadataReadContainer,
            "read_account" => Self::MetadataReadDatabaseAccount,
            "query_plan" => Self::MetadataQueryPlan,
            "read_partition_key_ranges" => Self::MetadataPartitionKeyRanges,
            _ => return None,
        })
    }
}
