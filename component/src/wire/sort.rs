//! Sorting. The standard library's is faster, and costs the component six kilobytes for each type.

/// A heap sort; equal elements come in any order.
pub fn sort<T>(all: &mut [T], is_below: &dyn Fn(&T, &T) -> bool) {
    for top in (0..all.len() / 2).rev() {
        sift(all, top, is_below);
    }
    for end in (1..all.len()).rev() {
        all.swap(0, end);
        if let Some(heap) = all.get_mut(..end) {
            sift(heap, 0, is_below);
        }
    }
}

/// Lets an element sink to its place in the heap.
fn sift<T>(heap: &mut [T], mut at: usize, is_below: &dyn Fn(&T, &T) -> bool) {
    loop {
        let mut largest = at;
        let left = at.saturating_mul(2).saturating_add(1);
        for child in [left, left.saturating_add(1)] {
            if let (Some(one), Some(other)) = (heap.get(child), heap.get(largest))
                && is_below(other, one)
            {
                largest = child;
            }
        }
        if largest == at {
            return;
        }
        heap.swap(at, largest);
        at = largest;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Random;
    use super::*;

    #[test]
    fn it_agrees_with_the_standard_library() {
        let mut random = Random::new(5);
        for _ in 0..2_000 {
            let mut all: Vec<usize> = (0..random.below(40)).map(|_| random.below(50)).collect();
            let mut expected = all.clone();
            expected.sort_unstable();
            sort(&mut all, &|one, other| one < other);
            assert_eq!(all, expected);
        }
    }
}
