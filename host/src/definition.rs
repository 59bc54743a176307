//! Definitions of containers.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a new container looks like: its id, its partition key, and whatever else the service's document knows.
///
/// ```
/// use cosmosdb_driver_host::ContainerDefinition;
///
/// let definition = ContainerDefinition::new("items", ["/tenantId"]).with("defaultTtl", 3600);
/// # drop(definition);
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct ContainerDefinition(Map<String, Value>);

impl ContainerDefinition {
    /// A container with this id, partitioned by these paths: one, or up to three for a hierarchical key. Hash
    /// version 2.
    pub fn new<P: Into<String>>(
        id: impl Into<String>,
        partition_key_paths: impl IntoIterator<Item = P>,
    ) -> Self {
        let paths: Vec<String> = partition_key_paths.into_iter().map(Into::into).collect();
        let kind = if paths.len() > 1 { "MultiHash" } else { "Hash" };
        let partition_key = json!({ "paths": paths, "kind": kind, "version": 2 });
        Self(Map::new())
            .with("id", id.into())
            .with("partitionKey", partition_key)
    }

    /// Sets another property of the service's document, for example `indexingPolicy`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_is_hashed_and_several_are_multi_hashed() {
        let one = serde_json::to_value(ContainerDefinition::new("c", ["/a"])).unwrap();
        let key = json!({ "paths": ["/a"], "kind": "Hash", "version": 2 });
        assert_eq!(one, json!({ "id": "c", "partitionKey": key }));

        let three = ContainerDefinition::new("c", ["/a", "/b", "/c"]).with("defaultTtl", 60);
        let three = serde_json::to_value(three).unwrap();
        assert_eq!(three["partitionKey"]["kind"], "MultiHash");
        assert_eq!(three["defaultTtl"], 60);
    }
}
