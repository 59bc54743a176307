//! Observation through the crate `tracing`.

use std::any::Any;

use tracing::field::Empty;
use tracing::{Level, Span, event, info_span};

use super::{Observer, OperationInfo, OperationRecord};

/// Makes a span of each operation, and an event with its metrics. With the feature `tracing`.
///
/// The span is named `cosmosdb`, is at level `INFO`, a child of the current one, and has the attributes of OpenTelemetry's
/// conventions for Cosmos DB. `contacted_regions` is one text with commas, for `tracing` has no lists. The event, of the
/// target `cosmosdb_driver::metrics`, has the three histograms under the names that `tracing-opentelemetry` makes metrics
/// of: `histogram.db.client.operation.duration` in seconds, `histogram.azure.cosmosdb.client.operation.request_charge`,
/// and `histogram.db.client.response.returned_rows`.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use cosmosdb_driver_host::{Host, Options, TracingObserver};
///
/// # fn main() -> Result<(), cosmosdb_driver_host::Error> {
/// let options = Options { observer: Some(Arc::new(TracingObserver)), ..Options::default() };
/// let host = Host::from_file("cosmosdb-driver-async.wasm", options)?;
/// # drop(host);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

/// `db.system.name`.
const SYSTEM: &str = "azure.cosmosdb";

impl Observer for TracingObserver {
    fn began(&self, operation: &OperationInfo<'_>) -> Option<Box<dyn Any + Send>> {
        let span = info_span!(
            target: "cosmosdb_driver",
            "cosmosdb",
            otel.name = span_name(operation),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = SYSTEM,
            db.operation.name = operation.name,
            db.namespace = operation.database,
            db.collection.name = operation.container,
            db.operation.batch.size = operation.batch_size,
            server.address = operation.server_address,
            server.port = operation.server_port,
            azure.client.id = operation.client_id,
            azure.resource_provider.namespace = "Microsoft.DocumentDB",
            azure.cosmosdb.connection.mode = "gateway",
            azure.cosmosdb.operation.contacted_regions = Empty,
            azure.cosmosdb.operation.request_charge = Empty,
            azure.cosmosdb.response.sub_status_code = Empty,
            db.response.status_code = Empty,
            db.response.returned_rows = Empty,
            "error.type" = Empty,
        );
        Some(Box::new(span))
    }

    fn ended(&self, record: &OperationRecord<'_>, kept: Option<Box<dyn Any + Send>>) {
        let span = kept.and_then(|kept| kept.downcast::<Span>().ok());
        let span = span.map_or_else(Span::none, |span| *span);
        let rows = record.returned_rows();
        complete(&span, record, rows);
        let operation = &record.operation;
        event!(
            target: "cosmosdb_driver::metrics",
            parent: &span,
            Level::INFO,
            histogram.db.client.operation.duration = record.duration.as_secs_f64(),
            histogram.azure.cosmosdb.client.operation.request_charge = record.request_charge,
            histogram.db.client.response.returned_rows = rows,
            db.system.name = SYSTEM,
            db.operation.name = operation.name,
            db.namespace = operation.database,
            db.collection.name = operation.container,
            server.address = operation.server_address,
            server.port = operation.server_port,
            db.response.status_code = record.status.map(|status| status.to_string()),
            azure.cosmosdb.response.sub_status_code = record.sub_status,
            "error.type" = record.error_type.as_deref(),
        );
    }
}

/// The operation and what it is about, as the conventions name spans.
fn span_name(operation: &OperationInfo<'_>) -> String {
    let about = operation.container.or(operation.database).unwrap_or(SYSTEM);
    [operation.name, " ", about].concat()
}

fn complete(span: &Span, record: &OperationRecord<'_>, rows: Option<usize>) {
    let regions = record.contacted_regions();
    if !regions.is_empty() {
        let regions = regions.join(",");
        span.record("azure.cosmosdb.operation.contacted_regions", regions);
    }
    if record.diagnostics.is_some() {
        span.record(
            "azure.cosmosdb.operation.request_charge",
            record.request_charge,
        );
    }
    if let Some(status) = record.status {
        span.record("db.response.status_code", status.to_string());
    }
    if let Some(sub_status) = record.sub_status {
        span.record("azure.cosmosdb.response.sub_status_code", sub_status);
    }
    if let Some(rows) = rows {
        span.record("db.response.returned_rows", rows);
    }
    if let Some(error_type) = record.error_type.as_deref() {
        span.record("error.type", error_type);
        span.record("otel.status_code", "ERROR");
    }
}
