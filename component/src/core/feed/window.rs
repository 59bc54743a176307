//! `OFFSET`, `LIMIT` and `TOP`.

/// Skips rows, then gives so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Rows still to be skipped.
    pub(super) skip: u64,
    /// Rows still to be given; absent without a limit.
    pub(super) take: Option<u64>,
}

impl Window {
    /// Whether no row will pass any more.
    pub(super) fn is_closed(&self) -> bool {
        self.take == Some(0)
    }

    /// Whether the next row passes.
    pub(super) fn admits(&mut self) -> bool {
        if self.is_closed() {
            return false;
        }
        match self.skip.checked_sub(1) {
            Some(skip) => {
                self.skip = skip;
                false
            }
            None => {
                self.take = self.take.map(|take| take.saturating_sub(1));
                true
            }
        }
    }

    /// How many rows it looks at; absent without a limit.
    pub(super) fn reach(&self) -> Option<u64> {
        self.take.map(|take| take.saturating_add(self.skip))
    }
}

/// How many rows to ask each leaf of an ordered merge for at once: what the merge is likely to take of it, five times
/// over, because values cluster. `reach` is offset plus limit, if there is one; `page` the rows of a page. At least 1.
pub fn leaf_page_size(reach: Option<u64>, leaves: u64, page: u64) -> u64 {
    let share = |rows: u64| rows.div_ceil(leaves.max(1)).saturating_mul(5);
    let size = match reach {
        Some(reach) => share(reach).min(reach).min(page),
        None => share(page).min(page),
    };
    size.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_pass_after_the_offset_and_up_to_the_limit() {
        for (skip, take, rows, expected) in [
            (0, None, 3, vec![0, 1, 2]),
            (2, None, 4, vec![2, 3]),
            (1, Some(2), 5, vec![1, 2]),
            (0, Some(0), 2, vec![]),
            (5, Some(1), 5, vec![]),
            (u64::MAX, Some(u64::MAX), 2, vec![]),
        ] {
            let mut window = Window { skip, take };
            let passed: Vec<i32> = (0..rows).filter(|_| window.admits()).collect();
            assert_eq!(passed, expected, "{skip} {take:?}");
        }
    }

    #[test]
    fn leaves_are_asked_for_their_share() {
        for (reach, leaves, page, expected) in [
            (Some(10), 1, 100, 10),
            (Some(10), 5, 100, 10),
            (Some(100), 50, 1000, 10),
            (Some(1000), 2, 100, 100),
            (None, 100, 100, 5),
            (None, 3, 100, 100),
            (Some(0), 3, 100, 1),
            (None, 0, 0, 1),
        ] {
            assert_eq!(leaf_page_size(reach, leaves, page), expected);
        }
    }
}
