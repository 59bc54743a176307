//! What the driver knows of a container, and what it checks with it.

use super::error::{Error, Result};
use super::request::Request;
use crate::wire::container::{ContainerDocument, PartitionKeyDefinition};
use crate::wire::epk::{self, Epk, KeyHash};
use crate::wire::epk_range::EpkRange;
use crate::wire::headers::name;
use crate::wire::key::{self, KeyComponent};
use crate::wire::patch::touches;
use crate::wire::query_plan::KeyShape;

/// The key of items without one, where that is a value of its own.
const NO_VALUE: &str = "[]";

/// A container's identity and partition key definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Its resource id, sent along so that the service notices a container created anew.
    pub rid: String,
    /// How it forms its keys.
    pub definition: PartitionKeyDefinition,
}

impl From<ContainerDocument> for Container {
    fn from(document: ContainerDocument) -> Self {
        Self {
            rid: document.rid,
            definition: document.partition_key,
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
            self.check(&scope.key, &scope.patched)?;
            if self.has_no_value(&scope.key) {
                request.set_header(name::PARTITION_KEY, NO_VALUE);
            }
        }
        request.set_header(name::INTENDED_CONTAINER_RID, self.rid.as_str());
        Ok(())
    }

    /// A key as the header would have it, for an operation that touches these paths.
    ///
    /// # Errors
    /// As [`bind`](Self::bind), and keys that cannot be sent.
    pub fn key_text(&self, key: &[KeyComponent], patched: &[String]) -> Result<String> {
        self.check(key, patched)?;
        if self.has_no_value(key) {
            return Ok(NO_VALUE.to_owned());
        }
        Ok(key::header_value(key)?)
    }

    /// Whether keys mean the same as in another container.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.definition == other.definition
    }

    /// Where an item's key lies in the container's hash space; none if the key cannot be hashed.
    pub fn point(&self, key: &[KeyComponent]) -> Option<Epk> {
        epk::effective_partition_key(key, self.definition.hash).ok()
    }

    /// Where all items lie whose keys begin like this; none if it is no beginning but a whole key, or cannot be hashed.
    pub fn prefix(&self, key: &[KeyComponent]) -> Option<EpkRange> {
        if self.definition.hash != KeyHash::Multi || key.len() >= self.definition.paths.len() {
            return None;
        }
        let (min, max) = epk::prefix_range(key).ok()?;
        Some(EpkRange { min, max })
    }

    /// The part of the hash space that a key stands for: a point, or more if it is the beginning of a hierarchical key.
    ///
    /// # Errors
    /// `invalid-argument`: a wrong number of components, a number that no key can hold.
    pub fn range_of(&self, key: &[KeyComponent]) -> Result<EpkRange> {
        if let Some(range) = self.prefix(key) {
            return Ok(range);
        }
        self.check_length(key)?;
        let min = epk::effective_partition_key(key, self.definition.hash)?;
        Ok(EpkRange {
            max: min.successor(0),
            min,
        })
    }

    /// How it forms its keys.
    pub fn key_shape(&self) -> KeyShape {
        KeyShape {
            hash: self.definition.hash,
            paths: self.definition.paths.len(),
        }
    }

    #[inline(always)] // every operation comes this way
    fn check_length(&self, key: &[KeyComponent]) -> Result<()> {
        if key.len() == self.definition.paths.len().max(1) {
            return Ok(());
        }
        Err(self.wrong_length(key.len()))
    }

    /// Spec data-plane §1.2: containers created without a partition key take an empty one for "no value".
    #[inline(always)] // every operation comes this way
    fn has_no_value(&self, key: &[KeyComponent]) -> bool {
        key.iter().all(|part| *part == KeyComponent::Undefined)
            && (self.definition.paths.is_empty() || self.definition.system_key)
    }

    #[inline(always)] // every operation comes this way
    fn check(&self, key: &[KeyComponent], patched: &[String]) -> Result<()> {
        self.check_length(key)?;
        if patched.is_empty() {
            return Ok(());
        }
        self.check_patch(patched)
    }

    #[cold]
    fn wrong_length(&self, given: usize) -> Box<Error> {
        Error::invalid(format!(
            "the partition key has {given} component(s), this container's has {} ({}): give one for each path, undefined \
             where the item has no such property",
            self.definition.paths.len().max(1),
            self.definition.paths.join(", ")
        ))
    }

    fn check_patch(&self, patched: &[String]) -> Result<()> {
        let belongs_to_key = |path: &&String| {
            self.definition
                .paths
                .iter()
                .any(|key_path| touches(path, key_path))
        };
        match patched.iter().find(belongs_to_key) {
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
        let mut migrated = container(&["/_partitionKey"]);
        migrated.definition.system_key = true;
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
