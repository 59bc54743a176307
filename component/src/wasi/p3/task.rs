//! The calls that the host makes: each is a task of the component model, with a future and a set of what it waits for.
//!
//! `wit-bindgen` has this too. But there every task that sleeps listens for others that might wake it, which costs it half
//! a dozen host calls each time; here it costs only the one that does, and sets and the alarm serve many tasks.
#![allow(unsafe_code, improper_ctypes)] // the canonical ABI, and a C interface that only hands tasks on

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::rc::Rc;
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

use futures_util::future::LocalBoxFuture;
use slab::Slab;
use wasip3::clocks::monotonic_clock::now;

use super::canon::{
    cancel_subtask, cancelled, context, drop_reader, drop_subtask, drop_writer, join, listen,
    new_bell, new_set, ring_bell, set_context, stop_listening, wait_until,
};
use crate::wasi::timers;

unsafe extern "C" {
    /// Makes this the current task for the bindings of imports, and gives the one that was.
    fn wasip3_task_set(task: *mut Registrar) -> *mut Registrar;
}

/// What the host may say.
mod event {
    pub(super) const NONE: u32 = 0;
    pub(super) const SUBTASK: u32 = 1;
    pub(super) const CANCEL: u32 = 6;
}

/// The state of a subtask that has ended.
const RETURNED: u32 = 2;

/// What the host is told.
const EXIT: u32 = 0;
const WAIT: u32 = 2;

/// How the bindings of imports wait: version 1 of their C interface.
#[repr(C)]
struct Registrar {
    version: u32,
    task: *const Task,
    register: unsafe extern "C" fn(*const Task, u32, Callback, *mut c_void) -> *mut c_void,
    unregister: unsafe extern "C" fn(*const Task, u32) -> *mut c_void,
}

type Callback = unsafe extern "C" fn(*mut c_void, u32);

/// Who is told when a waitable has an event.
#[derive(Clone, Copy)]
struct Wait {
    callback: Option<Callback>,
    argument: *mut c_void,
    /// The set that the waitable is in.
    set: u32,
}

const NOBODY: Wait = Wait {
    callback: None,
    argument: ptr::null_mut(),
    set: 0,
};

thread_local! {
    static TASKS: RefCell<Tasks> = const {
        RefCell::new(Tasks { waits: Vec::new(), live: Slab::new(), idle: Vec::new(), alarm: None })
    };
}

struct Tasks {
    /// By waitables, whose numbers are small: the host uses them again.
    waits: Vec<Wait>,
    /// The sets of the tasks under way.
    live: Slab<u32>,
    /// The sets for those to come: as many as there were at once.
    idle: Vec<u32>,
    alarm: Option<Alarm>,
}

/// The subtask that ends when a timer is due. It is in a set of the living, or in an idle one if there are none.
#[derive(Clone, Copy)]
struct Alarm {
    at: u64,
    subtask: u32,
    set: u32,
}

impl Tasks {
    fn put(&mut self, waitable: u32, wait: Wait) -> Wait {
        let place = waitable as usize;
        if place >= self.waits.len() {
            self.waits.resize(place.saturating_add(1), NOBODY);
        }
        match self.waits.get_mut(place) {
            Some(before) => mem::replace(before, wait),
            None => NOBODY,
        }
    }

    /// A task begins: its place and its set.
    fn enter(&mut self) -> (usize, u32) {
        // SAFETY: these are the functions of the canonical ABI.
        let set = self.idle.pop().unwrap_or_else(|| unsafe { new_set() });
        if self.live.is_empty() {
            self.move_alarm(set);
        }
        (self.live.insert(set), set)
    }

    /// The set of some task under way.
    fn any(&self) -> Option<u32> {
        self.live.iter().next_back().map(|(_, set)| *set)
    }

    fn leave(&mut self, place: usize, set: u32) {
        self.live.try_remove(place);
        self.idle.push(set);
        if let Some(other) = self.any()
            && self.alarm.is_some_and(|alarm| alarm.set == set)
        {
            self.move_alarm(other);
        }
    }

