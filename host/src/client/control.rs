//! The typed methods for everything but items, written once for both clients.

use serde::Serialize;

use crate::error::Error;
use crate::types::{
    ContainerRef, FeedRangeScope, ManageResource, ManageThroughput, Operation, Precondition,
    ReplaceContainer, ResourceAction, ResourceKind, ResourceRef, Throughput,
};

/// Defines `Resource` and the methods of `Database`, `Container` and `Client` for the control plane:
/// `[async] [.await]` makes them async, `[] []` blocking.
macro_rules! control_api {
    ([$($async:ident)?] [$($await:tt)*]) => {
        use crate::types::{RawRequest, ResourceAction, ResourceKind, ResourceRef};

        impl Client {
            /// Sends a request that there is no method for. Its path and headers are checked before anything is sent: see
            /// [`RawRequest`].
            pub $($async)? fn send_raw(&self, request: RawRequest) -> Result<Response, Error> {
                let operation = Operation::SendRaw(request);
                self.execute(operation, OperationOptions::default())$($await)*
            }
        }

        impl Database {
            /// Reads the throughput that its containers share: see [`Response::throughput`]. Three requests.
            /// Errors of note: [`is_not_found`](Error::is_not_found) if there is none.
            pub $($async)? fn read_throughput(&self) -> Result<Response, Error> {
                let operation = control::throughput(&self.id, None, None);
                self.client.execute(operation, OperationOptions::default())$($await)*
            }

            /// Replaces the throughput that its containers share; three requests, four from manual to autoscale or back.
            /// The service may need time: see [`ProvisionedThroughput::is_pending`](crate::ProvisionedThroughput).
            pub $($async)? fn replace_throughput(
                &self,
                throughput: Throughput,
            ) -> Result<Response, Error> {
                let operation = control::throughput(&self.id, None, Some(throughput));
                self.client.execute(operation, OperationOptions::default())$($await)*
            }

            /// A user of it. Sends nothing.
            pub fn user(&self, id: impl Into<String>) -> Resource {
                let name = control::name(ResourceKind::User, &self.id, "", id.into());
                Resource { client: self.client.clone(), name, options: ItemOptions::new() }
            }

            /// A permission of a user. Sends nothing.
            pub fn permission(&self, user: &str, id: impl Into<String>) -> Resource {
                let name = control::name(ResourceKind::Permission, &self.id, user, id.into());
                Resource { client: self.client.clone(), name, options: ItemOptions::new() }
            }
        }

        impl Container {
            /// Replaces its definition: what the document leaves out goes back to the service's defaults. One PUT.
            /// With [`ItemOptions::if_match`] only if nobody else was faster.
            pub $($async)? fn replace<D: Serialize + ?Sized>(
                &self,
                definition: &D,
            ) -> Result<Response, Error> {
                self.run(self.target.definition(definition, false)?)$($await)*
            }

            /// Changes properties of its definition and keeps all others. One GET, and one PUT that nobody else's change
            /// is lost by; both again if somebody else was faster.
            pub $($async)? fn update<D: Serialize + ?Sized>(
                &self,
                properties: &D,
            ) -> Result<Response, Error> {
                self.run(self.target.definition(properties, true)?)$($await)*
            }

            /// Reads its own throughput: see [`Response::throughput`]. Three requests.
            /// Errors of note: [`is_not_found`](Error::is_not_found) if it has none of its own.
            pub $($async)? fn read_throughput(&self) -> Result<Response, Error> {
                self.run(self.target.throughput(None))$($await)*
            }

            /// Replaces its throughput: see [`Database::replace_throughput`].
            pub $($async)? fn replace_throughput(
                &self,
                throughput: Throughput,
            ) -> Result<Response, Error> {
                self.run(self.target.throughput(Some(throughput)))$($await)*
            }

            /// The feed ranges that make it up, one for each physical partition. Sends nothing once they are known.
            pub $($async)? fn feed_ranges(&self) -> Result<Vec<String>, Error> {
                let operation = self.target.feed_ranges(Vec::new());
                self.run(operation)$($await)*?.json()?.into_value()
            }

            /// The feed range of one partition key value, which may be the beginning of a hierarchical key. Sends nothing once
            /// the container is known.
            pub $($async)? fn feed_range(
                &self,
                key: impl Into<PartitionKey>,
            ) -> Result<String, Error> {
                let operation = self.target.feed_ranges(key.into().into_wit());
                let [range] = self.run(operation)$($await)*?.json()?.into_value()?;
                Ok(range)
            }

            /// A stored procedure in it. Sends nothing.
            pub fn stored_procedure(&self, id: impl Into<String>) -> Resource {
                self.resource(ResourceKind::StoredProcedure, id.into())
            }

            /// A trigger in it. Sends nothing.
            pub fn trigger(&self, id: impl Into<String>) -> Resource {
                self.resource(ResourceKind::Trigger, id.into())
            }

            /// A user-defined function in it. Sends nothing.
            pub fn user_defined_function(&self, id: impl Into<String>) -> Resource {
                self.resource(ResourceKind::UserDefinedFunction, id.into())
            }

            /// A conflict about an item of this key. Sends nothing.
            pub fn conflict(
                &self,
                id: impl Into<String>,
                key: impl Into<PartitionKey>,
            ) -> Resource {
                let mut conflict = self.resource(ResourceKind::Conflict, id.into());
                conflict.name.key = key.into().into_wit();
                conflict
            }

            fn resource(&self, kind: ResourceKind, id: String) -> Resource {
                let at = &self.target.container;
                Resource {
                    client: self.client.clone(),
                    name: control::name(kind, &at.database, &at.container, id),
                    options: self.target.options.clone(),
                }
            }
        }

        /// A script, a user, a permission or a conflict. Made by [`Container`] and [`Database`]. Each method sends one request.
        ///
        /// Definitions are the service's documents, for example `json!({ "id": "hello", "body": "function () { … }" })`; those
        /// of [`ResourceKind`] are described there.
        #[derive(Debug, Clone)]
        pub struct Resource {
            client: Client,
            name: ResourceRef,
            options: ItemOptions,
        }

        impl Resource {
            /// The same resource with these options for what is called on it.
            #[must_use]
            pub fn with(&self, options: ItemOptions) -> Self {
                Self { client: self.client.clone(), name: self.name.clone(), options }
            }

            /// Creates it. One POST. Its id is the definition's.
            /// Errors of note: [`is_conflict`](Error::is_conflict) if it exists.
            pub $($async)? fn create<D: Serialize + ?Sized>(
                &self,
                definition: &D,
            ) -> Result<Response, Error> {
                let definition = control::definition(definition)?;
                self.run(ResourceAction::Create(definition))$($await)*
            }

            /// Reads it. One GET.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn read(&self) -> Result<Response, Error> {
                self.run(ResourceAction::Read)$($await)*
            }

            /// Replaces it, whole. One PUT.
            /// Errors of note: [`is_not_found`](Error::is_not_found),
            /// [`is_precondition_failed`](Error::is_precondition_failed).
            pub $($async)? fn replace<D: Serialize + ?Sized>(
                &self,
                definition: &D,
            ) -> Result<Response, Error> {
                let definition = control::definition(definition)?;
                self.run(ResourceAction::Replace(definition))$($await)*
            }

            /// Deletes it. One DELETE.
            /// Errors of note: [`is_not_found`](Error::is_not_found).
            pub $($async)? fn delete(&self) -> Result<Response, Error> {
                self.run(ResourceAction::Delete)$($await)*
            }

            /// Runs a stored procedure on the items of one partition key. `parameters` is a tuple, an array or a slice:
            /// `&("a", 1)`; `&[0; 0]` is none. One POST, sent again only if the service certainly did not run it. The body of
            /// the answer is what it returned; [`Response::script_log`] what it wrote, if [`ItemOptions::script_log`] asks
            /// for it.
            pub $($async)? fn execute<P: Serialize + ?Sized>(
                &self,
                key: impl Into<PartitionKey>,
                parameters: &P,
            ) -> Result<Response, Error> {
                let parameters = control::parameters(parameters)?;
                let mut procedure = self.clone();
                procedure.name.key = key.into().into_wit();
                procedure.run(ResourceAction::Execute(parameters))$($await)*
            }

            $($async)? fn run(&self, action: ResourceAction) -> Result<Response, Error> {
                let precondition = self.options.precondition.clone();
                let operation = control::manage(self.name.clone(), action, precondition);
                self.client.execute(operation, self.options.operation.clone())$($await)*
            }
        }
    };
}

