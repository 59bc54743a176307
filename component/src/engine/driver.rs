//! The driver: one account, and the way of an operation in and out.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::World;
use super::bulk;
use super::containers::Containers;
use super::control::Errand;
use super::feed::Feed;
use super::metadata::Chore;
use super::pipeline::Pipeline;
use super::single_flight::SingleFlight;
use super::state::State;
use super::transport::{Answer, Transport};
use super::wait;
use crate::core::account::Target;
use crate::core::allowance::{Allowance, DEADLINE_MARGIN};
use crate::core::clock::{MILLI, Nanos};
use crate::core::config::{Config, Settings, TopologyCache};
use crate::core::diagnostics::Recorder;
use crate::core::faults::Faults;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::ids::IdSource;
use crate::core::operation::ContainerRef;
use crate::core::options::Resolved;
use crate::core::request::Request;
use crate::core::router::{Route, Router};
use crate::core::runtime::Runtime;
use crate::core::{Error, Operation, OperationOptions, Outcome, Response, Result, explain};
use crate::wire::secret::Secret;

/// How much longer than its operation a chore beside it may take.
const GRACE: Nanos = 250 * MILLI;

/// A client of one account. Cheap to share within an instance; nothing runs between calls.
#[derive(Debug)]
pub struct Driver<W: World> {
    pub(super) state: RefCell<Option<Rc<State<W>>>>,
}

impl<W: World> Driver<W> {
    /// Checks the configuration. Sends nothing.
    ///
    /// # Errors
    /// `invalid-argument`.
    pub fn open(config: Config, runtime: Rc<Runtime>, world: W) -> Result<Self> {
        let settings = config.checked(&runtime)?;
        let state = State::new(settings, runtime, world);
        Ok(Self {
            state: RefCell::new(Some(Rc::new(state))),
        })
    }

    /// Runs one operation. The future holds what it needs: it outlives the driver, and dropping it abandons the
    /// request without harm to the caches.
    pub fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> impl Future<Output = Result<Response>> + use<W> {
        let state = self.state.borrow().clone();
        async move {
            let state = state.ok_or_else(Error::closed)?;
            let (options, recorder) = state.prepare(&operation, options);
            state.execute(operation, options, recorder).await
        }
    }

    /// Like [`execute`](Self::execute), with a handle on the record of what is sent, for a caller who may drop the
    /// future. None if the driver is closed.
    pub fn begin(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> (
        Option<Recorder>,
        impl Future<Output = Result<Response>> + use<W>,
    ) {
        let state = self.state.borrow().clone();
        let begun = state.map(|state| {
            let (options, recorder) = state.prepare(&operation, options);
            (state, options, recorder)
        });
        let recorder = begun.as_ref().map(|(_, _, recorder)| recorder.clone());
        let future = async move {
            let (state, options, recorder) = begun.ok_or_else(Error::closed)?;
            recorder.restart(state.transport.world.now());
            state.execute(operation, options, recorder).await
        };
        (recorder, future)
    }

    /// An operation with many answers, page by page. Sends nothing before the first page is asked for, and outlives the driver.
    ///
    /// # Errors
    /// `invalid-argument`; `closed`.
    pub fn feed(
        &self,
        operation: FeedOperation,
        feed: FeedOptions,
        options: OperationOptions,
    ) -> Result<Feed<W>> {
        let state = self.state.borrow().clone();
        Feed::new(state.ok_or_else(Error::closed)?, operation, feed, options)
    }

    /// Replaces the bearer token for operations that begin later.
    ///
    /// # Errors
    /// `invalid-argument`; `closed`.
    pub fn set_bearer_token(&self, token: &Secret) -> Result<()> {
        let state = self.state.borrow();
        let state = state.as_ref().ok_or_else(Error::closed)?;
        state.transport.credential.replace_bearer(token)
    }

    /// Shows the fault rules to `act`, with the time. Rules apply to attempts that begin later.
    ///
    /// # Errors
    /// `closed`.
    pub fn faults<T>(&self, act: impl FnOnce(&mut Faults, Nanos) -> T) -> Result<T> {
        let state = self.state.borrow();
        let state = state.as_ref().ok_or_else(Error::closed)?;
        let now = state.transport.world.now();
        Ok(act(&mut state.faults.borrow_mut(), now))
    }

    /// Forgets everything. The credential is wiped when the last running operation ends.
    pub fn close(&self) {
        self.state.replace(None);
    }
}

impl<W: World> State<W> {
    fn new(settings: Settings, runtime: Rc<Runtime>, world: W) -> Self {
        let ids = IdSource::new(world.random());
        let configured = Rc::new(Target {
            region: None,
            endpoint: settings.endpoint,
        });
        let router = Router::new(Rc::clone(&configured), settings.circuit_breaker);
        let user_agent = settings.identity.user_agent(router.features());
        let transport = Transport::new(world, settings.credential, &ids.next_id(), &user_agent);
        Self {
            transport,
            identity: settings.identity,
            ids,
            configured,
            backups: settings.backup_endpoints,
            preferred: settings.preferred_regions,
            metadata: settings.metadata,
            eager_ranges: settings.topology_cache == TopologyCache::Eager,
            emulator_host: runtime.emulator_host.clone(),
            runtime,
            layers: settings.options,
            account: SingleFlight::default(),
            refresh: RefCell::default(),
            containers: Containers::default(),
            sessions: RefCell::default(),
            plans: RefCell::default(),
            planning: RefCell::default(),
            router: RefCell::new(router),
            faults: RefCell::default(),
            metadata_hedges: Cell::new(0),
            max_metadata_hedges: settings.max_concurrent_metadata_hedges,
        }
    }

