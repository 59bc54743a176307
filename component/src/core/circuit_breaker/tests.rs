use super::super::candidates::testing::{all, partition, targets};
use super::super::clock::millis;
use super::super::partition_map::MAX_PARTITIONS;
use super::*;

const MINUTE: Nanos = 60 * SECOND;
const SWEEP: Nanos = 5 * MINUTE;

/// A breaker, a partition, and the regions that it is in. Random numbers are 0.
struct Scene {
    breaker: Breaker,
    here: Partition,
    list: Vec<Rc<Target>>,
}

impl Scene {
    fn new(regions: &[&str]) -> Self {
        Self {
            breaker: Breaker::new(Settings::default()),
            here: partition("0"),
            list: targets(regions),
        }
    }

    fn fail(&mut self, times: usize, target: usize, read: bool, now: Nanos) {
        for _ in 0..times {
            let target = &self.list[target];
            self.breaker
                .failure(&self.here, target, read, &self.list, now, 0);
        }
    }

    fn succeed(&mut self, target: usize, read: bool) {
        self.breaker.success(&self.here, &self.list[target], read);
    }

    fn hedge_won(&mut self, times: usize, primary: usize, now: Nanos) {
        for _ in 0..times {
            let primary = &self.list[primary];
            self.breaker
                .hedge_won(&self.here, primary, &self.list, now, 0);
        }
    }

    fn route(&mut self, read: bool, now: Nanos) -> Route {
        self.breaker.route(&self.here, read, &all(&self.list), now)
    }

    fn to(&self, target: usize) -> Route {
        Route::Override(self.list[target].clone())
    }

    /// Routes a read that must turn out as a probe of the target.
    fn probe(&mut self, target: usize, now: Nanos) -> Claim {
        match self.route(true, now) {
            Route::Probe(probed, claim) if probed == self.list[target] => claim,
            other => panic!("no probe of {target}: {other:?}"),
        }
    }
}

#[test]
fn it_applies_to_partitioned_reads_and_to_writes_where_every_region_takes_them() {
    let on = Breaker::new(Settings::default());
    for (read, multi_write, partitioned, regions, expected) in [
        (true, false, true, 2, true),
        (true, true, true, 2, true),
        (false, true, true, 2, true),
        (false, false, true, 2, false),
        (true, false, false, 2, false),
        (true, false, true, 1, false),
    ] {
        assert_eq!(
            on.applies(read, multi_write, partitioned, regions),
            expected
        );
    }
}

#[test]
fn the_override_beats_the_account_and_the_account_beats_the_option() {
    for (enabled_override, enabled, account, expected) in [
        (None, true, false, true),
        (None, false, false, false),
        (None, false, true, true),
        (Some(false), true, true, false),
        (Some(true), false, false, true),
    ] {
        let mut breaker = Breaker::new(Settings {
            enabled_override,
            enabled,
            ..Settings::default()
        });
        breaker.account_read(account);
        assert_eq!(breaker.applies(true, false, true, 2), expected);
    }
}

#[test]
fn so_many_failures_in_a_row_open_the_circuit() {
    for (read, threshold) in [(true, 10), (false, 5)] {
        let mut scene = Scene::new(&["eastus", "westus"]);
        scene.fail(threshold - 1, 0, read, 1);
        assert_eq!(scene.route(read, 1), Route::Normal);
        scene.fail(1, 0, read, 1);
        assert_eq!(scene.route(read, 1), scene.to(1));
        // Neither the other kind of access nor another partition is concerned.
        assert_eq!(scene.route(!read, 1), Route::Normal);
        let other = partition("1");
        let route = scene.breaker.route(&other, read, &all(&scene.list), 1);
        assert_eq!(route, Route::Normal);
    }
}

#[test]
fn a_success_ends_the_row() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(9, 0, true, 1);
    // At another target, or of another kind, it says nothing.
    scene.succeed(1, true);
    scene.succeed(0, false);
    assert!(!scene.breaker.is_empty());
    scene.succeed(0, true);
    assert!(scene.breaker.is_empty());
    scene.fail(9, 0, true, 1);
    assert_eq!(scene.route(true, 1), Route::Normal);
}

#[test]
fn a_row_that_pauses_for_longer_than_the_window_begins_anew() {
    for (pause, expected) in [(SWEEP, true), (SWEEP + 1, false)] {
        let mut scene = Scene::new(&["eastus", "westus"]);
        scene.fail(9, 0, true, 1);
        scene.fail(1, 0, true, 1 + pause);
        let opened = scene.route(true, 1) == scene.to(1);
        assert_eq!(opened, expected, "{pause}");
        scene.fail(8, 0, true, 1 + pause);
        assert_eq!(scene.route(true, 1) == scene.to(1), expected);
        scene.fail(1, 0, true, 1 + pause);
        assert_eq!(scene.route(true, 1), scene.to(1));
    }
}

