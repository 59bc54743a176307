//! What a test can do to a running account. Everything holds for the next request to arrive.

use std::io;

use serde_json::Value;

use super::fault::{Effect, Match, Rule};
use super::serve::serve;
use super::store::{Container, key_of};
use super::topology::Topology;
use super::{ANYWHERE, Cluster};

/// The account document. Every change gives it another `_etag`.
impl Cluster {
    /// The regions that take writes, in the document's order.
    pub fn set_writable(&self, regions: &[&str]) {
        let regions = self.regions(regions);
        self.change(|topology| topology.writable = regions);
    }

    /// The regions that take reads, in the document's order. A region that was removed comes back with this.
    pub fn set_readable(&self, regions: &[&str]) {
        let regions = self.regions(regions);
        self.change(|topology| topology.readable = regions);
    }

    /// Takes a region out of both lists: it refuses with 403, sub-status 1008.
    pub fn remove_region(&self, region: &str) {
        let gone = self.place(region);
        self.change(|topology| {
            topology.writable.retain(|region| *region != gone);
            topology.readable.retain(|region| *region != gone);
        });
    }

    /// Lets all readable regions take writes, or the first that takes them alone.
    pub fn set_multi_write(&self, enabled: bool) {
        self.change(|topology| {
            topology.multi_write = enabled;
            if enabled {
                topology.writable = topology.readable.clone();
            } else {
                topology.writable.truncate(1);
            }
        });
    }

    /// The account's consistency level: `Session`, `Strong`, …
    pub fn set_consistency(&self, level: &str) {
        self.change(|topology| topology.consistency = level.to_owned());
    }

    /// What the document says of failover partition by partition.
    pub fn set_per_partition_failover(&self, enabled: bool) {
        self.change(|topology| topology.per_partition_failover = enabled);
    }

    /// What the document says of hedging; none: nothing, as at the start.
    pub fn set_hedging_disabled(&self, disabled: Option<bool>) {
        self.change(|topology| topology.disable_hedging = disabled);
    }

    fn change(&self, change: impl FnOnce(&mut Topology)) {
        let mut world = self.shared.world();
        change(&mut world.topology);
        world.topology.version += 1;
    }

    fn regions(&self, names: &[&str]) -> Vec<usize> {
        names.iter().map(|name| self.place(name)).collect()
    }

    /// The place of a region proper.
    fn place(&self, name: &str) -> usize {
        let region = self.site(name);
        assert!(region + 1 < self.names.len(), "{name} is no region");
        region
    }
}

/// What goes wrong.
impl Cluster {
    /// Refuses connections to a region from now on. Those that exist are closed when this returns, whatever was going
    /// on. The port is kept.
    pub fn offline(&self, region: &str) {
        let site = self.site(region);
        self.ports()[site].close();
    }

    /// Lets an offline region come back, on the same port. Errors: the system gives no thread.
    pub fn online(&self, region: &str) -> io::Result<()> {
        let site = self.site(region);
        let shared = self.shared.clone();
        self.ports()[site].open(|listener| serve(listener, site, shared))
    }

    /// From now on does this to these requests in this region, or in all of them ([`ANYWHERE`]). If several rules
    /// match a request the oldest acts that is not used up: rules for one time each are a queue.
    pub fn on(&self, region: &str, about: Match, effect: impl Into<Effect>) -> Rule {
        let site = (region != ANYWHERE).then(|| self.site(region));
        let mut world = self.shared.world();
        world.rules.add(site, about, effect.into())
    }

    /// Stops replication to a region: it shows what it has now, and refuses with 404, sub-status 1002 whoever knows of
    /// later writes. A write that it takes itself brings it up to that write.
    pub fn lag(&self, region: &str) {
        let region = self.place(region);
        self.with_container(|container| container.hold(region, true));
    }

    /// Lets a region that lags have all writes again.
    pub fn catch_up(&self, region: &str) {
        let region = self.place(region);
        self.with_container(|container| container.hold(region, false));
    }

    /// Moves the writes of one partition key range to a region, which takes them from now on, and no other region
    /// does. The account document stays as it is.
    pub fn move_writes(&self, range: &str, region: &str) {
        let region = self.place(region);
        let moved = &mut self.shared.world().topology.moved;
        moved.retain(|(id, _)| id != range);
        moved.push((range.to_owned(), region));
    }
}

/// Data, without a request. All but the first panic when the container was deleted.
impl Cluster {
    /// Replaces the container by an empty one of the same name. Returns its resource id.
    pub fn recreate_container(&self) -> String {
        self.shared.world().store.create(&self.container)
    }

    /// The container's resource id.
    pub fn container_rid(&self) -> String {
        self.with_container(|container| container.rid.clone())
    }

    /// Splits a partition key range of the container in two. Returns the ids of the halves.
    ///
    /// # Panics
    ///
    /// There is no such range.
    #[expect(
        clippy::expect_used,
        reason = "a test that names no range of its container is wrong"
    )]
    pub fn split(&self, range: &str) -> [String; 2] {
        self.with_container(|container| container.ranges.split(range))
            .expect("a partition key range of this id")
    }

    /// Writes an item, in place of one that there is.
    ///
    /// # Panics
    ///
    /// The item has no id.
    #[expect(clippy::expect_used, reason = "a test with such an item is wrong")]
    pub fn put(&self, item: Value) {
        let id = item["id"].as_str().expect("an id").to_owned();
        self.with_container(|container| container.write(&key_of(&item), &id, Some(item), None));
    }

    /// The item as the last write left it, in whatever region.
    pub fn item(&self, key: impl Into<Value>, id: &str) -> Option<Value> {
        let key = [key.into()];
        self.with_container(|container| {
            let version = container.item(&key, id, None)?;
            Some(version.document().clone())
        })
    }

    #[expect(
        clippy::expect_used,
        reason = "a test that has deleted its container cannot go on with it"
    )]
    fn with_container<T>(&self, with: impl FnOnce(&mut Container) -> T) -> T {
        let mut world = self.shared.world();
        let container = world.store.container(&self.container);
        with(container.expect("the container"))
    }
}
