//! The WASI 0.3 face: many calls in flight in one instance.

mod canon;
mod driver;
mod http;
mod task;
mod world;

pub(super) use world::Wasi;

use crate::wasi::bindings::face;
use crate::wasi::driver::{Handle, Pages, Shared};

struct Component;

impl face::Guest for Component {
    type Driver = Handle;
    type Feed = Pages;
    type Runtime = Shared;
}

#[allow(unsafe_code)] // the macro makes the component's entry points
mod export {
    use super::Component;

    crate::wasi::bindings::export!(Component);
}