#[test]
fn failures_are_counted_for_each_target() {
    let mut scene = Scene::new(&["eastus", "westus", "northeurope"]);
    scene.fail(9, 0, true, 1);
    scene.fail(9, 1, true, 1);
    assert_eq!(scene.route(true, 1), Route::Normal);
    scene.fail(1, 0, true, 1);
    assert_eq!(scene.route(true, 1), scene.to(1));
    scene.fail(1, 1, true, 1);
    assert_eq!(scene.route(true, 1), scene.to(2));
}

#[test]
fn when_all_targets_have_failed_routing_is_normal_again() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(10, 0, true, 1);
    scene.fail(1, 0, false, 1);
    scene.fail(9, 1, true, 1);
    assert_eq!(scene.route(true, 1), scene.to(1));
    scene.fail(1, 1, true, 1);
    assert_eq!(scene.route(true, 1), Route::Normal);
    assert!(!scene.breaker.is_empty(), "the failed write counts on");
    scene.succeed(0, false);
    assert!(scene.breaker.is_empty());
    // The only region of a partition never opens.
    let mut single = Scene::new(&["eastus"]);
    single.fail(10, 0, true, 1);
    assert!(single.breaker.is_empty());
}

#[test]
fn an_override_avoids_excluded_and_failed_targets() {
    let mut scene = Scene::new(&["eastus", "westus", "northeurope"]);
    scene.fail(10, 0, true, 1);
    let names =
        |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let list = scene.list.clone();
    for (excluded, failed, expected) in [
        (names(&[]), &list[..0], scene.to(1)),
        (names(&["westus"]), &list[..0], scene.to(2)),
        (names(&[]), &list[1..2], scene.to(2)),
        (names(&["westus"]), &list[2..], Route::Normal),
        // What is left works: there is nothing to override.
        (names(&["eastus"]), &list[..0], Route::Normal),
        (names(&[]), &list[..1], Route::Normal),
    ] {
        let candidates = Candidates {
            list: &list,
            excluded: &excluded,
            failed,
        };
        let route = scene.breaker.route(&scene.here, true, &candidates, 1);
        assert_eq!(route, expected, "{excluded:?} {failed:?}");
    }
    // A target that the account lost is no place to go either.
    let route = scene.breaker.route(&scene.here, true, &all(&list[1..]), 1);
    assert_eq!(route, Route::Normal);
}

#[test]
fn a_circuit_is_probed_after_a_sweep_by_one_request() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(10, 0, true, 7);
    assert_eq!(scene.route(true, 7 + SWEEP - 1), scene.to(1));
    let claim = scene.probe(0, 7 + SWEEP);
    assert_eq!(scene.route(true, 7 + SWEEP), scene.to(1));
    scene.succeed(0, true);
    assert!(scene.breaker.is_empty());
    scene.breaker.release(&claim);
    assert_eq!(scene.route(true, 7 + SWEEP), Route::Normal);
}

#[test]
fn a_failed_probe_opens_the_circuit_for_another_time() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(10, 0, true, 0);
    let claim = scene.probe(0, SWEEP);
    scene.fail(1, 0, true, SWEEP);
    scene.breaker.release(&claim);
    assert_eq!(scene.route(true, SWEEP), scene.to(1));
    assert_eq!(scene.route(true, 2 * SWEEP - 1), scene.to(1));
    scene.probe(0, 2 * SWEEP);
}

#[test]
fn a_probe_that_tells_nothing_gives_its_claim_back() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(10, 0, true, 0);
    let first = scene.probe(0, SWEEP);
    scene.breaker.release(&first);
    let second = scene.probe(0, SWEEP);
    assert_ne!(first, second);
    // A claim counts once: the first one is not the second one's to return.
    scene.breaker.release(&first);
    assert_eq!(scene.route(true, SWEEP), scene.to(1));
    scene.breaker.release(&second);
    scene.probe(0, SWEEP);
}

#[test]
fn what_was_sent_before_the_circuit_opened_changes_nothing() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(10, 0, true, 0);
    scene.succeed(0, true);
    scene.fail(3, 0, true, SECOND);
    assert_eq!(scene.route(true, SECOND), scene.to(1));
    scene.probe(0, SWEEP);
}

#[test]
fn an_open_circuit_rests_for_a_while_and_a_random_addition() {
    // 5 s and up to 2.5 s, without its end.
    for (random, rest) in [
        (0, millis(5000)),
        (1, millis(5000) + 1),
        (millis(2500) - 1, millis(7500) - 1),
        (millis(2500), millis(5000)),
    ] {
        let probed_at = |now| {
            let mut scene = Scene::new(&["eastus", "westus"]);
            scene.breaker.settings.sweep_interval = 1;
            scene.fail(9, 0, true, 0);
            let (here, list) = (&scene.here, &scene.list);
            scene
                .breaker
                .failure(here, &list[0], true, list, SECOND, random);
            matches!(scene.route(true, now), Route::Probe(..))
        };
        assert!(!probed_at(SECOND + rest - 1), "{random}");
        assert!(probed_at(SECOND + rest), "{random}");
    }
}

