//! Why an attempt does not go where it would go by preference (spec driver-core §9.2).

use std::rc::Rc;

use super::{Route, Router};
use crate::core::account::Target;

/// The partition is served elsewhere: its writes failed over, its hub is known, or its circuit is open.
const MOVED: &str = "partition moved";

/// A session lagged: only the hub will do.
const HUB_ONLY: &str = "hub only";

/// The caller excludes the region.
const EXCLUDED: &str = "region excluded";

/// The endpoint, or one before this in the list, failed in this operation.
const FAILED: &str = "earlier attempt failed";

/// The endpoint failed not long ago.
const AVOIDED: &str = "endpoint avoided";

impl Router {
    /// Whether the target is the one that the route would go to if all were well.
    pub fn prefers(&self, route: &Route, target: &Rc<Target>) -> bool {
        self.preferred(route)
            .is_none_or(|best| Rc::ptr_eq(best, target) || best == target)
    }

    /// Why this target and not the most preferred one; `moved` if it is the partition's own.
    pub(super) fn fallback(
        &self,
        route: &Route,
        target: &Rc<Target>,
        moved: bool,
    ) -> Option<&'static str> {
        if self.prefers(route, target) {
            return None;
        }
        let best = self.preferred(route)?;
        Some(match best.region.as_ref() {
            _ if moved => MOVED,
            _ if route.hub_only => HUB_ONLY,
            Some(region) if route.options.excluded_regions.contains(region) => EXCLUDED,
            _ if route.index > 0 => FAILED,
            _ => AVOIDED,
        })
    }

    fn preferred<'a>(&'a self, route: &'a Route) -> Option<&'a Rc<Target>> {
        match (&route.along, &self.topology) {
            (Some(own), _) => own.first(),
            (None, None) => Some(&self.configured),
            (None, Some(topology)) => topology.list(route.purpose).first(),
        }
    }
}
