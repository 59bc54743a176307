//! The names of operations.

use std::borrow::Cow;

use crate::types::{
    ContainerRef, FeedOperation, ManageResource, Operation, ReadResources, ResourceAction,
    ResourceCollection, ResourceKind,
};

/// What an operation is about. Copied from it, for it goes into the guest.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(super) name: Cow<'static, str>,
    pub(super) database: Option<String>,
    pub(super) container: Option<String>,
    pub(super) batch_size: Option<usize>,
    /// Its answers are pages.
    pub(super) is_feed: bool,
}

impl Subject {
    pub(crate) fn of(operation: &Operation) -> Self {
        match operation {
            Operation::CreateItem(write) => Self::in_container("create_item", &write.container),
            Operation::ReadItem(read) => Self::in_container("read_item", &read.item.container),
            Operation::UpsertItem(write) => Self::in_container("upsert_item", &write.container),
            Operation::ReplaceItem(write) => {
                Self::in_container("replace_item", &write.item.container)
            }
            Operation::DeleteItem(delete) => {
                Self::in_container("delete_item", &delete.item.container)
            }
            Operation::PatchItem(patch) => Self::in_container("patch_item", &patch.item.container),
            Operation::CreateDatabase(create) => {
                Self::new("create_database", Some(&create.id), None)
            }
            Operation::ReadDatabase(id) => Self::new("read_database", Some(id), None),
            Operation::DeleteDatabase(id) => Self::new("delete_database", Some(id), None),
            Operation::CreateContainer(create) => {
                Self::new("create_container", Some(&create.database), None)
            }
            Operation::ReadContainer(container) => Self::in_container("read_container", container),
            Operation::DeleteContainer(container) => {
                Self::in_container("delete_container", container)
            }
            Operation::ExecuteBatch(batch) => {
                Self::in_container("execute_batch", &batch.container).sized(batch.operations.len())
            }
            Operation::ExecuteBulk(bulk) => {
                Self::in_container("execute_bulk", &bulk.container).sized(bulk.operations.len())
            }
            Operation::ReplaceContainer(replace) => {
                Self::in_container("replace_container", &replace.container)
            }
            Operation::ManageResource(manage) => Self::of_resource(manage),
            Operation::ManageThroughput(manage) => {
                let action = if manage.throughput.is_some() {
                    "replace_"
                } else {
                    "read_"
                };
                let kind = if manage.container.is_some() {
                    "container"
                } else {
                    "database"
                };
                let name = [action, kind, "_throughput"].concat();
                Self::new(name, Some(&manage.database), manage.container.as_ref())
            }
            Operation::ReadFeedRanges(scope) => {
                Self::in_container("read_feed_ranges", &scope.container)
            }
            Operation::SendRaw(_) => Self::new("send_raw", None, None),
        }
    }

    pub(crate) fn of_feed(operation: &FeedOperation) -> Self {
        let subject = match operation {
            FeedOperation::QueryItems(query) => Self::in_container("query_items", &query.container),
            FeedOperation::ReadFeed(feed) => Self::in_container("read_all_items", &feed.container),
            FeedOperation::ChangeFeed(feed) => {
                Self::in_container("query_change_feed", &feed.container)
            }
            FeedOperation::ReadMany(many) => Self::in_container("read_many_items", &many.container),
            FeedOperation::ReadResources(resources) => Self::of_collection(resources),
        };
        Self {
            is_feed: true,
            ..subject
        }
    }

    fn of_resource(manage: &ManageResource) -> Self {
        let action = match manage.action {
            ResourceAction::Create(_) => "create",
            ResourceAction::Read => "read",
            ResourceAction::Replace(_) => "replace",
            ResourceAction::Delete => "delete",
            ResourceAction::Execute(_) => "execute",
        };
        let resource = &manage.resource;
        let (kind, in_container) = match resource.kind {
            ResourceKind::StoredProcedure => ("stored_procedure", true),
            ResourceKind::Trigger => ("trigger", true),
            ResourceKind::UserDefinedFunction => ("user_defined_function", true),
            ResourceKind::Conflict => ("conflict", true),
            ResourceKind::User => ("user", false),
            ResourceKind::Permission => ("permission", false),
        };
        let container = in_container.then_some(&resource.parent);
        Self::new(
            [action, "_", kind].concat(),
            Some(&resource.database),
            container,
        )
    }

    fn of_collection(resources: &ReadResources) -> Self {
        let action = if resources.query.is_some() {
            "query_"
        } else {
            "read_all_"
        };
        let (kind, database, container) = match &resources.collection {
            ResourceCollection::Databases => ("databases", None, None),
            ResourceCollection::Containers(database) => ("containers", Some(database), None),
            ResourceCollection::StoredProcedures(of) => within("stored_procedures", of),
            ResourceCollection::Triggers(of) => within("triggers", of),
            ResourceCollection::UserDefinedFunctions(of) => within("user_defined_functions", of),
            ResourceCollection::Conflicts(of) => within("conflicts", of),
            ResourceCollection::Users(database) => ("users", Some(database), None),
            ResourceCollection::Permissions((database, _)) => ("permissions", Some(database), None),
            ResourceCollection::Offers => ("offers", None, None),
        };
        Self::new([action, kind].concat(), database, container)
    }

    fn in_container(name: &'static str, container: &ContainerRef) -> Self {
        Self::new(name, Some(&container.database), Some(&container.container))
    }

    fn new(
        name: impl Into<Cow<'static, str>>,
        database: Option<&String>,
        container: Option<&String>,
    ) -> Self {
        Self {
            name: name.into(),
            database: database.cloned(),
            container: container.cloned(),
            batch_size: None,
            is_feed: false,
        }
    }

    /// By the conventions a single operation is no batch.
    fn sized(mut self, operations: usize) -> Self {
        self.batch_size = Some(operations).filter(|&operations| operations > 1);
        self
    }
}

fn within<'a>(
    kind: &'static str,
    container: &'a ContainerRef,
) -> (&'static str, Option<&'a String>, Option<&'a String>) {
    (kind, Some(&container.database), Some(&container.container))
}
