//! How to do what: a page for each task, whose examples are compiled.

#[doc = include_str!("../docs/client.md")]
pub mod client {}

#[doc = include_str!("../docs/items.md")]
pub mod items {}

#[doc = include_str!("../docs/queries.md")]
pub mod queries {}

#[doc = include_str!("../docs/feeds.md")]
pub mod feeds {}

#[doc = include_str!("../docs/bulk.md")]
pub mod bulk {}

#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/tenants.md")]
pub mod tenants {}

#[doc = include_str!("../docs/sandbox.md")]
pub mod sandbox {}

#[doc = include_str!("../docs/observability.md")]
pub mod observability {}

#[doc = include_str!("../docs/network.md")]
pub mod network {}
