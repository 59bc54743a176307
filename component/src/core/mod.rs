//! Decides: operations, options, credentials, errors, diagnostics, routing and retry decisions.
//!
//! Time, randomness and responses come in as arguments; what to do next goes out. No clock, no I/O.

pub mod account;
pub mod allowance;
pub mod batch;
pub mod bulk;
pub mod candidates;
pub mod change_feed;
pub mod circuit_breaker;
pub mod clock;
pub mod config;
pub mod confirming;
pub mod consistency;
pub mod container;
pub mod control;
pub mod credential;
pub mod diagnostics;
pub mod error;
pub mod exchange;
pub mod explain;
pub mod faults;
pub mod feed;
pub mod feed_operation;
pub mod feed_token;
pub mod hedging;
pub mod hub_cache;
pub mod identity;
pub mod ids;
pub mod modify;
pub mod operation;
pub mod options;
pub mod partition;
pub mod partition_failover;
pub mod partition_map;
pub mod plan_cache;
pub mod query;
pub mod ranges;
pub mod read_many;
pub mod request;
pub mod resources;
pub mod response;
pub mod retry;
pub mod router;
pub mod routing;
pub mod runtime;
pub mod session;
pub mod throughput;
pub mod timeouts;

pub use config::{Config, MetadataMode};
pub use credential::CredentialConfig;
pub use diagnostics::{Attempt, Diagnostics, RequestSent};
pub use error::{Error, ErrorKind, Outcome, Result};
pub use operation::Operation;
pub use options::OperationOptions;
pub use response::Response;
pub use runtime::{Runtime, RuntimeConfig};
