//! Before the first attempt: what the operation needs to know, and what its options add to the request.

use std::rc::Rc;

use super::Pipeline;
use crate::core::allowance::Allowance;
use crate::core::clock::Nanos;
use crate::core::partition::Partition;
use crate::core::ranges::RangeMap;
use crate::core::session::{RangeRef, SendFacts, TooLarge, sends};
use crate::core::throughput::{Admission, Direct};
use crate::core::{Error, MetadataMode, Result};
use crate::engine::World;
use crate::wire::headers::name;

impl<W: World> Pipeline<W> {
    /// Begins: from here on the operation spends its allowance.
    #[inline(always)] // every operation comes this way
    pub(in crate::engine) fn admit(&mut self, deadline: Option<Nanos>) {
        self.allowance = Allowance {
            ru: self.options.ru_budget,
            deadline,
        };
        // Who names a partition, or asks for changes, has read the definition, even in a lean driver.
        let knows = self.state.metadata == MetadataMode::Eager
            || self.request.is_to_range()
            || self.request.asks_for_changes();
        if knows && let Some(scope) = &self.request.scope {
            self.container = self.state.containers.definition_of(&scope.container);
        }
    }

    /// Whether everything is known that the operation needs, which is so for all but the first ones.
    pub(super) fn is_ready(&self) -> bool {
        let eager = self.state.metadata == MetadataMode::Eager;
        let account = self.state.router.borrow().topology().is_some();
        if !account && (eager || self.state.needs_topology()) {
            return false;
        }
        match &self.request.scope {
            Some(scope) if eager => {
                self.container.is_some()
                    && !(self.state.wants_ranges()
                        && self
                            .state
                            .containers
                            .lacks_ranges(&scope.container, self.recorder.now()))
            }
            _ => true,
        }
    }

    /// Reads what is not known yet.
    pub(super) async fn get_ready(&mut self) -> Result<()> {
        self.state.topology(&self.recorder).await?;
        let Some(scope) = &self.request.scope else {
            return Ok(());
        };
        if self.state.metadata == MetadataMode::Lean {
            return Ok(());
        }
        if self.container.is_none() {
            let (options, recorder) = (&self.options, &self.recorder);
            let container = self
                .state
                .container(&scope.container, None, options, recorder);
            self.container = Some(container.await?);
        }
        self.get_ranges().await;
        Ok(())
    }

    /// Reads the partition key ranges if they are wanted and not known yet.
    pub(super) async fn get_ranges(&self) {
        let Some(scope) = &self.request.scope else {
            return;
        };
        let (at, state) = (&scope.container, &self.state);
        if state.wants_ranges() && state.containers.lacks_ranges(at, self.recorder.now()) {
            // Without them the operation still finds its way.
            if state
                .ranges(at, None, &self.options, &self.recorder)
                .await
                .is_err()
            {
                state.containers.ranges_failed(at, self.recorder.now());
            }
        }
    }

    fn reads_items(&self) -> bool {
        self.request.goes_to_readers() && self.request.is_data_plane()
    }

    /// Fits the request to the account, the container and the options.
    pub(super) fn bind(&mut self) -> Result<()> {
        if self.reads_items()
            && let Some(topology) = self.state.router.borrow().topology()
        {
            self.options.read_consistency.check(topology.consistency)?;
        }
        if let Some(container) = self.container.clone() {
            container.bind(&mut self.request)?;
            self.find_partition();
        }
        self.add_session_token()?;
        if self.reads_items()
            && let Some(strategy) = self.options.read_consistency.header()
        {
            self.request
                .set_header(name::READ_CONSISTENCY_STRATEGY, strategy);
        }
        Ok(())
    }

    /// Which physical partition the key belongs to, if that can be told without a request.
    pub(super) fn find_partition(&mut self) {
        self.ranges = self.known_ranges();
        let partition = self.partition();
        self.route.set_partition(partition);
    }

    fn known_ranges(&self) -> Option<Rc<RangeMap>> {
        let scope = self.request.scope.as_ref()?;
        self.state.containers.ranges_of(&scope.container)
    }

    fn partition(&self) -> Option<Partition> {
        let (container, scope) = (self.container.as_ref()?, self.request.scope.as_ref()?);
        let ranges = self.ranges.as_ref()?;
        let range = if scope.key.is_empty() {
            ranges.by_id(self.request.range_id()?)?
        } else {
            ranges.lookup(&container.point(&scope.key)?)?
        };
        Some(Partition {
            container: Rc::from(container.rid.as_str()),
            range: Rc::clone(&range.id),
        })
    }

    /// Adds what the session knows, in place of what it knew before, unless the caller knows better (spec §6.4).
    pub(super) fn add_session_token(&mut self) -> Result<()> {
        let Some(scope) = &self.request.scope else {
            return Ok(());
        };
        let facts = SendFacts {
            capturing_disabled: self.options.session_capturing_disabled,
            user_token: self.has_own_token(),
            read_or_batch: self.request.is_read() || self.request.is_batch(),
            multi_write: self.state.router.borrow().multi_write(),
            strategy: self.options.read_consistency,
            account: self.state.router.borrow().consistency(),
        };
        if !sends(&facts) {
            return Ok(());
        }
        let rid = self
            .container
            .as_ref()
            .map(|container| container.rid.as_str());
        let range = self.route.partition().and_then(|partition| {
            let range = self.ranges.as_ref()?.by_id(&partition.range)?;
            Some(RangeRef {
                id: &range.id,
                parents: &range.parents,
            })
        });
        let token = self
            .state
            .sessions
            .borrow()
            .token(&scope.container, rid, range);
        match token {
            Ok(Some(token)) => self.request.set_header(name::SESSION_TOKEN, token),
            Ok(None) => self.request.remove_header(name::SESSION_TOKEN),
            Err(TooLarge) => {
                return Err(Error::invalid(
                    "the session knows so many partitions of this container that their tokens fit no header: open the driver \
                 with the eager topology cache, which tells which partition an item is on, or pass a session token",
                ));
            }
        }
        Ok(())
    }

    /// Whether the caller gave a session token.
    pub(super) fn has_own_token(&self) -> bool {
        let named = |(name, _): &(String, String)| name == name::SESSION_TOKEN;
        self.own_token || self.options.custom_headers.iter().any(named)
    }

    /// Priority and bucket; true if the throughput group has to be waited for.
    pub(super) fn take_turn(&mut self) -> Result<bool> {
        let options = &self.options;
        let direct = Direct {
            priority: options.priority_level,
            bucket: options.throughput_bucket,
            group: options.throughput_control_group.as_deref(),
        };
        let control = self.state.runtime.groups.borrow().resolve(&direct)?;
        if let Some(priority) = control.priority {
            self.request
                .set_header(name::PRIORITY_LEVEL, priority.header());
        }
        if let Some(bucket) = control.bucket {
            self.request
                .set_header(name::THROUGHPUT_BUCKET, bucket.to_string());
        }
        self.metered = control.metered;
        Ok(self.metered.is_some())
    }

    pub(super) async fn wait_for_turn(&self) {
        while let Some(pause) = self.pause_in_group() {
            self.rest(pause).await;
        }
    }

    fn pause_in_group(&self) -> Option<Nanos> {
        let mut groups = self.state.runtime.groups.borrow_mut();
        let meter = groups.meter(self.metered?)?;
        match meter.admit(self.recorder.now()) {
            Admission::Go => None,
            Admission::Wait(pause) => Some(pause),
        }
    }
}
