//! What putting feeds together costs: a million rows of 16 partitions, as they come and in order, against a merge of rows
//! whose keys are known already. Run it with `cargo run --release -p cosmosdb-driver --example feeds`.
//!
//! Time is the processor's (of the clock where there is no `/proc`), less what making the partitions' pages takes. Memory is
//! what was allocated at most while the feed ran, above what there was before.

#![allow(unsafe_code)] // a global allocator that counts
#![allow(clippy::arithmetic_side_effects, clippy::print_stdout)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use cosmosdb_driver::core::feed::{Feed, Leaf, LeafPage, Limits, Order, Pull, Shape};
use cosmosdb_driver::wire::epk::Epk;
use cosmosdb_driver::wire::epk_range::EpkRange;

const LEAVES: u64 = 16;
const PAGE_ROWS: u64 = 1000;
const RUNS: u32 = 5;

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

/// How long this has run.
fn time(begun: Instant) -> Duration {
    let said = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = said.split(' ').next().and_then(|first| first.parse().ok());
    nanos.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

/// Carries something out that gives so many rows.
/// The fastest of some runs: whatever else the machine does only adds to it.
fn measure(act: impl Fn() -> u64) -> Run {
    let mut best = once(&act);
    for _ in 1..RUNS {
        let run = once(&act);
        best.time = best.time.min(run.time);
        best.peak = best.peak.max(run.peak);
    }
    best
}

fn once(act: impl Fn() -> u64) -> Run {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let begun = Instant::now();
    let from = time(begun);
    let rows = act();
    Run {
        rows,
        time: time(begun) - from,
        peak: PEAK.load(Relaxed) - before,
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

fn slices() -> Vec<EpkRange> {
    let bound = |leaf: u64| match leaf {
        LEAVES => Epk::MAX,
        _ => Epk::from(vec![leaf as u8 * 4]),
    };
    let slice = |leaf| EpkRange {
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

/// Makes the pages of all leaves.
fn pages(rows: u64, sorted: bool) -> u64 {
    for leaf in 0..LEAVES {
        let mut next = Some(0);
        while let Some(from) = next {
            let (body, after) = page(leaf, from, rows / LEAVES, sorted);
            black_box(body);
            next = after;
        }
    }
    rows
}

/// Reads a feed of so many rows to its end.
fn feed(rows: u64, sorted: bool) -> u64 {
    let shape = Shape {
        order: vec![Order::default(); usize::from(sorted)],
        ..Shape::default()
    };
    let Ok(mut feed) = Feed::new(&shape, slices(), &Limits::default()) else {
        return 0;
    };
    let mut given = 0;
    loop {
        match feed.next_page(PAGE_ROWS as usize) {
            Ok(Pull::Page(page)) => given += black_box(page).len() as u64,
            Ok(Pull::Blocked) => {
                for leaf in feed.wanted(32) {
                    let page = answer(&leaf, rows / LEAVES, sorted);
                    let _ = feed.accept(leaf.id, page);
                }
            }
            _ => return given,
        }
    }
}

/// A row with its key, as if somebody had read it.
struct Known {
    key: u64,
    page: Rc<Vec<u8>>,
    row: std::ops::Range<usize>,
}

/// A page of a leaf whose keys are known, and where the next one begins.
type Page = (std::vec::IntoIter<Known>, Option<u64>);

fn known(leaf: u64, from: u64, rows: u64) -> Page {
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
}

/// The same rows by a heap, their keys known.
fn heap(rows: u64) -> u64 {
    let rows = rows / LEAVES;
    let mut leaves: Vec<_> = (0..LEAVES).map(|leaf| known(leaf, 0, rows)).collect();
    let mut queue = BinaryHeap::new();
    let mut heads: Vec<Option<Known>> = Vec::new();
    for (leaf, (page, _)) in leaves.iter_mut().enumerate() {
        let head = page.next();
        queue.extend(head.as_ref().map(|head| Reverse((head.key, leaf))));
        heads.push(head);
    }
    let (mut given, mut page) = (0, Vec::new());
    while let Some(Reverse((_, leaf))) = queue.pop() {
        let (Some(head), Some((rest, next))) = (heads.get_mut(leaf), leaves.get_mut(leaf)) else {
            break;
        };
        page.extend(head.take());
        if page.len() as u64 == PAGE_ROWS {
            given += PAGE_ROWS;
            let bytes = |row: &Known| row.page.get(row.row.clone()).map_or(0, <[u8]>::len);
            black_box(page.iter().map(bytes).sum::<usize>());
            page.clear();
        }
        *head = rest.next();
        if let (None, Some(from)) = (&head, *next) {
            (*rest, *next) = known(leaf as u64, from, rows);
            *head = rest.next();
        }
        queue.extend(head.as_ref().map(|head| Reverse((head.key, leaf))));
    }
    given + page.len() as u64
}

fn main() {
    println!("rows      what               rows/s  peak KiB");
    for rows in [100_000, 1_000_000] {
        for (what, run, pages) in [
            (
                "as they come",
                measure(|| feed(rows, false)),
                measure(|| pages(rows, false)),
            ),
            (
                "in order",
                measure(|| feed(rows, true)),
                measure(|| pages(rows, true)),
            ),
            (
                "heap, keys known",
                measure(|| heap(rows)),
                measure(|| pages(rows, true)),
            ),
        ] {
            let time = run.time.saturating_sub(pages.time).as_secs_f64();
            let rate = run.rows as f64 / time;
            let peak = run.peak >> 10;
            println!("{:<9} {what:<16} {rate:>8.0}  {peak:>8}", run.rows);
        }
    }
}