    /// The options in force, and the record of an operation that begins now.
    fn prepare(
        &self,
        operation: &Operation,
        options: OperationOptions,
    ) -> (Result<Rc<Resolved>>, Recorder) {
        let options = self.layers.resolve(options, &self.runtime);
        let given = options
            .as_ref()
            .ok()
            .and_then(|options| options.activity_id.clone());
        let id = given.unwrap_or_else(|| self.ids.next_id());
        let now = self.transport.world.now();
        let recorder = Recorder::new(operation.name(), id, now, &self.runtime.diagnostics);
        (options, recorder)
    }

    async fn execute(
        self: Rc<Self>,
        operation: Operation,
        options: Result<Rc<Resolved>>,
        recorder: Recorder,
    ) -> Result<Response> {
        let dropped = dropped_by(&operation);
        let result = match self.plan(operation, options, &recorder) {
            // Boxed as a whole, so that what is handed from caller to caller is small.
            Ok(Planned::Pipeline(mut pipeline)) => match pipeline.begin() {
                Ok(true) => Box::pin(pipeline.run()).await,
                Ok(false) => pipeline.completed().await,
                Err(error) => Err(error),
            },
            Ok(Planned::Bounded(future)) => future.await,
            Err(error) => Err(error),
        };
        match result {
            Ok(answer) => {
                self.forget(dropped);
                let said = Some((answer.status, answer.headers.sub_status));
                Ok(Response {
                    diagnostics: recorder.finish(said),
                    status: answer.status,
                    body: answer.body,
                    headers: answer.headers,
                    results: answer.results,
                })
            }
            Err(mut error) => {
                if recorder.may_have_applied() {
                    error.outcome = Outcome::Unknown;
                }
                let status = error.status.map(|status| (status, error.sub_status));
                error.diagnostics = Some(recorder.finish(status));
                Err(error)
            }
        }
    }

    /// The operation ready to run.
    fn plan(
        self: &Rc<Self>,
        operation: Operation,
        options: Result<Rc<Resolved>>,
        recorder: &Recorder,
    ) -> Result<Planned<W>> {
        let options = &options?;
        if options.diagnostics_report {
            recorder.report(self.runtime.diagnostics);
        }
        let timeout = options.end_to_end_timeout;
        let deadline = timeout.map(|timeout| recorder.now().saturating_add(timeout));
        if let Operation::ExecuteBulk(bulk) = operation {
            let future = bulk::run(self, bulk, options, recorder, deadline);
            return Ok(Planned::Bounded(future));
        }
        if operation.is_several() {
            let future = self.plan_several(operation, options, recorder, deadline);
            return Ok(Planned::Bounded(future));
        }
        let request = Request::new(operation, options.content_response_on_write)?;
        let chore = self.chore(&request, options, recorder);
        let bounds = (deadline.is_some() || chore.is_some()).then(|| {
            Box::new(Bounds {
                state: Rc::clone(self),
                name: request.name,
                read: request.is_read(),
                recorder: recorder.clone(),
                timeout,
                deadline,
                chore,
            })
        });
        let route = Route::new(request.purpose(), request.is_data_plane(), options);
        let mut pipeline = Pipeline::new(self, request, options, recorder, route);
        pipeline.admit(deadline);
        Ok(match bounds {
            None => Planned::Pipeline(pipeline),
            Some(bounds) => Planned::Bounded(bounds.around(pipeline.completed())),
        })
    }

