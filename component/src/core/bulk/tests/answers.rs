//! What answers do.

use super::*;
use crate::core::retry::Limits;

#[test]
fn a_throttled_partition_rests_and_goes_on_in_order() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("20"), create("90")]);
    let (first, other) = (bulk.batch(0), bulk.batch(0));
    let throttled = OperationResult {
        retry_after_ms: Some(40),
        ..with_sub(429, 3200)
    };
    bulk.answer(&first, vec![result(201), throttled], MILLI);
    // The other partition is not concerned.
    bulk.answer(&other, vec![result(503)], MILLI);
    assert_eq!(bulk.until(MILLI), 41 * MILLI);
    let again = bulk.batch(41 * MILLI);
    assert_eq!((&*again.range, again.operations), ("a", 1));
    bulk.answer(&again, vec![result(201)], 50 * MILLI);
    assert_eq!(bulk.until(50 * MILLI), 76 * MILLI);
    let again = bulk.batch(76 * MILLI);
    bulk.answer(&again, vec![result(201)], 80 * MILLI);
    assert_eq!(bulk.outcomes(), [(201, None), (201, None), (201, None)]);
}

#[test]
fn nothing_overtakes_within_a_throttled_partition() {
    let mut bulk = bulk();
    bulk.add(&vec![create("10"); 150]);
    let first = bulk.batch(0);
    let mut results = vec![result(201); 100];
    results[99] = OperationResult {
        retry_after_ms: Some(40),
        ..with_sub(429, 3200)
    };
    bulk.answer(&first, results, MILLI);
    assert_eq!(bulk.until(MILLI), 41 * MILLI);
    // What was throttled travels first.
    let second = bulk.batch(41 * MILLI);
    assert_eq!(second.operations, 51);
    let mut results = vec![result(409); 51];
    results[0] = result(201);
    bulk.answer(&second, results, 50 * MILLI);
    assert_eq!(bulk.outcomes()[99], (201, None));
}

#[test]
fn a_hot_key_does_not_stop_the_others() {
    let mut hot = one_by_one();
    hot.add(&[create("10"), create("20")]);
    let batch = hot.batch(0);
    let throttled = OperationResult {
        retry_after_ms: Some(500),
        ..with_sub(429, 3214)
    };
    hot.answer(&batch, vec![throttled], 0);
    let other = hot.batch(0);
    hot.answer(&other, vec![result(201)], 0);
    assert_eq!(hot.until(0), 500 * MILLI);
}

/// Batches of one operation.
fn one_by_one() -> Bulk {
    let settings = Settings {
        max_operations: 1,
        ..Settings::default()
    };
    Bulk::new(settings, two())
}

#[test]
fn a_gone_range_is_read_again_and_its_inputs_follow_their_keys() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("70"), create("90")]);
    let (gone, other) = (bulk.batch(0), bulk.batch(0));
    bulk.answer(&gone, vec![with_sub(410, 1002), with_sub(410, 1002)], MILLI);
    let Step::Refresh { container: false } = bulk.next(MILLI) else {
        panic!("no refresh")
    };
    // Once is enough; the rest goes on.
    assert!(is_waiting(&bulk.next(MILLI)));
    bulk.answer(&other, vec![result(201)], MILLI);
    let after = ranges(
        &["", "40", "80", "FF"],
        &[("c", "a"), ("d", "a"), ("b", "")],
    );
    bulk.on_ranges(Ok(after));
    let (left, right) = (bulk.batch(MILLI), bulk.batch(MILLI));
    let mut followed = [&*left.range, &*right.range];
    followed.sort_unstable();
    assert_eq!(followed, ["c", "d"]);
    bulk.answer(&left, vec![result(201)], MILLI);
    bulk.answer(&right, vec![result(201)], MILLI);
    assert_eq!(bulk.outcomes().len(), 3);
}

#[test]
fn an_answer_from_before_the_ranges_were_read_needs_no_other_read() {
    let mut bulk = bulk();
    // Two batches of the same partition: wait until it may have two.
    bulk.add(&vec![read("10"); 100]);
    let warm = bulk.batch(0);
    bulk.answer(&warm, vec![result(200); 100], SECOND);
    bulk.add(&vec![read("10"); 200]);
    let (first, second) = (bulk.batch(SECOND), bulk.batch(SECOND));
    bulk.answer(&first, vec![with_sub(410, 1007); 100], SECOND);
    assert!(matches!(bulk.next(SECOND), Step::Refresh { .. }));
    bulk.on_ranges(Ok(ranges(&["", "80", "FF"], &[("c", "a"), ("b", "")])));
    bulk.answer(&second, vec![with_sub(410, 1007); 100], SECOND);
    let batch = bulk.batch(SECOND);
    assert_eq!((&*batch.range, batch.operations), ("c", 100));
    assert!(is_waiting(&bulk.next(SECOND)));
}

