//! Property tests: what a feed makes of many leaves is what an oracle sees that has all documents at once.

#![allow(clippy::arithmetic_side_effects)] // overflow fails the test

mod aggregates;
mod backend;
mod contract;
mod groups;
mod hybrid;
mod ordered;
mod plain;
mod random;
mod states;

use super::*;
use backend::{Backend, Document};
use random::Random;

/// The `_rid` of the document with this number.
pub(super) fn rid(number: u64) -> String {
    use base64::Engine as _;
    let mut bytes = vec![0, 0, 0, 1, 0x80, 0, 0, 1];
    bytes.extend(number.to_le_bytes());
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    text.replace('/', "-")
}

fn slice(min: &str, max: &str) -> EpkRange {
    EpkRange {
        min: min.parse().unwrap(),
        max: max.parse().unwrap(),
    }
}

/// Saved slices cut at the bounds of these, which make up the space: each part goes on where its slice stood.
fn fit(saved: &[SliceState], cuts: &[EpkRange]) -> Vec<SliceState> {
    let part = |state: &SliceState, cut: &EpkRange| {
        let slice = state.slice.intersection(cut)?;
        let state = state.clone();
        Some(SliceState { slice, ..state })
    };
    let parts = |state| cuts.iter().filter_map(move |cut| part(state, cut));
    saved.iter().flat_map(parts).collect()
}

fn everything() -> EpkRange {
    slice("", "FF")
}

fn sorted_by(columns: usize) -> Shape {
    Shape {
        order: vec![Order::default(); columns],
        ..Shape::default()
    }
}

fn row(number: u64, key: &str) -> String {
    format!(
        "{{\"_rid\":\"{}\",\"orderByItems\":[{{\"item\":{key}}}],\"payload\":{number}}}",
        rid(number)
    )
}

fn feed(shape: &Shape, slices: &[(&str, &str)]) -> Feed {
    let slices = slices.iter().map(|(min, max)| slice(min, max)).collect();
    Feed::new(shape, slices, &Limits::default()).unwrap()
}

fn given(pull: Result<Pull>) -> Vec<String> {
    match pull.unwrap() {
        Pull::Page(rows) => rows.iter().map(|row| format!("{row:?}")).collect(),
        _ => Vec::new(),
    }
}

/// How to drive a feed.
#[derive(Debug, Clone, Copy, Default)]
struct Drive {
    /// Whether partitions move meanwhile.
    moves: bool,
    /// Whether the feed is dropped after every page, and resumed from its state.
    resumes: bool,
}

/// How a leaf is answered.
type Answer<'a> = &'a mut dyn FnMut(&Leaf, &mut Random) -> LeafPage;

/// The next page of a feed, asking leaves in any order.
fn next_page(
    feed: &mut Feed,
    drive: Drive,
    random: &mut Random,
    answer: Answer<'_>,
) -> Option<Vec<String>> {
    let limit = 1 + random.below(9);
    loop {
        match feed.next_page(limit).unwrap() {
            Pull::Done => return None,
            Pull::Page(rows) => {
                assert!(!rows.is_empty());
                let text = |row: &Row| String::from_utf8(row.bytes().to_vec()).unwrap();
                return Some(rows.iter().map(text).collect());
            }
            Pull::Blocked => {
                let mut wanted = feed.wanted(1 + random.below(20));
                assert!(!wanted.is_empty());
                random.shuffle(&mut wanted);
                for leaf in wanted.into_iter().take(1 + random.below(4)) {
                    if drive.moves && random.chance(6) {
                        feed.replace(leaf.id, random.cut(&leaf.slice, 3)).unwrap();
                    } else {
                        feed.accept(leaf.id, answer(&leaf, random)).unwrap();
                    }
                }
            }
        }
    }
}

/// All rows of a feed.
fn all_rows(
    shape: &Shape,
    slices: Vec<EpkRange>,
    drive: Drive,
    random: &mut Random,
    answer: Answer<'_>,
) -> Vec<String> {
    let limits = Limits {
        prefetch: random.below(4),
        ..Limits::default()
    };
    let mut feed = Feed::new(shape, slices, &limits).unwrap();
    let mut rows = Vec::new();
    while let Some(page) = next_page(&mut feed, drive, random, answer) {
        rows.extend(page);
        if drive.resumes {
            let mut state = feed.state().unwrap();
            state.slices = fit(&state.slices, &random.cut(&everything(), 16));
            feed = Feed::resume(shape, state, &limits).unwrap();
        }
    }
    assert!(feed.wanted(9).is_empty());
    rows
}

/// The three ways to drive a resumable feed.
const DRIVES: [Drive; 3] = [
    Drive {
        moves: false,
        resumes: false,
    },
    Drive {
        moves: true,
        resumes: false,
    },
    Drive {
        moves: true,
        resumes: true,
    },
];

/// Runs a property for many seeds; a failure names its seed.
fn for_seeds(cases: u64, property: fn(&mut Random)) {
    for seed in 0..cases {
        let run = std::panic::AssertUnwindSafe(|| property(&mut Random::new(seed)));
        if let Err(failure) = std::panic::catch_unwind(run) {
            eprintln!("failed with seed {seed}");
            std::panic::resume_unwind(failure);
        }
    }
    println!("{cases} cases");
}
