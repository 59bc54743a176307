//! Batches: several operations on items of one partition key, all or nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::patch::Patch;
use crate::types::{
    BatchAction, BatchOperation, BatchPatch, BatchReplace, BatchResult, Precondition,
};

/// One to a hundred operations on items of one partition key value, carried out in order and all or nothing, for
/// [`Container::execute_batch`](crate::Container::execute_batch). All together at most 2 MiB.
///
/// A value that cannot be written as JSON is reported by the call that uses the batch.
///
/// ```no_run
/// # use cosmosdb_driver_host::{Batch, Error, Patch, blocking::Container};
/// # use serde_json::{Value, json};
/// # fn example(shop: &Container, etag: &str) -> Result<(), Error> {
/// let batch = Batch::new()
///     .create(&json!({ "id": "order-7", "tenant": "contoso", "amount": 2 }))
///     .patch("stock", Patch::new().increment("/left", -2).only_if("from c where c.left >= 2"))
///     .delete("cart")
///     .if_match(etag)
///     .read("stock");
/// match shop.execute_batch("contoso", batch) {
///     Ok(done) => println!("{} left", done.results[3].json::<Value>()?["left"]),
///     Err(error) => println!("operation {:?} failed, none was carried out", error.failed_operation()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Batch {
    operations: Vec<BatchOperation>,
    invalid: Option<Error>,
}

impl Batch {
    /// An empty one: add at least one operation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an item. Errors of note: [`is_conflict`](Error::is_conflict) if its id is taken.
    #[must_use]
    pub fn create<T: Serialize + ?Sized>(self, item: &T) -> Self {
        self.with_item(BatchAction::Create, item)
    }

    /// Creates an item, or replaces the one of the same id.
    #[must_use]
    pub fn upsert<T: Serialize + ?Sized>(self, item: &T) -> Self {
        self.with_item(BatchAction::Upsert, item)
    }

    /// Replaces an item, whole. Errors of note: [`is_not_found`](Error::is_not_found).
    #[must_use]
    pub fn replace<T: Serialize + ?Sized>(self, id: impl Into<String>, item: &T) -> Self {
        let id = id.into();
        self.with_item(|body| BatchAction::Replace(BatchReplace { id, body }), item)
    }

    /// Reads an item; it is in the result's body.
    #[must_use]
    pub fn read(self, id: impl Into<String>) -> Self {
        self.with(BatchAction::Read(id.into()))
    }

    /// Deletes an item. Errors of note: [`is_not_found`](Error::is_not_found).
    #[must_use]
    pub fn delete(self, id: impl Into<String>) -> Self {
        self.with(BatchAction::Delete(id.into()))
    }

    /// Changes parts of an item. Errors of note: [`is_precondition_failed`](Error::is_precondition_failed) if the
    /// patch has a condition that does not hold.
    #[must_use]
    pub fn patch(mut self, id: impl Into<String>, patch: Patch) -> Self {
        let patch = if patch.is_read_modify_write() {
            Err(Error::invalid_argument(
                "a patch in a batch is applied by the service: leave out read_modify_write",
            ))
        } else {
            patch.into_wit()
        };
        match patch {
            Ok((operations, condition)) => self.with(BatchAction::Patch(BatchPatch {
                id: id.into(),
                operations,
                condition,
            })),
            Err(error) => {
                self.invalid = self.invalid.or(Some(error));
                self
            }
        }
    }

    /// Any operation of the contract, for item bodies that are bytes already.
    #[must_use]
    pub fn operation(mut self, operation: BatchOperation) -> Self {
        self.operations.push(operation);
        self
    }

    /// The operation added last is done only if its item still has this etag; otherwise the batch fails as
    /// [`is_precondition_failed`](Error::is_precondition_failed).
    #[must_use]
    pub fn if_match(self, etag: impl Into<String>) -> Self {
        self.only(Precondition::IfMatch(etag.into()))
    }