    /// An operation of several requests, ready to run.
    #[cold]
    #[inline(never)]
    fn plan_several(
        self: &Rc<Self>,
        operation: Operation,
        options: &Rc<Resolved>,
        recorder: &Recorder,
        deadline: Option<Nanos>,
    ) -> LocalBoxFuture<'static, Result<Answer>> {
        let bounds = Bounds {
            state: Rc::clone(self),
            name: operation.name(),
            read: operation.is_read(),
            recorder: recorder.clone(),
            timeout: options.end_to_end_timeout,
            deadline,
            // Those of single requests are enough.
            chore: None,
        };
        let errand = Errand {
            state: Rc::clone(self),
            options: Rc::clone(options),
            recorder: recorder.clone(),
            allowance: Allowance {
                ru: options.ru_budget,
                deadline,
            },
        };
        Box::new(bounds).around(errand.run(operation).boxed_local())
    }

    /// What has to be done beside an operation that begins now.
    fn chore(
        self: &Rc<Self>,
        request: &Request,
        options: &Rc<Resolved>,
        recorder: &Recorder,
    ) -> Option<Chore> {
        let ranges = || {
            let scope = request.scope.as_ref()?;
            self.ranges_chore(&scope.container, options, recorder)
        };
        self.account_chore(recorder).or_else(ranges)
    }

    /// Drops what is known of things that are gone.
    fn forget(&self, dropped: Option<Dropped>) {
        match dropped {
            None => {}
            Some(Dropped::Container(at)) => {
                self.containers.forget(&at);
                self.sessions.borrow_mut().forget(&at);
            }
            Some(Dropped::Database(id)) => {
                self.containers.forget_database(&id);
                self.sessions.borrow_mut().forget_database(&id);
            }
        }
    }
}

/// An operation that is ready to run.
enum Planned<W: World> {
    /// One request, which nothing but itself bounds: so it is mostly.
    Pipeline(Box<Pipeline<W>>),
    /// Anything else.
    Bounded(LocalBoxFuture<'static, Result<Answer>>),
}

/// What an operation shares its time with: the end of its patience, and a chore.
struct Bounds<W: World> {
    state: Rc<State<W>>,
    name: &'static str,
    read: bool,
    recorder: Recorder,
    timeout: Option<Nanos>,
    deadline: Option<Nanos>,
    chore: Option<Chore>,
}

impl<W: World> Bounds<W> {
    fn around(
        self: Box<Self>,
        operation: LocalBoxFuture<'static, Result<Answer>>,
    ) -> LocalBoxFuture<'static, Result<Answer>> {
        self.run(operation).boxed_local()
    }

    async fn run(
        mut self: Box<Self>,
        operation: LocalBoxFuture<'static, Result<Answer>>,
    ) -> Result<Answer> {
        let (chore, mut operation) = (self.chore.take(), pin!(operation));
        let world = &self.state.transport.world;
        // The deadline must not take away what is done already.
        let latest = self.deadline.map(|at| at.saturating_sub(DEADLINE_MARGIN));
        let run = async {
            match chore {
                None => operation.await,
                Some(chore) => {
                    wait::with_chore(world, operation.as_mut(), chore, GRACE, latest).await
                }
            }
        };
        let Some(deadline) = self.deadline else {
            return run.await;
        };
        match wait::until(world, deadline, pin!(run)).await {
            Some(result) => result,
            None => {
                let under_way = self.recorder.time_out(world.now());
                let unknown = under_way && !self.read;
                Err(explain::cut_off(self.name, self.timeout, unknown))
            }
        }
    }
}

/// What an operation removes when it succeeds.
#[derive(Debug)]
enum Dropped {
    Database(String),
    Container(ContainerRef),
}

fn dropped_by(operation: &Operation) -> Option<Dropped> {
    match operation {
        Operation::DeleteDatabase { id } => Some(Dropped::Database(id.clone())),
        Operation::DeleteContainer(at) => Some(Dropped::Container(at.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