pub(super) use control_api;

use super::operations::Target;

impl Target {
    pub(super) fn definition<D: Serialize + ?Sized>(
        &self,
        document: &D,
        merge: bool,
    ) -> Result<Operation, Error> {
        let if_match = match &self.options.precondition {
            None => None,
            Some(Precondition::IfMatch(etag)) => Some(etag.clone()),
            Some(Precondition::IfNoneMatch(_)) => {
                return Err(Error::invalid_argument(
                    "the replacement of a container knows only the condition if_match",
                ));
            }
        };
        Ok(Operation::ReplaceContainer(ReplaceContainer {
            container: self.container.clone(),
            definition: definition(document)?,
            if_match,
            merge,
        }))
    }

    pub(super) fn throughput(&self, to: Option<Throughput>) -> Operation {
        let ContainerRef {
            database,
            container,
        } = &self.container;
        throughput(database, Some(container.clone()), to)
    }

    pub(super) fn feed_ranges(&self, key: Vec<crate::types::KeyComponent>) -> Operation {
        Operation::ReadFeedRanges(FeedRangeScope {
            container: self.container.clone(),
            key,
        })
    }
}

pub(super) fn throughput(
    database: &str,
    container: Option<String>,
    throughput: Option<Throughput>,
) -> Operation {
    Operation::ManageThroughput(ManageThroughput {
        database: database.to_owned(),
        container,
        throughput,
    })
}

