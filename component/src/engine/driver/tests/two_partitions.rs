//! A world for tests of what happens to single partitions.

use std::cell::RefCell;

use crate::core::clock::SECOND;
use crate::core::config::{Config, TopologyCache};
use crate::core::runtime::RuntimeConfig;
use crate::core::{Operation, Response};
use crate::engine::Driver;
use crate::engine::testing::{Reply, Seen, Sim, TWO_RANGES, account, metadata_with, read_of};

/// An account with the regions east, west and north, and a container with two partitions.
pub(super) struct World {
    pub(super) sim: Sim,
    pub(super) driver: Driver<Sim>,
    document: RefCell<String>,
}

impl World {
    pub(super) fn new(multi_write: bool, change: impl FnOnce(&mut Config)) -> Self {
        Self::with_environment(
            account(&["east", "west", "north"], multi_write, ""),
            &[],
            change,
        )
    }

    pub(super) fn with_environment(
        document: String,
        environment: &[(&str, &str)],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let text =
            |(name, value): &(&str, &str)| (format!("AZURE_COSMOS_{name}"), (*value).to_owned());
        let runtime = RuntimeConfig {
            environment: environment.iter().map(text).collect(),
            // What is read again, and when, is tested elsewhere.
            account_refresh_interval_ms: Some(u64::MAX),
            ..RuntimeConfig::default()
        };
        let sim = Sim::new(|_| Reply::status(200, 0));
        let driver = sim.open_with(runtime, |config| {
            config.partition_failover.topology_cache = Some(TopologyCache::Eager);
            config.defaults.hedging_enabled = Some(false);
            change(config);
        });
        let world = Self {
            sim,
            driver,
            document: RefCell::new(document),
        };
        world.answer(|_| None);
        world.run(read_of("1"));
        world
    }

    /// Item requests are answered like this from now on, where it says nothing with success.
    pub(super) fn answer(&self, answer: impl Fn(&Seen) -> Option<Reply> + 'static) {
        let document = self.document.borrow().clone();
        self.sim.script(move |seen| {
            let item = || answer(seen).unwrap_or_else(|| Reply::status(200, 0));
            metadata_with(seen, &document, TWO_RANGES).unwrap_or_else(item)
        });
    }

    /// The account document is this from now on.
    pub(super) fn change(&self, document: String) {
        self.document.replace(document);
    }

    /// The partition `0` is broken in these regions.
    pub(super) fn break_down(&self, regions: &'static [&'static str], reply: Reply) {
        self.answer(move |seen| {
            let broken = seen.range() == "0" && regions.contains(&seen.region.as_str());
            broken.then(|| reply.clone())
        });
    }

    /// Where an operation goes.
    pub(super) fn run(&self, operation: Operation) -> String {
        self.sim.seen();
        self.sim.execute(&self.driver, operation).ok();
        self.sim.trail()
    }

    pub(super) fn respond(&self, operation: Operation) -> Response {
        self.sim.execute(&self.driver, operation).unwrap()
    }

    /// The regions that reads, or else writes, avoid as a whole.
    pub(super) fn avoids(&self, write: bool) -> Vec<String> {
        let state = self.driver.state.borrow().clone().unwrap();
        let now = crate::engine::World::now(&self.sim);
        state.router.borrow().marks(write, now, 60 * SECOND).0
    }
}
