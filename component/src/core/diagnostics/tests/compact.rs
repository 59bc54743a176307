use super::*;

/// Retained, rolled up and omitted attempts together, which must be all.
fn accounted(record: &Diagnostics) -> u32 {
    let compaction = record.compaction.as_ref().unwrap();
    let rolled_up: u32 = compaction.runs.iter().map(|run| run.tally.count).sum();
    record.attempts.len() as u32 + rolled_up + compaction.omitted_request_count
}

fn numbers(record: &Diagnostics) -> Vec<u32> {
    record.attempts.iter().map(|a| a.number).collect()
}

#[test]
fn up_to_the_cap_everything_stays() {
    let recorder = recorder();
    for n in 1..=64 {
        answered(&recorder, &departure(), n, 449);
    }
    let record = recorder.finish(Some((449, None)));
    assert_eq!((record.attempts.len(), record.request_count), (64, 64));
    assert_eq!((record.omitted_attempts(), record.compaction), (0, None));
}

#[test]
fn one_more_leaves_the_first_and_the_last_of_the_run() {
    let recorder = recorder();
    for n in 1..=65 {
        answered(&recorder, &departure(), n * n, 449);
    }
    let record = recorder.finish(Some((449, None)));
    assert_eq!(numbers(&record), [0, 64]);
    assert_eq!((record.request_count, record.omitted_attempts()), (65, 63));
    assert_eq!((record.request_charge, record.duration_ms), (65.0, 4_225.0));
    let compaction = record.compaction.unwrap();
    assert_eq!((compaction.total_runs, compaction.collapsed_runs), (1, 1));
    assert!(!compaction.retained_truncated);
    let [run] = &compaction.runs[..] else {
        panic!("one run")
    };
    assert_eq!(
        (run.status, run.region.as_deref()),
        (Some(449), Some("eastus"))
    );
    assert_eq!((run.tally.count, run.tally.request_charge), (63, 63.0));
    // The n-th takes 2n - 1 ms: those of 2 to 64.
    assert_eq!((run.tally.min_ms, run.tally.max_ms), (3.0, 127.0));
    assert_eq!(run.tally.p50_ms(), 65.0);
}

#[test]
fn runs_that_alternate_keep_their_ends() {
    let recorder = recorder();
    for (status, count) in [(429, 30), (503, 1), (429, 30), (200, 4)] {
        for _ in 0..count {
            answered(&recorder, &departure(), 1, status);
        }
    }
    let record = recorder.finish(Some((200, None)));
    assert_eq!(numbers(&record), [0, 29, 30, 31, 60, 61, 64]);
    assert_eq!(accounted(&record), 65);
    let compaction = record.compaction.unwrap();
    assert_eq!((compaction.total_runs, compaction.collapsed_runs), (4, 3));
    let runs: Vec<_> = compaction
        .runs
        .iter()
        .map(|run| (run.status, run.tally.count))
        .collect();
    assert_eq!(runs, [(Some(429), 56), (Some(200), 2)]);
}

#[test]
fn more_runs_than_the_cap_lose_their_middle() {
    let recorder = with_cap(16);
    for n in 0..20 {
        answered(&recorder, &departure(), 1, 500 + n);
    }
    let record = recorder.finish(None);
    // Room for the 17th: the first 8 and the last 3 of 16 stay.
    assert_eq!(
        numbers(&record),
        [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 16, 17, 18, 19]
    );
    assert_eq!(accounted(&record), 20);
    let compaction = record.compaction.unwrap();
    assert!(compaction.retained_truncated);
    assert_eq!((compaction.total_runs, compaction.collapsed_runs), (20, 5));
    assert_eq!((compaction.runs.len(), compaction.omitted_runs), (5, 0));
}

#[test]
fn the_cap_is_16_at_least() {
    let recorder = with_cap(0);
    for n in 0..16 {
        answered(&recorder, &departure(), 1, 500 + n);
    }
    assert_eq!(recorder.finish(None).attempts.len(), 16);
}

#[test]
fn the_largest_roll_ups_stay() {
    let recorder = with_cap(16);
    for n in 0..2_000_u16 {
        let status = if n % 3 == 0 { 429 } else { 1_000 + n };
        answered(&recorder, &departure(), 1, status);
    }
    let record = recorder.finish(None);
    assert_eq!(accounted(&record), 2_000);
    let compaction = record.compaction.unwrap();
    assert_eq!(compaction.runs.len(), 32);
    assert!(compaction.omitted_runs > 1_000);
    assert_eq!(compaction.omitted_runs, compaction.omitted_request_count);
    let largest = compaction.runs.iter().max_by_key(|run| run.tally.count);
    let largest = largest.map(|run| (run.status, run.tally.count > 650));
    assert_eq!(largest, Some((Some(429), true)));
}

#[test]
fn of_equal_roll_ups_the_first_stay() {
    let recorder = with_cap(16);
    for n in 0..200 {
        answered(&recorder, &departure(), 1, 1_000 + n);
    }
    let compaction = recorder.finish(None).compaction.unwrap();
    let statuses = compaction.runs.iter().filter_map(|run| run.status);
    // The first 8 attempts are kept themselves.
    assert!(statuses.eq(1_008..1_040));
}

#[test]
fn what_is_under_way_stays_and_can_end() {
    let recorder = with_cap(16);
    answered(&recorder, &departure(), 1, 200);
    let slow = recorder.depart(&west());
    for n in 0..1_000 {
        answered(&recorder, &departure(), 1, 400 + n % 7);
    }
    recorder.land(slow, 5_000 * MILLI, |attempt| attempt.status = Some(201));
    let record = recorder.finish(None);
    let attempt = record.attempts.iter().find(|a| a.number == 1).unwrap();
    assert_eq!((attempt.status, attempt.duration_ms), (Some(201), 4_999.0));
    assert!(record.attempts.len() <= 16);
    assert_eq!(accounted(&record), 1_002);
}

