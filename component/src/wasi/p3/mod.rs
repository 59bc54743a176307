//! The WASI 0.3 face: many calls in flight in one instance.

mod driver;
mod world;

use crate::wasi::bindings::exports::cosmosdb::driver as exports;

struct Component;

impl exports::async_driver::Guest for Component {
    type Driver = driver::Handle;
    type Feed = driver::Pages;
    type Runtime = driver::Shared;
}

#[allow(unsafe_code)] // the macro makes the component's entry points
mod export {
    use super::Component;

    crate::wasi::bindings::export!(Component);
}
