//! Before the first attempt: what the operation needs to know, and what its options add to the request.

use std::rc::Rc;

use super::Pipeline;
use crate::core::allowance::Allowance;
use crate::core::clock::Nanos;
use crate::core::operation::ContainerRef;
use crate::core::partition::Partition;
use crate::core::session::{RangeRef, SendFacts, TooLarge, sends};
use crate::core::throughput::{Admission, Direct};
use crate::core::{Error, MetadataMode, Result};
use crate::engine::World;
use crate::wire::headers::name;

impl<W: World> Pipeline<W> {
    /// Admits an operation of the caller's, to be over by `deadline`: metadata, headers, the throughput group's turn.
    pub(in crate::engine) async fn enter(&mut self, deadline: Option<Nanos>) -> Result<()> {
        self.allowance = Allowance {
            ru: self.options.ru_budget,
            deadline,
        };
        let eager = self.state.metadata == MetadataMode::Eager;
        if eager || self.state.needs_topology() {
            let topology = self.state.topology(&self.recorder).await?;
            self.options.read_consistency.check(topology.consistency)?;
        }
        if eager {
            self.find_container().await?;
        }
        self.add_session_token()?;
        if self.request.is_read()
            && self.request.is_data_plane()
            && let Some(strategy) = self.options.read_consistency.header()
        {
            self.request
                .set_header(name::READ_CONSISTENCY_STRATEGY, strategy);
        }
        self.take_turn().await
    }

    /// The container's definition, and the partition if its ranges are known.
    async fn find_container(&mut self) -> Result<()> {
        let Some(scope) = &self.request.scope else {
            return Ok(());
        };
        let at = scope.container.clone();
        let container = self
            .state
            .container(&at, &self.options, &self.recorder)
            .await?;
        container.bind(&mut self.request)?;
        self.container = Some(container);
        if self.state.wants_ranges() {
            // Without them the operation still finds its way.
            let _ = self.state.ranges(&at, &self.options, &self.recorder).await;
        }
        self.find_partition(&at);
        Ok(())
    }

    /// Which physical partition the key belongs to, if that can be told without a request.
    pub(super) fn find_partition(&mut self, at: &ContainerRef) {
        self.ranges = None;
        self.route.set_partition(None);
        let (Some(container), Some(scope)) = (&self.container, &self.request.scope) else {
            return;
        };
        let Some(ranges) = self.state.containers.ranges_of(at) else {
            return;
        };
        let range = container
            .point(&scope.key)
            .and_then(|point| ranges.lookup(&point).cloned());
        let partition = range.map(|range| Partition {
            container: Rc::from(container.rid.as_str()),
            range: Rc::clone(&range.id),
        });
        self.route.set_partition(partition);
        self.ranges = Some(ranges);
    }

    /// Adds what the session knows, unless the caller knows better (spec §6.4).
    pub(super) fn add_session_token(&mut self) -> Result<()> {
        let Some(scope) = &self.request.scope else {
            return Ok(());
        };
        let facts = SendFacts {
            capturing_disabled: self.options.session_capturing_disabled,
            user_token: self.has_own_token(),
            read_or_batch: self.request.is_read(),
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
        let ranges = self.state.containers.ranges_of(&scope.container);
        let range = self.route.partition().and_then(|partition| {
            let range = ranges.as_ref()?.by_id(&partition.range)?;
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
            Ok(None) => {}
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

    /// Priority, bucket, and the turn in the throughput group.
    async fn take_turn(&mut self) -> Result<()> {
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
        while let Some(pause) = self.turn_in_group() {
            self.rest(pause).await;
        }
        Ok(())
    }

    fn turn_in_group(&self) -> Option<Nanos> {
        let mut groups = self.state.runtime.groups.borrow_mut();
        let meter = groups.meter(self.metered?)?;
        match meter.admit(self.recorder.now()) {
            Admission::Go => None,
            Admission::Wait(pause) => Some(pause),
        }
    }
}
