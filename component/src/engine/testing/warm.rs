//! Drivers that have what they need before a test begins.

use std::cell::Cell;

use super::{Reply, Seen, Sim, account, metadata, read};
use crate::core::config::Config;
use crate::core::runtime::RuntimeConfig;
use crate::engine::Driver;

/// A driver that knows the account, with the regions east, west and north, and the container. Nothing is hedged, and
/// regions fail as a whole.
pub(in crate::engine) fn warm(
    multi_write: bool,
    change: impl FnOnce(&mut Config),
) -> (Sim, Driver<Sim>) {
    warm_with(RuntimeConfig::default(), multi_write, change)
}

pub(in crate::engine) fn warm_with(
    runtime: RuntimeConfig,
    multi_write: bool,
    change: impl FnOnce(&mut Config),
) -> (Sim, Driver<Sim>) {
    let sim = Sim::new(|_| Reply::status(200, 0));
    sim.items_say(multi_write, |_| Reply::status(200, 0));
    let driver = sim.open_with(runtime, |config| {
        config.defaults.hedging_enabled = Some(false);
        config.partition_failover.circuit_breaker_enabled = Some(false);
        change(config);
    });
    sim.execute(&driver, read()).unwrap();
    sim.seen();
    (sim, driver)
}

impl Sim {
    /// From now on metadata is as it should be, and items are answered like this.
    pub(in crate::engine) fn items_say(
        &self,
        multi_write: bool,
        items: impl Fn(&Seen) -> Reply + 'static,
    ) {
        let document = account(&["east", "west", "north"], multi_write, "");
        self.script(move |seen| metadata(seen, &document).unwrap_or_else(|| items(seen)));
    }

    /// Answers one after the other, whoever is asked; the last one again and again.
    pub(in crate::engine) fn items_say_in_turn(&self, multi_write: bool, replies: Vec<Reply>) {
        let said = Cell::new(0);
        self.items_say(multi_write, move |_| {
            let at = said.replace(said.get() + 1);
            replies[at.min(replies.len() - 1)].clone()
        });
    }
}
