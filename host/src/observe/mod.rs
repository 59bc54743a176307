//! What a program may learn of each operation, in the terms of OpenTelemetry's conventions for databases.

mod subject;
#[cfg(feature = "tracing")]
mod tracing;
mod watch;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

pub(crate) use self::subject::Subject;
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
pub(crate) use self::watch::{Watch, Watcher};
use crate::page;
use crate::types::Diagnostics;

/// Hears of every operation of a client, and of every page of a feed: for traces, metrics and logs. Set in
/// [`Options::observer`](crate::Options::observer); without one nothing is measured.
///
/// Called on the caller's own thread or task, so it must not block. No record holds a partition key, an item, its id, a
/// query's text or its parameters.
///
/// ```
/// use std::any::Any;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use cosmosdb_driver_host::{Observer, OperationRecord};
///
/// /// The request units of all operations, in thousandths.
/// #[derive(Debug, Default)]
/// struct Bill(AtomicU64);
///
/// impl Observer for Bill {
///     fn ended(&self, record: &OperationRecord<'_>, _kept: Option<Box<dyn Any + Send>>) {
///         let thousandths = (record.request_charge * 1000.0) as u64;
///         self.0.fetch_add(thousandths, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: fmt::Debug + Send + Sync {
    /// An operation begins. What is returned, a span perhaps, is kept until it has ended. Default: nothing.
    fn began(&self, operation: &OperationInfo<'_>) -> Option<Box<dyn Any + Send>> {
        let _ = operation;
        None
    }

    /// An operation has ended, or its call was dropped. Gets back what [`began`](Self::began) returned. Not called for the
    /// end of a feed, which is no page and costs no request: what was kept for it is dropped.
    fn ended(&self, record: &OperationRecord<'_>, kept: Option<Box<dyn Any + Send>>);
}

/// What is known of an operation when it begins.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OperationInfo<'a> {
    /// `db.operation.name`: `read_item`, `query_items`, …, as the conventions list them.
    pub name: &'a str,
    /// `db.namespace`: the id of the database.
    pub database: Option<&'a str>,
    /// `db.collection.name`: the id of the container.
    pub container: Option<&'a str>,
    /// `db.operation.batch.size`: operations of a batch or a bulk, if there are several.
    pub batch_size: Option<usize>,
    /// `server.address`: the host of the account's endpoint.
    pub server_address: &'a str,
    /// `server.port`, if it is not 443.
    pub server_port: Option<u16>,
    /// `azure.client.id`: names the client within this process, `cosmosdb-client-1`.
    pub client_id: &'a str,
}

/// What became of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OperationRecord<'a> {
    /// What it was.
    pub operation: OperationInfo<'a>,
    /// `db.client.operation.duration`: from the call to its end, waiting for a place included.
    pub duration: Duration,
    /// `db.response.status_code`: of the service's last answer, if one arrived.
    pub status: Option<u16>,
    /// `azure.cosmosdb.response.sub_status_code`, if the service gave one other than 0.
    pub sub_status: Option<u32>,
    /// `azure.cosmosdb.operation.request_charge`: the sum over all requests, in request units. 0 if none was charged.
    pub request_charge: f64,
    /// `error.type`, if it failed: the status, or without one what kind of failure it was: `timeout`, `transport`,
    /// `throttled`, `closed`, `instance_ended`, `overloaded`, …; `cancelled` if the call was dropped.
    pub error_type: Option<Cow<'a, str>>,
    /// Every request, with region, status, charge and time. None if the operation never reached the driver.
    pub diagnostics: Option<&'a Diagnostics>,
    page: Unprinted<'a>,
}

/// The body of a page: only to count its rows.
#[derive(Clone, Copy)]
struct Unprinted<'a>(Option<&'a [u8]>);

impl OperationRecord<'_> {
    /// `db.response.returned_rows`: of a page. Counted when it is asked for, in one pass over the page.
    pub fn returned_rows(&self) -> Option<usize> {
        page::count_rows(self.page.0?)
    }

    /// `azure.cosmosdb.operation.contacted_regions`: each once, in the order in which they were contacted, in the driver's
    /// form (`westus2`). Empty if the driver does not know the account's topology.
    pub fn contacted_regions(&self) -> Vec<&str> {
        let mut regions = Vec::new();
        let attempts = self.diagnostics.map_or(&[][..], |known| &known.attempts);
        for region in attempts
            .iter()
            .filter_map(|attempt| attempt.region.as_deref())
        {
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        regions
    }
}

impl fmt::Debug for Unprinted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
