//! What lives between `open` and `close`: one account, what is known of it, and how it fares.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::containers::Containers;
use super::single_flight::SingleFlight;
use super::transport::Transport;
use crate::core::MetadataMode;
use crate::core::account::Target;
use crate::core::faults::Faults;
use crate::core::identity::Identity;
use crate::core::ids::IdSource;
use crate::core::options::Layers;
use crate::core::plan_cache::{PlanCache, PlanKey};
use crate::core::router::Router;
use crate::core::routing::{refresh::Refresh, topology::Topology};
use crate::core::runtime::Runtime;
use crate::core::session::Sessions;
use crate::wire::query_plan::QueryPlan;

/// Plans that are being asked for: as many at most as feeds wait for one.
type Planning = Vec<(PlanKey, Rc<SingleFlight<QueryPlan>>)>;

/// One account as this driver sees it.
#[derive(Debug)]
pub(super) struct State<W> {
    pub(super) transport: Transport<W>,
    pub(super) runtime: Rc<Runtime>,
    pub(super) identity: Identity,
    pub(super) ids: IdSource,
    pub(super) configured: Rc<Target>,
    pub(super) backups: Vec<Rc<Target>>,
    pub(super) preferred: Vec<String>,
    pub(super) metadata: MetadataMode,
    pub(super) eager_ranges: bool,
    pub(super) emulator_host: Option<String>,
    /// The layers below an operation's own options.
    pub(super) layers: Layers,
    pub(super) account: SingleFlight<Topology>,
    pub(super) refresh: RefCell<Refresh>,
    pub(super) containers: Containers,
    pub(super) sessions: RefCell<Sessions>,
    pub(super) plans: RefCell<PlanCache>,
    pub(super) planning: RefCell<Planning>,
    pub(super) router: RefCell<Router>,
    pub(super) faults: RefCell<Faults>,
    /// Metadata requests that race at this moment.
    pub(super) metadata_hedges: Cell<u32>,
    pub(super) max_metadata_hedges: u32,
}

impl<W> State<W> {
    /// Where those meet who want the same plan.
    pub(super) fn planning(&self, key: PlanKey) -> Rc<SingleFlight<QueryPlan>> {
        let mut planning = self.planning.borrow_mut();
        planning.retain(|(_, flight)| flight.is_fetching());
        if let Some((_, flight)) = planning.iter().find(|(own, _)| *own == key) {
            return Rc::clone(flight);
        }
        let flight = Rc::<SingleFlight<QueryPlan>>::default();
        planning.push((key, Rc::clone(&flight)));
        flight
    }
}
