//! What comes in.

mod control;

use crate::core::config::{PartitionFailoverConfig, TopologyCache};
use crate::core::consistency::ReadConsistency;
use crate::core::credential::CredentialConfig;
use crate::core::diagnostics::Verbosity;
use crate::core::identity::Identity;
use crate::core::operation::{
    BulkOperations, Conditions, ContainerRef, ItemRef, Operation, PartitionKey, Precondition,
    Throughput,
};
use crate::core::options::AvailabilityStrategy;
use crate::core::runtime::{DiagnosticsConfig, RuntimeConfig, TimeoutsConfig};
use crate::core::throughput::{GroupConfig, PriorityLevel};
use crate::core::{Config, MetadataMode, OperationOptions};
use crate::wasi::bindings::types as wit;
use crate::wire::batch::{Action, BatchOperation};
use crate::wire::key::KeyComponent;
use crate::wire::patch::{PatchOperation, PatchValue};
use crate::wire::secret::Secret;

/// A secret text, wiped when it goes.
pub(in crate::wasi) fn secret(text: String) -> Secret {
    Secret::new(text)
}

pub(in crate::wasi) fn config(config: wit::Config) -> Config {
    Config {
        endpoint: config.endpoint,
        credential: match config.credential {
            wit::Credential::AccountKey(key) => CredentialConfig::AccountKey(secret(key)),
            wit::Credential::ConnectionString(text) => {
                CredentialConfig::ConnectionString(secret(text))
            }
            wit::Credential::ResourceToken(token) => CredentialConfig::ResourceToken(secret(token)),
            wit::Credential::BearerToken(token) => CredentialConfig::BearerToken(secret(token)),
            wit::Credential::Host => CredentialConfig::Host,
        },
        metadata: match config.metadata {
            wit::MetadataMode::Eager => MetadataMode::Eager,
            wit::MetadataMode::Lean => MetadataMode::Lean,
        },
        defaults: options(config.defaults),
        preferred_regions: config.preferred_regions,
        application_region: config.application_region,
        backup_endpoints: config.backup_endpoints,
        user_agent_suffix: config.user_agent_suffix,
        max_concurrent_metadata_hedges: config.max_concurrent_metadata_hedges,
        partition_failover: partition_failover(config.partition_failover),
    }
}

fn partition_failover(options: wit::PartitionFailover) -> PartitionFailoverConfig {
    PartitionFailoverConfig {
        circuit_breaker_enabled: options.circuit_breaker_enabled,
        read_failure_threshold: options.read_failure_threshold,
        write_failure_threshold: options.write_failure_threshold,
        counter_reset_window_ms: options.counter_reset_window_ms,
        partition_unavailability_ms: options.partition_unavailability_ms,
        failback_sweep_interval_ms: options.failback_sweep_interval_ms,
        consecutive_hedge_wins: options.consecutive_hedge_wins,
        topology_cache: options.topology_cache.map(|cache| match cache {
            wit::TopologyCache::Eager => TopologyCache::Eager,
            wit::TopologyCache::Lazy => TopologyCache::Lazy,
        }),
    }
}

pub(in crate::wasi) fn runtime(config: wit::RuntimeConfig) -> RuntimeConfig {
    let groups = config.throughput_control_groups.into_iter();
    RuntimeConfig {
        environment: config.environment,
        defaults: options(config.defaults),
        identity: Identity {
            suffix: config.user_agent_suffix,
            workload_id: config.workload_id,
            correlation_id: config.correlation_id,
            wrapping_sdk_identifier: config.wrapping_sdk_identifier,
            properties: config.user_agent_properties,
        },
        diagnostics: DiagnosticsConfig {
            max_request_diagnostics: config.diagnostics.max_request_diagnostics,
            max_summary_size_bytes: config.diagnostics.max_summary_size_bytes,
            default_verbosity: config.diagnostics.default_verbosity.map(verbosity),
        },
        throughput_control_groups: groups.map(group).collect(),
        timeouts: TimeoutsConfig {
            connect_ms: config.timeouts.connect_ms,
            data_plane_request_ms: config.timeouts.data_plane_request_ms,
            metadata_request_ms: config.timeouts.metadata_request_ms,
        },
        account_refresh_interval_ms: config.account_refresh_interval_ms,
    }
}

fn verbosity(verbosity: wit::Verbosity) -> Verbosity {
    match verbosity {
        wit::Verbosity::Summary => Verbosity::Summary,
        wit::Verbosity::Detailed => Verbosity::Detailed,
    }
}

fn group(group: wit::ThroughputControlGroup) -> GroupConfig {
    GroupConfig {
        name: group.name,
        target_ru_per_second: group.target_ru_per_second,
        priority: group.priority_level.map(priority),
        bucket: group.throughput_bucket,
        is_default: group.is_default,
    }
}

