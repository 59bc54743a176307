//! The driver: one account, its caches, and the path of an operation through them.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use futures_util::FutureExt as _;

use crate::core::account::{Account, Target};
use crate::core::config::{Config, MetadataMode, Settings};
use crate::core::container::{Container, is_stale};
use crate::core::diagnostics::Recorder;
use crate::core::ids::IdSource;
use crate::core::operation::ContainerRef;
use crate::core::options::{Layers, Resolved};
use crate::core::request::Request;
use crate::core::runtime::Runtime;
use crate::core::{Error, Operation, OperationOptions, Response, Result, explain};
use crate::wire::endpoint::Endpoint;
use crate::wire::secret::Secret;
use crate::wire::{account, container};

use super::World;
use super::single_flight::SingleFlight;
use super::transport::{Answer, Transport};

/// Container definitions kept; beyond it they are forgotten and read again as needed.
const MAX_CONTAINERS: usize = 1024;

/// Metadata documents are a few kilobytes; what is larger is refused.
const MAX_METADATA_BYTES: usize = 1 << 20;

/// A client of one account. Cheap to share within an instance; nothing runs between calls.
#[derive(Debug)]
pub struct Driver<W: World> {
    session: RefCell<Option<Rc<Session<W>>>>,
}

impl<W: World> Driver<W> {
    /// Checks the configuration, and opens a driver on a runtime that others may share. Sends nothing.
    ///
    /// # Errors
    /// `invalid-argument`.
    pub fn open(config: Config, runtime: Rc<Runtime>, world: W) -> Result<Self> {
        let session = Session::new(config.checked(&runtime)?, runtime, world);
        Ok(Self {
            session: RefCell::new(Some(Rc::new(session))),
        })
    }

    /// Runs one operation. The future holds what it needs: it outlives the driver, and dropping it abandons the
    /// request without harm to the caches.
    pub fn execute(
        &self,
        operation: Operation,
        options: OperationOptions,
    ) -> impl Future<Output = Result<Response>> + use<W> {
        let session = self.session.borrow().clone();
        async move {
            let session = session.ok_or_else(Error::closed)?;
            let (options, recorder) = session.prepare(operation.name(), options);
            session.execute(operation, options, recorder).await
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
        let session = self.session.borrow().clone();
        let begun = session.map(|session| {
            let (options, recorder) = session.prepare(operation.name(), options);
            (session, options, recorder)
        });
        let recorder = begun.as_ref().map(|(_, _, recorder)| recorder.clone());
        let future = async move {
            let (session, options, recorder) = begun.ok_or_else(Error::closed)?;
            recorder.restart(session.transport.world.now());
            session.execute(operation, options, recorder).await
        };
        (recorder, future)
    }

    /// Replaces the bearer token for operations that begin later.
    ///
    /// # Errors
    /// `invalid-argument`; `closed`.
    pub fn set_bearer_token(&self, token: &Secret) -> Result<()> {
        let session = self.session.borrow();
        let session = session.as_ref().ok_or_else(Error::closed)?;
        session.transport.credential.replace_bearer(token)
    }

    /// Forgets everything. The credential is wiped when the last running operation ends.
    pub fn close(&self) {
        self.session.replace(None);
    }
}

/// What lives between `open` and `close`.
#[derive(Debug)]
struct Session<W> {
    transport: Rc<Transport<W>>,
    ids: IdSource,
    configured: Target,
    metadata: MetadataMode,
    options: Layers,
    runtime: Rc<Runtime>,
    account: SingleFlight<Account>,
    /// Sorted by name.
    containers: RefCell<Vec<(ContainerRef, Rc<SingleFlight<Container>>)>>,
}

impl<W: World> Session<W> {
    fn new(settings: Settings, runtime: Rc<Runtime>, world: W) -> Self {
        let ids = IdSource::new(world.random());
        let transport = Transport::new(world, settings.credential, &ids.next_id());
        Self {
            transport: Rc::new(transport),
            ids,
            configured: Target {
                region: None,
                endpoint: settings.endpoint,
            },
            metadata: settings.metadata,
            options: settings.options,
            runtime,
            account: SingleFlight::default(),
            containers: RefCell::default(),
        }
    }

    /// The options in force, and the record of an operation that begins now.
    fn prepare(
        &self,
        name: &'static str,
        options: OperationOptions,
    ) -> (Result<Rc<Resolved>>, Recorder) {
        let options = self.options.resolve(options, &self.runtime);
        let given = options
            .as_ref()
            .ok()
            .and_then(|options| options.activity_id.clone());
        let id = given.unwrap_or_else(|| self.ids.next_id());
        (options, Recorder::new(name, id, self.transport.world.now()))
    }

    async fn execute(
        &self,
        operation: Operation,
        options: Result<Rc<Resolved>>,
        recorder: Recorder,
    ) -> Result<Response> {
        let result = match options {
            Ok(options) => self.run(operation, &options, &recorder).await,
            Err(error) => Err(error),
        };
        let diagnostics = recorder.finish();
        match result {
            Ok(Answer {
                status,
                headers,
                body,
            }) => Ok(Response {
                status,
                body,
                headers,
                diagnostics,
            }),
            Err(mut error) => {
                error.diagnostics = Some(diagnostics);
                Err(error)
            }
        }
    }

