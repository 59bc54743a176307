//! What operations are called in diagnostics (spec driver-core §1.10), and which of them there are (data-plane §8).

use super::Collection;
use crate::wire::link::ResourceType;

/// What can be done with a collection or one of its resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // they say it
pub enum Verb {
    List,
    Query,
    Create,
    Read,
    Replace,
    Delete,
}

/// What all collections of a kind have in common.
pub(super) struct Row {
    pub(super) resource: ResourceType,
    /// The name of the array in pages.
    pub(super) array: &'static str,
    /// In the order of the verbs; empty where the service has no such operation.
    names: [&'static str; 6],
}

impl Row {
    /// The operation's name; empty if there is none.
    pub(super) fn name(&self, verb: Verb) -> &'static str {
        let [list, query, create, read, replace, delete] = self.names;
        match verb {
            Verb::List => list,
            Verb::Query => query,
            Verb::Create => create,
            Verb::Read => read,
            Verb::Replace => replace,
            Verb::Delete => delete,
        }
    }
}

impl Collection<'_> {
    pub(super) fn row(&self) -> &'static Row {
        match self {
            Self::Databases => &DATABASES,
            Self::Containers(_) => &CONTAINERS,
            Self::StoredProcedures(_) => &STORED_PROCEDURES,
            Self::Triggers(_) => &TRIGGERS,
            Self::UserDefinedFunctions(_) => &USER_DEFINED_FUNCTIONS,
            Self::Conflicts(_) => &CONFLICTS,
            Self::Users(_) => &USERS,
            Self::Permissions { .. } => &PERMISSIONS,
            Self::Offers => &OFFERS,
        }
    }
}

const DATABASES: Row = Row {
    resource: ResourceType::Database,
    array: "Databases",
    names: [
        "read_all_databases",
        "query_databases",
        "create_database",
        "read_database",
        "",
        "delete_database",
    ],
};

const CONTAINERS: Row = Row {
    resource: ResourceType::Container,
    array: "DocumentCollections",
    names: [
        "read_all_containers",
        "query_containers",
        "create_container",
        "read_container",
        "replace_container",
        "delete_container",
    ],
};

const STORED_PROCEDURES: Row = Row {
    resource: ResourceType::StoredProcedure,
    array: "StoredProcedures",
    names: [
        "read_all_stored_procedures",
        "query_stored_procedures",
        "create_stored_procedure",
        "read_stored_procedure",
        "replace_stored_procedure",
        "delete_stored_procedure",
    ],
};

const TRIGGERS: Row = Row {
    resource: ResourceType::Trigger,
    array: "Triggers",
    names: [
        "read_all_triggers",
        "query_triggers",
        "create_trigger",
        "read_trigger",
        "replace_trigger",
        "delete_trigger",
    ],
};

const USER_DEFINED_FUNCTIONS: Row = Row {
    resource: ResourceType::UserDefinedFunction,
    array: "UserDefinedFunctions",
    names: [
        "read_all_user_defined_functions",
        "query_user_defined_functions",
        "create_user_defined_function",
        "read_user_defined_function",
        "replace_user_defined_function",
        "delete_user_defined_function",
    ],
};

const CONFLICTS: Row = Row {
    resource: ResourceType::Conflict,
    array: "Conflicts",
    names: [
        "read_all_conflicts",
        "query_conflicts",
        "",
        "read_conflict",
        "",
        "delete_conflict",
    ],
};

const USERS: Row = Row {
    resource: ResourceType::User,
    array: "Users",
    names: [
        "read_all_users",
        "query_users",
        "create_user",
        "read_user",
        "replace_user",
        "delete_user",
    ],
};

const PERMISSIONS: Row = Row {
    resource: ResourceType::Permission,
    array: "Permissions",
    names: [
        "read_all_permissions",
        "query_permissions",
        "create_permission",
        "read_permission",
        "replace_permission",
        "delete_permission",
    ],
};

const OFFERS: Row = Row {
    resource: ResourceType::Offer,
    array: "Offers",
    names: [
        "read_all_offers",
        "query_offers",
        "",
        "read_offer",
        "replace_offer",
        "",
    ],
};