pub(in crate::wasi) fn options(options: wit::OperationOptions) -> OperationOptions {
    OperationOptions {
        content_response_on_write: options.content_response_on_write,
        custom_headers: options.custom_headers,
        activity_id: options.activity_id,
        read_consistency: options.read_consistency.map(read_consistency),
        excluded_regions: options.excluded_regions,
        priority_level: options.priority_level.map(priority),
        throughput_bucket: options.throughput_bucket,
        throughput_control_group: options.throughput_control_group,
        end_to_end_timeout_ms: options.end_to_end_timeout_ms,
        max_failover_retries: options.max_failover_retries,
        max_session_retries: options.max_session_retries,
        max_throttle_retries: options.max_throttle_retries,
        max_throttle_wait_ms: options.max_throttle_wait_ms,
        endpoint_unavailability_ttl_ms: options.endpoint_unavailability_ttl_ms,
        session_capturing_disabled: options.session_capturing_disabled,
        hedging_enabled: options.hedging_enabled,
        availability_strategy: options
            .availability_strategy
            .map(|strategy| match strategy {
                wit::AvailabilityStrategy::Disabled => AvailabilityStrategy::Disabled,
                wit::AvailabilityStrategy::Hedging(threshold) => {
                    AvailabilityStrategy::Hedging(threshold)
                }
            }),
        retry_ambiguous_writes: options.retry_ambiguous_writes,
        ru_budget: options.ru_budget,
        diagnostics_report: options.diagnostics_report,
    }
}

fn read_consistency(consistency: wit::ReadConsistency) -> ReadConsistency {
    match consistency {
        wit::ReadConsistency::Default => ReadConsistency::Default,
        wit::ReadConsistency::Eventual => ReadConsistency::Eventual,
        wit::ReadConsistency::Session => ReadConsistency::Session,
        wit::ReadConsistency::LatestCommitted => ReadConsistency::LatestCommitted,
        wit::ReadConsistency::GlobalStrong => ReadConsistency::GlobalStrong,
    }
}

fn priority(level: wit::PriorityLevel) -> PriorityLevel {
    match level {
        wit::PriorityLevel::High => PriorityLevel::High,
        wit::PriorityLevel::Low => PriorityLevel::Low,
    }
}

pub(in crate::wasi) fn operation(operation: wit::Operation) -> Operation {
    match operation {
        wit::Operation::CreateItem(write) => {
            let (container, key, body, conditions) = write_item(write);
            Operation::CreateItem {
                container,
                key,
                body,
                conditions,
            }
        }
        wit::Operation::UpsertItem(write) => {
            let (container, key, body, conditions) = write_item(write);
            Operation::UpsertItem {
                container,
                key,
                body,
                conditions,
            }
        }
        wit::Operation::ReadItem(read) => Operation::ReadItem {
            item: item(read.item),
            conditions: conditions(read.precondition, read.session_token),
        },
        wit::Operation::ReplaceItem(replace) => Operation::ReplaceItem {
            item: item(replace.item),
            body: replace.body,
            conditions: conditions(replace.precondition, replace.session_token),
        },
        wit::Operation::DeleteItem(delete) => Operation::DeleteItem {
            item: item(delete.item),
            conditions: conditions(delete.precondition, delete.session_token),
        },
        wit::Operation::PatchItem(patch) => Operation::PatchItem {
            item: item(patch.item),
            operations: patch.operations.into_iter().map(step).collect(),
            condition: patch.condition,
            conditions: conditions(patch.precondition, patch.session_token),
            read_modify_write: patch.read_modify_write,
        },
        wit::Operation::CreateDatabase(create) => Operation::CreateDatabase {
            id: create.id,
            throughput: create.throughput.map(throughput),
        },
        wit::Operation::ReadDatabase(id) => Operation::ReadDatabase { id },
        wit::Operation::DeleteDatabase(id) => Operation::DeleteDatabase { id },
        wit::Operation::CreateContainer(create) => Operation::CreateContainer {
            database: create.database,
            definition: create.definition,
            throughput: create.throughput.map(throughput),
        },
        wit::Operation::ReadContainer(at) => Operation::ReadContainer(container(at)),
        wit::Operation::DeleteContainer(at) => Operation::DeleteContainer(container(at)),
        wit::Operation::ExecuteBatch(batch) => Operation::ExecuteBatch {
            container: container(batch.container),
            key: key(batch.key),
            operations: batch.operations.into_iter().map(batch_operation).collect(),
            session_token: batch.session_token,
        },
        wit::Operation::ExecuteBulk(bulk) => Operation::ExecuteBulk(BulkOperations {
            container: container(bulk.container),
            operations: bulk.operations.into_iter().map(bulk_operation).collect(),
            max_concurrency: bulk.max_concurrency,
        }),
        wit::Operation::ReplaceContainer(replace) => Operation::ReplaceContainer {
            container: container(replace.container),
            definition: replace.definition,
            if_match: replace.if_match,
            merge: replace.merge,
        },
        wit::Operation::ManageResource(manage) => control::manage(manage),
        wit::Operation::ManageThroughput(manage) => Operation::ManageThroughput {
            database: manage.database,
            container: manage.container,
            throughput: manage.throughput.map(throughput),
        },
        wit::Operation::ReadFeedRanges(scope) => Operation::ReadFeedRanges {
            container: container(scope.container),
            key: key(scope.key),
        },
        wit::Operation::SendRaw(request) => Operation::SendRaw(control::raw(request)),
    }
}

