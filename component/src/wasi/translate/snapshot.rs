//! What became of a snapshot.

use crate::core::snapshot;
use crate::wasi::bindings::types::{Restored, SnapshotRefusal};

pub(in crate::wasi) fn restored(
    result: Result<snapshot::Restored, snapshot::Refused>,
) -> Result<Restored, SnapshotRefusal> {
    match result {
        Ok(restored) => Ok(Restored {
            taken: restored.taken,
            known: restored.known,
            outdated: restored.outdated,
            full: restored.full,
            unreadable: restored.unreadable,
        }),
        Err(refused) => Err(match refused {
            snapshot::Refused::Damaged => SnapshotRefusal::Damaged,
            snapshot::Refused::Newer => SnapshotRefusal::Newer,
            snapshot::Refused::Foreign => SnapshotRefusal::Foreign,
            snapshot::Refused::TooLarge => SnapshotRefusal::TooLarge,
            snapshot::Refused::Closed => SnapshotRefusal::Closed,
        }),
    }
}
