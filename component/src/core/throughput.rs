//! Throughput control (spec driver-core §11.1).

use super::error::{Error, Result};

/// Which requests the service serves first when it has to throttle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriorityLevel {
    /// First.
    High,
    /// After the others.
    Low,
}

/// A group of operations that share a throughput.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupConfig {
    /// Its name.
    pub name: String,
    /// Request units per second for all of the group.
    pub target_ru_per_second: Option<f64>,
    /// The priority of its requests.
    pub priority: Option<PriorityLevel>,
    /// The bucket of its requests.
    pub bucket: Option<u32>,
    /// Whether it takes the operations that name no group.
    pub is_default: bool,
}

/// The groups of a runtime.
#[derive(Debug, Default)]
pub struct Groups(Vec<GroupConfig>);

impl Groups {
    /// Adds a group.
    ///
    /// # Errors
    /// `invalid-argument`: there is one of this name.
    pub fn register(&mut self, config: GroupConfig) -> Result<()> {
        if self.get(&config.name).is_some() {
            return Err(Error::invalid(format!(
                "there are two throughput control groups {}: give each its own name",
                config.name
            )));
        }
        self.0.push(config);
        Ok(())
    }

    /// The group of this name.
    pub fn get(&self, name: &str) -> Option<&GroupConfig> {
        self.0.iter().find(|group| group.name == name)
    }
}
