use super::*;
use crate::core::feed_token::resume;
use crate::core::ranges::RangeMap;
use crate::wire::ranges::{PartitionKeyRange, Status};

/// Points are numbers of 16 bits, the end of the space is one of them.
const END: usize = 0xFF00;

fn epk(point: usize) -> Epk {
    match point {
        0 => Epk::MIN,
        _ => format!("{point:04X}").parse().unwrap(),
    }
}

fn number(point: &Epk) -> usize {
    let hex = format!("{:0<4}", point.to_hex());
    usize::from_str_radix(&hex, 16).unwrap()
}

fn span(min: usize, max: usize) -> EpkRange {
    EpkRange {
        min: epk(min),
        max: epk(max),
    }
}

/// A map with these bounds between its ranges.
fn map(bounds: &[usize]) -> RangeMap {
    let mut rows = Vec::new();
    let mut min = 0;
    for (id, max) in bounds.iter().copied().chain([END]).enumerate() {
        rows.push(PartitionKeyRange {
            id: id.to_string().into(),
            min: epk(min),
            max: epk(max),
            parents: Vec::new(),
            status: Status::Online,
        });
        min = max;
    }
    RangeMap::build(rows, None).unwrap()
}

/// Up to so many different points, in ascending order, with neither end.
fn points(random: &mut Random, bound: usize) -> Vec<usize> {
    let count = random.below(bound);
    let mut points: Vec<_> = (0..count).map(|_| random.below(END).max(1)).collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// `id:min-max=continuation`
fn texts(leaves: &[SliceState], map: &RangeMap) -> Vec<String> {
    let text = |leaf: &SliceState| {
        let range = &leaf.slice;
        let id = &map.lookup(&range.min).unwrap().id;
        let continuation = leaf.continuation.as_deref().unwrap_or("fresh");
        format!("{id}:{}-{}={continuation}", range.min, range.max)
    };
    leaves.iter().map(text).collect()
}

#[test]
fn splits_and_merges_between_two_pages() {
    let map = map(&[0x2000, 0x4000, 0xC000]);
    let all = [EpkRange::ALL];
    let drain = |cursor: usize, slices| {
        let cursor = epk(cursor);
        place(Walk::Drain { cursor }, slices)
    };
    let changes = |slices| changes(Start::Now, "", slices);
    for (place, scope, expected) in [
        (drained(), &all[..], Ok(vec![])),
        // Nothing was asked.
        (
            drain(0, vec![]),
            &all,
            Ok(vec![
                "0:-2000=fresh",
                "1:2000-4000=fresh",
                "2:4000-C000=fresh",
                "3:C000-FF00=fresh",
            ]),
        ),
        // One range, 10 to 80, was split in three; the rest was not asked.
        (
            drain(0x1000, vec![slice("10", "80", Some("a"))]),
            &all,
            Ok(vec![
                "0:10-2000=a",
                "1:2000-4000=a",
                "2:4000-80=a",
                "2:80-C000=fresh",
                "3:C000-FF00=fresh",
            ]),
        ),
        // Two ranges were merged into 40 to C0.
        (
            drain(
                0x6000,
                vec![slice("60", "80", Some("a")), slice("90", "A0", Some("b"))],
            ),
            &[range("50", "B0")],
            Ok(vec![
                "2:60-80=a",
                "2:80-90=fresh",
                "2:90-A0=b",
                "2:A0-B0=fresh",
            ]),
        ),
        // The scope has holes, and begins below the cursor.
        (
            drain(0x3000, vec![slice("90", "A0", Some("b"))]),
            &[range("10", "38"), range("90", "A0"), range("F0", "F1")],
            Ok(vec!["1:3000-38=fresh", "2:90-A0=b", "3:F0-F1=fresh"]),
        ),
        (
            merge(vec![slice("10", "30", None), slice("D0", "E0", Some("x"))]),
            &all,
            Ok(vec!["0:10-2000=fresh", "1:2000-30=fresh", "3:D0-E0=x"]),
        ),
        (
            drain(0, vec![slice("80", "A0", Some("a"))]),
            &[range("10", "90")],
            Err(Refused::Uncovered),
        ),
        (
            drain(0, vec![slice("20", "60", Some("a"))]),
            &[range("10", "40"), range("50", "90")],
            Err(Refused::Uncovered),
        ),
        (
            changes(vec![slice("", "40", None), slice("41", "FF", None)]),
            &all,
            Err(Refused::Uncovered),
        ),
        (
            changes(vec![slice("", "40", None)]),
            &[range("", "40"), range("50", "60")],
            Err(Refused::Uncovered),
        ),
    ] {
        let leaves = resume(&place, scope, &map).map(|leaves| texts(&leaves, &map));
        let expected = expected.map(|texts| texts.into_iter().map(str::to_owned).collect());
        assert_eq!(leaves, expected, "{place:?}");
    }
}

/// What a feed has to go on with, in numbers.
struct World {
    scope: Vec<(usize, usize)>,
    cursor: usize,
    place: Place,
}

impl World {
    /// A feed that ran on some map, and stopped somewhere.
    fn new(random: &mut Random) -> Self {
        let mut scope = vec![(0, END)];
        if random.below(2) == 0 {
            let bounds = points(random, 9);
            scope = bounds
                .chunks_exact(2)
                .map(|pair| (pair[0], pair[1]))
                .collect();
        }
        let old = map(&points(random, 12));
        let ranges: Vec<_> = scope.iter().map(|(min, max)| span(*min, *max)).collect();
        let tiles: Vec<_> = ranges.iter().flat_map(|range| old.tiles(range)).collect();
        let kind = random.below(3);
        let mut cursor = 0;
        let mut slices = Vec::new();
        for (at, tile) in tiles.iter().enumerate() {
            if kind == 0 && random.below(3) == 0 && slices.is_empty() {
                cursor = number(&tile.slice.max);
                continue;
            }
            if kind != 2 && random.below(3) == 0 {
                continue;
            }
            let asked = kind == 0 || random.below(2) == 0;
            let boundary = (kind == 1 && random.below(2) == 0).then(|| Boundary {
                values: vec![at.to_string()],
                rid: "r".to_owned(),
                skip: 1,
            });
            slices.push(SliceState {
                slice: tile.slice.clone(),
                continuation: asked.then(|| at.to_string()),
                boundary,
            });
        }
        let place = match kind {
            _ if slices.is_empty() && kind > 0 => drained(),
            0 if cursor >= END => drained(),
            0 => {
                let cursor = epk(cursor);
                place(Walk::Drain { cursor }, slices)
            }
            1 => merge(slices),
            _ => changes(Start::Now, "", slices),
        };
        Self {
            scope,
            cursor,
            place,
        }
    }

    /// What has to be known of a point: nothing if it is drained or outside, else how its slice stands.
    fn stands(&self, point: usize) -> Option<(Option<String>, Option<Boundary>)> {
        let holds = |state: &&SliceState| {
            number(&state.slice.min) <= point && point < number(&state.slice.max)
        };
        if let Some(slice) = self.place.slices.iter().find(holds) {
            return Some((slice.continuation.clone(), slice.boundary.clone()));
        }
        let within = self
            .scope
            .iter()
            .any(|(min, max)| *min <= point && point < *max);
        let drain = matches!(self.place.walk, Walk::Drain { .. });
        (drain && within && point >= self.cursor).then_some((None, None))
    }
}

/// A token outlives any history of splits and merges: each point is read by one leaf, which goes on as its slice stood.
#[test]
fn resume_property_on_random_topologies() {
    let cases = 3000;
    for seed in 0..cases {
        let random = &mut Random(seed);
        let world = World::new(random);
        let kind = match world.place.walk {
            Walk::Changes { .. } => FeedKind::ChangeFeed,
            _ => FeedKind::Query,
        };
        let text = token(kind, world.place.clone()).encode().unwrap();
        let place = parse(&text).unwrap().driver().unwrap().place;
        let bounds = points(random, 12);
        let now = map(&bounds);
        let scope: Vec<_> = world
            .scope
            .iter()
            .map(|(min, max)| span(*min, *max))
            .collect();
        let leaves = resume(&place, &scope, &now).unwrap();

        let ordered = leaves.is_sorted_by(|one, other| one.slice.max <= other.slice.min);
        assert!(ordered, "seed {seed}");
        for leaf in &leaves {
            assert_eq!(now.tiles(&leaf.slice).len(), 1);
        }
        let mut samples: Vec<_> = (0..60).map(|_| random.below(END)).collect();
        let edges = leaves
            .iter()
            .flat_map(|leaf| [&leaf.slice.min, &leaf.slice.max]);
        let saved = world.place.slices.iter();
        let saved = saved.flat_map(|state| [&state.slice.min, &state.slice.max]);
        for edge in edges.chain(saved).map(number) {
            samples.extend([edge.saturating_sub(1), edge, edge + 1]);
        }
        for point in samples.into_iter().filter(|point| *point < END) {
            let at = epk(point);
            let holding: Vec<_> = leaves
                .iter()
                .filter(|leaf| leaf.slice.min <= at && at < leaf.slice.max)
                .map(|leaf| (leaf.continuation.clone(), leaf.boundary.clone()))
                .collect();
            let expected: Vec<_> = world.stands(point).into_iter().collect();
            assert_eq!(holding, expected, "seed {seed}, point {point:04X}");
        }
        refuses_what_is_missing(&place, &scope, &now);
    }
    println!("{cases} cases");
}

/// A scope without the place of a slice, and a change feed without a slice.
fn refuses_what_is_missing(place: &Place, scope: &[EpkRange], map: &RangeMap) {
    if let Some(first) = place.slices.first() {
        let narrower: Vec<_> = scope
            .iter()
            .filter(|range| !range.contains(&first.slice))
            .cloned()
            .collect();
        assert_eq!(resume(place, &narrower, map), Err(Refused::Uncovered));
    }
    if let Walk::Changes { .. } = place.walk {
        for at in 0..place.slices.len() {
            let mut place = place.clone();
            place.slices.remove(at);
            assert_eq!(resume(&place, scope, map), Err(Refused::Uncovered));
        }
    }
}
