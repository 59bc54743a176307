//! The WASI 0.2 face: blocking calls and tasks over one reactor.

mod driver;
mod reactor;
mod tasks;
mod timers;

mod world;

use crate::wasi::bindings::exports::cosmosdb::driver as exports;

struct Component;

impl exports::driver::Guest for Component {
    type Driver = driver::Handle;
    type Feed = driver::Pages;
    type Runtime = driver::Shared;
}

#[allow(unsafe_code)] // the macro makes the component's entry points
mod export {
    use super::Component;

    crate::wasi::bindings::export!(Component);
}