    fn move_alarm(&mut self, set: u32) {
        if let Some(alarm) = &mut self.alarm
            && alarm.set != set
        {
            alarm.set = set;
            // SAFETY: it is a subtask that has not ended.
            unsafe { join(alarm.subtask, set) }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It sleeps, and must be told to wake up.
    Asleep,
    /// Its future is being polled.
    Running,
    /// It will be polled, or has ended.
    Woken,
}

struct Task {
    future: RefCell<Option<LocalBoxFuture<'static, ()>>>,
    place: usize,
    set: u32,
    state: Cell<State>,
    /// The end of a stream that another task has written to, until the event has arrived; or zero.
    bell: Cell<u32>,
}

/// Begins the task of the export that was called. What is returned is for the host.
pub(super) fn start(future: LocalBoxFuture<'static, ()>) -> i32 {
    let (place, set) = TASKS.with_borrow_mut(Tasks::enter);
    let task = Rc::new(Task {
        future: RefCell::new(Some(future)),
        place,
        set,
        state: Cell::new(State::Woken),
        bell: Cell::new(0),
    });
    // SAFETY: the task stays until it has ended.
    unsafe {
        set_context(Rc::into_raw(task).cast());
        resume(event::NONE, 0, 0).cast_signed()
    }
}

/// Goes on with the task that an event is for.
///
/// # Safety
/// The host calls it for a task that [`start`] began.
pub(super) unsafe fn resume(event: u32, waitable: u32, code: u32) -> u32 {
    // SAFETY: the caller's promise; the task's own count is given back once, when it has ended.
    unsafe {
        let task = context().cast::<Task>();
        if (*task).run(event, waitable, code) {
            return WAIT | (*task).set << 4;
        }
        drop(Rc::from_raw(task));
        EXIT
    }
}

impl Task {
    /// False if it has ended.
    fn run(&self, event: u32, waitable: u32, code: u32) -> bool {
        let mut registrar = Registrar {
            version: 1,
            task: self,
            register,
            unregister,
        };
        // SAFETY: it is used for as long as it is there.
        let before = unsafe { wasip3_task_set(&raw mut registrar) };
        self.state.set(State::Woken);
        match event {
            event::NONE => {}
            event::CANCEL => {
                self.future.take();
                // SAFETY: the task has not returned.
                unsafe { cancelled() }
            }
            _ => self.deliver(event, waitable, code),
        }
        let goes_on = self.poll();
        // SAFETY: it was the current one before.
        unsafe { wasip3_task_set(before) };
        if !goes_on {
            self.end();
        }
        set_alarm(goes_on.then_some(self.set));
        if goes_on && self.state.replace(State::Asleep) == State::Woken {
            self.ring();
        }
        goes_on
    }

    fn poll(&self) -> bool {
        self.state.set(State::Running);
        let waker = self.waker();
        let mut future = self.future.borrow_mut();
        let over = future.as_mut().is_none_or(|future| {
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            polled.is_ready()
        });
        if over {
            self.state.set(State::Woken);
            *future = None;
        }
        !over
    }

    fn deliver(&self, event: u32, waitable: u32, code: u32) {
        if waitable == self.bell.get() {
            self.bell.set(0);
            // SAFETY: the read has ended.
            return unsafe { drop_reader(waitable) };
        }
        let alarm = TASKS.with_borrow_mut(|tasks| {
            let rang = |alarm: &mut Alarm| alarm.subtask == waitable;
            match code {
                RETURNED => tasks.alarm.take_if(rang),
                _ => tasks.alarm.filter(|alarm| alarm.subtask == waitable),
            }
        });
        if alarm.is_some() {
            if code == RETURNED {
                // SAFETY: the subtask has ended.
                unsafe { drop_subtask(waitable) };
                timers::ring(now());
            }
            return;
        }
        let wait = TASKS.with_borrow_mut(|tasks| tasks.put(waitable, NOBODY));
        // SAFETY: who waits has said so. Only what is in no set may be cancelled.
        unsafe {
            if event == event::SUBTASK && code != RETURNED {
                join(waitable, 0);
            }
            if let Some(callback) = wait.callback {
                callback(wait.argument, code);
            }
        }
    }

    fn wake(&self) {
        if self.state.get() == State::Asleep {
            self.ring();
        }
        self.state.set(State::Woken);
    }

    /// Has the host run it again.
    fn ring(&self) {
        if self.bell.get() != 0 {
            return;
        }
        // SAFETY: the ends of a stream; one value is awaited, and written.
        unsafe {
            let ends = new_bell();
            let (reader, writer) = (ends as u32, (ends >> 32) as u32);
            listen(reader, ptr::null_mut(), 1);
            join(reader, self.set);
            ring_bell(writer, ptr::null(), 1);
            drop_writer(writer);
            self.bell.set(reader);
        }
    }

    fn end(&self) {
        let bell = self.bell.take();
        if bell != 0 {
            // SAFETY: its event has not arrived.
            unsafe {
                join(bell, 0);
                stop_listening(bell);
                drop_reader(bell);
            }
        }
        TASKS.with_borrow_mut(|tasks| tasks.leave(self.place, self.set));
    }

    fn waker(&self) -> Waker {
        // SAFETY: the functions count as the vtable must. All tasks are in an `Rc`, and there is one thread.
        unsafe { Waker::from_raw(clone_waker(ptr::from_ref(self).cast())) }
    }
}

/// Sees to it that the alarm rings when the next timer is due, in this set or that of any task under way: the task that
/// was told of the last alarm may have ended with it.
fn set_alarm(set: Option<u32>) {
    let Some(set) = set.or_else(|| TASKS.with_borrow(Tasks::any)) else {
        return;
    };
    while let Some(at) = timers::earliest() {
        let later = TASKS.with_borrow_mut(|tasks| match &tasks.alarm {
            // One that rings already must not be touched: the host is about to tell of it.
            Some(alarm) if alarm.at <= at || alarm.at <= now() => None,
            _ => Some(tasks.alarm.take()),
        });
        let Some(later) = later else { return };
        // SAFETY: the subtask has not ended, or nobody was told.
        unsafe {
            if let Some(Alarm { subtask, .. }) = later {
                join(subtask, 0);
                cancel_subtask(subtask);
                drop_subtask(subtask);
            }
            let subtask = wait_until(at) >> 4;
            if subtask != 0 {
                join(subtask, set);
                let alarm = Some(Alarm { at, subtask, set });
                return TASKS.with_borrow_mut(|tasks| tasks.alarm = alarm);
            }
        }
        timers::ring(now());
    }
}

const WAKER: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

unsafe fn clone_waker(task: *const ()) -> RawWaker {
    // SAFETY: it is a task.
    unsafe { Rc::increment_strong_count(task.cast::<Task>()) }
    RawWaker::new(task, &WAKER)
}

unsafe fn wake(task: *const ()) {
    // SAFETY: it is a task, and counted.
    unsafe { Rc::from_raw(task.cast::<Task>()) }.wake();
}

unsafe fn wake_by_ref(task: *const ()) {
    // SAFETY: it is a task.
    unsafe { (*task.cast::<Task>()).wake() }
}

unsafe fn drop_waker(task: *const ()) {
    // SAFETY: it is a task, and counted.
    unsafe { Rc::decrement_strong_count(task.cast::<Task>()) }
}

/// Who waits says so at each poll; the set need be told once.
unsafe extern "C" fn register(
    task: *const Task,
    waitable: u32,
    callback: Callback,
    argument: *mut c_void,
) -> *mut c_void {
    // SAFETY: it is the current task.
    let set = unsafe { (*task).set };
    let wait = Wait {
        callback: Some(callback),
        argument,
        set,
    };
    let before = TASKS.with_borrow_mut(|tasks| tasks.put(waitable, wait));
    if before.set != set {
        // SAFETY: who waits has the waitable.
        unsafe { join(waitable, set) }
    }
    ptr::null_mut()
}

unsafe extern "C" fn unregister(_: *const Task, waitable: u32) -> *mut c_void {
    // SAFETY: who waited has the waitable.
    unsafe { join(waitable, 0) }
    TASKS
        .with_borrow_mut(|tasks| tasks.put(waitable, NOBODY))
        .argument
}
