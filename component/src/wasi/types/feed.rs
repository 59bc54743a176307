//! What is read a page at a time.

use crate::core::Result;
use crate::core::change_feed::{Changes, Mode, Start};
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::operation::{ContainerRef, PartitionKey};
use crate::core::query::{Query, Target};
use crate::core::read_many::{Input, ItemId, Items, Order};
use crate::core::resources::{ResourceCollection, Resources};
use crate::wire::epk_range::EpkRange;
use crate::wire::feed_range;
use crate::wire::query_body::Parameter;

// Fails for a feed range that is none.
variant!(Result<Target> {
    0 => (): () => Ok(Target::Container),
    1 => key: PartitionKey => Ok(Target::Key(key)),
    _ => text: String => match feed_range::parse(&text) {
        Ok((min, max)) => Ok(Target::Range(EpkRange { min, max })),
        Err(invalid) => Err(invalid.into()),
    },
});

record!(Parameter {
    name: String,
    value: Vec<u8>,
});

record!(Result<Query> {
    container: ContainerRef,
    target: Result<Target>,
    text: String,
    parameters: Vec<Parameter>,
    query_metrics: bool,
    index_metrics: bool,
} => target.map(|target| {
    Query { container, target, text, parameters, query_metrics, index_metrics }
}));

enumerations! {
    Mode { LatestVersion, AllVersionsAndDeletes }
}

variant!(Start {
    0 => (): () => Self::Beginning,
    1 => (): () => Self::Now,
    _ => seconds: u64 => Self::At(seconds),
});

record!(Result<Changes> {
    container: ContainerRef,
    target: Result<Target>,
    mode: Mode,
    start: Start,
    enveloped: bool,
} => target.map(|target| Changes { container, target, mode, start, enveloped }));

record!(ItemId {
    id: String,
    key: PartitionKey,
});

variant!(Input {
    0 => items: Vec<ItemId> => Self::Items(items),
    _ => keys: Vec<PartitionKey> => Self::PartitionKeys(keys),
});

record!(Items {
    container: ContainerRef,
    input: Input,
    in_order: bool,
} => {
    let order = if in_order { Order::Input } else { Order::Any };
    Self { container, input, order }
});

variant!(ResourceCollection {
    0 => (): () => Self::Databases,
    1 => database: String => Self::Containers(database),
    2 => container: ContainerRef => Self::StoredProcedures(container),
    3 => container: ContainerRef => Self::Triggers(container),
    4 => container: ContainerRef => Self::UserDefinedFunctions(container),
    5 => container: ContainerRef => Self::Conflicts(container),
    6 => database: String => Self::Users(database),
    7 => (database, user): (String, String) => Self::Permissions { database, user },
    _ => (): () => Self::Offers,
});

record!(Resources {
    collection: ResourceCollection,
    query: Option<String>,
    parameters: Vec<Parameter>,
} => Self { collection, query: query.map(|text| (text, parameters)) });

variant!(Result<FeedOperation> {
    0 => query: Result<Query> => query.map(FeedOperation::QueryItems),
    1 => (container, target): (ContainerRef, Result<Target>) =>
        target.map(|target| FeedOperation::ReadFeed { container, target }),
    2 => changes: Result<Changes> => changes.map(FeedOperation::ChangeFeed),
    3 => items: Items => Ok(FeedOperation::ReadMany(items)),
    _ => resources: Resources => Ok(FeedOperation::Resources(resources)),
});

record!(FeedOptions {
    max_item_count: Option<u32>,
    max_concurrency: Option<u32>,
    prefetch: Option<u32>,
    max_fan_out: Option<u32>,
    continuation: Option<String>,
    session_token: Option<String>,
    resumable: bool,
});
