//! Random containers, inputs, splits and merges against what should come.

use super::world::World;
use super::*;
use crate::wire::epk::Epk;

const CASES: u64 = 600;

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

    fn component(&mut self) -> KeyComponent {
        match self.below(8) {
            0 => Undefined,
            1 => Null,
            2 => Boolean(self.below(2) == 0),
            3 => Number(self.below(3) as f64),
            _ => text(&format!("k{}", self.below(9))),
        }
    }

    /// Partitions at places that no other state of the container had.
    fn ranges(&mut self, generation: usize) -> RangeMap {
        let mut borders: Vec<_> = (0..self.below(6))
            .map(|_| format!("{:08X}", self.next() >> 34))
            .collect();
        borders.sort();
        borders.dedup();
        let borders: Vec<_> = borders.iter().map(String::as_str).collect();
        ranges(generation * 1000, &borders)
    }
}

fn row(id: &str, paths: &[&str], key: &[KeyComponent]) -> String {
    let mut row = serde_json::json!({ "id": id });
    for (path, component) in paths.iter().zip(key) {
        let value = match component {
            Undefined => continue,
            Null => serde_json::Value::Null,
            Boolean(value) => (*value).into(),
            Number(value) => (*value as i64).into(),
            KeyComponent::Text(text) => text.as_str().into(),
        };
        row[path.trim_start_matches('/')] = value;
    }
    row.to_string()
}

/// Runs the read to its end while partitions change, and returns what came.
fn run(mut read: ReadMany, world: &mut World, known: RangeMap, random: &mut Random) -> Vec<Row> {
    let (mut known, mut rows, mut generation) = (known, Vec::new(), 1);
    let changes = random.below(3);
    let page_size = 1 + random.below(7);
    while !read.is_done() {
        let units = read.wanted(1 + random.below(4));
        // Any of those under way may be answered first.
        let unit = &units[random.below(units.len())];
        if generation <= changes && random.below(3) == 0 {
            world.ranges = random.ranges(generation);
            generation += 1;
        }
        match world.ask(unit, &known, page_size) {
            Some(answer) => read.accept(unit.id, answer).unwrap(),
            None => {
                known = world.ranges.clone();
                assert!(read.repair(unit.id, &known).unwrap());
            }
        }
        if random.below(2) == 0 {
            rows.extend(read.take(random.below(5)));
        }
    }
    rows.extend(read.take(usize::MAX));
    rows
}

/// A container with a few keys and ids, so that inputs meet them.
fn container(random: &mut Random, paths: &[&str]) -> (World, Vec<ItemId>) {
    let mut ids = Vec::new();
    for _ in 0..random.below(60) {
        let id = format!("i{}", random.below(20));
        let key: Vec<_> = paths
            .iter()
            .map(|path| match *path {
                "/id" => text(&id),
                _ => random.component(),
            })
            .collect();
        let id = ItemId { id, key };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let rows = ids.iter().map(|item| row(&item.id, paths, &item.key));
    (World::new(rows.collect(), &definition(paths)), ids)
}

fn items_case(seed: u64) -> usize {
    let mut random = Random(seed);
    let choices: [&[&str]; 4] = [&["/id"], &["/pk"], &["/t", "/u"], &["/t", "/id"]];
    let paths = choices[random.below(4)];
    let (mut world, existing) = container(&mut random, paths);
    let mut input = Vec::new();
    for _ in 0..1 + random.below(40) {
        let known = !existing.is_empty() && random.below(4) > 0;
        let mut wanted = if known {
            existing[random.below(existing.len())].clone()
        } else {
            item("nobody", &vec![Null; paths.len()])
        };
        if paths.last() == Some(&"/id") {
            wanted.key.pop();
        }
        input.push(wanted);
    }
    let expected: Vec<Option<String>> = input
        .iter()
        .map(|wanted| {
            let is_it = |item: &&ItemId| item.id == wanted.id && item.key.starts_with(&wanted.key);
            let found = existing.iter().find(is_it);
            found.map(|item| row(&item.id, paths, &item.key))
        })
        .collect();
    world.ranges = random.ranges(0);
    let known = world.ranges.clone();
    let in_order = random.below(2) == 0;
    let order = if in_order { Order::Input } else { Order::Any };
    let read = new(Input::Items(input), order, &definition(paths), &known).unwrap();
    let rows = texts(run(read, &mut world, known, &mut random));
    if in_order {
        assert_eq!(rows, expected, "seed {seed}");
    } else {
        let sorted = |rows: Vec<Option<String>>| {
            let mut rows: Vec<_> = rows.into_iter().flatten().collect();
            rows.sort();
            rows
        };
        let mut once = sorted(expected);
        once.dedup();
        assert_eq!(sorted(rows), once, "seed {seed}");
    }
    world.requests
}

fn keys_case(seed: u64) -> usize {
    let mut random = Random(seed);
    let choices: [&[&str]; 3] = [&["/pk"], &["/t", "/u"], &["/t", "/u", "/v"]];
    let paths = choices[random.below(3)];
    let (mut world, existing) = container(&mut random, paths);
    let mut input = Vec::new();
    for _ in 0..1 + random.below(6) {
        let mut key: Vec<_> = paths.iter().map(|_| random.component()).collect();
        if !existing.is_empty() && random.below(4) > 0 {
            key.clone_from(&existing[random.below(existing.len())].key);
        }
        if paths.len() > 1 {
            key.truncate(1 + random.below(paths.len()));
        }
        input.push(key);
    }
    let mut expected: Vec<String> = existing
        .iter()
        .filter(|item| input.iter().any(|key| item.key.starts_with(key)))
        .map(|item| row(&item.id, paths, &item.key))
        .collect();
    expected.sort();
    // Borders within the keys of one beginning too.
    world.ranges = match existing.first() {
        Some(item) if paths.len() > 1 && random.below(2) == 0 => {
            let (min, _) = crate::wire::epk::prefix_range(&item.key[..1]).unwrap();
            let border = format!("{min}20");
            assert!(border.parse::<Epk>().is_ok());
            ranges(0, &[&border])
        }
        _ => random.ranges(0),
    };
    let known = world.ranges.clone();
    let input = Input::PartitionKeys(input);
    let read = new(input, Order::Any, &definition(paths), &known).unwrap();
    let mut rows: Vec<_> = texts(run(read, &mut world, known, &mut random))
        .into_iter()
        .flatten()
        .collect();
    rows.sort();
    assert_eq!(rows, expected, "seed {seed}");
    world.requests
}

#[test]
fn read_many_property_every_item_comes_as_often_as_it_should() {
    let mut requests = 0;
    for seed in 0..CASES {
        requests += items_case(seed) + keys_case(seed);
    }
    println!("{} cases, {requests} requests", 2 * CASES);
    assert!(requests > 2 * CASES as usize);
}
