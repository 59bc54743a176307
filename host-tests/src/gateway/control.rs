//! What a test can do to a container of a running gateway. Everything holds for the next request to arrive.

use serde_json::Value;

use super::container::Container;
use super::knobs::{OperationRule, TieOrder};
use super::{Gateway, ranges};

/// A container, by its names. All functions panic when it does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) database: &'a str,
    pub(super) container: &'a str,
}

/// Data, without a request.
impl Control<'_> {
    /// Writes a document, in place of one of the same key and id.
    ///
    /// # Panics
    ///
    /// The document has no id, or no partition key that can be one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with json!"
    )]
    pub fn put(&self, document: Value) {
        self.put_text(&document.to_string());
    }

    /// The same with a text, which is kept to the byte.
    ///
    /// # Panics
    ///
    /// As [`put`](Self::put), or the text is no object.
    #[expect(clippy::expect_used, reason = "a test with such a document is wrong")]
    pub fn put_text(&self, text: &str) {
        let document: Value = serde_json::from_str(text).expect("JSON");
        let id = document["id"].as_str().expect("an id");
        let now = self.gateway.shared.world().now;
        self.with(|container| {
            let key = container.keys.of(&document).expect("a partition key");
            container.put(&key, id, text, now).expect("an object");
        });
    }

    /// A document as it is now, by the components of its partition key and its id.
    pub fn item(&self, key: &[Value], id: &str) -> Option<Value> {
        self.with(|container| {
            let place = container.find(key, id)?;
            Some(container.data.items[place].document.value.clone())
        })
    }

    /// All documents, in the order of their creation.
    pub fn items(&self) -> Vec<Value> {
        self.with(|container| {
            let items = container.data.items.iter();
            items.map(|item| item.document.value.clone()).collect()
        })
    }

    /// Adds a conflict of this id.
    pub fn add_conflict(&self, id: &str) {
        let feed = format!("dbs/{}/colls/{}/conflicts", self.database, self.container);
        let mut world = self.gateway.shared.world();
        world.resources.add(&feed, serde_json::json!({ "id": id }));
    }

    /// The container's resource id.
    pub fn rid(&self) -> String {
        self.with(|container| container.rid.clone())
    }

    /// Replaces the container by an empty one of the same definition, with as many ranges as it has now. Returns its
    /// resource id.
    ///
    /// # Panics
    ///
    /// Only if the container does not exist.
    #[expect(clippy::expect_used, reason = "the definition was kept before")]
    pub fn recreate(&self) -> String {
        let ranges = u32::try_from(self.ranges().len()).ok();
        let definition = self.with(|container| container.definition.clone());
        let mut world = self.gateway.shared.world();
        let database = world
            .databases
            .iter()
            .position(|one| one.id == self.database);
        let made = world.create_container(database.unwrap_or_default(), definition, ranges);
        made.expect("a container").rid.clone()
    }
}

