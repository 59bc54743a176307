//! What the answer to a batch means (spec data-plane §6.2), and what a batch may be repeated for.

use super::error::{Error, ErrorKind, Outcome, Result};
use super::explain;
use super::retry::Class;
use crate::wire::batch::{self, Action, BatchOperation, Named, OperationResult};
use crate::wire::headers::ResponseHeaders;
use crate::wire::patch;

/// The name of a transactional batch in diagnostics.
pub const NAME: &str = "execute_batch";

/// The name of one request of a bulk in diagnostics.
pub const BULK_NAME: &str = "execute_bulk";

/// The status of an operation that was not carried out because another one failed.
const FAILED_DEPENDENCY: u16 = 424;

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// How many operations.
    pub operations: usize,
    /// What they may be repeated for.
    pub class: Class,
    /// The request's body.
    pub body: &'a [u8],
}

/// What an operation may be repeated for.
pub fn class_of_operation(operation: &BatchOperation) -> Class {
    match &operation.action {
        Action::Read(_) => Class::Read,
        Action::Patch(_, steps, condition)
            if !patch::is_repeatable(steps, condition.is_some(), operation.if_match.is_some()) =>
        {
            Class::UnsafeWrite
        }
        _ => Class::Write,
    }
}

/// What a batch may be repeated for: what all of its operations may. One that only reads is a read.
pub fn class_of(operations: &[BatchOperation]) -> Class {
    let classes = operations.iter().map(class_of_operation);
    classes.fold(Class::Read, stricter)
}

/// The class of two operations together.
pub fn stricter(one: Class, other: Class) -> Class {
    match (one, other) {
        (Class::UnsafeWrite, _) | (_, Class::UnsafeWrite) => Class::UnsafeWrite,
        (Class::Write, _) | (_, Class::Write) => Class::Write,
        (Class::Read, Class::Read) => Class::Read,
    }
}

/// The paths that the patches among the operations touch.
pub fn patched_paths(operations: &[BatchOperation]) -> Vec<String> {
    let mut paths = Vec::new();
    for operation in operations {
        if let Action::Patch(_, steps, _) = &operation.action {
            for step in steps {
                paths.extend(step.paths().map(str::to_owned));
            }
        }
    }
    paths
}

/// The results of a transactional batch, in the order of its operations, from an answer with a status of 200 to 299.
///
/// A read whose item is unchanged (304) is no failure. `hide` takes secrets out of the service's words.
///
/// # Errors
/// An operation failed, so that none was carried out (207): one error that names it, with its status, sub-status and
/// retry-after. Or the answer makes no sense; then the outcome of a batch that writes is unknown.
pub fn conclude(
    sent: &Sent<'_>,
    headers: &ResponseHeaders,
    body: &[u8],
    hide: &dyn Fn(&mut String),
) -> Result<Vec<OperationResult>> {
    let results = batch::results(body).filter(|results| results.len() == sent.operations);
    let Some(results) = results else {
        return Err(nonsense(NAME, sent.operations, sent.class == Class::Read));
    };
    let Some((index, culprit)) = culprit(&results) else {
        return Ok(results);
    };
    let named = batch::named(sent.body, index);
    let name = format!(
        "{NAME}: operation {index} of {} ({})",
        sent.operations,
        label(&named)
    );
    // Like a read it has changed nothing, whatever the status.
    let mut error = refusal(&name, true, culprit, headers.clone(), hide);
    error.failed_operation = u32::try_from(index).ok();
    error
        .message
        .push_str(" None of the batch was carried out.");
    Err(error)
}

/// The error for an answer to a batch that is no list of its results.
pub fn nonsense(name: &str, operations: usize, read: bool) -> Box<Error> {
    let what = format!("list of {operations} results, one for each operation");
    let mut error = explain::nonsense(name, &what);
    if !read {
        error.outcome = Outcome::Unknown;
    }
    error
}

/// The error for one operation. `name` says which; `headers` are those of the whole answer.
pub fn refusal(
    name: &str,
    read: bool,
    result: &OperationResult,
    headers: ResponseHeaders,
    hide: &dyn Fn(&mut String),
) -> Box<Error> {
    let headers = ResponseHeaders {
        sub_status: result.sub_status,
        ..headers
    };
    let body = result.body.as_deref().unwrap_or_default();
    let mut error = explain::answer((name, read), result.status, headers, body, hide);
    error.retry_after_ms = result.retry_after_ms.or(error.retry_after_ms);
    if result.status == 304 {
        error.kind = ErrorKind::PreconditionFailed;
        error.message = format!(
            "{name}: 304. The item is unchanged, and the service takes that for a failure."
        );
    }
    error
}

/// An operation as messages call it: `Replace of "x"`.
pub fn label(named: &Named) -> String {
    match &named.id {
        Some(id) => format!("{} of \"{id}\"", named.kind),
        None => named.kind.clone(),
    }
}

/// The operation for whose sake the others were not carried out.
fn culprit(results: &[OperationResult]) -> Option<(usize, &OperationResult)> {
    let mut indexed = results.iter().enumerate();
    let refused = |status: u16| status >= 400 && status != FAILED_DEPENDENCY;
    if let Some(found) = indexed.find(|(_, result)| refused(result.status)) {
        return Some(found);
    }
    // Reads of unchanged items are there in batches that were carried out, too.
    results
        .iter()
        .find(|result| result.status == FAILED_DEPENDENCY)?;
    let odd = |status: u16| !(200..=299).contains(&status) && status != FAILED_DEPENDENCY;
    let mut indexed = results.iter().enumerate();
    let found = indexed.find(|(_, result)| odd(result.status));
    found.or_else(|| results.iter().enumerate().next())
}

#[cfg(test)]
mod tests;