#[test]
fn a_stale_container_is_looked_up() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("90")]);
    let (first, second) = (bulk.batch(0), bulk.batch(0));
    bulk.answer(&first, vec![with_sub(410, 1002)], 0);
    assert!(matches!(bulk.next(0), Step::Refresh { container: false }));
    bulk.answer(&second, vec![with_sub(400, 1024)], 0);
    // One after the other, and nobody leaves before the second.
    assert!(is_waiting(&bulk.next(0)));
    bulk.on_ranges(Ok(two()));
    assert!(matches!(bulk.next(0), Step::Refresh { container: true }));
    assert!(is_waiting(&bulk.next(0)));
    let mut gone = Error::new(ErrorKind::NotFound, "no such container");
    gone.status = Some(404);
    bulk.on_ranges(Err(gone));
    let none = Some(Effect::NotApplied);
    assert!(matches!(bulk.next(0), Step::Done));
    assert_eq!(bulk.outcomes(), [(404, none), (404, none)]);
}

/// Not to be told the same a second time.
#[test]
fn nothing_goes_to_a_range_that_may_be_gone() {
    let mut bulk = one_by_one();
    bulk.add(&[create("10"), create("20"), create("90"), create("A0")]);
    let (first, other) = (bulk.batch(0), bulk.batch(0));
    bulk.answer(&first, vec![with_sub(410, 1002)], 0);
    assert!(matches!(bulk.next(0), Step::Refresh { container: false }));
    assert!(is_waiting(&bulk.next(0)));
    bulk.answer(&other, vec![result(201)], 0);
    let other = bulk.batch(0);
    assert_eq!(&*other.range, "b");
    // The ranges could not be read: whoever has not heard that it is gone tries it.
    bulk.on_ranges(Err(Error::new(ErrorKind::Unavailable, "no ranges")));
    let second = bulk.batch(0);
    assert_eq!(&*second.range, "a");
    bulk.answer(&second, vec![with_sub(400, 1024)], 0);
    bulk.answer(&other, vec![with_sub(429, 3214)], 0);
    assert!(matches!(bulk.next(0), Step::Refresh { container: true }));
    // Everybody waits for another container.
    assert!(is_waiting(&bulk.next(SECOND)));
    bulk.on_ranges(Ok(two()));
    for _ in 0..2 {
        let batch = bulk.batch(SECOND);
        bulk.answer(&batch, vec![result(201)], SECOND);
    }
    let none = Some(Effect::NotApplied);
    let expected = [(0, none), (201, None), (201, None), (201, None)];
    assert_eq!(bulk.outcomes(), expected);
}

#[test]
fn what_waits_elsewhere_follows_its_key_at_once() {
    let mut bulk = one_by_one();
    bulk.add(&[create("10"), create("20"), create("90")]);
    let (first, other) = (bulk.batch(0), bulk.batch(0));
    bulk.answer(&first, vec![with_sub(410, 1002)], 0);
    bulk.answer(&other, vec![with_sub(410, 1000)], 0);
    // Both at once: the container comes first, and its ranges with it.
    let step = bulk.next(0);
    assert!(matches!(step, Step::Refresh { container: true }));
    bulk.on_ranges(Ok(ranges(&["", "FF"], &[("c", "a b")])));
    for _ in 0..3 {
        let batch = bulk.batch(0);
        assert_eq!(&*batch.range, "c");
        bulk.answer(&batch, vec![result(201)], 0);
    }
    assert_eq!(bulk.outcomes(), [(201, None); 3]);
}

#[test]
fn throttling_counts_when_it_is_given_up_too() {
    let mut bulk = Bulk::new(
        Settings {
            max_operations: 1,
            limits: Limits {
                throttles: 0,
                ..Limits::default()
            },
            ..Settings::default()
        },
        two(),
    );
    bulk.add(&vec![read("10"); 9]);
    let batch = bulk.batch(0);
    bulk.answer(&batch, vec![with_sub(429, 3200)], SECOND);
    // A whole window, but no second batch for it.
    bulk.batch(SECOND);
    assert!(is_waiting(&bulk.next(SECOND)));
}

#[test]
fn a_range_that_stays_gone_is_given_up() {
    let mut bulk = bulk();
    bulk.add(&[create("10")]);
    let mut now = 0;
    for _ in 0..=10 {
        let batch = bulk.batch(now);
        bulk.answer(&batch, vec![with_sub(410, 1002)], now);
        if matches!(bulk.next(now), Step::Refresh { .. }) {
            bulk.on_ranges(Ok(two()));
        }
        now += SECOND;
    }
    assert_eq!(bulk.outcomes(), [(410, Some(Effect::NotApplied))]);
}

