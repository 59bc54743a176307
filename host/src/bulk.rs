//! Bulks: many operations on items of any partition keys, each for itself.

use std::fmt;

use serde::Serialize;

use crate::error::Error;
use crate::key::PartitionKey;
use crate::patch::Patch;
use crate::response::Response;
use crate::types::{
    BatchAction, BatchPatch, BatchReplace, BatchResult, BulkOperation, OperationFailure, Outcome,
    Precondition,
};

/// Any number of operations on items of any partition key values, each for itself, for
/// [`Container::execute_bulk`](crate::Container::execute_bulk): to load, change, delete or read thousands of items in few
/// requests. There is no order among them, and what happens to one says nothing about the others; for all or nothing use a
/// [`Batch`](crate::Batch).
///
/// A value that cannot be written as JSON is reported by the call that uses the bulk.
///
/// ```no_run
/// # use cosmosdb_driver_host::{Bulk, Error, Patch, blocking::Container};
/// # use serde::Serialize;
/// # #[derive(Serialize)] struct Order { id: String, tenant: String }
/// # fn example(container: &Container, orders: &[Order], etag: &str) -> Result<(), Error> {
/// let mut bulk = Bulk::new();
/// for order in orders {
///     bulk.upsert(&order.tenant, order);
/// }
/// let done = container.execute_bulk(bulk)?;
/// for (order, result) in orders.iter().zip(&done.results) {
///     match result.failure() {
///         None => println!("{} is there: {} RU", order.id, result.request_charge),
///         Some(failure) if failure.may_be_applied() => println!("{}: read it: {failure}", order.id),
///         Some(failure) => println!("{} is not there: {failure}", order.id),
///     }
/// }
///
/// let mut bulk = Bulk::new();
/// bulk.delete("contoso", "cart").if_match(etag);
/// bulk.patch("fabrikam", "stock", Patch::new().set("/open", &true));
/// let done = container.execute_bulk(bulk)?;
/// assert!(done.failures().next().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Bulk {
    operations: Vec<BulkOperation>,
    max_concurrency: Option<u32>,
    invalid: Option<Error>,
}

impl Bulk {
    /// An empty one. Without operations it succeeds.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations it holds.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether it holds no operation.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// How many requests may be under way at one time, 1 to 256. Default: 32.
    pub fn max_concurrency(&mut self, requests: u32) -> &mut Self {
        self.max_concurrency = Some(requests);
        self
    }

    /// Creates an item. Fails with a conflict if its id is taken.
    pub fn create<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<PartitionKey>,
        item: &T,
    ) -> &mut Self {
        self.with_item(key, BatchAction::Create, item)
    }

    /// Creates an item, or replaces the one of the same id.
    pub fn upsert<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<PartitionKey>,
        item: &T,
    ) -> &mut Self {
        self.with_item(key, BatchAction::Upsert, item)
    }

    /// Replaces an item, whole. Fails if there is none.
    pub fn replace<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<PartitionKey>,
        id: impl Into<String>,
        item: &T,
    ) -> &mut Self {
        let id = id.into();
        let action = |body| BatchAction::Replace(BatchReplace { id, body });
        self.with_item(key, action, item)
    }

    /// Reads an item; it is in the result's body.
    pub fn read(&mut self, key: impl Into<PartitionKey>, id: impl Into<String>) -> &mut Self {
        self.with(key, BatchAction::Read(id.into()))
    }

    /// Deletes an item. Fails if there is none.
    pub fn delete(&mut self, key: impl Into<PartitionKey>, id: impl Into<String>) -> &mut Self {
        self.with(key, BatchAction::Delete(id.into()))
    }

    /// Changes parts of an item.
    pub fn patch(
        &mut self,
        key: impl Into<PartitionKey>,
        id: impl Into<String>,
        patch: Patch,
    ) -> &mut Self {
        match patch.into_wit() {
            Ok((operations, condition)) => {
                let id = id.into();
                let patch = BatchPatch {
                    id,
                    operations,
                    condition,
                };
                self.with(key, BatchAction::Patch(patch))
            }
            Err(error) => self.refuse(error),
        }
    }

    /// Any operation of the contract, for item bodies that are bytes already.
    pub fn operation(&mut self, operation: BulkOperation) -> &mut Self {
        self.operations.push(operation);
        self
    }

    /// The operation added last is done only if its item still has this etag; otherwise it fails.
    pub fn if_match(&mut self, etag: impl Into<String>) -> &mut Self {
        self.only(Precondition::IfMatch(etag.into()))
    }

    /// The operation added last is done only if its item has another etag. For reads: the result of an unchanged item is
    /// 304 without a body, which is no failure.
    pub fn if_none_match(&mut self, etag: impl Into<String>) -> &mut Self {
        self.only(Precondition::IfNoneMatch(etag.into()))
    }

    pub(crate) fn into_wit(self) -> Result<(Vec<BulkOperation>, Option<u32>), Error> {
        match self.invalid {
            Some(error) => Err(error),
            None => Ok((self.operations, self.max_concurrency)),
        }
    }

    fn only(&mut self, precondition: Precondition) -> &mut Self {
        match self.operations.last_mut() {
            Some(last) => last.precondition = Some(precondition),
            None => {
                return self.refuse(Error::invalid_argument(
                    "a condition belongs to the operation before it: add the operation first",
                ));
            }
        }
        self
    }

    fn with(&mut self, key: impl Into<PartitionKey>, action: BatchAction) -> &mut Self {
        self.operation(BulkOperation {
            key: key.into().into_wit(),
            action,
            precondition: None,
        })
    }

    fn with_item<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<PartitionKey>,
        action: impl FnOnce(Vec<u8>) -> BatchAction,
        item: &T,
    ) -> &mut Self {
        match serde_json::to_vec(item) {
            Ok(body) => self.with(key, action(body)),
            Err(error) => self.refuse(Error::unwritable(
                "an item of the bulk cannot be written as JSON",
            )(error)),
        }
    }

    /// The first reason counts.
    fn refuse(&mut self, error: Error) -> &mut Self {
        self.invalid.get_or_insert(error);
        self
    }
}

