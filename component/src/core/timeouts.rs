//! How long an attempt may take (spec driver-core §5).
//!
//! Where the SDKs disagree: reads of items get 6 s and then another region; writes get 65 s, because cutting a slow write
//! short makes it ambiguous, unless the operation has a deadline, which makes waiting so long pointless; metadata
//! climbs a ladder, because one wait of 65 s would block everything behind it.

use super::clock::{Nanos, SECOND};

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestClass {
    /// The account document.
    Account,
    /// Other metadata that operations wait for.
    Metadata,
    /// Writes to databases and containers.
    ControlPlaneWrite,
    /// Reads of items.
    ItemRead,
    /// Writes to items.
    ItemWrite,
}

/// Timeouts that the caller has set; none leaves them to the kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection is made, 5 s by default.
    pub connect: Nanos,
    /// For each attempt of an item operation.
    pub data_plane: Option<Nanos>,
    /// For each attempt of any other.
    pub metadata: Option<Nanos>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: 5 * SECOND,
            data_plane: None,
            metadata: None,
        }
    }
}

const ACCOUNT_LADDER: [Nanos; 3] = [5 * SECOND, 10 * SECOND, 20 * SECOND];
const METADATA_LADDER: [Nanos; 3] = [SECOND, 5 * SECOND, 65 * SECOND];
const ITEM_READ: Nanos = 6 * SECOND;
const WRITE: Nanos = 65 * SECOND;

/// How long the next attempt may take, from its start to the last byte of the answer. `rung` is the number of attempts
/// of this operation that ran out of time before.
pub fn attempt(class: RequestClass, rung: u32, bounded: bool, set: &Timeouts) -> Nanos {
    match class {
        RequestClass::ItemRead => set.data_plane.unwrap_or(ITEM_READ),
        RequestClass::ItemWrite if bounded => set.data_plane.unwrap_or(ITEM_READ),
        RequestClass::ItemWrite => set.data_plane.unwrap_or(WRITE),
        RequestClass::Account => set.metadata.unwrap_or_else(|| step(ACCOUNT_LADDER, rung)),
        RequestClass::Metadata => set.metadata.unwrap_or_else(|| step(METADATA_LADDER, rung)),
        RequestClass::ControlPlaneWrite => set.metadata.unwrap_or(WRITE),
    }
}

/// The pause before the attempt on a rung of a ladder: a second before the last.
pub fn pause(class: RequestClass, rung: u32) -> Nanos {
    match class {
        RequestClass::Account | RequestClass::Metadata if rung == 2 => SECOND,
        _ => 0,
    }
}

fn step([first, second, last]: [Nanos; 3], rung: u32) -> Nanos {
    match rung {
        0 => first,
        1 => second,
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_ladder() {
        use RequestClass::{Account, ControlPlaneWrite, ItemRead, ItemWrite, Metadata};
        let seconds = |class, bounded| {
            [0, 1, 2, 9].map(|rung| attempt(class, rung, bounded, &Timeouts::default()) / SECOND)
        };
        for (class, bounded, expected) in [
            (Account, false, [5, 10, 20, 20]),
            (Metadata, false, [1, 5, 65, 65]),
            (ControlPlaneWrite, false, [65; 4]),
            (ItemRead, false, [6; 4]),
            (ItemRead, true, [6; 4]),
            (ItemWrite, false, [65; 4]),
            (ItemWrite, true, [6; 4]),
        ] {
            assert_eq!(seconds(class, bounded), expected, "{class:?} {bounded}");
        }
        assert_eq!(
            [0, 1, 2, 3].map(|rung| pause(Metadata, rung)),
            [0, 0, SECOND, 0]
        );
        assert_eq!(pause(ItemRead, 2), 0);
    }

    #[test]
    fn what_the_caller_sets_is_flat() {
        let set = Timeouts {
            data_plane: Some(2),
            metadata: Some(3),
            ..Timeouts::default()
        };
        for rung in 0..4 {
            assert_eq!(attempt(RequestClass::ItemWrite, rung, true, &set), 2);
            assert_eq!(attempt(RequestClass::ItemRead, rung, false, &set), 2);
            assert_eq!(attempt(RequestClass::Account, rung, false, &set), 3);
            assert_eq!(attempt(RequestClass::Metadata, rung, false, &set), 3);
        }
    }
}
