//! What is read a page at a time.

use super::request::{container, key};
use crate::core::Result;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query::{Query, Target};
use crate::wasi::bindings::types as wit;
use crate::wire::epk_range::EpkRange;
use crate::wire::feed_range;
use crate::wire::query_body::Parameter;

/// Errors: a feed range that is none.
pub(in crate::wasi) fn feed_operation(operation: wit::FeedOperation) -> Result<FeedOperation> {
    let wit::FeedOperation::QueryItems(query) = operation;
    let parameters = query.parameters.into_iter().map(|own| Parameter {
        name: own.name,
        value: own.value,
    });
    Ok(FeedOperation::QueryItems(Query {
        container: container(query.container),
        target: target(query.scope)?,
        text: query.text,
        parameters: parameters.collect(),
        query_metrics: query.query_metrics,
        index_metrics: query.index_metrics,
    }))
}

fn target(scope: wit::FeedScope) -> Result<Target> {
    Ok(match scope {
        wit::FeedScope::Container => Target::Container,
        wit::FeedScope::Key(own) => Target::Key(key(own)),
        wit::FeedScope::Range(text) => {
            let (min, max) = feed_range::parse(&text)?;
            Target::Range(EpkRange { min, max })
        }
    })
}

pub(in crate::wasi) fn feed_options(options: wit::FeedOptions) -> FeedOptions {
    FeedOptions {
        max_item_count: options.max_item_count,
        max_concurrency: options.max_concurrency,
        continuation: options.continuation,
        session_token: options.session_token,
        resumable: options.resumable,
        ..FeedOptions::default()
    }
}
