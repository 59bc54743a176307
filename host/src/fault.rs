//! Fault rules: requests that fail on purpose.

use std::time::Duration;

use crate::setters::milliseconds;
use crate::types::{FaultCondition, FaultError, FaultOperation, FaultResponse, FaultRule};

/// A rule that makes requests fail, to see how a program takes it: which requests, and what becomes of them.
///
/// A new rule is about every request, metadata included, does nothing to it, and is on. Rules are consulted for each
/// request on the wire, below all retries: a read that fails everywhere meets its rule four times. The first rule that
/// fits acts; what each had to say is in [`Attempt::fault_evaluations`](crate::types::Attempt::fault_evaluations).
///
/// ```no_run
/// # use cosmosdb_driver_host::types::FaultError;
/// # use cosmosdb_driver_host::{Client, Error, Fault};
/// # async fn example(client: &Client) -> Result<(), Error> {
/// let outage = Fault::new("outage")
///     .read_item()
///     .region("West US")
///     .error(FaultError::ServiceUnavailable)
///     .hit_limit(1);
/// client.add_fault(outage).await?;
///
/// let order = client.container("shop", "orders").read_item_bytes("1", "contoso").await?;
/// assert_eq!(order.diagnostics.request_count, 2);
/// assert_eq!(client.fault_hits("outage").await?, Some(1));
/// client.remove_fault("outage").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Fault(FaultRule);

impl Fault {
    /// A rule of this name, another one for each rule of a driver.
    pub fn new(id: impl Into<String>) -> Self {
        Self(FaultRule::new(id))
    }

    /// Only requests for this. Default: for anything, metadata included.
    #[must_use]
    pub fn operation(mut self, operation: FaultOperation) -> Self {
        self.0.condition.operation = Some(operation);
        self
    }

    /// Only reads of items. Instead of another [`operation`](Self::operation), like the next five.
    #[must_use]
    pub fn read_item(self) -> Self {
        self.operation(FaultOperation::ReadItem)
    }

    /// Only creates of items.
    #[must_use]
    pub fn create_item(self) -> Self {
        self.operation(FaultOperation::CreateItem)
    }

    /// Only upserts of items.
    #[must_use]
    pub fn upsert_item(self) -> Self {
        self.operation(FaultOperation::UpsertItem)
    }

    /// Only replacements of items.
    #[must_use]
    pub fn replace_item(self) -> Self {
        self.operation(FaultOperation::ReplaceItem)
    }

    /// Only deletions of items.
    #[must_use]
    pub fn delete_item(self) -> Self {
        self.operation(FaultOperation::DeleteItem)
    }

    /// Only patches of items.
    #[must_use]
    pub fn patch_item(self) -> Self {
        self.operation(FaultOperation::PatchItem)
    }

    /// Only requests to this region, as the portal names it. Default: anywhere.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.0.condition.region = Some(region.into());
        self
    }

    /// Only requests whose path has this in it, for example a container's id. Default: any.
    #[must_use]
    pub fn container(mut self, container: impl Into<String>) -> Self {
        self.0.condition.container = Some(container.into());
        self
    }

    /// They fail like this.
    #[must_use]
    pub fn error(mut self, error: FaultError) -> Self {
        self.0.error = Some(error);
        self
    }

    /// They are not sent, and get this answer. Goes before [`error`](Self::error).
    #[must_use]
    pub fn response(mut self, response: FaultResponse) -> Self {
        self.0.response = Some(response);
        self
    }

    /// They wait first, in whole milliseconds; alone, it only delays them.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.0.delay_ms = milliseconds(delay);
        self
    }

    /// How often the rule acts when it fits, from 0 to 1. Default: always.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.0.probability = Some(probability);
        self
    }

    /// How often the rule acts at most. Default: no limit.
    #[must_use]
    pub fn hit_limit(mut self, hits: u32) -> Self {
        self.0.hit_limit = Some(hits);
        self
    }

    /// The rule acts from this time on, counted from when it is added; in whole milliseconds. Default: at once.
    #[must_use]
    pub fn start_after(mut self, time: Duration) -> Self {
        self.0.start_after_ms = Some(milliseconds(time));
        self
    }

    /// The rule acts until this time, counted from when it is added; in whole milliseconds. Default: for ever.
    #[must_use]
    pub fn end_after(mut self, time: Duration) -> Self {
        self.0.end_after_ms = Some(milliseconds(time));
        self
    }

    /// The rule does not act before it is switched on with `set_fault_enabled`.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.0.enabled = false;
        self
    }
}

impl From<Fault> for FaultRule {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

impl FaultRule {
    /// A rule that is on, about every request, and does nothing to it.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            condition: FaultCondition::default(),
            delay_ms: 0,
            response: None,
            error: None,
            probability: None,
            enabled: true,
            hit_limit: None,
            start_after_ms: None,
            end_after_ms: None,
        }
    }
}

/// Every request.
impl Default for FaultCondition {
    fn default() -> Self {
        Self {
            operation: None,
            region: None,
            container: None,
        }
    }
}

impl FaultResponse {
    /// An answer with this status, and nothing else in it.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            sub_status: 0,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// With this sub-status; 0: none.
    #[must_use]
    pub fn sub_status(mut self, sub_status: u32) -> Self {
        self.sub_status = sub_status;
        self
    }

    /// With this header too.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// The rules of all instances that are opened for one client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(Vec<FaultRule>);

impl Rules {
    /// In the order in which they were added.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, FaultRule> {
        self.0.iter()
    }

    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.0.push(rule);
    }

    pub(crate) fn set_enabled(&mut self, id: &str, enabled: bool) {
        for rule in self.0.iter_mut().filter(|rule| rule.id == id) {
            rule.enabled = enabled;
        }
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.0.retain(|rule| rule.id != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_what_was_said_and_nothing_else() {
        let plain = FaultRule::from(Fault::new("plain"));
        assert_eq!((plain.id.as_str(), plain.enabled), ("plain", true));
        let condition = &plain.condition;
        assert!(condition.operation.is_none() && condition.region.is_none());
        assert!(plain.response.is_none() && plain.error.is_none() && plain.hit_limit.is_none());

        let answer = FaultResponse::new(429).sub_status(3200).body("{}");
        let full = Fault::new("full")
            .patch_item()
            .region("West US")
            .container("orders")
            .error(FaultError::Timeout)
            .response(answer.header("x-ms-retry-after-ms", "5"))
            .delay(Duration::from_millis(7))
            .probability(0.5)
            .hit_limit(2)
            .start_after(Duration::from_secs(1))
            .end_after(Duration::from_secs(2))
            .disabled();
        let FaultRule {
            id: _,
            condition,
            delay_ms,
            response,
            error,
            probability,
            enabled,
            hit_limit,
            start_after_ms,
            end_after_ms,
        } = full.into();
        assert_eq!(condition.operation, Some(FaultOperation::PatchItem));
        assert_eq!(condition.region.as_deref(), Some("West US"));
        assert_eq!(condition.container.as_deref(), Some("orders"));
        assert_eq!((delay_ms, enabled, hit_limit), (7, false, Some(2)));
        assert_eq!((error, probability), (Some(FaultError::Timeout), Some(0.5)));
        assert_eq!((start_after_ms, end_after_ms), (Some(1_000), Some(2_000)));
        let response = response.unwrap();
        assert_eq!((response.status, response.sub_status), (429, 3200));
        let header = ("x-ms-retry-after-ms".to_owned(), "5".to_owned());
        assert_eq!(
            (response.headers, response.body),
            (vec![header], b"{}".to_vec())
        );
    }
}
