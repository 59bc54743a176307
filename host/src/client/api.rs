//! The typed methods, written once for both clients.

/// Defines `Database`, `Container` and the methods of `Client` that need no more than `execute`:
/// `[async] [.await]` makes them async, `[] []` blocking.
macro_rules! typed_api {
    ([$($async:ident)?] [$($await:tt)*]) => {
        impl Client {
            /// A database by its id. Sends nothing.
            pub fn database(&self, id: impl Into<String>) -> Database {
                Database { client: self.clone(), id: id.into() }
            }

            /// Databases, containers, scripts and so on, all of a kind below one parent, page by page: one request for each
            /// page. See [`types::ReadResources`](crate::types::ReadResources).
            pub $($async)? fn read_resources(
                &self,
                collection: ResourceCollection,
                feed: FeedOptions,
            ) -> Result<Feed, Error> {
                let operation = FeedOperation::ReadResources(ReadResources {
                    collection,
                    query: None,
                    parameters: Vec::new(),
                });
                self.open_feed(operation, feed, OperationOptions::default())$($await)*
            }

            /// A container by the ids of its database and its own. Sends nothing.
            pub fn container(
                &self,
                database: impl Into<String>,
                container: impl Into<String>,
            ) -> Container {
                let target = Target::new(database.into(), container.into());
                Container { client: self.clone(), target }
            }
        }

        /// One database of the account. Made by [`Client::database`].
        #[derive(Debug, Clone)]
        pub struct Database {
            client: Client,
            id: String,
        }

        impl Database {
            /// Creates it, with throughput for its containers to share if given. One POST.
            /// Errors of note: [`is_conflict`](Error::is_conflict) if it exists.
            pub $($async)? fn create(
                &self,
                throughput: Option<Throughput>,
            ) -> Result<Response, Error> {
                let operation = operations::create_database(&self.id, throughput);
                self.client.execute(operation, OperationOptions::default())$($await)*
            }

            /// Reads its properties, the service's JSON document. One GET.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn read(&self) -> Result<Response, Error> {
                let operation = Operation::ReadDatabase(self.id.clone());
                self.client.execute(operation, OperationOptions::default())$($await)*
            }

            /// Deletes it with everything in it. One DELETE.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn delete(&self) -> Result<Response, Error> {
                let operation = Operation::DeleteDatabase(self.id.clone());
                self.client.execute(operation, OperationOptions::default())$($await)*
            }

            /// Creates a container in it: a [`ContainerDefinition`](crate::ContainerDefinition), or any value
            /// that is written as the service's document. One POST.
            /// Errors of note: [`is_conflict`](Error::is_conflict) if it exists.
            pub $($async)? fn create_container<D: Serialize + ?Sized>(
                &self,
                definition: &D,
                throughput: Option<Throughput>,
            ) -> Result<Response, Error> {
                let operation = operations::create_container(&self.id, definition, throughput)?;
                self.client.execute(operation, OperationOptions::default())$($await)*
            }

            /// A container of it. Sends nothing.
            pub fn container(&self, id: impl Into<String>) -> Container {
                self.client.container(&self.id, id)
            }
        }

        /// One container of the account. Made by [`Client::container`].
        ///
        /// Each method but [`execute_bulk`](Self::execute_bulk) sends one request, besides the metadata that the client does not have yet. Writes return no
        /// body unless asked for it ([`ItemOptions::content_response`]).
        #[derive(Debug, Clone)]
        pub struct Container {
            client: Client,
            target: Target,
        }

        impl Container {
            /// The same container with these options for the item operations called on it.
            #[must_use]
            pub fn with(&self, options: ItemOptions) -> Self {
                let target = Target { container: self.target.container.clone(), options };
                Self { client: self.client.clone(), target }
            }

            /// Reads an item and decodes it; no value if it is unchanged
            /// ([`ItemOptions::if_none_match`]). One GET.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn read_item<T: DeserializeOwned>(
                &self,
                id: &str,
                key: impl Into<PartitionKey>,
            ) -> Result<Response<T>, Error> {
                self.read_item_bytes(id, key)$($await)*?.json()
            }

            /// Reads an item as bytes. See [`read_item`](Self::read_item).
            pub $($async)? fn read_item_bytes(
                &self,
                id: &str,
                key: impl Into<PartitionKey>,
            ) -> Result<Response, Error> {
                self.run(self.target.read(id, key.into()))$($await)*
            }

            /// Creates an item: a JSON object with a string `id`, at most 2 MB. One POST. `key` is the partition
            /// key value that the item carries.
            /// Errors of note: [`is_conflict`](Error::is_conflict) if id and key are taken.
            pub $($async)? fn create_item<T: Serialize + ?Sized>(
                &self,
                key: impl Into<PartitionKey>,
                item: &T,
            ) -> Result<Response, Error> {
                self.create_item_bytes(key, operations::item_body(item)?)$($await)*
            }

            /// Creates an item from the bytes of its JSON. See [`create_item`](Self::create_item).
            pub $($async)? fn create_item_bytes(
                &self,
                key: impl Into<PartitionKey>,
                body: impl Into<Vec<u8>>,
            ) -> Result<Response, Error> {
                self.run(self.target.create(key.into(), body.into()))$($await)*
            }

            /// Creates an item, or replaces the one with the same id and key. One POST; idempotent.
            /// Errors of note: [`is_precondition_failed`](Error::is_precondition_failed).
            pub $($async)? fn upsert_item<T: Serialize + ?Sized>(
                &self,
                key: impl Into<PartitionKey>,
                item: &T,
            ) -> Result<Response, Error> {
                self.upsert_item_bytes(key, operations::item_body(item)?)$($await)*
            }

            /// Upserts an item from the bytes of its JSON. See [`upsert_item`](Self::upsert_item).
            pub $($async)? fn upsert_item_bytes(
                &self,
                key: impl Into<PartitionKey>,
                body: impl Into<Vec<u8>>,
            ) -> Result<Response, Error> {
                self.run(self.target.upsert(key.into(), body.into()))$($await)*
            }

            /// Replaces an item, whole. One PUT; idempotent.
            /// Errors of note: [`is_not_found`](Error::is_not_found),
            /// [`is_precondition_failed`](Error::is_precondition_failed).
            pub $($async)? fn replace_item<T: Serialize + ?Sized>(
                &self,
                id: &str,
                key: impl Into<PartitionKey>,
                item: &T,
            ) -> Result<Response, Error> {
                self.replace_item_bytes(id, key, operations::item_body(item)?)$($await)*
            }

            /// Replaces an item by the bytes of its JSON. See [`replace_item`](Self::replace_item).
            pub $($async)? fn replace_item_bytes(
                &self,
                id: &str,
                key: impl Into<PartitionKey>,
                body: impl Into<Vec<u8>>,
            ) -> Result<Response, Error> {
                self.run(self.target.replace(id, key.into(), body.into()))$($await)*
            }

            /// Deletes an item. One DELETE.
            /// Errors of note: [`is_not_found`](Error::is_not_found), also the second time.
            pub $($async)? fn delete_item(
                &self,
                id: &str,
                key: impl Into<PartitionKey>,
            ) -> Result<Response, Error> {
                self.run(self.target.delete(id, key.into()))$($await)*
            }

            /// Changes parts of an item on the server. One PATCH; or a GET and a PUT, see
            /// [`Patch::read_modify_write`].
            /// Errors of note: [`is_not_found`](Error::is_not_found),
            /// [`is_precondition_failed`](Error::is_precondition_failed), and the driver's `invalid-argument` for
            /// an empty patch or one of more than ten changes, or a hundred.
            pub $($async)? fn patch_item(
                &self,
                id: &str,
                key: impl Into<PartitionKey>,
                patch: Patch,
            ) -> Result<Response, Error> {
                self.run(self.target.patch(id, key.into(), patch)?)$($await)*
            }

            /// Reads its properties, the service's JSON document. One GET.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn read(&self) -> Result<Response, Error> {
                self.run(Operation::ReadContainer(self.target.container.clone()))$($await)*
            }

            /// Carries out all operations of a batch, or none of them. One POST. All items have this key; the results
            /// are in [`Response::results`].
            /// Errors of note: that of the operation which failed, with its place in
            /// [`failed_operation`](Error::failed_operation); the driver's `invalid-argument` for an empty batch or one
            /// of more than a hundred operations.
            pub $($async)? fn execute_batch(
                &self,
                key: impl Into<PartitionKey>,
                batch: Batch,
            ) -> Result<Response, Error> {
                self.run(self.target.batch(key.into(), batch)?)$($await)*
            }

            /// The rows of a query, page by page. Sends nothing before the first page is asked for: see [`Query`] and
            /// [`types::QueryItems`](crate::types::QueryItems) for what is sent then.
            /// Errors of note: of the first page, the driver's `invalid-argument` if the service does not
            /// understand the text.
            pub $($async)? fn query_items(&self, query: impl Into<Query>) -> Result<Feed, Error> {
                let (query, feed) = query.into().into_wit(self.target.container.clone())?;
                self.open_feed(FeedOperation::QueryItems(query), feed)$($await)*
            }

            /// All items of it, or of a part of it, page by page. Sends nothing before the first page is asked for; see
            /// [`types::ReadFeed`](crate::types::ReadFeed).
            pub $($async)? fn read_items(&self, feed: ReadFeed) -> Result<Feed, Error> {
                let (feed, options) = feed.into_wit(self.target.container.clone());
                self.open_feed(FeedOperation::ReadFeed(feed), options)$($await)*
            }

            /// The changes of its items, page by page, without an end. Sends nothing before the first page is asked for; see
            /// [`types::ChangeFeed`](crate::types::ChangeFeed).
            pub $($async)? fn change_feed(&self, feed: ChangeFeed) -> Result<Feed, Error> {
                let (feed, options) = feed.into_wit(self.target.container.clone());
                self.open_feed(FeedOperation::ChangeFeed(feed), options)$($await)*
            }

            /// Many items in few requests, page by page. Sends nothing before the first page is asked for; see
            /// [`types::ReadMany`](crate::types::ReadMany).
            pub $($async)? fn read_many(&self, many: ReadMany) -> Result<Feed, Error> {
                let (many, options) = many.into_wit(self.target.container.clone());
                self.open_feed(FeedOperation::ReadMany(many), options)$($await)*
            }

            $($async)? fn open_feed(
                &self,
                operation: FeedOperation,
                feed: FeedOptions,
            ) -> Result<Feed, Error> {
                let feed = self.target.feed(feed)?;
                let options = self.target.options.operation.clone();
                self.client.open_feed(operation, feed, options)$($await)*
            }

            /// Carries out all operations of a bulk, each for itself: up to a hundred in one POST, several at once. One
            /// result for each operation, in their order, is in [`Response::results`]; look at
            /// [`failures`](Response::failures), for the call succeeds whatever becomes of them.
            /// Errors of note: [`is_not_found`](Error::is_not_found) if there is no such container.
            pub $($async)? fn execute_bulk(&self, bulk: Bulk) -> Result<Response, Error> {
                self.run(self.target.bulk(bulk)?)$($await)*
            }

            /// Deletes it with all its items. One DELETE.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn delete(&self) -> Result<Response, Error> {
                self.run(Operation::DeleteContainer(self.target.container.clone()))$($await)*
            }

            $($async)? fn run(&self, operation: Operation) -> Result<Response, Error> {
                self.client.execute(operation, self.target.options.operation.clone())$($await)*
            }
        }
    };
}

pub(super) use typed_api;
