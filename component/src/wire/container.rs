//! A container's definition, as far as the driver needs it (spec data-plane §1.1).

use super::epk::KeyHash;
use super::json::{self, Json};

/// What the driver uses of a container document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerDocument {
    /// The container's resource id: it changes when the container is created anew under the same name.
    pub rid: String,
    /// Its partition key definition.
    pub partition_key: PartitionKeyDefinition,
}

/// How a container forms its partition keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionKeyDefinition {
    /// Paths into the item: `/tenantId`, `/a/b`; one, or up to three for a hierarchical key.
    pub paths: Vec<String>,
    /// Whether the key is a system key of a container that was created without one.
    pub system_key: bool,
    /// How keys are hashed. A definition without a version is version 1.
    pub hash: KeyHash,
}

/// Reads a container document; none if the body is no such JSON.
pub fn parse(body: &[u8]) -> Option<ContainerDocument> {
    let (mut rid, mut partition_key) = (None, PartitionKeyDefinition::default());
    let read = json::members(body, &mut |name, value| match name {
        "_rid" => rid = json::text(value),
        "partitionKey" => partition_key = definition(value).unwrap_or_default(),
        _ => {}
    });
    read?;
    Some(ContainerDocument {
        rid: rid?,
        partition_key,
    })
}

fn definition(json: Json<'_>) -> Option<PartitionKeyDefinition> {
    let mut definition = PartitionKeyDefinition::default();
    let (mut multi, mut version) = (false, 1);
    json::members(json.get().as_bytes(), &mut |name, value| match name {
        "paths" => {
            let paths = json::elements(value).unwrap_or_default();
            definition.paths = paths.into_iter().filter_map(json::text).collect();
        }
        "kind" => multi = json::text(value).is_some_and(|kind| kind == "MultiHash"),
        "version" => version = value.get().parse().unwrap_or(1),
        "systemKey" | "isSystemKey" => definition.system_key = json::is_true(value),
        _ => {}
    })?;
    definition.hash = match (multi, version) {
        (true, _) => KeyHash::Multi,
        (false, 2) => KeyHash::V2,
        (false, _) => KeyHash::V1,
    };
    Some(definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_simple_hierarchical_and_legacy_keys() {
        let simple = parse(
            br#"{"id":"c","_rid":"AbCdEfGhIjk=","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}"#,
        )
        .unwrap();
        assert_eq!(simple.rid, "AbCdEfGhIjk=");
        assert_eq!(simple.partition_key.paths, ["/pk"]);

        let deep = parse(
            br#"{"_rid":"r","partitionKey":{"paths":["/a","/b"],"kind":"MultiHash","version":2}}"#,
        )
        .unwrap();
        assert_eq!(deep.partition_key.paths.len(), 2);

        let legacy =
            parse(br#"{"_rid":"r","partitionKey":{"paths":["/_partitionKey"],"systemKey":true}}"#)
                .unwrap();
        assert!(legacy.partition_key.system_key);
        assert_eq!(
            parse(br#"{"_rid":"r"}"#).unwrap().partition_key.paths.len(),
            0
        );
    }

    #[test]
    fn a_body_without_a_rid_is_no_container() {
        for body in [&b"{}"[..], b"", b"nonsense", br#"{"_rid":4}"#] {
            assert_eq!(parse(body), None);
        }
    }
}
