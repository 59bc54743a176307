//! What is read a page at a time.

use super::request::{container, key};
use crate::core::Result;
use crate::core::change_feed::{Changes, Mode, Start};
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::query::{Query, Target};
use crate::core::read_many::{Input, ItemId, Items, Order};
use crate::core::resources::{ResourceCollection, Resources};
use crate::wasi::bindings::types as wit;
use crate::wire::epk_range::EpkRange;
use crate::wire::feed_range;
use crate::wire::query_body::Parameter;

/// Errors: a feed range that is none.
pub(in crate::wasi) fn feed_operation(operation: wit::FeedOperation) -> Result<FeedOperation> {
    Ok(match operation {
        wit::FeedOperation::QueryItems(query) => FeedOperation::QueryItems(Query {
            container: container(query.container),
            target: target(query.scope)?,
            text: query.text,
            parameters: parameters(query.parameters),
            query_metrics: query.query_metrics,
            index_metrics: query.index_metrics,
        }),
        wit::FeedOperation::ReadFeed(feed) => FeedOperation::ReadFeed {
            container: container(feed.container),
            target: target(feed.scope)?,
        },
        wit::FeedOperation::ChangeFeed(feed) => FeedOperation::ChangeFeed(Changes {
            container: container(feed.container),
            target: target(feed.scope)?,
            mode: match feed.mode {
                wit::ChangeFeedMode::LatestVersion => Mode::LatestVersion,
                wit::ChangeFeedMode::AllVersionsAndDeletes => Mode::AllVersionsAndDeletes,
            },
            start: match feed.start {
                wit::ChangeFeedStart::Beginning => Start::Beginning,
                wit::ChangeFeedStart::Now => Start::Now,
                wit::ChangeFeedStart::At(seconds) => Start::At(seconds),
            },
            enveloped: feed.with_metadata,
        }),
        wit::FeedOperation::ReadMany(many) => FeedOperation::ReadMany(Items {
            container: container(many.container),
            input: input(many.input),
            order: if many.in_order {
                Order::Input
            } else {
                Order::Any
            },
        }),
        wit::FeedOperation::ReadResources(own) => FeedOperation::Resources(Resources {
            collection: collection(own.collection),
            query: own.query.map(|text| (text, parameters(own.parameters))),
        }),
    })
}

fn parameters(parameters: Vec<wit::QueryParameter>) -> Vec<Parameter> {
    let parameter = |own: wit::QueryParameter| Parameter {
        name: own.name,
        value: own.value,
    };
    parameters.into_iter().map(parameter).collect()
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

fn input(input: wit::ReadManyInput) -> Input {
    let item = |item: wit::ItemId| ItemId {
        id: item.id,
        key: key(item.key),
    };
    match input {
        wit::ReadManyInput::Items(items) => Input::Items(items.into_iter().map(item).collect()),
        wit::ReadManyInput::Keys(keys) => Input::PartitionKeys(keys.into_iter().map(key).collect()),
    }
}

fn collection(collection: wit::ResourceCollection) -> ResourceCollection {
    use wit::ResourceCollection as Own;
    match collection {
        Own::Databases => ResourceCollection::Databases,
        Own::Containers(database) => ResourceCollection::Containers(database),
        Own::StoredProcedures(at) => ResourceCollection::StoredProcedures(container(at)),
        Own::Triggers(at) => ResourceCollection::Triggers(container(at)),
        Own::UserDefinedFunctions(at) => ResourceCollection::UserDefinedFunctions(container(at)),
        Own::Conflicts(at) => ResourceCollection::Conflicts(container(at)),
        Own::Users(database) => ResourceCollection::Users(database),
        Own::Permissions((database, user)) => ResourceCollection::Permissions { database, user },
        Own::Offers => ResourceCollection::Offers,
    }
}

pub(in crate::wasi) fn feed_options(options: wit::FeedOptions) -> FeedOptions {
    FeedOptions {
        max_item_count: options.max_item_count,
        max_concurrency: options.max_concurrency,
        prefetch: options.prefetch,
        max_fan_out: options.max_fan_out,
        continuation: options.continuation,
        session_token: options.session_token,
        resumable: options.resumable,
    }
}