#[test]
fn a_batch_that_is_too_large_is_split_until_it_is_not() {
    let mut bulk = bulk();
    bulk.add(&vec![read("10"); 5]);
    let mut sizes = Vec::new();
    let mut sent = 0;
    while let Step::Send(batch) = bulk.next(0) {
        sizes.push(batch.operations);
        sent += 1;
        assert!(sent < 20);
        let size = batch.operations;
        if size > 2 {
            bulk.refuse(&batch, Some(413), Effect::NotApplied, 0);
        } else {
            bulk.answer(&batch, vec![result(200); size], 0);
        }
    }
    assert_eq!(sizes, [5, 2, 2, 1]);
    assert_eq!(bulk.outcomes().len(), 5);

    let mut alone = Bulk::new(Settings::default(), two());
    alone.add(&[read("10"), read("20")]);
    let both = alone.batch(0);
    alone.answer(&both, vec![result(200), with_sub(413, 3402)], 0);
    let second = alone.batch(0);
    alone.answer(&second, vec![with_sub(413, 3402)], 0);
    let none = Some(Effect::NotApplied);
    assert_eq!(alone.outcomes(), [(200, None), (413, none)]);
}

#[test]
fn a_lost_answer_leaves_the_outcome_unknown_only_where_it_matters() {
    let mut bulk = bulk();
    bulk.add(&[read("10"), create("20"), increment("30")]);
    let all = bulk.batch(0);
    assert_eq!(all.class, Class::UnsafeWrite);
    bulk.refuse(&all, None, Effect::Unknown, 0);
    let again = bulk.batch(SECOND);
    assert_eq!((again.operations, again.class), (2, Class::Write));
    // The create had been carried out.
    bulk.answer(&again, vec![result(404), result(409)], SECOND);
    let unknown = Some(Effect::Unknown);
    let outcomes = bulk.into_outcomes();
    let error = |index: usize| outcomes[index].as_ref().unwrap_err();
    assert_eq!(error(0).outcome, Effect::NotApplied);
    assert_eq!(Some(error(1).outcome), unknown);
    assert!(
        error(1).message.contains("earlier attempt"),
        "{}",
        error(1).message
    );
    assert_eq!(Some(error(2).outcome), unknown);
    assert_eq!(error(2).message, "input 2 (Patch of \"30\"): refused");
}

#[test]
fn an_answer_that_makes_no_sense_is_not_repeated() {
    for results in [None, Some(vec![result(201)]), Some(vec![result(201); 3])] {
        let mut bulk = bulk();
        bulk.add(&[read("10"), create("20")]);
        let batch = bulk.batch(0);
        let answer = Answer::Results {
            results,
            headers: &ResponseHeaders::default(),
            hide: &|_| {},
            repeated: false,
        };
        bulk.on_answer(batch.id, answer, 0, 0);
        let effects = [Some(Effect::NotApplied), Some(Effect::Unknown)];
        assert_eq!(bulk.outcomes(), [(0, effects[0]), (0, effects[1])]);
    }
}

#[test]
fn an_error_names_its_input_and_carries_what_the_service_says() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("20")]);
    let batch = bulk.batch(0);
    let headers = ResponseHeaders {
        activity_id: Some("a-1".to_owned()),
        ..ResponseHeaders::default()
    };
    let conflict = OperationResult {
        request_charge: 1.5,
        body: Some(b"{\"code\":\"Conflict\",\"message\":\"secret there\"}".to_vec()),
        ..with_sub(409, 7)
    };
    let answer = Answer::Results {
        results: Some(vec![result(201), conflict]),
        headers: &headers,
        hide: &|text| *text = text.replace("secret", "***"),
        repeated: false,
    };
    bulk.on_answer(batch.id, answer, 0, 0);
    let error = bulk.into_outcomes().remove(1).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(409), Some(7)));
    assert_eq!(error.kind, ErrorKind::Conflict);
    let start = "execute_bulk: input 1 (Create of \"20\"): 409/7 (Conflict). ";
    assert!(error.message.starts_with(start), "{}", error.message);
    assert!(error.message.ends_with("*** there"), "{}", error.message);
    let headers = error.headers.unwrap();
    assert_eq!(headers.activity_id.as_deref(), Some("a-1"));
    assert_eq!(headers.request_charge, 1.5);
}

#[test]
fn an_end_before_the_end_leaves_no_input_without_an_outcome() {
    let mut bulk = bulk();
    bulk.add(&[read("10"), create("20")]);
    let under_way = bulk.batch(100 * MILLI);
    bulk.add(&[create("90"), increment("30")]);
    let mut late = Error::new(ErrorKind::Timeout, "late");
    late.status = Some(408);
    bulk.abort(&late);
    assert!(matches!(bulk.next(SECOND), Step::Done));
    bulk.answer(&under_way, vec![result(200), result(201)], SECOND);
    let (none, unknown) = (Some(Effect::NotApplied), Some(Effect::Unknown));
    assert_eq!(
        bulk.outcomes(),
        [(408, none), (408, unknown), (408, none), (408, none)]
    );
}
