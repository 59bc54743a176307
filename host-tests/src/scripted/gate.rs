//! A point where the server waits for the test.

use std::sync::Arc;

use tokio::sync::watch;

/// Closed at first; once opened it stays open. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    #[expect(
        clippy::new_without_default,
        reason = "a gate by default would not say that it is closed"
    )]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everything pass that waits here, now or later.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the gate is open.
    pub(super) async fn opened(&self) {
        // The sender lives as long as `self`: it cannot fail.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
