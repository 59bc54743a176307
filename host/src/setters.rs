//! The options of operations as methods of the builders that hold a layer of them.

use std::time::Duration;

/// Defines the methods; `$layer` is the field of the builder that holds the options.
macro_rules! option_setters {
    ($layer:ident) => {
        /// All options of this layer at once. Replaces what was set before.
        #[must_use]
        pub fn options(mut self, options: $crate::types::OperationOptions) -> Self {
            self.$layer = options;
            self
        }

        /// Whether writes return the item as the service stored it. Built-in default: false, which saves bandwidth.
        #[must_use]
        pub fn content_response(mut self, enabled: bool) -> Self {
            self.$layer.content_response_on_write = Some(enabled);
            self
        }

        /// Adds a header to every request of an operation. Those that the driver owns keep the driver's value.
        #[must_use]
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.$layer.custom_headers.push((name.into(), value.into()));
            self
        }

        /// How fresh reads must be. Built-in default: as the account's consistency level says.
        #[must_use]
        pub fn read_consistency(mut self, consistency: $crate::types::ReadConsistency) -> Self {
            self.$layer.read_consistency = Some(consistency);
            self
        }

        /// Regions to avoid, as the portal names them. Replaces the list of lower layers; an empty one clears it.
        #[must_use]
        pub fn excluded_regions<R: Into<String>>(
            mut self,
            regions: impl IntoIterator<Item = R>,
        ) -> Self {
            let regions = regions.into_iter().map(Into::into).collect();
            self.$layer.excluded_regions = Some(regions);
            self
        }

        /// Whom the service serves first when the container is out of request units. Built-in default: nothing said.
        #[must_use]
        pub fn priority_level(mut self, level: $crate::types::PriorityLevel) -> Self {
            self.$layer.priority_level = Some(level);
            self
        }

        /// One of the container's throughput buckets. Built-in default: none.
        #[must_use]
        pub fn throughput_bucket(mut self, bucket: u32) -> Self {
            self.$layer.throughput_bucket = Some(bucket);
            self
        }

        /// A group of the runtime
        /// ([`RuntimeConfig::add_throughput_control_group`](crate::RuntimeConfig::add_throughput_control_group)) whose
        /// request units are spent. Built-in default: the runtime's default group, if it has one.
        #[must_use]
        pub fn throughput_control_group(mut self, name: impl Into<String>) -> Self {
            self.$layer.throughput_control_group = Some(name.into());
            self
        }

        /// How long an operation as a whole may take, at least a second; in whole milliseconds. Built-in default: no
        /// limit.
        #[must_use]
        pub fn end_to_end_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.$layer.end_to_end_timeout_ms = Some($crate::setters::milliseconds(timeout));
            self
        }

        /// Further attempts in other regions. Built-in default: 3.
        #[must_use]
        pub fn max_failover_retries(mut self, retries: u32) -> Self {
            self.$layer.max_failover_retries = Some(retries);
            self
        }

        /// Further attempts when a region has not caught up with the session. Built-in default: 2; the number of
        /// regions where each takes writes.
        #[must_use]
        pub fn max_session_retries(mut self, retries: u32) -> Self {
            self.$layer.max_session_retries = Some(retries);
            self
        }

        /// Further attempts when the service throttles. Built-in default: 9.
        #[must_use]
        pub fn max_throttle_retries(mut self, retries: u32) -> Self {
            self.$layer.max_throttle_retries = Some(retries);
            self
        }

        /// How long an operation waits in sum between attempts that are throttled; in whole milliseconds. Built-in
        /// default: 30 s.
        #[must_use]
        pub fn max_throttle_wait(mut self, wait: std::time::Duration) -> Self {
            self.$layer.max_throttle_wait_ms = Some($crate::setters::milliseconds(wait));
            self
        }

        /// How long a region's endpoint is avoided after it failed; in whole milliseconds. Built-in default: 60 s.
        #[must_use]
        pub fn endpoint_unavailability_ttl(mut self, ttl: std::time::Duration) -> Self {
            self.$layer.endpoint_unavailability_ttl_ms = Some($crate::setters::milliseconds(ttl));
            self
        }

        /// Whether session tokens are neither kept nor sent by themselves. Built-in default: false.
        #[must_use]
        pub fn session_capturing_disabled(mut self, disabled: bool) -> Self {
            self.$layer.session_capturing_disabled = Some(disabled);
            self
        }

        /// Whether slow reads are sent to a second region too, whatever the strategy says. Built-in default: as the
        /// strategy says.
        #[must_use]
        pub fn hedging_enabled(mut self, enabled: bool) -> Self {
            self.$layer.hedging_enabled = Some(enabled);
            self
        }

        /// When slow reads are sent to a second region too. Built-in default: hedging with its usual threshold.
        #[must_use]
        pub fn availability_strategy(
            mut self,
            strategy: $crate::types::AvailabilityStrategy,
        ) -> Self {
            self.$layer.availability_strategy = Some(strategy);
            self
        }

        /// Whether a write of which nobody can tell whether it was applied is sent again. Built-in default: true.
        #[must_use]
        pub fn retry_ambiguous_writes(mut self, retry: bool) -> Self {
            self.$layer.retry_ambiguous_writes = Some(retry);
            self
        }

        /// Request units that one operation may spend before it sends no more, above 0. Built-in default: no limit.
        #[must_use]
        pub fn ru_budget(mut self, request_units: f64) -> Self {
            self.$layer.ru_budget = Some(request_units);
            self
        }
    };
}

pub(crate) use option_setters;

/// Whole milliseconds, as the contract counts; the longest span stands for what is longer.
pub(crate) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
