//! Random faults: every operation has one outcome, and it is true. A seed replays the faults, not the order of requests.

use cosmosdb_driver_host::types::{BulkOperation, OperationOptions, Outcome};
use host_tests::gateway::Effect;
use host_tests::scripted::{Seen, Step};

use super::{Scene, create, delete, increment, is_bulk, read, upsert};
use crate::face::Face;

on_every_face!(every_operation_has_one_true_outcome);

const CASES: u64 = 12;

const ITEMS: usize = 400;

/// Pseudo-random numbers.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What happens to a request as a whole, one in so many times.
fn disturb(scene: &Scene, dice: &mut Dice) {
    let effects: [Effect; 8] = [
        Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1"),
        Effect::refuse(449, 0),
        Effect::refuse(503, 0),
        Effect::refuse(410, 1002),
        Effect::refuse(413, 0),
        Effect::from(Step::close()),
        Effect::served_then(Step::close()),
        Effect::served_then(Step::respond(500, &[], "{}")),
    ];
    for effect in effects {
        let own = std::sync::Mutex::new(Dice(dice.below(u64::MAX)));
        let about = move |seen: &Seen| is_bulk(seen) && own.lock().unwrap().below(20) == 0;
        scene.gateway.on(3, about, effect);
    }
}

/// What happens to single operations.
fn trip(scene: &Scene, dice: &mut Dice) {
    let statuses = [
        (429, 3200, Some(1)),
        (429, 3214, Some(1)),
        (449, 0, None),
        (408, 0, None),
        (500, 0, None),
        (503, 0, None),
        (410, 1007, None),
        (413, 3402, None),
    ];
    for (status, sub_status, retry_after) in statuses {
        let unlucky = dice.below(ITEMS as u64) as usize;
        let about = move |number| number == unlucky;
        scene.fail(1 + dice.below(3), about, (status, sub_status), retry_after);
    }
}

/// What was asked for, and what the item must look like if it was done: its `n`, none if it is gone.
struct Wish {
    operation: BulkOperation,
    before: Option<i64>,
    after: Option<i64>,
}

fn wish(number: usize, dice: &mut Dice) -> Wish {
    let (operation, before, after) = match dice.below(5) {
        0 => (create(number), None, Some(1)),
        1 => (upsert(number), Some(1), Some(2)),
        2 => (increment(number), Some(1), Some(2)),
        3 => (delete(number), Some(1), None),
        _ => (read(number), Some(1), Some(1)),
    };
    Wish {
        operation,
        before,
        after,
    }
}

async fn every_operation_has_one_true_outcome(face: Face) {
    for seed in 0..CASES {
        let mut dice = Dice(seed);
        let ranges = 1 + dice.below(6) as u32;
        let mut scene = Scene::warm(face, ranges).await;
        let wishes: Vec<Wish> = (0..ITEMS).map(|number| wish(number, &mut dice)).collect();
        let there = |number: &usize| wishes[*number].before.is_some();
        scene.fill((0..ITEMS).filter(there));
        disturb(&scene, &mut dice);
        trip(&scene, &mut dice);
        if dice.below(2) == 0 {
            scene.control().split("0");
        }
        let options = OperationOptions {
            retry_ambiguous_writes: Some(dice.below(3) > 0),
            max_failover_retries: Some(dice.below(4) as u32),
            ..OperationOptions::default()
        };
        let operations = wishes.iter().map(|wish| wish.operation.clone());
        let done = scene.with_options(operations.collect(), options).await;
        assert_eq!(done.results.len(), ITEMS, "seed {seed}");
        for (number, (wish, result)) in wishes.iter().zip(&done.results).enumerate() {
            let item = scene.item(number).map(|item| item["n"].as_i64().unwrap());
            let said = result.failure().map(|failure| failure.outcome);
            let true_so = match said {
                None => item == wish.after,
                Some(Outcome::NotApplied) => item == wish.before,
                Some(Outcome::Unknown) => item == wish.after || item == wish.before,
            };
            assert!(true_so, "seed {seed}, item {number}: {item:?} {result:?}");
        }
        let failures = done
            .results
            .iter()
            .filter(|result| result.failure.is_some());
        assert_eq!(done.status == 207, failures.count() > 0, "seed {seed}");
    }
}