    /// The operation added last is done only if its item has another etag. For reads: the result of an unchanged item is
    /// 304 without a body, which is no failure.
    #[must_use]
    pub fn if_none_match(self, etag: impl Into<String>) -> Self {
        self.only(Precondition::IfNoneMatch(etag.into()))
    }

    pub(crate) fn into_wit(self) -> Result<Vec<BatchOperation>, Error> {
        match self.invalid {
            Some(error) => Err(error),
            None => Ok(self.operations),
        }
    }

    fn only(mut self, precondition: Precondition) -> Self {
        match self.operations.last_mut() {
            Some(last) => last.precondition = Some(precondition),
            None => {
                self.invalid = self.invalid.or_else(|| {
                    Some(Error::invalid_argument(
                        "a condition belongs to the operation before it: add the operation first",
                    ))
                });
            }
        }
        self
    }

    fn with(self, action: BatchAction) -> Self {
        self.operation(BatchOperation {
            action,
            precondition: None,
        })
    }

    fn with_item<T: Serialize + ?Sized>(
        mut self,
        action: impl FnOnce(Vec<u8>) -> BatchAction,
        item: &T,
    ) -> Self {
        match serde_json::to_vec(item) {
            Ok(body) => self.with(action(body)),
            Err(error) => {
                let what = "an item of the batch cannot be written as JSON";
                self.invalid = self
                    .invalid
                    .or_else(|| Some(Error::unwritable(what)(error)));
                self
            }
        }
    }
}

impl BatchResult {
    /// Decodes the item from JSON. Errors: [`Error::NoContent`] if there is none: deletes, 304, failures, and writes without
    /// [`content_response`](crate::ItemOptions::content_response); [`Error::Json`] if it does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.body.is_empty() {
            return Err(Error::NoContent {
                status: self.status,
            });
        }
        serde_json::from_slice(&self.body).map_err(Error::unreadable(
            "an item in the results does not fit the type",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_condition_belongs_to_the_operation_before_it() {
        let batch = Batch::new()
            .create(&json!({ "id": "1" }))
            .read("2")
            .if_none_match("\"a\"")
            .replace("3", &json!({ "id": "3" }))
            .if_none_match("\"b\"")
            .if_match("\"c\"");
        let operations = batch.into_wit().unwrap();
        let [create, read, replace] = operations.as_slice() else {
            panic!("{operations:?}");
        };
        assert!(create.precondition.is_none());
        assert!(matches!(&create.action, BatchAction::Create(body) if body == br#"{"id":"1"}"#));
        assert!(
            matches!(&read.precondition, Some(Precondition::IfNoneMatch(etag)) if etag == "\"a\"")
        );
        assert!(
            matches!(&replace.precondition, Some(Precondition::IfMatch(etag)) if etag == "\"c\"")
        );
        assert!(matches!(&replace.action, BatchAction::Replace(new) if new.id == "3"));
    }

    #[test]
    fn what_cannot_be_sent_is_reported_by_the_call() {
        let bad = HashMap::from([([1], 1)]);
        let cases = [
            (Batch::new().upsert(&bad).read("1"), "an item of the batch"),
            (
                Batch::new().patch("1", Patch::new().set("/a", &bad)),
                "the value of a patch",
            ),
            (
                Batch::new().if_match("\"a\"").read("1"),
                "a condition belongs",
            ),
        ];
        for (batch, expected) in cases {
            let error = batch.into_wit().unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(!error.may_be_applied());
        }
    }

    #[test]
    fn a_result_is_decoded_if_there_is_one() {
        let result = |body: &[u8]| BatchResult {
            status: 200,
            request_charge: 1.0,
            etag: None,
            body: body.to_vec(),
            failure: None,
        };
        let value: Value = result(br#"{"n":1}"#).json().unwrap();
        assert_eq!(value["n"], 1);
        let nothing = result(b"").json::<Value>().unwrap_err();
        assert!(matches!(nothing, Error::NoContent { status: 200 }));
        let other = result(br#"{"n":1}"#).json::<u32>().unwrap_err();
        assert!(matches!(other, Error::Json { applied: true, .. }));
    }
}
