//! What became of a run.

use std::time::Duration;

use cosmosdb_driver_host::{Meter, Spent};
use wasmtime::Trap;

use crate::limits::OutOfMemory;

/// How a run ended, and what it used. What it used is told of runs of every kind.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What it used.
    pub usage: Usage,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The plugin's answer.
    Done(String),
    /// The plugin's error, in its own words. What the host's policy refused is an error that the plugin sees: it ends
    /// here, if the plugin says so, and is counted in [`Usage::refused`] in any case.
    Failed(String),
    /// The host ended it at one of its limits.
    Refused {
        /// Which one.
        by: Limit,
    },
    /// It did something that WebAssembly forbids, or gave up.
    Trapped {
        /// What it was.
        reason: String,
    },
}

/// A limit that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::fuel`](crate::Limits::fuel).
    Fuel,
    /// [`Limits::time`](crate::Limits::time).
    Time,
    /// [`Limits::memory`](crate::Limits::memory).
    Memory,
    /// [`Limits::handles`](crate::Limits::handles).
    Handles,
    /// [`Limits::answer`](crate::Limits::answer).
    Answer,
    /// [`Budget::requests`](cosmosdb_driver_host::Budget::requests).
    Requests,
    /// [`Budget::sent_bytes`](cosmosdb_driver_host::Budget::sent_bytes).
    SentBytes,
    /// [`Budget::received_bytes`](cosmosdb_driver_host::Budget::received_bytes).
    ReceivedBytes,
}

/// What a run used.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Instructions, in wasmtime's fuel.
    pub fuel: u64,
    /// Bytes of linear memories and tables.
    pub memory: usize,
    /// From its beginning to its end.
    pub time: Duration,
    /// Requests that left.
    pub requests: u64,
    /// Bytes of their bodies.
    pub sent_bytes: u64,
    /// Bytes of the answers' bodies.
    pub received_bytes: u64,
    /// Requests that the policy did not let out.
    pub refused: u64,
    /// The first of them. The plugin wrote them.
    pub refused_requests: Vec<String>,
}

impl Usage {
    pub(crate) fn network(meter: &Meter) -> Self {
        Self {
            requests: meter.requests(),
            sent_bytes: meter.sent_bytes(),
            received_bytes: meter.received_bytes(),
            refused: meter.refused(),
            refused_requests: meter.refused_requests(),
            ..Self::default()
        }
    }
}

impl From<Spent> for Limit {
    fn from(spent: Spent) -> Self {
        match spent {
            Spent::SentBytes => Self::SentBytes,
            Spent::ReceivedBytes => Self::ReceivedBytes,
            _ => Self::Requests,
        }
    }
}

impl Outcome {
    /// Of what the plugin returned.
    pub(crate) fn returned(answer: Result<String, String>, longest: usize) -> Self {
        match answer {
            Ok(text) | Err(text) if text.len() > longest => Self::Refused { by: Limit::Answer },
            Ok(text) => Self::Done(text),
            Err(text) => Self::Failed(text),
        }
    }

    /// Of what stopped it.
    pub(crate) fn stopped(error: &wasmtime::Error) -> Self {
        let reason = error.root_cause().to_string();
        let limit = if error.downcast_ref::<OutOfMemory>().is_some() {
            Some(Limit::Memory)
        } else if error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel) {
            Some(Limit::Fuel)
        } else if reason.contains("handle limit exceeded") {
            // Wasmtime has no type for it.
            Some(Limit::Handles)
        } else {
            None
        };
        limit.map_or(Self::Trapped { reason }, |by| Self::Refused { by })
    }
}