/// The physical partitions.
impl Control<'_> {
    /// Their ids and bounds, in the order of their keys.
    pub fn ranges(&self) -> Vec<(String, String, String)> {
        let bounds = |range: &ranges::Range| {
            let slice = range.slice();
            (range.id.clone(), slice.min.text(), slice.max.text())
        };
        self.with(|container| container.ranges.all().iter().map(bounds).collect())
    }

    /// The id of the range of a partition key.
    ///
    /// # Panics
    ///
    /// Only if the container does not exist.
    #[expect(clippy::expect_used, reason = "the ranges leave no gap")]
    pub fn range_of(&self, key: &[Value]) -> String {
        self.with(|container| {
            let epk = super::epk::Epk::of(key, container.keys.is_hierarchical);
            container.ranges.of(&epk).expect("a range").id.clone()
        })
    }

    /// Splits a range in two. Returns the ids of the halves.
    ///
    /// # Panics
    ///
    /// There is no such range.
    #[expect(clippy::expect_used, reason = "a test that names no range is wrong")]
    pub fn split(&self, range: &str) -> [String; 2] {
        self.with(|container| container.ranges.split(range))
            .expect("a partition key range of this id")
    }

    /// Merges two neighbours. Returns the id of the whole.
    ///
    /// # Panics
    ///
    /// They are no neighbours, or not in this order.
    #[expect(
        clippy::expect_used,
        reason = "a test that names no neighbours is wrong"
    )]
    pub fn merge(&self, left: &str, right: &str) -> String {
        self.with(|container| container.ranges.merge(left, right))
            .expect("two partition key ranges beside each other")
    }

    /// Says so many times of a range that it is gone, though it is not: 410 with this sub-status.
    pub fn say_gone(&self, range: &str, sub_status: u32, times: u64) {
        let rule = (range.to_owned(), sub_status, times);
        self.with(|container| container.knobs.gone.push(rule));
    }

    /// The feed of ranges shows them as they are now, whatever happens to them, until
    /// [`release_ranges`](Self::release_ranges).
    pub fn hold_ranges(&self) {
        self.with(|container| container.held = Some(container.ranges.clone()));
    }

    /// The feed of ranges shows them as they are again.
    pub fn release_ranges(&self) {
        self.with(|container| container.held = None);
    }

    /// Whether the feed of ranges has the last made first. Default: false.
    pub fn reverse_ranges(&self, reversed: bool) {
        self.with(|container| container.knobs.reversed = reversed);
    }

    /// The feed of ranges leaves this one out where an etag asks for what is new.
    pub fn lose_range(&self, id: &str) {
        self.with(|container| container.knobs.lost = Some(id.to_owned()));
    }

    /// Whoever asks for ranges with an etag that was given until now gets all of them.
    pub fn forget_range_etags(&self) {
        self.with(|container| container.knobs.etags += 1);
    }

    /// The most rows of a page of the feed of ranges. Default: all.
    pub fn ranges_page(&self, rows: usize) {
        self.with(|container| container.knobs.ranges_page = Some(rows));
    }
}

/// The pages.
impl Control<'_> {
    /// The most rows of a page of any feed, whatever the request says, and as many if the request leaves it to the
    /// service; none: as the request says, or 100. At least 1.
    pub fn page_size(&self, rows: Option<usize>) {
        self.with(|container| container.knobs.page_size = rows.map(|rows| rows.max(1)));
    }

    /// The most documents that one page of a query looks at: aggregates and groups become partial, and pages of a
    /// DISTINCT repeat rows of other pages; none: no limit. At least 1.
    pub fn scan(&self, documents: Option<usize>) {
        self.with(|container| container.knobs.scan = documents.map(|count| count.max(1)));
    }

    /// The next so many pages of feeds are empty, with a continuation that goes on where they are. Those of change
    /// feeds are 304 with the etag unchanged.
    pub fn empty_pages(&self, pages: u64) {
        self.with(|container| container.knobs.empty_pages = pages);
    }

    /// The order of documents with equal sort keys.
    pub fn ties(&self, order: TieOrder) {
        self.with(|container| container.knobs.ties = order);
    }

    /// The next so many operations in batches that satisfy a condition fail: with this status, sub-status and time
    /// to wait, in milliseconds.
    pub fn fail_operations(
        &self,
        times: u64,
        about: impl Fn(&Value) -> bool + Send + 'static,
        (status, sub_status): (u16, u32),
        retry_after: Option<u64>,
    ) {
        let rule = OperationRule {
            about: Box::new(about),
            status,
            sub_status,
            retry_after,
            times,
        };
        self.with(|container| container.knobs.operations.push(rule));
    }

    #[expect(
        clippy::expect_used,
        reason = "a test that names no container is wrong"
    )]
    fn with<T>(&self, with: impl FnOnce(&mut Container) -> T) -> T {
        let mut world = self.gateway.shared.world();
        let mut databases = world.databases.iter_mut();
        let database = databases.find(|one| one.id == self.database);
        let containers = database.map(|database| &mut database.containers);
        let mut containers = containers.into_iter().flatten();
        let container = containers.find(|one| one.id == self.container);
        with(container.expect("the container"))
    }
}
