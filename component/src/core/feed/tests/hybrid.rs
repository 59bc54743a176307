//! Hybrid search: statistics, component queries, rank fusion.

use super::backend::page;
use super::random::number;
use super::*;
use crate::wire::epk::Epk;

const DOCUMENTS: &str = "{documentdb-formattablehybridsearchquery-totaldocumentcount}";

/// An item with a score for each component, in halves.
struct Item {
    point: Epk,
    rid: String,
    scores: Vec<i64>,
}

struct World {
    items: Vec<Item>,
    plan: Hybrid,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let components = 1 + random.below(4);
        let unique = random.chance(2);
        let mut items = Vec::new();
        for at in 0..random.below(50) as i64 {
            let score = |random: &mut Random, component: i64| match unique {
                true => (at * (7 + 2 * component)) % 101,
                false => random.below(6) as i64,
            };
            items.push(Item {
                point: random.point(),
                rid: rid(random.next() % 1_000_000),
                scores: (0..components as i64)
                    .map(|component| score(random, component))
                    .collect(),
            });
        }
        items.sort_by(|one, other| one.rid.cmp(&other.rid));
        items.dedup_by(|one, other| one.rid == other.rid);
        // Without ties, a component may be cut short.
        let reach = if unique {
            1 + random.below(20) as u64
        } else {
            1000
        };
        let component = |at| Component {
            query: format!("component {at} of {DOCUMENTS}"),
            order: match random.below(3) {
                0 => Vec::new(),
                way => vec![Order {
                    descending: way == 1,
                }],
            },
            reach: Some(reach),
        };
        let plan = Hybrid {
            components: (0..components).map(component).collect(),
            statistics: Some("statistics".to_owned()),
            weights: if random.chance(2) {
                vec![]
            } else {
                vec![2.0, 0.5, -1.0]
            },
            skip: random.below(4) as u64,
            take: random.below(30) as u64,
        };
        Self { items, plan }
    }

    fn descending(&self, component: usize) -> bool {
        self.plan.components[component]
            .order
            .first()
            .is_none_or(|order| order.descending)
    }

    /// The items of a slice, best first.
    fn ranking(&self, component: usize, slice: &EpkRange) -> Vec<&Item> {
        let (min, max) = (number(&slice.min), number(&slice.max));
        let inside = |item: &&Item| (min..max).contains(&number(&item.point));
        let mut items: Vec<&Item> = self.items.iter().filter(inside).collect();
        let sign = if self.descending(component) { -1 } else { 1 };
        items.sort_by_key(|item| sign * item.scores[component]);
        items
    }

    fn answer(&self, leaf: &Leaf, random: &mut Random) -> LeafPage {
        let query = leaf
            .query
            .as_deref()
            .expect("a hybrid search has queries of its own");
        let inside = self.ranking(0, &leaf.slice).len();
        if query == "statistics" {
            return page(&[format!(
                "{{\"documentCount\":{inside},\"fullTextStatistics\":[]}}"
            )]);
        }
        let total = format!(" of {}", self.items.len());
        let component = query
            .strip_prefix("component ")
            .and_then(|rest| rest.strip_suffix(&total));
        let component: usize = component
            .expect("placeholders are filled in")
            .parse()
            .unwrap();
        let reach = self.plan.components[component].reach.unwrap() as usize;
        let mut rows = self.ranking(component, &leaf.slice);
        rows.truncate(reach);
        if let Some(last) = &leaf.continuation {
            // All items of the container, so that the halves of a split leaf go on where it was.
            let whole = self.ranking(component, &everything());
            let place = |rid: &String| whole.iter().position(|item| item.rid == *rid);
            rows.retain(|item| place(&item.rid) > place(last));
        }
        let to = random.below(8).min(rows.len());
        let row = |item: &&Item| {
            let scores: Vec<String> = item
                .scores
                .iter()
                .map(|score| format!("{}", *score as f64 / 2.0))
                .collect();
            format!(
                "{{\"_rid\":\"{}\",\"orderByItems\":[{{\"item\":{}}}],\"payload\":{{\"componentScores\":[{}],\"payload\":\"{}\"}}}}",
                item.rid,
                scores[component],
                scores.join(","),
                item.rid
            )
        };
        let texts: Vec<String> = rows[..to].iter().map(row).collect();
        LeafPage {
            continuation: match to {
                0 if !rows.is_empty() => leaf
                    .continuation
                    .clone()
                    .or_else(|| Some("start".to_owned())),
                to if to < rows.len() => Some(rows[to - 1].rid.clone()),
                _ => None,
            },
            ..page(&texts)
        }
    }

    /// The result, best first, with the score of each row.
    fn oracle(&self) -> Vec<(f64, String)> {
        let mut found: Vec<&Item> = Vec::new();
        for (at, component) in self.plan.components.iter().enumerate() {
            found.extend(
                self.ranking(at, &everything())
                    .into_iter()
                    .take(component.reach.unwrap() as usize),
            );
        }
        found.sort_by(|one, other| one.rid.cmp(&other.rid));
        found.dedup_by(|one, other| one.rid == other.rid);
        let score = |item: &&Item| -> f64 {
            let mut score = 0.0;
            for component in 0..self.plan.components.len() {
                let better = |other: &&&Item| match self.descending(component) {
                    true => other.scores[component] > item.scores[component],
                    false => other.scores[component] < item.scores[component],
                };
                let mut above: Vec<i64> = found
                    .iter()
                    .filter(better)
                    .map(|other| other.scores[component])
                    .collect();
                above.sort_unstable();
                above.dedup();
                let weight = self.plan.weights.get(component).unwrap_or(&1.0);
                score += weight / (61.0 + above.len() as f64);
            }
            score
        };
        let mut scored: Vec<(f64, String)> = found
            .iter()
            .map(|item| (score(item), format!("\"{}\"", item.rid)))
            .collect();
        scored.sort_by(|one, other| other.0.total_cmp(&one.0));
        scored
    }
}

