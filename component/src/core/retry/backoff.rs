//! How long to wait between attempts (spec driver-core §4.5, §4.6).

use crate::core::clock::{MILLI, Nanos, SECOND};

/// All pauses of an operation for 403/3 and 403/1008 together.
pub const MOVED_TOTAL: Nanos = 5 * SECOND;

/// Repetitions for 403/3 and 403/1008, however short the pauses.
pub const MOVED_RETRIES: u32 = 10;

/// All pauses of an operation for 449 together.
pub const RETRY_WITH_TOTAL: Nanos = 30 * SECOND;

/// The longest pause for a 429, whatever the service asks.
pub const THROTTLE_CAP: Nanos = 15 * SECOND;

/// A region change takes a moment: at once, then 1 s, 2 s, 4 s, each ± 25 %, cut to what is left of five seconds.
pub fn moved(count: u32, waited: Nanos, random: u64) -> Option<Nanos> {
    if count >= MOVED_RETRIES {
        return None;
    }
    let Some(doublings) = count.checked_sub(1) else {
        return Some(0);
    };
    let left = MOVED_TOTAL.saturating_sub(waited);
    let pause = jitter(doubled(SECOND, doublings, THROTTLE_CAP), random);
    (left > 0).then(|| pause.min(left))
}

/// Two writes met: 10 ms, 20 ms, 40 ms … at most a second, plus up to 5 ms so that they part; thirty seconds in all.
pub fn retry_with(count: u32, waited: Nanos, random: u64) -> Option<Nanos> {
    let salt = random % (5 * MILLI);
    let pause = doubled(10 * MILLI, count, SECOND).saturating_add(salt);
    (waited.saturating_add(pause) <= RETRY_WITH_TOTAL).then_some(pause)
}

/// As long as the service asks; if it does not say, 5 ms, 10 ms, 20 ms …, ± 25 %.
pub fn throttle(count: u32, retry_after: Option<Nanos>, random: u64) -> Nanos {
    let own = || jitter(doubled(5 * MILLI, count, THROTTLE_CAP), random);
    retry_after.unwrap_or_else(own).min(THROTTLE_CAP)
}

/// The same endpoint again after it failed: 100 ms, 200 ms, 300 ms, ± 25 %.
pub fn same_endpoint(count: u32, random: u64) -> Nanos {
    let nth = u64::from(count).saturating_add(1);
    jitter((100 * MILLI).saturating_mul(nth), random)
}

fn doubled(first: Nanos, doublings: u32, cap: Nanos) -> Nanos {
    let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    first.saturating_mul(factor).min(cap)
}

/// ± 25 %.
fn jitter(pause: Nanos, random: u64) -> Nanos {
    let quarter = pause / 4;
    let spread = quarter.saturating_mul(2).saturating_add(1);
    let offset = random.checked_rem(spread).unwrap_or(0);
    pause.saturating_sub(quarter).saturating_add(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_change_is_waited_for_five_seconds_in_all() {
        let pauses = |random: u64| {
            let (mut pauses, mut waited) = (Vec::new(), 0);
            while let Some(pause) = moved(pauses.len() as u32, waited, random) {
                waited += pause;
                pauses.push(pause);
            }
            pauses
        };
        // The middle of the jitter: 1 s, 2 s, and what is left.
        let quarters = pauses(SECOND / 4);
        assert_eq!(quarters[..2], [0, SECOND]);
        for random in [0, 1, u64::MAX, 12_345_678_901] {
            let pauses = pauses(random);
            assert_eq!(pauses[0], 0);
            assert_eq!(pauses.iter().sum::<u64>(), MOVED_TOTAL);
            assert!((4..=5).contains(&pauses.len()), "{pauses:?}");
        }
        assert_eq!(moved(MOVED_RETRIES, 0, 0), None);
    }

    #[test]
    fn retry_with_doubles_to_a_second_and_ends_after_thirty() {
        assert_eq!(retry_with(0, 0, 0), Some(10 * MILLI));
        assert_eq!(retry_with(3, 0, 0), Some(80 * MILLI));
        assert_eq!(retry_with(7, 0, 0), Some(SECOND));
        assert_eq!(retry_with(90, 0, 4 * MILLI), Some(SECOND + 4 * MILLI));
        assert_eq!(retry_with(30, RETRY_WITH_TOTAL - SECOND + 1, 0), None);
        let (mut count, mut waited) = (0, 0);
        while let Some(pause) = retry_with(count, waited, 2 * MILLI) {
            waited += pause;
            count += 1;
        }
        assert!((34..=36).contains(&count), "{count}");
    }

    #[test]
    fn the_service_says_how_long_and_is_believed_up_to_a_cap() {
        assert_eq!(throttle(0, Some(120 * MILLI), 7), 120 * MILLI);
        assert_eq!(throttle(0, Some(0), 7), 0);
        assert_eq!(throttle(0, Some(u64::MAX), 7), THROTTLE_CAP);
        for (count, middle) in [(0, 5), (1, 10), (4, 80)] {
            for random in [0, u64::MAX, 1 << 40] {
                let pause = throttle(count, None, random);
                assert!(pause >= middle * MILLI * 3 / 4 && pause <= middle * MILLI * 5 / 4);
            }
        }
        assert!(throttle(u32::MAX, None, 0) <= THROTTLE_CAP);
    }

    #[test]
    fn the_same_endpoint_gets_a_rest() {
        assert_eq!(same_endpoint(0, 25 * MILLI), 100 * MILLI);
        assert_eq!(same_endpoint(2, 0), 225 * MILLI);
        assert!(same_endpoint(u32::MAX, u64::MAX) > SECOND);
    }
}
