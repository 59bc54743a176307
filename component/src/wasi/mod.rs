//! Translates: the only code that names WIT, one folder for each face.
#![cfg_attr(test, allow(dead_code, unused_imports, unused_macros))] // layouts are tested, calls need a component

#[cfg(all(feature = "p2", feature = "p3"))]
compile_error!("one component has one face: build with the feature p2 or p3, not both");

#[macro_use]
mod abi;
mod types;

// What remains runs in a component only.
#[cfg(not(test))]
mod alloc;
#[cfg(not(test))]
mod bindings;
#[cfg(not(test))]
mod compare;
#[cfg(not(test))]
#[macro_use]
mod driver;
#[cfg(not(test))]
mod failure;
#[cfg(not(test))]
mod head;
#[cfg(not(test))]
mod timers;

#[cfg(all(feature = "p2", not(test)))]
mod p2;
#[cfg(all(feature = "p3", not(test)))]
mod p3;
