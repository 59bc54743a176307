//! What the driver knows of a container, and what it checks with it.

use super::error::{Error, Result};
use super::request::{Request, Scope};
use crate::wire::container::ContainerDocument;
use crate::wire::epk::{self, Epk, KeyHash};
use crate::wire::epk_range::EpkRange;
use crate::wire::headers::name;
use crate::wire::key::KeyComponent;
use crate::wire::patch::touches;
use crate::wire::query_plan::KeyShape;

/// A container's identity and partition key definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its resource id, sent along so that the service notices a container created anew.
    pub rid: String,
    paths: Vec<String>,
    system_key: bool,
    hash: KeyHash,
}

impl From<ContainerDocument> for Container {
    fn from(document: ContainerDocument) -> Self {
        Self {
            rid: document.rid,
            paths: document.partition_key.paths,
            system_key: document.partition_key.system_key,
            hash: document.partition_key.hash,
        }
    }
}

impl Container {
    /// Fits an item request to this container: checks what needs the definition, and adds what depends on it.
    ///
    /// # Errors
    /// `invalid-argument`: a wrong number of key components, a patch that touches the key.
    pub fn bind(&self, request: &mut Request) -> Result<()> {
        let Some(scope) = &request.scope else {
            return Ok(());
        };
        // What goes to a partition by its id has no key.
        if !scope.key.is_empty() || !request.is_to_range() {
            self.check(scope)?;
            // Spec data-plane §1.2: containers created without a partition key take an empty one for "no value".
            let without_value = scope
                .key
                .iter()
                .all(|part| *part == KeyComponent::Undefined);
            if without_value && (self.paths.is_empty() || self.system_key) {
                request.set_header(name::PARTITION_KEY, "[]");
            }
        }
        request.set_header(name::INTENDED_CONTAINER_RID, self.rid.as_str());
        Ok(())
    }

    /// Where an item's key lies in the container's hash space; none if the key cannot be hashed.
    pub fn point(&self, key: &[KeyComponent]) -> Option<Epk> {
        epk::effective_partition_key(key, self.hash).ok()
    }

    /// Where all items lie whose keys begin like this; none if it is no beginning but a whole key, or cannot be hashed.
    pub fn prefix(&self, key: &[KeyComponent]) -> Option<EpkRange> {
        if self.hash != KeyHash::Multi || key.len() >= self.paths.len() {
            return None;
        }
        let (min, max) = epk::prefix_range(key).ok()?;
        Some(EpkRange { min, max })
    }

    /// How it forms its keys.
    pub fn key_shape(&self) -> KeyShape {
        KeyShape {
            hash: self.hash,
            paths: self.paths.len(),
        }
    }

    fn check(&self, scope: &Scope) -> Result<()> {
        let (given, expected) = (scope.key.len(), self.paths.len().max(1));
        if given != expected {
            return Err(Error::invalid(format!(
                "the partition key has {given} component(s), this container's has {expected} ({}): give one for each path, \
                 undefined where the item has no such property",
                self.paths.join(", ")
            )));
        }
        let belongs_to_key =
            |path: &&String| self.paths.iter().any(|key_path| touches(path, key_path));
        match scope.patched.iter().find(belongs_to_key) {
            None => Ok(()),
            Some(path) => Err(Error::invalid(format!(
                "the patch touches {path}, which belongs to the partition key: a key is fixed; delete the item and create \
                 it with the other key"
            ))),
        }
    }
}

/// Whether an answer means that the definition in the cache may be outdated (spec driver-core §12.6).
pub fn is_stale(status: u16, sub_status: Option<u32>) -> bool {
    matches!(
        (status, sub_status),
        (400, Some(1024)) | (404, Some(1003)) | (410, Some(1000))
    )
}

#[cfg(test)]
mod tests {
    use super::super::operation::{Conditions, ContainerRef, ItemRef, Operation};
    use super::*;
    use crate::wire::container::PartitionKeyDefinition;
    use crate::wire::patch::PatchOperation;

    fn container(paths: &[&str]) -> Container {
        Container::from(ContainerDocument {
            rid: "rid".to_owned(),
            partition_key: PartitionKeyDefinition {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
                ..PartitionKeyDefinition::default()
            },
        })
    }

    fn patch(key: Vec<KeyComponent>, path: &str) -> Request {
        let container = ContainerRef {
            database: "d".to_owned(),
            container: "c".to_owned(),
        };
        let operation = Operation::PatchItem {
            item: ItemRef {
                container,
                id: "1".to_owned(),
                key,
            },
            operations: vec![PatchOperation::Remove(path.to_owned())],
            condition: None,
            conditions: Conditions::default(),
            read_modify_write: false,
        };
        Request::new(operation, false).unwrap()
    }

    fn nulls(components: usize) -> Vec<KeyComponent> {
        vec![KeyComponent::Null; components]
    }

    #[test]
    fn a_key_has_one_component_for_each_path() {
        let error = container(&["/a", "/b"])
            .bind(&mut patch(nulls(1), "/x"))
            .unwrap_err();
        assert!(error.message.contains("1 component(s)") && error.message.contains("/a, /b"));
        assert!(
            container(&["/a", "/b"])
                .bind(&mut patch(nulls(2), "/x"))
                .is_ok()
        );
        assert!(container(&[]).bind(&mut patch(nulls(1), "/x")).is_ok());
    }

    #[test]
    fn a_patch_leaves_the_key_alone() {
        for path in ["/a/b", "/a", "/a/b/c"] {
            assert!(
                container(&["/a/b"])
                    .bind(&mut patch(nulls(1), path))
                    .is_err(),
                "{path}"
            );
        }
        assert!(
            container(&["/a/b"])
                .bind(&mut patch(nulls(1), "/a/c"))
                .is_ok()
        );
    }

    #[test]
    fn the_key_of_an_item_without_one_depends_on_the_container() {
        let header = |container: &Container, part: KeyComponent| {
            let mut request = patch(vec![part], "/x");
            container.bind(&mut request).unwrap();
            assert_eq!(
                request.header(name::INTENDED_CONTAINER_RID),
                Some(&b"rid"[..])
            );
            String::from_utf8(request.header(name::PARTITION_KEY).unwrap().to_vec()).unwrap()
        };
        let migrated = Container {
            system_key: true,
            ..container(&["/_partitionKey"])
        };
        assert_eq!(header(&container(&["/a"]), KeyComponent::Undefined), "[{}]");
        assert_eq!(header(&migrated, KeyComponent::Undefined), "[]");
        assert_eq!(header(&container(&[]), KeyComponent::Undefined), "[]");
        assert_eq!(header(&migrated, KeyComponent::Null), "[null]");
    }

    #[test]
    fn signs_of_a_container_created_anew() {
        assert!(
            is_stale(400, Some(1024)) && is_stale(410, Some(1000)) && is_stale(404, Some(1003))
        );
        assert!(!is_stale(404, Some(1002)) && !is_stale(404, None) && !is_stale(410, Some(1002)));
    }
}
