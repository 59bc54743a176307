//! Patches: changes to parts of an item.

use serde::Serialize;

use crate::error::Error;
use crate::types::{PatchMove, PatchOperation, PatchValue};

/// One to ten changes to an item, applied by the service in order and as one unit; or up to a hundred with
/// [`read_modify_write`](Self::read_modify_write).
///
/// Paths are JSON pointers: `/address/city`, `/tags/0`, `/tags/-` for the end of an array. A value that cannot be
/// written as JSON is reported by the call that uses the patch.
///
/// ```
/// use cosmosdb_driver_host::Patch;
///
/// let patch = Patch::new()
///     .set("/address/city", "Zürich")
///     .increment("/stock", -1)
///     .remove("/draft")
///     .only_if("from c where c.stock > 0");
/// # drop(patch);
/// ```
#[derive(Debug, Default)]
pub struct Patch {
    operations: Vec<PatchOperation>,
    condition: Option<String>,
    read_modify_write: bool,
    invalid: Option<serde_json::Error>,
}

impl Patch {
    /// An empty one: add at least one change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a property, or inserts into an array at an index.
    #[must_use]
    pub fn add<T: Serialize + ?Sized>(self, path: impl Into<String>, value: &T) -> Self {
        self.with(PatchOperation::Add, path.into(), value)
    }

    /// Sets a property or array element, whether it exists or not.
    #[must_use]
    pub fn set<T: Serialize + ?Sized>(self, path: impl Into<String>, value: &T) -> Self {
        self.with(PatchOperation::Set, path.into(), value)
    }

    /// Replaces what exists; the service refuses the patch if it does not.
    #[must_use]
    pub fn replace<T: Serialize + ?Sized>(self, path: impl Into<String>, value: &T) -> Self {
        self.with(PatchOperation::Replace, path.into(), value)
    }

    /// Adds a number to a number, or creates it. Not idempotent.
    #[must_use]
    pub fn increment<T: Serialize>(self, path: impl Into<String>, by: T) -> Self {
        self.with(PatchOperation::Increment, path.into(), &by)
    }

    /// Removes what exists; the service refuses the patch if it does not.
    #[must_use]
    pub fn remove(mut self, path: impl Into<String>) -> Self {
        self.operations.push(PatchOperation::Remove(path.into()));
        self
    }

    /// Moves a value from one path to another. Not idempotent.
    #[must_use]
    pub fn move_value(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.operations.push(PatchOperation::Move(PatchMove {
            from: from.into(),
            path: to.into(),
        }));
        self
    }

    /// A condition in the query language that the item must fulfil; otherwise nothing changes and the call fails
    /// as [`is_precondition_failed`](Error::is_precondition_failed).
    #[must_use]
    pub fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// Reads the item, changes it in the driver and replaces it if it is still the same: for more than ten changes, or for
    /// those that are not idempotent and must survive a lost answer. Two requests, and two more for each time that another
    /// writer was faster, up to five times; then the call fails as
    /// [`is_precondition_failed`](Error::is_precondition_failed). Takes no condition, and is not for batches.
    #[must_use]
    pub fn read_modify_write(mut self) -> Self {
        self.read_modify_write = true;
        self
    }

    /// Whether the driver applies it, and not the service.
    pub(crate) fn is_read_modify_write(&self) -> bool {
        self.read_modify_write
    }

    pub(crate) fn into_wit(self) -> Result<(Vec<PatchOperation>, Option<String>), Error> {
        match self.invalid {
            Some(error) => Err(Error::unwritable(
                "the value of a patch cannot be written as JSON",
            )(error)),
            None => Ok((self.operations, self.condition)),
        }
    }

    fn with<T: Serialize + ?Sized>(
        mut self,
        operation: fn(PatchValue) -> PatchOperation,
        path: String,
        value: &T,
    ) -> Self {
        match serde_json::to_vec(value) {
            Ok(value) => self.operations.push(operation(PatchValue { path, value })),
            Err(error) => self.invalid = self.invalid.or(Some(error)),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn values_are_written_as_json() {
        let patch = Patch::new()
            .set("/a", "x")
            .increment("/n", 2)
            .move_value("/a", "/b");
        let (operations, condition) = patch.into_wit().unwrap();
        assert_eq!(condition, None);
        let [
            PatchOperation::Set(set),
            PatchOperation::Increment(by),
            PatchOperation::Move(_),
        ] = operations.as_slice()
        else {
            panic!("{operations:?}");
        };
        assert_eq!(
            (set.path.as_str(), set.value.as_slice()),
            ("/a", &b"\"x\""[..])
        );
        assert_eq!(by.value, b"2");
    }

    #[test]
    fn a_value_that_is_no_json_is_reported() {
        let patch = Patch::new()
            .set("/a", &HashMap::from([([1], 1)]))
            .set("/b", "x");
        let error = patch.into_wit().unwrap_err();
        assert!(
            error.to_string().starts_with("the value of a patch"),
            "{error}"
        );
        assert!(!error.may_be_applied());
    }
}