impl Response {
    /// Of a bulk: the operations that failed, with their places in the bulk.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &OperationFailure)> {
        let indexed = self.results.iter().enumerate();
        indexed.filter_map(|(index, result)| Some((index, result.failure()?)))
    }
}

impl BatchResult {
    /// Why the operation failed; none if it succeeded, as all operations of a batch do.
    pub fn failure(&self) -> Option<&OperationFailure> {
        self.failure.as_ref()
    }
}

impl OperationFailure {
    /// Whether the operation may have been carried out in spite of the failure: read before writing again.
    pub fn may_be_applied(&self) -> bool {
        self.outcome == Outcome::Unknown
    }
}

impl fmt::Display for OperationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_in_order_with_their_keys_and_conditions() {
        let mut bulk = Bulk::new();
        bulk.max_concurrency(4)
            .create("a", &json!({ "id": "1" }))
            .read(("b", 2), "2")
            .if_none_match("\"a\"");
        bulk.replace("c", "3", &json!({ "id": "3" }))
            .if_match("\"c\"");
        assert_eq!((bulk.len(), bulk.is_empty()), (3, false));
        let (operations, max_concurrency) = bulk.into_wit().unwrap();
        assert_eq!(max_concurrency, Some(4));
        let [create, read, replace] = operations.as_slice() else {
            panic!("{operations:?}");
        };
        assert!(matches!(&create.action, BatchAction::Create(body) if body == br#"{"id":"1"}"#));
        assert!(create.precondition.is_none());
        assert_eq!(read.key, PartitionKey::from(("b", 2)).into_wit());
        assert!(
            matches!(&read.precondition, Some(Precondition::IfNoneMatch(etag)) if etag == "\"a\"")
        );
        assert!(matches!(&replace.action, BatchAction::Replace(new) if new.id == "3"));
        assert!(
            matches!(&replace.precondition, Some(Precondition::IfMatch(etag)) if etag == "\"c\"")
        );
    }

    #[test]
    fn what_cannot_be_sent_is_reported_by_the_call() {
        let bad = HashMap::from([([1], 1)]);
        let mut cases = [
            (Bulk::new(), "an item of the bulk"),
            (Bulk::new(), "the value of a patch"),
            (Bulk::new(), "a condition belongs"),
        ];
        cases[0].0.upsert("a", &bad).if_match("\"a\"");
        cases[1].0.patch("a", "1", Patch::new().set("/a", &bad));
        cases[2].0.if_match("\"a\"").read("a", "1");
        for (bulk, expected) in cases {
            let error = bulk.into_wit().unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert!(!error.may_be_applied());
        }
    }
}
