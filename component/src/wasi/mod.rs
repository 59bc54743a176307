//! Translates: the only code that names WIT, one folder for each face.

#[cfg(all(feature = "p2", feature = "p3"))]
compile_error!("one component has one face: build with the feature p2 or p3, not both");

#[macro_use]
mod abi;
mod alloc;
mod bindings;
mod compare;
#[macro_use]
mod driver;
mod failure;
mod head;
mod types;

#[cfg(feature = "p2")]
mod p2;
#[cfg(feature = "p3")]
mod p3;
