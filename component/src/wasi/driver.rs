//! What both faces have in common: the resources, and the calls that send nothing.
#![allow(unsafe_code)] // the component's entry points

use std::rc::Rc;

use wit_bindgen::rt::{Resource, ResourceRep as _};

#[cfg(feature = "p2")]
use super::p2::Wasi;
#[cfg(feature = "p3")]
use super::p3::Wasi;

use super::abi::{Layout, Lift, Wire};
use super::bindings::face;
use super::types::{Rejection, from_now};
use crate::core::faults::FaultRule;
use crate::core::feed_operation::{FeedOperation, FeedOptions};
use crate::core::runtime::Runtime;
use crate::core::snapshot::{Refused, Restored};
use crate::core::{self, Config, OperationOptions, RuntimeConfig};
use crate::engine::{Driver, Shared as Feed};
use crate::wire::secret::Secret;

/// The resource `runtime`.
pub(super) struct Shared(Rc<Runtime>);

/// The resource `driver`.
pub(super) struct Handle(pub(super) Driver<Wasi>);

/// The resource `feed`.
pub(super) struct Pages(pub(super) Feed<Wasi>);

impl face::GuestRuntime for Shared {}

impl face::GuestDriver for Handle {
    fn set_fault_enabled(&self, id: String, enabled: bool) -> bool {
        let changed = self.0.faults(|faults, _| faults.set_enabled(&id, enabled));
        changed.unwrap_or(false)
    }

    fn fault_hits(&self, id: String) -> Option<u32> {
        self.0.faults(|faults, _| faults.hits(&id)).ok()?
    }

    fn remove_fault(&self, id: String) -> bool {
        self.0
            .faults(|faults, _| faults.remove(&id))
            .unwrap_or(false)
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.snapshot()
    }

    fn close(&self) {
        self.0.close();
    }
}

impl face::GuestFeed for Pages {
    #[cfg(feature = "p3")]
    fn close(feed: face::Feed) {
        drop(feed);
    }
}

/// Borrowed resources are arguments like others: the host hands over where they are.
macro_rules! borrowed {
    ($($type:ty),*) => { $(
        impl Wire for &$type {
            const LAYOUT: Layout = Layout::scalar(4);
        }

        impl Lift for &$type {
            #[inline(always)]
            unsafe fn lift(at: *const u8, into: *mut Self) {
                type Rep = <$type as Resource>::Rep;
                // SAFETY: the caller's promise; the host holds the resource for as long as the call lasts.
                unsafe { into.write(Rep::rep_as_ref(at.cast::<*const Rep>().read())) }
            }
        }
    )* };
}

borrowed!(Shared, Handle, Pages);

/// The name of the interface that holds the resources, as in names of exports.
#[cfg(feature = "p2")]
macro_rules! face {
    () => {
        "cosmosdb:driver/driver@0.1.0#"
    };
}
#[cfg(feature = "p3")]
macro_rules! face {
    () => {
        "cosmosdb:driver/async-driver@0.1.0#"
    };
}

/// Exports a function whose result lies in memory, and what the host calls when it has read it. Its arguments lie in
/// memory too, or come as words if they are `flat`.
macro_rules! export {
    (
        [$($name:tt)*] $(#[$attribute:meta])*
        fn $function:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block
    ) => {
        export!(
            [$($name)*] (arguments: *mut u8) arguments(arguments) $(#[$attribute])*
            fn $function($($argument: $type),*) -> $result $body
        );
    };
    (
        [$($name:tt)*] flat($($word:ident),*) $(#[$attribute:meta])*
        fn $function:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block
    ) => {
        export!(
            [$($name)*] ($($word: usize),*) lift([$($word),*].as_ptr().cast()) $(#[$attribute])*
            fn $function($($argument: $type),*) -> $result $body
        );
    };
    (
        [$($name:tt)*] ($($word:ident: $word_type:ty),*) $lift:ident($words:expr) $(#[$attribute:meta])*
        fn $function:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block
    ) => {
        $(#[$attribute])*
        fn $function($($argument: $type),*) -> $result $body

        const _: () = {
            #[unsafe(export_name = concat!($($name)*))]
            unsafe extern "C" fn call($($word: $word_type),*) -> *mut u8 {
                // SAFETY: the host has written what the WIT says.
                let ($($argument,)*): ($($type,)*) = unsafe { $crate::wasi::abi::$lift($words) };
                $crate::wasi::abi::answer($function($($argument),*))
            }

            #[unsafe(export_name = concat!("cabi_post_", $($name)*))]
            unsafe extern "C" fn done(answer: *mut u8) {
                // SAFETY: it is what the call returned, and the host has read it.
                unsafe { $crate::wasi::abi::release(answer) }
            }
        };
    };
}

// What follows is cold, and not inlined into its export: only by itself is it compiled for size.

export!([face!(), "[static]runtime.create"]
#[inline(never)]
fn create(config: RuntimeConfig) -> Result<u32, Rejection> {
    let runtime = Shared(Rc::new(config.checked()?));
    Ok(face::Runtime::new(runtime).take_handle())
});

export!([face!(), "[method]runtime.open"]
#[inline(never)]
fn open(runtime: &Shared, config: Config) -> Result<u32, Rejection> {
    let driver = Driver::open(config, Rc::clone(&runtime.0), Wasi)?;
    Ok(face::Driver::new(Handle(driver)).take_handle())
});

export!([face!(), "[method]driver.open-feed"]
#[inline(never)]
fn open_feed(
    driver: &Handle,
    operation: core::Result<FeedOperation>,
    feed: FeedOptions,
    options: OperationOptions
) -> Result<u32, Rejection> {
    let feed = driver.0.feed(operation?, feed, options)?;
    Ok(face::Feed::new(Pages(feed.into())).take_handle())
});

export!([face!(), "[method]driver.set-bearer-token"] flat(driver, text, bytes)
#[inline(never)]
fn set_bearer_token(driver: &Handle, token: Secret) -> Result<(), Rejection> {
    Ok(driver.0.set_bearer_token(&token)?)
});

export!([face!(), "[method]driver.add-fault"]
#[inline(never)]
fn add_fault(driver: &Handle, rule: FaultRule) -> Result<(), Rejection> {
    let added = driver.0.faults(|faults, now| faults.add(from_now(rule, now)));
    Ok(added??)
});

export!([face!(), "[method]driver.restore"] flat(driver, snapshot, length)
fn restore(driver: &Handle, snapshot: Vec<u8>) -> Result<Restored, Refused> {
    driver.0.restore(&snapshot)
});

export!([face!(), "[method]feed.continuation"] flat(feed)
#[inline(never)]
fn continuation(feed: &Pages) -> Result<Option<String>, Rejection> {
    Ok(feed.0.continuation()?)
});
