//! What does the steps of a case in one host.

use std::io;

use serde_json::Value;

/// A host of the component, with at most one open client.
pub(crate) trait Agent {
    /// Does a step, and tells what came of it: an object with `ok` or `error`.
    ///
    /// # Errors
    /// The agent itself broke. A failed operation is an answer.
    fn step(&mut self, step: &Value) -> io::Result<Value>;

    /// Whether one client does all steps of a case. Cases that are about a client's life hold only where it does.
    fn keeps_client(&self) -> bool {
        true
    }
}
