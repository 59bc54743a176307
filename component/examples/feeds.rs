//! What putting feeds together costs: a million rows of 16 partitions, as they come and in order, against a merge of rows
//! whose keys are known already. Run it with `cargo run --release -p cosmosdb-driver --example feeds`.
//!
//! Time is that of the feed alone: not of making the partitions' pages, nor of the network. Memory is what was allocated
//! at most while the feed ran, above what there was before.

#![allow(unsafe_code)] // a global allocator that counts
#![allow(clippy::arithmetic_side_effects, clippy::print_stdout)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use cosmosdb_driver::core::feed::{Feed, Leaf, LeafPage, Limits, Order, Pull, Shape, Slice};

const LEAVES: u64 = 16;
const PAGE_ROWS: u64 = 1000;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Counts bytes.
struct Counting;

// SAFETY: everything is the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What was measured of rows put together.
struct Run {
    rows: u64,
    time: Duration,
    peak: usize,
}

/// Measures what happens between two looks.
#[derive(Default)]
struct Watch(Duration);

impl Watch {
    fn of<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = act();
        self.0 += begun.elapsed();
        done
    }
}

/// A page of a leaf: its rows from `from` on, of `rows` in all. The key of a row grows with its place; keys of one leaf
/// come in between those of the others.
fn page(leaf: u64, from: u64, rows: u64, sorted: bool) -> (Vec<u8>, Option<u64>) {
    let mut body = b"{\"_rid\":\"abc=\",\"Documents\":[".to_vec();
    let to = rows.min(from + PAGE_ROWS);
    for place in from..to {
        if place > from {
            body.push(b',');
        }
        let key = key(leaf, place);
        let item = format!(
            "{{\"id\":\"item-{leaf}-{place}\",\"pk\":\"key-{leaf}\",\"n\":{key},\"text\":\"{}\"}}",
            "lorem ipsum dolor sit amet ".repeat(4)
        );
        let row = match sorted {
            false => item,
            true => format!(
                "{{\"_rid\":\"AAAAAIAAAAE{place:09}==\",\"orderByItems\":[{{\"item\":{key}}}],\"payload\":{item}}}"
            ),
        };
        body.extend_from_slice(row.as_bytes());
    }
    body.extend_from_slice(b"],\"_count\":1000}");
    (body, (to < rows).then_some(to))
}

fn key(leaf: u64, place: u64) -> u64 {
    // Scattered, but growing.
    place * 1000 + (place * 31 + leaf * 457) % 1000
}

fn slices() -> Vec<Slice> {
    let bound = |leaf: u64| match leaf {
        0 => String::new(),
        LEAVES => "FF".to_owned(),
        _ => format!("{:02X}", leaf * 4),
    };
    let slice = |leaf| Slice {
        min: bound(leaf),
        max: bound(leaf + 1),
    };
    (0..LEAVES).map(slice).collect()
}

fn answer(leaf: &Leaf, rows: u64, sorted: bool) -> LeafPage {
    let from = leaf.continuation.as_deref();
    let from = from.map_or(0, |from| from.parse().unwrap_or(rows));
    let (body, next) = page(leaf.id.0.into(), from, rows, sorted);
    LeafPage {
        body,
        continuation: next.map(|next| next.to_string()),
        execution_info: None,
    }
}

/// Reads a feed of so many rows to its end.
fn feed(rows: u64, sorted: bool) -> Run {
    let order = vec![Order::default(); usize::from(sorted)];
    let shape = Shape {
        order,
        ..Shape::default()
    };
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mut watch = Watch::default();
    let Ok(mut feed) = Feed::new(&shape, slices(), &Limits::default()) else {
        return Run {
            rows: 0,
            time: watch.0,
            peak: 0,
        };
    };
    let mut given = 0;
    loop {
        match watch.of(|| feed.next_page(PAGE_ROWS as usize)) {
            Ok(Pull::Page(page)) => {
                given += page.len() as u64;
                watch.of(|| drop(black_box(page)));
            }
            Ok(Pull::Blocked) => {
                for leaf in watch.of(|| feed.wanted(32)) {
                    let page = answer(&leaf, rows / LEAVES, sorted);
                    let _ = watch.of(|| feed.accept(leaf.id, page));
                }
            }
            _ => break,
        }
    }
    let peak = PEAK.load(Relaxed) - before;
    Run {
        rows: given,
        time: watch.0,
        peak,
    }
}

/// A row with its key, as if somebody had read it.
struct Known {
    key: u64,
    page: Rc<Vec<u8>>,
    row: std::ops::Range<usize>,
}

/// The same rows by a heap, their keys known.
fn heap(rows: u64) -> Run {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let rows = rows / LEAVES;
    let load = |leaf: u64, from: u64| {
        let (body, next) = page(leaf, from, rows, true);
        let width = body.len() / PAGE_ROWS as usize;
        let body = Rc::new(body);
        let known = |place: u64| Known {
            key: key(leaf, place),
            page: Rc::clone(&body),
            row: 0..width,
        };
        let page: Vec<_> = (from..next.unwrap_or(rows)).map(known).collect();
        (page.into_iter(), next)
    };
    let mut leaves: Vec<_> = (0..LEAVES).map(|leaf| load(leaf, 0)).collect();
    let mut heads: Vec<_> = leaves.iter_mut().map(|(page, _)| page.next()).collect();
    let mut watch = Watch::default();
    let mut queue = BinaryHeap::new();
    for (leaf, head) in heads.iter().enumerate() {
        queue.extend(head.as_ref().map(|head| Reverse((head.key, leaf))));
    }
    let (mut given, mut page) = (0, Vec::new());
    // Timed page by page: a clock for every row would be what is measured.
    loop {
        let refill = watch.of(|| {
            while let Some(Reverse((_, leaf))) = queue.pop() {
                let (rest, next) = &mut leaves[leaf];
                page.extend(heads[leaf].take());
                if page.len() as u64 == PAGE_ROWS {
                    given += PAGE_ROWS;
                    black_box(
                        page.iter()
                            .map(|row: &Known| row.page.get(row.row.clone()).map_or(0, <[u8]>::len))
                            .sum::<usize>(),
                    );
                    page.clear();
                }
                match rest.next() {
                    Some(head) => {
                        queue.push(Reverse((head.key, leaf)));
                        heads[leaf] = Some(head);
                    }
                    None => return Some((leaf, *next)),
                }
            }
            None
        });
        let Some((leaf, next)) = refill else { break };
        let Some(from) = next else { continue };
        leaves[leaf] = load(leaf as u64, from);
        heads[leaf] = leaves[leaf].0.next();
        queue.extend(heads[leaf].as_ref().map(|head| Reverse((head.key, leaf))));
    }
    given += page.len() as u64;
    let peak = PEAK.load(Relaxed) - before;
    Run {
        rows: given,
        time: watch.0,
        peak,
    }
}

fn main() {
    println!("rows        what             rows/s  peak KiB");
    for rows in [100_000, 1_000_000] {
        for (what, run) in [
            ("as they come", feed(rows, false)),
            ("in order", feed(rows, true)),
            ("heap, keys known", heap(rows)),
        ] {
            let rate = run.rows as f64 / run.time.as_secs_f64();
            println!(
                "{:<11} {what:<16} {rate:>9.0} {:>8}",
                run.rows,
                run.peak >> 10
            );
        }
    }
}
