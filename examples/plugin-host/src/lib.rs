//! A host for plugins that nobody trusts. Each plugin gets a driver for the items of one container, and nothing else of
//! the world: no key, no file, no socket, no clock, no other container.
//!
//! What stands between a plugin and the account:
//!
//! | Fence | Where | Ends in |
//! |---|---|---|
//! | imports: the driver's interface alone | [`PluginHost::load`] | [`Error`] |
//! | origins, paths and methods | the host's HTTP hook, before signing | an error that the plugin sees; [`Usage::refused`] |
//! | requests and bytes | the same hook | [`Limit::Requests`], [`Limit::SentBytes`], [`Limit::ReceivedBytes`] |
//! | the key | the hook signs; it is in no linear memory | |
//! | instructions, time, memory, handles | the store of the run | [`Limit::Fuel`], [`Limit::Time`], [`Limit::Memory`], [`Limit::Handles`] |
//!
//! A plugin is put together with the driver's WASI 0.2 component when it is loaded; each run has a store of its own, and
//! whatever ends a run ends that store only.

mod compose;
mod error;
mod limits;
mod plugin;
mod report;

pub use error::Error;
pub use limits::Limits;
pub use plugin::{Account, Plugin, PluginHost};
pub use report::{Limit, Outcome, Report, Usage};
