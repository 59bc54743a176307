//! Options of item operations.

use crate::setters::option_setters;
use crate::types::{OperationOptions, Precondition};

/// Options of item operations, for [`Container::with`](crate::Container::with).
///
/// ```
/// use cosmosdb_driver_host::ItemOptions;
///
/// let unchanged_only = ItemOptions::new().if_match("\"00000000-0000-0000-0000-000000000000\"");
/// # drop(unchanged_only);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ItemOptions {
    pub(crate) precondition: Option<Precondition>,
    pub(crate) session_token: Option<String>,
    pub(crate) operation: OperationOptions,
}

impl ItemOptions {
    /// Nothing set: everything falls back to the client's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Do it only if the item still has this etag. Replaces [`if_none_match`](Self::if_none_match).
    #[must_use]
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.precondition = Some(Precondition::IfMatch(etag.into()));
        self
    }

    /// Do it only if the item has another etag: a read of an unchanged item answers 304 without a body. Replaces
    /// [`if_match`](Self::if_match).
    #[must_use]
    pub fn if_none_match(mut self, etag: impl Into<String>) -> Self {
        self.precondition = Some(Precondition::IfNoneMatch(etag.into()));
        self
    }

    /// The session token of an earlier response: the answer is at least as new as that.
    #[must_use]
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Lets item writes run this trigger before, one for each write.
    #[must_use]
    pub fn pre_trigger(self, id: impl Into<String>) -> Self {
        self.header("x-ms-documentdb-pre-trigger-include", id)
    }

    /// Lets item writes run this trigger after, in their transaction, one for each write.
    #[must_use]
    pub fn post_trigger(self, id: impl Into<String>) -> Self {
        self.header("x-ms-documentdb-post-trigger-include", id)
    }

    /// Stored procedures that are run tell what they write with `console.log`:
    /// [`Response::script_log`](crate::Response::script_log).
    #[must_use]
    pub fn script_log(self) -> Self {
        self.header("x-ms-documentdb-script-enable-logging", "true")
    }

    /// Resource tokens of permissions that are created, read or replaced are good for so long, in whole seconds. Default: an
    /// hour.
    #[must_use]
    pub fn resource_token_lifetime(self, lifetime: std::time::Duration) -> Self {
        self.header(
            "x-ms-documentdb-expiry-seconds",
            lifetime.as_secs().to_string(),
        )
    }

    option_setters!(operation);

    /// The activity id, for correlation with the service's logs: a UUID. Default: a random one for each operation.
    #[must_use]
    pub fn activity_id(mut self, id: impl Into<String>) -> Self {
        self.operation.activity_id = Some(id.into());
        self
    }
}
