//! How many batches one physical partition gets at once: additive increase, multiplicative decrease.

use crate::core::clock::{Nanos, SECOND};

/// How much time batches take together before the first adjustment, and how much more is asked for after each throttling.
const WINDOW: Nanos = SECOND;

/// Windows grow up to this.
const MAX_WINDOW: Nanos = 10 * SECOND;

/// A throttled partition gets so many batches fewer, or half of what it had, whichever is less.
const DECREASE: u32 = 5;

/// The batches that a partition may have under way. Starts with one. After every window of batch time: one more if
/// something was answered and nothing throttled; fewer, and a longer window, if anything was throttled.
#[derive(Debug)]
pub(super) struct Limiter {
    degree: u32,
    max: u32,
    window: Nanos,
    /// Batch time since the last adjustment.
    elapsed: Nanos,
    throttled: bool,
}

impl Limiter {
    pub(super) fn new(max: u32) -> Self {
        Self {
            degree: 1,
            max: max.max(1),
            window: WINDOW,
            elapsed: 0,
            throttled: false,
        }
    }

    /// How many batches may be under way, at least one.
    pub(super) fn degree(&self) -> u32 {
        self.degree
    }

    /// A batch was answered after so long.
    pub(super) fn answered(&mut self, took: Nanos, throttled: bool) {
        self.elapsed = self.elapsed.saturating_add(took);
        self.throttled |= throttled;
        if self.elapsed < self.window {
            return;
        }
        if self.throttled {
            let fewer = DECREASE.min(self.degree / 2);
            self.degree = self.degree.saturating_sub(fewer);
            self.window = self.window.saturating_add(WINDOW).min(MAX_WINDOW);
        } else {
            self.degree = self.degree.saturating_add(1).min(self.max);
        }
        self.elapsed = 0;
        self.throttled = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The degrees after windows that were throttled or not.
    fn degrees(limiter: &mut Limiter, windows: &[bool]) -> Vec<u32> {
        let pass = |throttled: &bool| {
            limiter.answered(limiter.window, *throttled);
            limiter.degree()
        };
        windows.iter().map(pass).collect()
    }

    #[test]
    fn one_more_for_each_window_up_to_the_most() {
        let mut limiter = Limiter::new(3);
        assert_eq!(limiter.degree(), 1);
        assert_eq!(degrees(&mut limiter, &[false; 4]), [2, 3, 3, 3]);
    }

    #[test]
    fn throttling_takes_half_but_no_more_than_five_and_leaves_one() {
        let mut limiter = Limiter::new(50);
        degrees(&mut limiter, &[false; 19]);
        assert_eq!(limiter.degree(), 20);
        let after = degrees(&mut limiter, &[true; 7]);
        assert_eq!(after, [15, 10, 5, 3, 2, 1, 1]);
    }

    #[test]
    fn windows_count_batch_time_and_grow_with_throttling() {
        let mut limiter = Limiter::new(50);
        limiter.answered(SECOND - 1, false);
        assert_eq!(limiter.degree(), 1);
        limiter.answered(1, false);
        assert_eq!(limiter.degree(), 2);
        // One throttled batch spoils the window.
        limiter.answered(SECOND / 2, true);
        limiter.answered(SECOND / 2, false);
        assert_eq!((limiter.degree(), limiter.window), (1, 2 * SECOND));
        limiter.answered(SECOND, false);
        assert_eq!(limiter.degree(), 1);
        limiter.answered(SECOND, false);
        assert_eq!(limiter.degree(), 2);
        degrees(&mut limiter, &[true; 20]);
        assert_eq!(limiter.window, MAX_WINDOW);
    }
}
