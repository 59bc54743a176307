//! Time as numbers. Instants are readings of the monotonic clock, spans the differences of two.

/// Nanoseconds: an instant of the monotonic clock, or a span.
pub type Nanos = u64;

/// A millisecond.
pub const MILLI: Nanos = 1_000_000;

/// A second.
pub const SECOND: Nanos = 1_000 * MILLI;

/// So many milliseconds.
pub const fn millis(milliseconds: u64) -> Nanos {
    milliseconds.saturating_mul(MILLI)
}

/// How long ago `then` was; nothing if it is yet to come. It may lie before the clock began: instants wrap around.
#[inline(always)] // every operation asks
pub const fn since(now: Nanos, then: Nanos) -> Nanos {
    let span = now.wrapping_sub(then);
    if span > Nanos::MAX / 2 { 0 } else { span }
}