    async fn run(
        &self,
        operation: Operation,
        options: &Resolved,
        recorder: &Recorder,
    ) -> Result<Answer> {
        let dropped = dropped_by(&operation);
        let mut request = Request::new(operation, options.content_response_on_write)?;
        let account = match self.metadata {
            MetadataMode::Eager => Some(self.account(recorder).await?),
            MetadataMode::Lean => None,
        };
        let target = account
            .as_ref()
            .map_or(&self.configured, |a| a.target(request.read));
        if let Some(account) = &account {
            account.bind(&mut request);
            if let Some(scope) = &request.scope {
                let container = self.container(&scope.container, target, recorder).await?;
                container.bind(&mut request)?;
            }
        }
        let answer = self
            .transport
            .send(&mut request, &options.custom_headers, target, recorder)
            .await?;
        if explain::is_success(request.read, answer.status) {
            self.forget(dropped.as_ref());
            return Ok(answer);
        }
        if is_stale(answer.status, answer.headers.sub_status) {
            self.forget(
                request
                    .scope
                    .map(|scope| Dropped::Container(scope.container))
                    .as_ref(),
            );
        }
        Err(self.transport.refusal((request.name, request.read), answer))
    }

    /// The account document: read once, from the configured endpoint.
    async fn account(&self, recorder: &Recorder) -> Result<Rc<Account>> {
        if let Some(account) = self.account.ready() {
            return Ok(account);
        }
        let fetch = || {
            let (transport, target) = (Rc::clone(&self.transport), self.configured.clone());
            let (runtime, recorder) = (Rc::clone(&self.runtime), recorder.clone());
            async move {
                let answer = transport
                    .metadata(Request::account(), &target, &recorder)
                    .await?;
                let emulator = runtime.emulator_host.as_deref();
                parse_account(&answer, &target.endpoint, emulator).map(Rc::new)
            }
            .boxed_local()
        };
        let result = self.account.get(fetch).await;
        recorder.resume(self.transport.world.now());
        result
    }

    /// A container's definition: read once, from the region that the operation goes to.
    async fn container(
        &self,
        at: &ContainerRef,
        target: &Target,
        recorder: &Recorder,
    ) -> Result<Rc<Container>> {
        let flight = self.container_flight(at);
        if let Some(container) = flight.ready() {
            return Ok(container);
        }
        let fetch = || {
            let (transport, target) = (Rc::clone(&self.transport), target.clone());
            let (at, recorder) = (at.clone(), recorder.clone());
            async move {
                let request = Request::container(&at)?;
                let answer = transport.metadata(request, &target, &recorder).await?;
                parse_container(&answer).map(Rc::new)
            }
            .boxed_local()
        };
        let result = flight.get(fetch).await;
        recorder.resume(self.transport.world.now());
        result
    }

    fn container_flight(&self, at: &ContainerRef) -> Rc<SingleFlight<Container>> {
        let mut containers = self.containers.borrow_mut();
        let place = match containers.binary_search_by(|(known, _)| known.cmp(at)) {
            Ok(place) => place,
            Err(_) if containers.len() >= MAX_CONTAINERS => {
                containers.clear();
                0
            }
            Err(place) => place,
        };
        match containers.get(place) {
            Some((known, flight)) if known == at => Rc::clone(flight),
            _ => {
                let flight = Rc::new(SingleFlight::default());
                containers.insert(place, (at.clone(), Rc::clone(&flight)));
                flight
            }
        }
    }

    /// Drops cached definitions that are gone or may be outdated.
    fn forget(&self, dropped: Option<&Dropped>) {
        let Some(dropped) = dropped else { return };
        self.containers
            .borrow_mut()
            .retain(|(at, _)| match dropped {
                Dropped::Container(gone) => at != gone,
                Dropped::Database(id) => at.database != *id,
            });
    }
}

impl<W: World> Transport<W> {
    /// A metadata request on behalf of an operation.
    async fn metadata(
        &self,
        mut request: Request,
        target: &Target,
        recorder: &Recorder,
    ) -> Result<Answer> {
        let answer = self.send(&mut request, &[], target, recorder).await?;
        if !explain::is_success(true, answer.status) {
            return Err(self.refusal((request.name, true), answer));
        }
        if answer.body.len() > MAX_METADATA_BYTES {
            return Err(explain::nonsense(
                request.name,
                "document of less than a megabyte",
            ));
        }
        Ok(answer)
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

fn parse_account(
    answer: &Answer,
    configured: &Endpoint,
    emulator: Option<&str>,
) -> Result<Account> {
    let document = account::parse(&answer.body)
        .ok_or_else(|| explain::nonsense("read_account", "account document"))?;
    Ok(Account::new(&document, configured, emulator))
}

fn parse_container(answer: &Answer) -> Result<Container> {
    let document = container::parse(&answer.body)
        .ok_or_else(|| explain::nonsense("read_container", "container definition"))?;
    Ok(Container::from(document))
}

#[cfg(test)]
mod tests;
