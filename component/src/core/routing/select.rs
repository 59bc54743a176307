//! Which endpoint of a list the next attempt goes to (spec driver-core §3.7).

use std::rc::Rc;

use super::unavailable::Unavailable;
use crate::core::account::Target;
use crate::core::candidates::Candidates;
use crate::core::clock::Nanos;

/// What the choice depends on.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The list, what is excluded from it, and what failed a write in this operation.
    pub candidates: Candidates<'a>,
    /// Who is avoided.
    pub unavailable: &'a Unavailable,
    /// For how long.
    pub ttl: Nanos,
    /// The time.
    pub now: Nanos,
    /// Whether it is for a write.
    pub write: bool,
    /// The place in the list to begin at; beyond the end it goes on at the beginning.
    pub index: usize,
}

/// The place in the list of the endpoint to go to; none stands for the hub, when everything is excluded.
///
/// In order of preference: one that is neither excluded, failed nor avoided; one that is neither excluded nor failed;
/// one that is not excluded.
pub fn select(choice: &Choice<'_>) -> Option<usize> {
    let list = choice.candidates.list;
    let unfailed = Candidates {
        failed: &[],
        ..choice.candidates
    };
    let avoided = |target: &Rc<Target>| {
        let Choice {
            write, now, ttl, ..
        } = *choice;
        choice.unavailable.avoids(&target.endpoint, write, now, ttl)
    };
    let first = |fits: &dyn Fn(&Rc<Target>) -> bool| {
        let places = (0..list.len()).map(|step| place(choice.index, step, list.len()));
        let mut fitting = places.filter(|place| list.get(*place).is_some_and(fits));
        fitting.next()
    };
    first(&|target| choice.candidates.allows(target) && !avoided(target))
        .or_else(|| first(&|target| choice.candidates.allows(target)))
        .or_else(|| first(&|target| unfailed.allows(target)))
}

fn place(index: usize, step: usize, length: usize) -> usize {
    index.saturating_add(step).checked_rem(length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::unavailable::Reason;
    use super::*;
    use crate::core::candidates::testing::{all, targets};

    /// What is chosen of east, west and north, from this place on.
    fn chosen(
        index: usize,
        excluded: &[&str],
        failed: &[usize],
        marked: &[usize],
    ) -> Option<usize> {
        let list = targets(&["east", "west", "north"]);
        let excluded: Vec<_> = excluded.iter().map(|name| (*name).to_owned()).collect();
        let failed: Vec<_> = failed.iter().map(|at| Rc::clone(&list[*at])).collect();
        let mut unavailable = Unavailable::default();
        for at in marked {
            unavailable.mark(&list[*at].endpoint, Reason::Transport, 0);
        }
        select(&Choice {
            candidates: Candidates {
                excluded: &excluded,
                failed: &failed,
                ..all(&list)
            },
            unavailable: &unavailable,
            ttl: 60,
            now: 1,
            write: true,
            index,
        })
    }

    #[test]
    fn the_list_is_walked_in_a_circle() {
        for (index, expected) in [(0, 0), (1, 1), (2, 2), (3, 0), (7, 1), (usize::MAX, 0)] {
            assert_eq!(chosen(index, &[], &[], &[]), Some(expected), "{index}");
        }
    }

    #[test]
    fn from_the_best_to_the_last_resort() {
        for (excluded, failed, marked, expected) in [
            (&["east"][..], &[][..], &[][..], Some(1)),
            (&["east"], &[1], &[], Some(2)),
            (&[], &[], &[0, 1], Some(2)),
            // All that may be used are marked: the first of them.
            (&["east"], &[], &[0, 1, 2], Some(1)),
            (&["north"], &[0], &[0, 1, 2], Some(1)),
            // All that may be used have failed: once more.
            (&["east"], &[1, 2], &[], Some(1)),
            (&[], &[0, 1, 2], &[0, 1, 2], Some(0)),
            (&["east", "west", "north"], &[], &[], None),
            (&["atlantis"], &[], &[], Some(0)),
        ] {
            assert_eq!(
                chosen(0, excluded, failed, marked),
                expected,
                "{excluded:?} {failed:?}"
            );
        }
    }

    #[test]
    fn nothing_can_be_chosen_from_nothing() {
        let choice = Choice {
            candidates: all(&[]),
            unavailable: &Unavailable::default(),
            ttl: 60,
            now: 0,
            write: false,
            index: 5,
        };
        assert_eq!(select(&choice), None);
    }
}
