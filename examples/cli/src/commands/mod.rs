//! What `cosmos` can do, one file a command.

pub(crate) mod change_feed;
pub(crate) mod completions;
#[cfg(feature = "emulator")]
pub(crate) mod emulator;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod topology;
pub(crate) mod upsert;

use std::io::Write as _;

use crate::failure::Failure;

/// Writes to standard output and sees that it leaves.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text).and_then(|()| out.flush());
    written.map_err(Failure::output)
}
