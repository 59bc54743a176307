//! Regions by distance (spec driver-core §3.5).

/// All known regions, the nearest to this one first, itself at the head; nothing if it is not known.
pub fn by_distance(_region: &str) -> Vec<&'static str> {
    Vec::new()
}
