//! What became of a snapshot.

use crate::core::snapshot::{Refused, Restored};

enumerations! {
    Refused { Damaged, Newer, Foreign, TooLarge, Closed }
}

outgoing!(Restored, |own| {
    own.taken => u32,
    own.known => u32,
    own.outdated => u32,
    own.full => u32,
    own.unreadable => u32,
});
