//! Documents of what a container or database holds besides items (spec data-plane §8).

use super::Invalid;
use super::json_edit::{Object, text};
use super::key::{self, KeyComponent};

/// When a trigger runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerType {
    /// Before the write.
    Pre,
    /// After the write, in its transaction.
    Post,
}

/// Which writes may run a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerOperation {
    /// All of them.
    All,
    /// Creations.
    Create,
    /// Upserts that replace.
    Update,
    /// Deletions.
    Delete,
    /// Replacements.
    Replace,
}

/// What a permission allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionMode {
    /// Everything.
    All,
    /// Reading.
    Read,
}

/// A stored procedure or a user-defined function: its id, and its JavaScript.
pub fn script(id: &str, source: &str) -> Vec<u8> {
    finished(with_source(id, source))
}

/// A trigger.
pub fn trigger(id: &str, source: &str, runs: TriggerType, operation: TriggerOperation) -> Vec<u8> {
    let mut trigger = with_source(id, source);
    let runs = match runs {
        TriggerType::Pre => "Pre",
        TriggerType::Post => "Post",
    };
    let operation = match operation {
        TriggerOperation::All => "All",
        TriggerOperation::Create => "Create",
        TriggerOperation::Update => "Update",
        TriggerOperation::Delete => "Delete",
        TriggerOperation::Replace => "Replace",
    };
    trigger.push("triggerType", &text(runs));
    trigger.push("triggerOperation", &text(operation));
    finished(trigger)
}

/// A user of a database, or anything else that is but an id.
pub fn user(id: &str) -> Vec<u8> {
    finished(with_id(id))
}

/// A permission for a resource, by its link without a slash at the beginning (`dbs/d/colls/c`); in a container it may be
/// for one partition key only.
///
/// # Errors
/// A key that cannot be sent.
pub fn permission(
    id: &str,
    mode: PermissionMode,
    resource: &str,
    key: Option<&[KeyComponent]>,
) -> Result<Vec<u8>, Invalid> {
    let mut permission = with_id(id);
    let mode = match mode {
        PermissionMode::All => "All",
        PermissionMode::Read => "Read",
    };
    permission.push("permissionMode", &text(mode));
    permission.push("resource", &text(resource));
    if let Some(key) = key {
        permission.push("resourcePartitionKey", &key::header_value(key)?);
    }
    Ok(finished(permission))
}

fn with_id(id: &str) -> Object {
    let mut object = Object::default();
    object.push("id", &text(id));
    object
}

fn with_source(id: &str, source: &str) -> Object {
    let mut object = with_id(id);
    object.push("body", &text(source));
    object
}

fn finished(object: Object) -> Vec<u8> {
    object.into_text().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let key = [KeyComponent::Text("k".to_owned())];
        let all = permission("p", PermissionMode::All, "dbs/d/colls/c", None);
        let read = permission("p", PermissionMode::Read, "dbs/d/colls/c", Some(&key));
        for (document, expected) in [
            (
                script("s", "function () { return \"x\"; }\n"),
                r#"{"id":"s","body":"function () { return \"x\"; }\n"}"#,
            ),
            (
                trigger("t", "f", TriggerType::Pre, TriggerOperation::All),
                r#"{"id":"t","body":"f","triggerType":"Pre","triggerOperation":"All"}"#,
            ),
            (
                trigger("t", "f", TriggerType::Post, TriggerOperation::Replace),
                r#"{"id":"t","body":"f","triggerType":"Post","triggerOperation":"Replace"}"#,
            ),
            (user("u"), r#"{"id":"u"}"#),
            (
                all.unwrap(),
                r#"{"id":"p","permissionMode":"All","resource":"dbs/d/colls/c"}"#,
            ),
            (
                read.unwrap(),
                r#"{"id":"p","permissionMode":"Read","resource":"dbs/d/colls/c","resourcePartitionKey":["k"]}"#,
            ),
        ] {
            assert_eq!(String::from_utf8(document).unwrap(), expected);
        }
        let operations = [
            (TriggerOperation::Create, "Create"),
            (TriggerOperation::Update, "Update"),
            (TriggerOperation::Delete, "Delete"),
        ];
        for (operation, expected) in operations {
            let document = trigger("t", "f", TriggerType::Post, operation);
            let said = format!("\"triggerOperation\":\"{expected}\"");
            assert!(String::from_utf8(document).unwrap().contains(&said));
        }
        let nan = [KeyComponent::Number(f64::NAN)];
        assert!(permission("p", PermissionMode::All, "dbs/d", Some(&nan)).is_err());
    }
}