fn bulk_operation(operation: wit::BulkOperation) -> (PartitionKey, BatchOperation) {
    let own = wit::BatchOperation {
        action: operation.action,
        precondition: operation.precondition,
    };
    (key(operation.key), batch_operation(own))
}

fn batch_operation(operation: wit::BatchOperation) -> BatchOperation {
    let (if_match, if_none_match) = match operation.precondition {
        None => (None, None),
        Some(wit::Precondition::IfMatch(etag)) => (Some(etag), None),
        Some(wit::Precondition::IfNoneMatch(etag)) => (None, Some(etag)),
    };
    BatchOperation {
        action: match operation.action {
            wit::BatchAction::Create(item) => Action::Create(item),
            wit::BatchAction::Upsert(item) => Action::Upsert(item),
            wit::BatchAction::Replace(replace) => Action::Replace(replace.id, replace.body),
            wit::BatchAction::Read(id) => Action::Read(id),
            wit::BatchAction::Delete(id) => Action::Delete(id),
            wit::BatchAction::Patch(patch) => {
                let steps = patch.operations.into_iter().map(step).collect();
                Action::Patch(patch.id, steps, patch.condition)
            }
        },
        if_match,
        if_none_match,
    }
}

fn write_item(write: wit::WriteItem) -> (ContainerRef, PartitionKey, Vec<u8>, Conditions) {
    let conditions = conditions(write.precondition, write.session_token);
    (
        container(write.container),
        key(write.key),
        write.body,
        conditions,
    )
}

pub(super) fn container(at: wit::ContainerRef) -> ContainerRef {
    ContainerRef {
        database: at.database,
        container: at.container,
    }
}

fn item(item: wit::ItemRef) -> ItemRef {
    ItemRef {
        container: container(item.container),
        id: item.id,
        key: key(item.key),
    }
}

pub(super) fn key(key: wit::PartitionKey) -> PartitionKey {
    let component = |part| match part {
        wit::KeyComponent::Undefined => KeyComponent::Undefined,
        wit::KeyComponent::Null => KeyComponent::Null,
        wit::KeyComponent::Boolean(value) => KeyComponent::Boolean(value),
        wit::KeyComponent::Number(value) => KeyComponent::Number(value),
        wit::KeyComponent::Text(value) => KeyComponent::Text(value),
    };
    key.into_iter().map(component).collect()
}

fn conditions(
    precondition: Option<wit::Precondition>,
    session_token: Option<String>,
) -> Conditions {
    Conditions {
        precondition: precondition.map(self::precondition),
        session_token,
    }
}

fn precondition(precondition: wit::Precondition) -> Precondition {
    match precondition {
        wit::Precondition::IfMatch(etag) => Precondition::IfMatch(etag),
        wit::Precondition::IfNoneMatch(etag) => Precondition::IfNoneMatch(etag),
    }
}

fn step(step: wit::PatchOperation) -> PatchOperation {
    let value = |value: wit::PatchValue| PatchValue {
        path: value.path,
        value: value.value,
    };
    match step {
        wit::PatchOperation::Add(step) => PatchOperation::Add(value(step)),
        wit::PatchOperation::Set(step) => PatchOperation::Set(value(step)),
        wit::PatchOperation::Replace(step) => PatchOperation::Replace(value(step)),
        wit::PatchOperation::Remove(path) => PatchOperation::Remove(path),
        wit::PatchOperation::Increment(step) => PatchOperation::Increment(value(step)),
        wit::PatchOperation::Move(step) => PatchOperation::Move {
            from: step.from,
            path: step.path,
        },
    }
}

fn throughput(throughput: wit::Throughput) -> Throughput {
    match throughput {
        wit::Throughput::Manual(rate) => Throughput::Manual(rate),
        wit::Throughput::Autoscale(rate) => Throughput::Autoscale(rate),
    }
}
