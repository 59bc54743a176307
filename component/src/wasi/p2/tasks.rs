//! `cosmosdb:driver/tasks`: many operations at once in one instance, without blocking.
#![allow(unsafe_code)] // the component's entry points

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{AbortHandle, Abortable, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use slab::Slab;
use wasi::clocks::monotonic_clock;

use super::Component;
use super::reactor::{self, Flag, Turn};
use crate::core::diagnostics::Recorder;
use crate::core::{Error, Operation, OperationOptions, Response, Result};
use crate::wasi::abi;
use crate::wasi::bindings::exports::cosmosdb::driver::tasks::{Guest, TaskId};
use crate::wasi::bindings::face::FeedBorrow;
use crate::wasi::driver::{Handle, Pages};

type Outcome = Result<Response>;

thread_local! {
    static TASKS: RefCell<Tasks> = RefCell::default();
}

enum Task {
    Running(Running),
    Finished(Outcome),
}

/// What it takes to end a task early.
struct Running {
    /// The operation; gone when the task was cancelled.
    operation: Rc<RefCell<Option<LocalBoxFuture<'static, Outcome>>>>,
    abort: AbortHandle,
    recorder: Option<Recorder>,
}

/// The tasks of this instance.
#[derive(Default)]
struct Tasks {
    /// Tells the outcome, or nothing of a task that was cancelled.
    running: FuturesUnordered<LocalBoxFuture<'static, (TaskId, Option<Outcome>)>>,
    /// All that were submitted and not taken.
    tasks: Slab<Task>,
    /// Finished and not yet told.
    news: Vec<TaskId>,
    flag: Arc<Flag>,
}

impl Tasks {
    fn submit(
        &mut self,
        recorder: Option<Recorder>,
        call: impl Future<Output = Outcome> + 'static,
    ) -> TaskId {
        let id = TaskId::try_from(self.tasks.vacant_key()).unwrap_or(TaskId::MAX);
        let operation = Rc::new(RefCell::new(Some(call.boxed_local())));
        let polled = Rc::clone(&operation);
        let poll = move |context: &mut Context<'_>| match &mut *polled.borrow_mut() {
            Some(operation) => operation.as_mut().poll(context),
            None => Poll::Pending,
        };
        let (abort, registration) = AbortHandle::new_pair();
        let task = Abortable::new(poll_fn(poll), registration);
        self.running
            .push(task.map(move |ended| (id, ended.ok())).boxed_local());
        self.tasks.insert(Task::Running(Running {
            operation,
            abort,
            recorder,
        }));
        id
    }

    /// Ends a task at `now`, if it runs, without running any other.
    fn cancel(&mut self, id: TaskId, now: u64) {
        let Some(task) = self.tasks.get_mut(index(id)) else {
            return;
        };
        if let Task::Running(running) = task {
            running.operation.replace(None);
            running.abort.abort();
            let recorder = running.recorder.take();
            let (diagnostics, unsure) = recorder.map(|recorder| recorder.abandon(now)).unzip();
            let error = Error::cancelled(unsure.unwrap_or(false), diagnostics);
            *task = Task::Finished(Err(error));
            self.news.push(id);
        }
    }

    /// The outcome of a finished task; none while it runs.
    fn take(&mut self, id: TaskId) -> Option<Outcome> {
        if matches!(self.tasks.get(index(id)), Some(Task::Running(_))) {
            return None;
        }
        match self.tasks.try_remove(index(id)) {
            Some(Task::Finished(outcome)) => {
                self.news.retain(|news| *news != id);
                Some(outcome)
            }
            _ => Some(Err(Error::invalid(format!(
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
                Poll::Ready(Some((id, Some(outcome)))) => {
                    if let Some(task) = self.tasks.get_mut(index(id)) {
                        *task = Task::Finished(outcome);
                    }
                    self.news.push(id);
                }
                Poll::Ready(Some((_, None))) => {}
                Poll::Ready(None) => return,
                Poll::Pending if self.flag.take() => {}
                Poll::Pending => return,
            }
        }
    }
}

/// A task's place in the table.
fn index(id: TaskId) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// Runs the tasks beside a blocking call, which may wait for what one of them fetches.
pub(super) fn run_beside() {
    with(|tasks| {
        if !tasks.running.is_empty() {
            tasks.run();
        }
    });
}

fn with<T>(act: impl FnOnce(&mut Tasks) -> T) -> T {
    TASKS.with_borrow_mut(act)
}

#[unsafe(export_name = "cosmosdb:driver/tasks@0.1.0#submit")]
unsafe extern "C" fn submit(arguments: *mut u8) -> TaskId {
    // SAFETY: the host has written what the WIT says.
    let (driver, operation, options): (&Handle, Operation, OperationOptions) =
        unsafe { abi::arguments(arguments) };
    let (recorder, call) = driver.0.begin(operation, options);
    with(|tasks| tasks.submit(recorder, call))
}

export!(["cosmosdb:driver/tasks@0.1.0#take"] flat(task)
fn take(task: TaskId) -> Option<Outcome> {
    with(|tasks| tasks.take(task))
});

impl Guest for Component {
    fn submit_page(feed: FeedBorrow<'_>) -> TaskId {
        let (recorder, page) = feed.get::<Pages>().0.next_page();
        with(|tasks| tasks.submit(recorder, page))
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

    fn cancel(task: TaskId) {
        with(|tasks| tasks.cancel(task, monotonic_clock::now()));
    }
}