pub(super) fn name(kind: ResourceKind, database: &str, parent: &str, id: String) -> ResourceRef {
    ResourceRef {
        kind,
        database: database.to_owned(),
        parent: parent.to_owned(),
        id,
        key: Vec::new(),
    }
}

pub(super) fn manage(
    resource: ResourceRef,
    action: ResourceAction,
    precondition: Option<Precondition>,
) -> Operation {
    Operation::ManageResource(ManageResource {
        resource,
        action,
        precondition,
    })
}

pub(super) fn definition<D: Serialize + ?Sized>(definition: &D) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(definition).map_err(Error::unwritable(
        "the definition cannot be written as JSON",
    ))
}

pub(super) fn parameters<P: Serialize + ?Sized>(parameters: &P) -> Result<Vec<u8>, Error> {
    let json = serde_json::to_vec(parameters).map_err(Error::unwritable(
        "the parameters cannot be written as JSON",
    ))?;
    if json.first() == Some(&b'[') {
        return Ok(json);
    }
    Err(Error::invalid_argument(
        "the parameters of a stored procedure are a tuple, an array or a slice: put a single one into a tuple",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item_options::ItemOptions;

    #[test]
    fn parameters_are_an_array() {
        assert_eq!(parameters(&("a", 1)).unwrap(), br#"["a",1]"#);
        assert_eq!(parameters(&[0; 0]).unwrap(), b"[]");
        assert!(parameters("a").is_err());
    }

    #[test]
    fn a_container_is_replaced_under_one_condition() {
        let target = |options| Target {
            options,
            ..Target::new("d".to_owned(), "c".to_owned())
        };
        let guarded = target(ItemOptions::new().if_match("\"e\""));
        let operation = guarded.definition(&serde_json::json!({}), true).unwrap();
        let Operation::ReplaceContainer(replace) = operation else {
            panic!("{operation:?}");
        };
        assert_eq!(
            (replace.if_match.as_deref(), replace.merge),
            (Some("\"e\""), true)
        );
        let wrong = target(ItemOptions::new().if_none_match("\"e\""));
        assert!(wrong.definition(&serde_json::json!({}), true).is_err());
    }
}
