//! The layouts against those that follow from the WIT.

use wit_parser::{Resolve, SizeAlign, Type};

use super::response::Rejection;
use crate::core::change_feed::{Changes, Mode, Start};
use crate::core::config::{PartitionFailoverConfig, TopologyCache};
use crate::core::consistency::ReadConsistency;
use crate::core::diagnostics::{
    Compaction, Event, EventKind, ExecutionContext, FaultEvaluation, Hedge, Pipeline, Verbosity,
};
use crate::core::error::Cause;
use crate::core::faults::{CustomResponse, FaultCondition, FaultError, FaultOperation, FaultRule};
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::operation::{
    BulkOperations, Conditions, ContainerRef, ItemRef, PartitionKey, Precondition, RawRequest,
    ResourceAction, ResourceKind, ResourceRef, Throughput,
};
use crate::core::options::AvailabilityStrategy;
use crate::core::query::{Query, Target};
use crate::core::read_many::{Input, ItemId, Items};
use crate::core::resources::{ResourceCollection, Resources};
use crate::core::runtime::{DiagnosticsConfig, RuntimeConfig, TimeoutsConfig};
use crate::core::snapshot::{Refused, Restored};
use crate::core::throughput::{GroupConfig, PriorityLevel};
use crate::core::{
    Attempt, Config, CredentialConfig, Diagnostics, Error, ErrorKind, MetadataMode, Operation,
    OperationOptions, Outcome, RequestSent, Response, Result,
};
use crate::wasi::abi::{Layout, Wire};
use crate::wire::batch::{Action, BatchOperation, OperationResult};
use crate::wire::headers::ResponseHeaders;
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};
use crate::wire::query_body::Parameter;

fn of<T: Wire>() -> Layout {
    T::LAYOUT
}

#[rustfmt::skip]
fn table() -> Vec<(&'static str, Layout)> {
    vec![
        ("attempt", of::<Attempt>()),
        ("attempt-event", of::<Event<'_>>()),
        ("attempt-event-kind", of::<EventKind>()),
        ("availability-strategy", of::<AvailabilityStrategy>()),
        ("batch-action", of::<Action>()),
        ("batch-operation", of::<BatchOperation>()),
        ("batch-result", of::<Result<OperationResult>>()),
        ("bulk", of::<BulkOperations>()),
        ("bulk-operation", of::<(PartitionKey, BatchOperation)>()),
        ("change-feed", of::<Result<Changes>>()),
        ("change-feed-mode", of::<Mode>()),
        ("change-feed-start", of::<Start>()),
        ("compaction", of::<Compaction>()),
        ("config", of::<Config>()),
        ("container-ref", of::<ContainerRef>()),
        ("credential", of::<CredentialConfig>()),
        ("delete-item", of::<(ItemRef, Conditions)>()),
        ("diagnostics", of::<Diagnostics>()),
        ("diagnostics-config", of::<DiagnosticsConfig>()),
        ("error", of::<Error>()),
        ("error-cause", of::<Cause>()),
        ("error-kind", of::<ErrorKind>()),
        ("execution-context", of::<ExecutionContext>()),
        ("fault-condition", of::<FaultCondition>()),
        ("fault-error", of::<FaultError>()),
        ("fault-evaluation", of::<FaultEvaluation>()),
        ("fault-operation", of::<FaultOperation>()),
        ("fault-response", of::<CustomResponse>()),
        ("fault-rule", of::<FaultRule>()),
        ("feed-operation", of::<Result<FeedOperation>>()),
        ("feed-options", of::<FeedOptions>()),
        ("feed-scope", of::<Result<Target>>()),
        ("hedge", of::<Hedge>()),
        ("http-method", of::<http::Method>()),
        ("item-id", of::<ItemId>()),
        ("item-ref", of::<ItemRef>()),
        ("key-component", of::<KeyComponent>()),
        ("metadata-mode", of::<MetadataMode>()),
        ("operation", of::<Operation>()),
        ("operation-options", of::<OperationOptions>()),
        ("outcome", of::<Outcome>()),
        ("partition-failover", of::<PartitionFailoverConfig>()),
        ("patch-item", of::<(ItemRef, Vec<PatchOperation>, bool, Option<String>, Conditions)>()),
        ("patch-operation", of::<PatchOperation>()),
        ("patch-value", of::<PatchValue>()),
        ("pipeline-kind", of::<Pipeline>()),
        ("precondition", of::<Precondition>()),
        ("priority-level", of::<PriorityLevel>()),
        ("query-items", of::<Result<Query>>()),
        ("query-parameter", of::<Parameter>()),
        ("raw-request", of::<RawRequest>()),
        ("read-consistency", of::<ReadConsistency>()),
        ("read-many", of::<Items>()),
        ("read-many-input", of::<Input>()),
        ("read-resources", of::<Resources>()),
        ("rejection", of::<Rejection>()),
        ("request-sent", of::<RequestSent>()),
        ("request-timeouts", of::<TimeoutsConfig>()),
        ("resource-action", of::<ResourceAction>()),
        ("resource-collection", of::<ResourceCollection>()),
        ("resource-kind", of::<ResourceKind>()),
        ("resource-ref", of::<ResourceRef>()),
        ("response", of::<Response>()),
        ("response-headers", of::<ResponseHeaders>()),
        ("restored", of::<Restored>()),
        ("runtime-config", of::<RuntimeConfig>()),
        ("snapshot-refusal", of::<Refused>()),
        ("throughput", of::<Throughput>()),
        ("throughput-control-group", of::<GroupConfig>()),
        ("topology-cache", of::<TopologyCache>()),
        ("verbosity", of::<Verbosity>()),
        ("write-item", of::<(ContainerRef, PartitionKey, Vec<u8>, Conditions)>()),
    ]
}

#[test]
fn layouts_are_those_of_the_wit() {
    let mut resolve = Resolve::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    resolve.push_dir(folder).unwrap();
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve).unwrap();
    for (name, layout) in table() {
        let is = |named: &Option<String>| named.as_deref() == Some(name);
        let types = resolve.types.iter().filter(|(_, named)| is(&named.name));
        // Interfaces that use a type have a name for it: all mean the same.
        let mut expected = types.map(|(id, _)| Layout {
            size: sizes.size(&Type::Id(id)).size_wasm32(),
            align: sizes.align(&Type::Id(id)).align_wasm32(),
        });
        assert_eq!(Some(layout), expected.next(), "{name}");
    }
}
