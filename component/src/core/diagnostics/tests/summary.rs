use super::*;

#[test]
fn regions_are_sorted_and_alike_attempts_grouped() {
    let recorder = recorder();
    let retry = Departure {
        context: ExecutionContext::OperationRetry,
        ..west()
    };
    let unknown = Departure {
        region: None,
        ..departure()
    };
    for (departure, ms, status) in [
        (west(), 1, 429),
        (retry, 3, 429),
        (unknown, 4, 200),
        (departure(), 5, 503),
    ] {
        answered(&recorder, &departure, ms, status);
    }
    for (ms, status) in [(6, 429), (10, 503), (12, 429)] {
        let retry = Departure {
            context: ExecutionContext::OperationRetry,
            ..west()
        };
        answered(&recorder, &retry, ms, status);
    }
    for (ms, status) in [(13, 503), (14, 200)] {
        answered(&recorder, &west(), ms, status);
    }
    let record = recorder.finish(Some((200, None)));
    let regions = record.summary();
    let names: Vec<_> = regions.iter().map(|r| (r.name, r.request_count)).collect();
    assert_eq!(names, [(None, 1), (Some("eastus"), 1), (Some("westus"), 7)]);
    assert!(regions[0].last.is_none() && regions[0].groups.is_empty());
    let west = &regions[2];
    assert_eq!(west.request_charge, 7.0);
    assert_eq!(west.first.map(|a| a.number), Some(0));
    assert_eq!(west.last.map(|a| a.number), Some(8));
    let groups: Vec<_> = west
        .groups
        .iter()
        .map(|g| (g.status, g.tally.count, g.tally.p50_ms()))
        .collect();
    // 429 took 2, 1 and 2 ms; 503 came in two contexts.
    let expected = [
        (Some(429), 3, 2.0),
        (Some(503), 1, 4.0),
        (Some(503), 1, 1.0),
    ];
    assert_eq!(groups, expected);
    assert_eq!(
        (west.groups[0].tally.min_ms, west.groups[0].tally.max_ms),
        (1.0, 2.0)
    );
    assert_eq!(west.groups[0].context, ExecutionContext::OperationRetry);
}

#[test]
fn what_was_rolled_up_counts() {
    let recorder = recorder();
    for n in 1..=100 {
        answered(&recorder, &departure(), n, 429);
        answered(&recorder, &departure(), n, 429);
    }
    answered(&recorder, &west(), 101, 200);
    let record = recorder.finish(None);
    let regions = record.summary();
    assert_eq!(regions.len(), 2);
    let east = &regions[0];
    assert_eq!((east.request_count, east.request_charge), (200, 200.0));
    let [group] = &east.groups[..] else {
        panic!("one group")
    };
    assert_eq!((group.tally.count, group.status), (198, Some(429)));
    assert_eq!((group.tally.min_ms, group.tally.max_ms), (0.0, 1.0));
}

#[test]
fn a_region_whose_attempts_were_all_left_out_has_no_first() {
    let recorder = with_cap(16);
    for n in 0..17 {
        let region = format!("region{n}");
        let departure = Departure {
            region: Some(&region),
            ..departure()
        };
        answered(&recorder, &departure, 1, 503);
    }
    let record = recorder.finish(None);
    let regions = record.summary();
    assert_eq!(regions.len(), 17);
    let gone = regions.iter().find(|r| r.name == Some("region10")).unwrap();
    assert_eq!((gone.first, gone.last, gone.request_count), (None, None, 1));
    assert_eq!(gone.groups[0].tally.count, 1);
}