#[test]
fn a_probe_avoids_excluded_targets() {
    let mut scene = Scene::new(&["eastus", "westus", "northeurope"]);
    scene.fail(10, 0, true, 0);
    scene.fail(10, 1, true, 0);
    let excluded = ["eastus".to_owned()];
    let candidates = Candidates {
        excluded: &excluded,
        ..all(&scene.list)
    };
    let route = scene.breaker.route(&scene.here, true, &candidates, SWEEP);
    assert!(matches!(route, Route::Probe(target, _) if target == scene.list[1]));
    // The other circuit is due as well, and its target the better one.
    scene.probe(0, SWEEP);
    assert_eq!(scene.route(true, SWEEP), scene.to(2));
}

#[test]
fn hedges_that_the_alternate_wins_open_the_circuit_for_reads() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.hedge_won(4, 0, 1);
    scene.breaker.hedge_lost(&scene.here, &scene.list[1]);
    // A success that was not raced ends no row of hedges.
    scene.succeed(0, true);
    assert_eq!(scene.route(true, 1), Route::Normal);
    scene.hedge_won(1, 0, 1);
    assert_eq!(scene.route(true, 1), scene.to(1));
    assert_eq!(scene.route(false, 1), Route::Normal);
    // A primary that wins does not close it, only a probe does.
    scene.breaker.hedge_lost(&scene.here, &scene.list[0]);
    assert_eq!(scene.route(true, 1), scene.to(1));

    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.hedge_won(4, 0, 1);
    scene.breaker.hedge_lost(&scene.here, &scene.list[0]);
    assert!(scene.breaker.is_empty());
    scene.hedge_won(4, 0, 1);
    scene.hedge_won(4, 0, 1 + SWEEP + 1);
    assert_eq!(scene.route(true, 1), Route::Normal);
}

#[test]
fn a_target_that_loses_while_it_is_probed_opens_again() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(10, 0, true, 0);
    for _ in 0..5 {
        let claim = scene.probe(0, SWEEP);
        scene.hedge_won(1, 0, SWEEP);
        scene.breaker.release(&claim);
    }
    assert_eq!(scene.route(true, SWEEP), scene.to(1));
}

#[test]
fn turning_it_off_forgets_everything() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.breaker.settings.enabled = false;
    scene.breaker.account_read(true);
    scene.fail(10, 0, true, 0);
    let claim = scene.probe(0, SWEEP);
    scene.breaker.account_read(true);
    assert!(!scene.breaker.is_empty());
    scene.breaker.account_read(false);
    assert!(scene.breaker.is_empty());
    scene.breaker.release(&claim);
    scene.fail(10, 0, true, SWEEP);
    scene.hedge_won(5, 0, SWEEP);
    assert!(scene.breaker.is_empty());
}

#[test]
fn outdated_counts_are_swept_away() {
    let mut scene = Scene::new(&["eastus", "westus"]);
    scene.fail(9, 0, true, 0);
    assert_eq!(scene.route(true, SWEEP), Route::Normal);
    assert!(!scene.breaker.is_empty(), "not older than the window yet");
    assert_eq!(scene.route(true, 2 * SWEEP - 1), Route::Normal);
    assert!(!scene.breaker.is_empty(), "no sweep yet");
    assert_eq!(scene.route(true, 2 * SWEEP), Route::Normal);
    assert!(scene.breaker.is_empty());
}

#[test]
fn what_it_remembers_is_bounded() {
    let list = targets(&["eastus", "westus"]);
    let mut breaker = Breaker::new(Settings {
        read_threshold: 1,
        ..Settings::default()
    });
    for range in 0..=MAX_PARTITIONS {
        let partition = partition(&range.to_string());
        breaker.failure(&partition, &list[0], true, &list, 0, 0);
    }
    assert_eq!(breaker.partitions.len(), MAX_PARTITIONS);
    let mut route = |range| breaker.route(&partition(range), true, &all(&list), 0);
    assert_eq!(route("0"), Route::Normal);
    assert_eq!(route("1"), Route::Override(list[1].clone()));

    let names: Vec<_> = (0..=MAX_CIRCUITS).map(|n| format!("region{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut scene = Scene::new(&names);
    for target in 0..names.len() {
        scene.fail(1, target, true, 0);
    }
    let circuits = scene.breaker.partitions.get(&scene.here).unwrap();
    assert_eq!(circuits.len(), MAX_CIRCUITS);
    assert!(!circuits.iter().any(|it| it.is(&scene.list[0], true)));
}