#[test]
fn many_under_way_come_on_top_until_they_end() {
    let recorder = with_cap(16);
    let flying: Vec<_> = (0..40).map(|_| recorder.depart(&departure())).collect();
    assert_eq!(recorder.retained(), 40);
    for id in flying {
        recorder.land(id, MILLI, |attempt| {
            attempt.status = Some(200);
            attempt.request_charge = 1.0;
        });
    }
    let record = recorder.finish(None);
    assert_eq!(record.request_charge, 40.0);
    assert_eq!(numbers(&record), [0, 39]);
    assert_eq!(accounted(&record), 40);
}

#[test]
fn regions_are_remembered_beyond_their_attempts() {
    let recorder = with_cap(16);
    let names: Vec<_> = (0..40).map(|n| format!("region{n}")).collect();
    for name in names.iter().rev().chain(&names) {
        let region = Some(name.as_str());
        let departure = Departure {
            region,
            ..departure()
        };
        answered(&recorder, &departure, 1, 503);
    }
    let record = recorder.finish(None);
    let expected: Vec<_> = names.iter().rev().collect();
    assert_eq!(record.regions_contacted(), expected);
}

/// Storms of attempts with ever-changing statuses and regions, drawn from a generator with a seed.
#[test]
fn storms_stay_within_bounds_with_exact_totals() {
    for seed in 0..24_u32 {
        let (cap, total) = (16 + seed as usize * 3, 5_000_u32);
        let statuses = [1, 2, 5, 400][seed as usize % 4];
        let stickiness = [0, 50, 90][seed as usize % 3];
        let recorder = with_cap(cap);
        let mut draw = generator(seed);
        let (mut charge, mut kinds, mut kind) = (0.0, Vec::new(), (0, 0));
        for n in 0..total {
            if draw(100) >= stickiness {
                kind = (draw(statuses) as u16, draw(statuses.min(60)));
            }
            kinds.push(kind);
            let cost = f64::from(draw(1_000)) * 0.1;
            charge += cost;
            let region = format!("region{}", kind.1);
            let id = recorder.depart(&Departure {
                region: Some(&region),
                ..departure()
            });
            recorder.land(id, u64::from(n + 1) * MILLI, |attempt| {
                attempt.status = Some(200 + kind.0);
                attempt.request_charge = cost;
            });
            assert!(recorder.retained() <= cap);
        }
        let record = recorder.finish(None);
        assert_eq!((record.request_count, record.duration_ms), (total, 5_000.0));
        assert_eq!(record.request_charge, charge);
        assert_eq!(accounted(&record), total);
        check_runs(&record, &kinds, cap);
    }
}

fn check_runs(record: &Diagnostics, kinds: &[(u16, u32)], cap: usize) {
    let compaction = record.compaction.as_ref().unwrap();
    assert!(record.attempts.len() <= cap && compaction.runs.len() <= 32);
    let kept = numbers(record);
    assert!(kept.is_sorted());
    assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&4_999)));
    let (mut total, mut collapsed, mut start) = (0, 0, 0_u32);
    for run in kinds.chunk_by(|a, b| a == b) {
        let end = start + run.len() as u32;
        let still = kept.iter().filter(|n| (start..end).contains(n)).count();
        total += 1;
        collapsed += u32::from(still < run.len());
        start = end;
    }
    assert_eq!(
        (compaction.total_runs, compaction.collapsed_runs),
        (total, collapsed)
    );
    assert!(compaction.runs.iter().all(|run| {
        let tally = &run.tally;
        (tally.min_ms, tally.p50_ms(), tally.max_ms) == (1.0, 1.0, 1.0)
    }));
}

/// Numbers below a bound, always the same for a seed.
fn generator(seed: u32) -> impl FnMut(u32) -> u32 {
    let mut state = u64::from(seed) + 1;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as u32) % below
    }
}

#[test]
fn the_median_is_the_upper_one_of_the_two_in_the_middle() {
    let cases: [(&[f64], f64); 7] = [
        (&[], 0.0),
        (&[7.0], 7.0),
        (&[2.0, 1.0], 2.0),
        (&[3.0, 1.0, 2.0], 2.0),
        (&[4.0, 1.0, 3.0, 2.0], 3.0),
        (&[5.0, 4.0, 3.0, 2.0, 1.0], 3.0),
        (&[1.0, 1.0, 9.0, 9.0, 9.0, 1.0], 9.0),
    ];
    for (durations, median) in cases {
        let mut tally = Tally::default();
        durations.iter().for_each(|ms| tally.add(*ms, 0.0));
        assert_eq!(tally.p50_ms(), median, "{durations:?}");
    }
}

#[test]
fn the_median_of_many_is_near() {
    for (name, order) in [("rising", 1_u32), ("mixed", 7_919), ("falling", 9_999)] {
        let mut tally = Tally::default();
        for n in 0..10_000_u32 {
            tally.add(f64::from(n * order % 10_000), 0.5);
        }
        assert_eq!((tally.count, tally.request_charge), (10_000, 5_000.0));
        assert_eq!((tally.min_ms, tally.max_ms), (0.0, 9_999.0));
        let median = tally.p50_ms();
        assert!((4_500.0..5_500.0).contains(&median), "{name}: {median}");
    }
}