#[test]
fn hybrid_search_property() {
    for_seeds(200, |random| {
        let world = World::new(random);
        let slices = random.cut(&everything(), 16);
        let (skip, take) = (world.plan.skip as usize, world.plan.take as usize);
        for drive in &DRIVES[..2] {
            let limits = Limits::default();
            let mut feed =
                Feed::hybrid(world.plan.clone(), slices.clone(), slices.clone(), &limits).unwrap();
            assert_eq!(feed.state(), Err(NotResumable::Hybrid));
            let mut rows = Vec::new();
            while let Some(page) = next_page(&mut feed, *drive, random, &mut |leaf, random| {
                world.answer(leaf, random)
            }) {
                rows.extend(page);
            }
            if world.plan.components.len() > 1 {
                let expected = world.oracle().into_iter().map(|(_, row)| row);
                assert_eq!(rows, expected.skip(skip).take(take).collect::<Vec<_>>());
                continue;
            }
            let reach = world.plan.components[0].reach.unwrap() as usize;
            let best = world.ranking(0, &everything());
            let expected: Vec<i64> = best
                .iter()
                .take(reach)
                .skip(skip)
                .take(take)
                .map(|item| item.scores[0])
                .collect();
            let score = |row: &String| {
                world
                    .items
                    .iter()
                    .find(|item| row.contains(&item.rid))
                    .unwrap()
                    .scores[0]
            };
            assert_eq!(rows.iter().map(score).collect::<Vec<_>>(), expected);
        }
    });
}

#[test]
fn words_are_counted_everywhere_and_searched_in_the_targets() {
    let plan = Hybrid {
        statistics: Some("count".to_owned()),
        components: vec![Component {
            query: DOCUMENTS.to_owned(),
            ..Component::default()
        }],
        take: 1,
        ..Hybrid::default()
    };
    let everywhere = vec![slice("", "20"), slice("20", "FF")];
    let targets = vec![slice("20", "FF")];
    let mut feed = Feed::hybrid(
        plan.clone(),
        everywhere.clone(),
        targets.clone(),
        &Limits::default(),
    )
    .unwrap();
    assert!(matches!(feed.next_page(1), Ok(Pull::Blocked)));
    let wanted = feed.wanted(9);
    assert_eq!(wanted.len(), 2);
    for leaf in wanted {
        feed.accept(leaf.id, page(&["{\"documentCount\":4}".to_owned()]))
            .unwrap();
    }
    assert!(matches!(feed.next_page(1), Ok(Pull::Blocked)));
    let wanted = feed.wanted(9);
    assert_eq!(
        (wanted.len(), wanted[0].id, wanted[0].query.as_deref()),
        (1, LeafId(2), Some("8"))
    );

    let without = Hybrid {
        statistics: None,
        ..plan.clone()
    };
    let mut feed = Feed::hybrid(without, everywhere.clone(), targets, &Limits::default()).unwrap();
    assert!(matches!(feed.next_page(1), Ok(Pull::Blocked)));
    assert_eq!(feed.wanted(9)[0].query.as_deref(), Some("0"));

    let mut nothing = Feed::hybrid(
        Hybrid { take: 0, ..plan },
        everywhere,
        Vec::new(),
        &Limits::default(),
    )
    .unwrap();
    assert!(matches!(nothing.next_page(1), Ok(Pull::Done)));
    assert!(nothing.wanted(9).is_empty());
}
