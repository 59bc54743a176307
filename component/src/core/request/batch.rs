//! The requests of a transactional batch and of a bulk (spec data-plane §6.1).

use super::{Conditions, Request, Scope};
use crate::core::batch;
use crate::core::bulk::Batch;
use crate::core::error::{Error, ErrorKind, Result};
use crate::core::operation::{ContainerRef, PartitionKey};
use crate::wire::batch::{self as body, BatchOperation, MAX_BODY_BYTES, header};
use crate::wire::headers::name;
use crate::wire::link;

impl Request {
    /// A transactional batch: all operations on items of one complete partition key, or none of them. `content_response`
    /// makes writes return the item. Operations have their own etag conditions.
    ///
    /// # Errors
    /// `invalid-argument`: names, a key or a token that cannot be sent; no operation or more than 100; an operation that
    /// cannot be sent, by its index. `payload-too-large`: more than 2 MiB in all.
    pub fn batch(
        at: ContainerRef,
        key: PartitionKey,
        operations: &[BatchOperation],
        session_token: Option<String>,
        content_response: bool,
    ) -> Result<Self> {
        let body = body::body(operations, !content_response)?;
        if body.len() > MAX_BODY_BYTES {
            return Err(Error::new(
                ErrorKind::PayloadTooLarge,
                format!(
                    "the batch has {} bytes, the service takes at most {MAX_BODY_BYTES} in one: split it, or use bulk where \
                     the operations need not succeed together",
                    body.len()
                ),
            ));
        }
        let conditions = Conditions {
            precondition: None,
            session_token,
        };
        let request = Self::on_items(at, key, conditions)?.batching(true);
        // The flags in the body say the same; the service's own clients use one or the other.
        let mut request = if content_response {
            request
        } else {
            request.with(name::PREFER, "return=minimal")
        };
        if let Some(scope) = &mut request.scope {
            scope.patched = batch::patched_paths(operations);
        }
        Ok(Self {
            name: batch::NAME,
            class: batch::class_of(operations),
            operations: operations.len(),
            ..request.with_body(body)
        })
    }

    /// One request of a bulk: operations on items of one physical partition, each for itself. The scope has no key: the
    /// request goes where the range says.
    ///
    /// # Errors
    /// `invalid-argument`: names that cannot be sent.
    pub fn bulk(at: ContainerRef, batch: Batch) -> Result<Self> {
        let link = link::items(&at.database, &at.container)?;
        let request = Self::bare(http::Method::POST, link)
            .with(header::PARTITION_KEY_RANGE_ID, &*batch.range)
            .batching(false);
        Ok(Self {
            name: batch::BULK_NAME,
            class: batch.class,
            scope: Some(Scope {
                container: at,
                key: Vec::new(),
                patched: Vec::new(),
            }),
            operations: batch.operations,
            ..request.with_body(batch.body)
        })
    }

    fn batching(self, atomic: bool) -> Self {
        let text = |yes| if yes { "True" } else { "False" };
        let request = self
            .with(name::CONTENT_TYPE, "application/json")
            .with(header::IS_BATCH, "True")
            .with(header::ATOMIC, text(atomic))
            .with(header::CONTINUE_ON_ERROR, text(!atomic));
        if atomic {
            request.with(header::ORDERED, "True")
        } else {
            request
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::core::bulk::BatchId;
    use crate::core::retry::Class;
    use crate::wire::batch::Action;
    use crate::wire::key::KeyComponent;
    use crate::wire::patch::PatchOperation;

    fn at() -> ContainerRef {
        ContainerRef {
            database: "d".to_owned(),
            container: "c".to_owned(),
        }
    }

    fn operation(action: Action) -> BatchOperation {
        BatchOperation {
            action,
            if_match: None,
            if_none_match: None,
        }
    }

    fn batch(operations: &[BatchOperation], content: bool) -> Result<Request> {
        let key = vec![KeyComponent::Text("k".to_owned())];
        Request::batch(at(), key, operations, Some("0:1#2".to_owned()), content)
    }

    fn headers(request: &Request) -> Vec<String> {
        let line = |(name, value): &(String, Vec<u8>)| {
            format!("{name}: {}", String::from_utf8_lossy(value))
        };
        request.headers.iter().map(line).collect()
    }

    #[test]
    fn a_transactional_batch_goes_to_its_key() {
        let paths = ["/a", "/b"].map(|path| PatchOperation::Remove(path.to_owned()));
        let patch = Action::Patch("2".to_owned(), paths.to_vec(), None);
        let operations = [operation(Action::Read("1".to_owned())), operation(patch)];
        let request = batch(&operations, false).unwrap();
        assert_eq!(request.name, "execute_batch");
        assert_eq!(request.method, http::Method::POST);
        assert_eq!(request.link.path(), "/dbs/d/colls/c/docs");
        assert_eq!(
            headers(&request),
            [
                "x-ms-documentdb-partitionkey: [\"k\"]",
                "x-ms-session-token: 0:1#2",
                "content-type: application/json",
                "x-ms-cosmos-is-batch-request: True",
                "x-ms-cosmos-batch-atomic: True",
                "x-ms-cosmos-batch-continue-on-error: False",
                "x-ms-cosmos-batch-ordered: True",
                "prefer: return=minimal",
            ]
        );
        assert!(request.body.unwrap().starts_with(b"[{\"operationType\""));
        assert_eq!(request.class, Class::Write);
        assert_eq!(request.operations, 2);
        assert_eq!(request.scope.unwrap().patched, ["/a", "/b"]);
        let with_content = batch(&operations, true).unwrap();
        assert!(with_content.header(name::PREFER).is_none());
    }

    #[test]
    fn a_bulk_request_goes_to_its_range() {
        let body = b"[]".to_vec();
        let batch = Batch {
            id: BatchId(0),
            range: Rc::from("7"),
            class: Class::UnsafeWrite,
            operations: 2,
            body,
        };
        let request = Request::bulk(at(), batch).unwrap();
        assert_eq!(request.name, "execute_bulk");
        assert_eq!(
            headers(&request),
            [
                "x-ms-documentdb-partitionkeyrangeid: 7",
                "content-type: application/json",
                "x-ms-cosmos-is-batch-request: True",
                "x-ms-cosmos-batch-atomic: False",
                "x-ms-cosmos-batch-continue-on-error: True",
            ]
        );
        assert_eq!(request.class, Class::UnsafeWrite);
        assert!(request.is_data_plane());
    }

    #[test]
    fn limits_are_named() {
        let kind_of = |result: Result<Request>| result.unwrap_err().kind;
        let of_size = |size: usize| {
            let around = "[{\"operationType\":\"Create\",\"resourceBody\":}]".len();
            let item = format!("\"{}\"", "x".repeat(size - around - 2));
            batch(&[operation(Action::Create(item.into_bytes()))], true)
        };
        assert!(of_size(MAX_BODY_BYTES).is_ok());
        let error = of_size(MAX_BODY_BYTES + 1).unwrap_err();
        assert_eq!(error.kind, ErrorKind::PayloadTooLarge);
        assert!(error.message.contains("2097153") && error.message.contains("2097152"));
        let read = operation(Action::Read("1".to_owned()));
        assert!(batch(&vec![read.clone(); 100], true).is_ok());
        let many = vec![read.clone(); 101];
        assert_eq!(kind_of(batch(&many, true)), ErrorKind::InvalidArgument);
        assert_eq!(kind_of(batch(&[], true)), ErrorKind::InvalidArgument);
        let keyless = Request::batch(at(), Vec::new(), &[read], None, true);
        assert_eq!(kind_of(keyless), ErrorKind::InvalidArgument);
    }
}
