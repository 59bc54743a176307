//! What one run may use.

use std::fmt;
use std::time::Duration;

use cosmosdb_driver_host::Budget;
use wasmtime::ResourceLimiter;

/// The limits of one run of a plugin, its driver included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Instructions, in wasmtime's fuel. Default: 500 million. A read of an item takes the driver about 75 thousand.
    pub fuel: u64,
    /// Time, waiting for the account included. Default: 10 seconds.
    pub time: Duration,
    /// Bytes of all linear memories and tables together. Default: 32 MiB.
    pub memory: usize,
    /// Requests and bytes of bodies. Default: 100 requests, 4 MiB each way.
    pub network: Budget,
    /// Handles of drivers, feeds, requests and the like that exist at one time. Default: 1000.
    pub handles: usize,
    /// Bytes of the plugin's answer. Default: 1 MiB.
    pub answer: usize,
    /// Bytes of a plugin's file. Default: 4 MiB.
    pub file: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 500_000_000,
            time: Duration::from_secs(10),
            memory: 32 << 20,
            network: Budget {
                requests: 100,
                sent_bytes: 4 << 20,
                received_bytes: 4 << 20,
            },
            handles: 1000,
            answer: 1 << 20,
            file: 4 << 20,
        }
    }
}

/// The bytes of a table's element on the host.
const ELEMENT: usize = 16;

/// Keeps one store within its memory, whatever it is spread over.
#[derive(Debug)]
pub(crate) struct Memory {
    used: usize,
    limit: usize,
}

/// The guest wanted more.
#[derive(Debug)]
pub(crate) struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the plugin and its driver are out of memory")
    }
}

impl std::error::Error for OutOfMemory {}

impl Memory {
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: 0, limit }
    }

    /// Memories and tables never shrink.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// An error, not a refusal, so that the run ends here and for this reason.
    fn grow(&mut self, current: usize, desired: usize) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.limit {
            return Err(wasmtime::Error::new(OutOfMemory));
        }
        self.used = used;
        Ok(true)
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(current, desired)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(
            current.saturating_mul(ELEMENT),
            desired.saturating_mul(ELEMENT),
        )
    }

    // Core modules: the driver, the plugin and what links them take about twenty.
    fn instances(&self) -> usize {
        100
    }

    fn tables(&self) -> usize {
        100
    }

    fn memories(&self) -> usize {
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_count_together() {
        let mut memory = Memory::new(1000);
        assert!(memory.memory_growing(0, 400, None).unwrap());
        assert!(memory.memory_growing(0, 300, None).unwrap());
        assert!(memory.table_growing(0, 10, None).unwrap());
        assert_eq!(memory.used(), 860);
        assert!(memory.table_growing(10, 19, None).is_err());
        assert!(memory.memory_growing(400, 541, None).is_err());
        assert!(memory.memory_growing(400, 540, None).unwrap());
        assert!(memory.memory_growing(0, usize::MAX, None).is_err());
    }
}
