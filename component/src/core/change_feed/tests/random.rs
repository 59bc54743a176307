//! Random changes, splits, merges and resumptions: every change comes once, in the order of its key.

use super::*;
use crate::core::ranges::RangeMap;
use crate::core::ranges::testing::ranges;
use crate::wire::epk::Epk;

const CASES: u64 = 1500;

struct Random(u64);

impl Random {
    /// splitmix64
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn ranges(&mut self, generation: usize) -> RangeMap {
        let mut borders: Vec<_> = (0..self.below(6))
            .map(|_| format!("{:02X}", 1 + self.below(0x3E)))
            .collect();
        borders.sort();
        borders.dedup();
        let borders: Vec<_> = borders.iter().map(String::as_str).collect();
        ranges(generation * 1000, &borders)
    }
}

/// A container and its changes.
struct World {
    ranges: RangeMap,
    /// Where each change happened; its number is its place here.
    changes: Vec<Epk>,
    page_size: usize,
}

impl World {
    /// None if the slice's partition is not where the driver thinks.
    fn ask(&self, feed: &ChangeFeed, leaf: &Leaf, known: &RangeMap) -> Option<Answer> {
        let [tile] = &*known.tiles(&leaf.slice) else {
            return None;
        };
        self.ranges.by_id(&tile.range.id)?;
        let headers = feed.headers(leaf);
        let header = |name: &str| {
            let found = headers.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
        };
        let from = match header("if-none-match").as_deref() {
            None => 0,
            Some("*") => self.changes.len(),
            Some(etag) => etag.trim_matches('"').parse().unwrap(),
        };
        let (mut rows, mut end) = (Vec::new(), self.changes.len());
        for (number, point) in self.changes.iter().enumerate().skip(from) {
            if leaf.slice.holds(point) {
                if rows.len() == self.page_size {
                    end = number;
                    break;
                }
                rows.push(format!(r#"{{"number":{number},"at":"{point}"}}"#));
            }
        }
        let etag = format!("\"{end}\"");
        let rows: Vec<_> = rows.iter().map(String::as_str).collect();
        Some(if rows.is_empty() {
            quiet(&etag)
        } else {
            changes(&rows, &etag)
        })
    }

    fn change(&mut self, random: &mut Random) {
        for _ in 0..random.below(12) {
            let point = format!("{:02X}", random.below(0x40));
            self.changes.push(point.parse().unwrap());
        }
    }
}

/// Runs the feed until it has caught up; returns it, and the numbers of the changes that came.
fn drain(
    mut feed: ChangeFeed,
    world: &mut World,
    known: &mut RangeMap,
    random: &mut Random,
    writes: usize,
    came: &mut Vec<usize>,
) -> ChangeFeed {
    let (mut left, mut settled) = (writes, writes == 0);
    let mut generation = world.changes.len() + 1;
    for _ in 0..100_000 {
        let next = feed.next_page();
        match next {
            // A round that began after the last change.
            Next::CaughtUp if left == 0 && settled => return feed,
            Next::CaughtUp => settled = true,
            Next::Page(body) => {
                let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
                for row in page["Documents"].as_array().unwrap() {
                    came.push(row["number"].as_u64().unwrap() as usize);
                }
                if let (0, Ok(state)) = (random.below(4), feed.state()) {
                    feed = ChangeFeed::resume(feed.mode, state);
                }
                continue;
            }
            Next::Asking => {}
        }
        if left > 0 && random.below(6) == 0 {
            left -= 1;
            settled = false;
            world.change(random);
            if random.below(2) == 0 {
                generation += 1;
                world.ranges = random.ranges(generation);
            }
        }
        // Some are under way at once, so that pages of several slices wait; others are given up.
        for leaf in feed.wanted(1 + random.below(4)) {
            if random.below(3) == 0 {
                continue;
            }
            match world.ask(&feed, &leaf, known) {
                Some(answer) => feed.accept(leaf.id, answer).unwrap(),
                None => {
                    *known = world.ranges.clone();
                    feed.repair(leaf.id, known).unwrap();
                }
            }
        }
    }
    panic!("the feed does not end")
}

fn case(seed: u64) {
    let mut random = Random(seed);
    let mut world = World {
        ranges: random.ranges(0),
        changes: Vec::new(),
        page_size: 1 + random.below(5),
    };
    world.change(&mut random);
    let (mode, start) = match random.below(3) {
        0 => (LatestVersion, Start::Beginning),
        1 => (LatestVersion, Start::Now),
        _ => (AllVersionsAndDeletes, Start::Now),
    };
    let mut known = world.ranges.clone();
    let scope = if random.below(3) == 0 {
        slice("08", "28")
    } else {
        EpkRange::ALL
    };
    let parts = known.tiles(&scope).into_iter().map(|tile| tile.slice);
    let feed = ChangeFeed::new(mode, start, parts.collect());
    let first = match start {
        Start::Now => world.changes.len(),
        _ => 0,
    };
    let mut came = Vec::new();
    let feed = drain(feed, &mut world, &mut known, &mut random, 0, &mut came);
    drain(feed, &mut world, &mut known, &mut random, 5, &mut came);
    let in_scope = |number: &usize| scope.holds(&world.changes[*number]);
    let expected: Vec<_> = (first..world.changes.len()).filter(in_scope).collect();
    let mut sorted = came.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "seed {seed}");
    for point in &world.changes {
        let of_key = came
            .iter()
            .filter(|number| world.changes[**number] == *point);
        assert!(of_key.is_sorted(), "seed {seed}");
    }
}

#[test]
fn change_feed_property_every_change_comes_once_and_in_order() {
    for seed in 0..CASES {
        case(seed);
    }
    println!("{CASES} cases");
}
