//! `cosmosdb:driver/tasks`: many operations at once in one instance, without blocking.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{AbortHandle, Abortable, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

use super::exports::driver::DriverBorrow;
use super::exports::tasks::{Guest, TaskId};
use super::reactor::{self, Flag, Turn};
use super::{Component, driver::Handle};
use crate::core::diagnostics::Recorder;
use crate::core::{self, Error};
use crate::wasi::bindings::types::{Error as WitError, Operation, OperationOptions, Response};
use crate::wasi::translate;

type Outcome = core::Result<core::Response>;

thread_local! {
    static TASKS: RefCell<Tasks> = RefCell::default();
}

enum Task {
    Running(AbortHandle),
    Finished(Outcome),
}

/// The tasks of this instance.
#[derive(Default)]
struct Tasks {
    next: TaskId,
    running: FuturesUnordered<LocalBoxFuture<'static, (TaskId, Outcome)>>,
    /// All that were submitted and not taken.
    tasks: HashMap<TaskId, Task>,
    /// Finished and not yet told.
    news: Vec<TaskId>,
    flag: Arc<Flag>,
}

impl Tasks {
    fn submit(
        &mut self,
        read: bool,
        recorder: Option<Recorder>,
        call: impl Future<Output = Outcome> + 'static,
    ) -> TaskId {
        let id = self.free_id();
        let (abort, registration) = AbortHandle::new_pair();
        let task = Abortable::new(call, registration).map(move |ended| {
            let cancelled = |_| Err(Error::cancelled(read, recorder.map(Recorder::finish)));
            (id, ended.unwrap_or_else(cancelled))
        });
        self.tasks.insert(id, Task::Running(abort));
        self.running.push(task.boxed_local());
        id
    }

    fn free_id(&mut self) -> TaskId {
        while self.tasks.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let id = self.next;
        self.next = id.wrapping_add(1);
        id
    }

    /// The outcome of a finished task; none while it runs.
    fn take(&mut self, id: TaskId) -> Option<Outcome> {
        match self.tasks.remove(&id) {
            Some(Task::Finished(outcome)) => {
                self.news.retain(|news| *news != id);
                Some(outcome)
            }
            Some(running) => {
                self.tasks.insert(id, running);
                None
            }
            None => Some(Err(Error::invalid(format!(
                "there is no task {id}: it was never submitted, or its result was taken"
            )))),
        }
    }

    /// Runs every task that can run, until all wait for the host.
    fn run(&mut self) {
        let waker = Waker::from(Arc::clone(&self.flag));
        let mut context = Context::from_waker(&waker);
        loop {
            match self.running.poll_next_unpin(&mut context) {
                Poll::Ready(Some((id, outcome))) => {
                    self.tasks.insert(id, Task::Finished(outcome));
                    self.news.push(id);
                }
                Poll::Ready(None) => return,
                Poll::Pending if self.flag.take() => {}
                Poll::Pending => return,
            }
        }
    }
}

fn with<T>(act: impl FnOnce(&mut Tasks) -> T) -> T {
    TASKS.with_borrow_mut(act)
}

impl Guest for Component {
    fn submit(driver: DriverBorrow<'_>, operation: Operation, options: OperationOptions) -> TaskId {
        let operation = translate::operation(operation);
        let read = operation.is_read();
        let driver = &driver.get::<Handle>().0;
        let (recorder, call) = driver.begin(operation, translate::options(options));
        with(|tasks| tasks.submit(read, recorder, call))
    }

    fn step() -> Vec<TaskId> {
        reactor::turn(Turn::Peek);
        with(|tasks| {
            tasks.run();
            std::mem::take(&mut tasks.news)
        })
    }

    fn wait() -> Vec<TaskId> {
        loop {
            let (news, idle) = with(|tasks| {
                tasks.run();
                (std::mem::take(&mut tasks.news), tasks.running.is_empty())
            });
            if !news.is_empty() || idle || !reactor::turn(Turn::Block) {
                return news;
            }
        }
    }

    fn take(task: TaskId) -> Option<Result<Response, WitError>> {
        let outcome = with(|tasks| tasks.take(task))?;
        Some(outcome.map(translate::response).map_err(translate::error))
    }

    fn cancel(task: TaskId) {
        with(|tasks| {
            if let Some(Task::Running(abort)) = tasks.tasks.get(&task) {
                abort.abort();
                tasks.run();
            }
        });
    }
}
