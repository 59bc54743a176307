use super::super::clock::{MILLI, SECOND};
use super::super::error::Outcome as Effect;
use super::*;
use crate::wire::batch::{Action, BatchOperation, OperationResult};
use crate::wire::headers::ResponseHeaders;
use crate::wire::patch::{PatchOperation, PatchValue};
use crate::wire::ranges::{PartitionKeyRange, Status};

mod property;

/// Ranges between these points, each with its id and its parents.
fn ranges(bounds: &[&str], ids: &[(&str, &str)]) -> Rc<RangeMap> {
    let range = |(at, (id, parent)): (usize, &(&str, &str))| PartitionKeyRange {
        id: Rc::from(*id),
        min: bounds[at].parse().unwrap(),
        max: bounds[at + 1].parse().unwrap(),
        parents: parent.split_whitespace().map(Rc::from).collect(),
        status: Status::Online,
    };
    let rows = ids.iter().enumerate().map(range).collect();
    Rc::new(RangeMap::build(rows, None).unwrap())
}

/// A container with two partitions, `a` below 80 and `b` from there on.
fn two() -> Rc<RangeMap> {
    ranges(&["", "80", "FF"], &[("a", ""), ("b", "")])
}

fn bulk() -> Bulk {
    Bulk::new(Settings::default(), two())
}

fn action(point: &str, action: Action) -> Input {
    Input {
        key: "[\"k\"]".to_owned(),
        point: point.parse().unwrap(),
        operation: BatchOperation {
            action,
            if_match: None,
            if_none_match: None,
        },
    }
}

/// An item that lives at this point.
fn create(point: &str) -> Input {
    action(
        point,
        Action::Create(format!("{{\"id\":{point:?}}}").into_bytes()),
    )
}

fn read(point: &str) -> Input {
    action(point, Action::Read(point.to_owned()))
}

/// What must not be carried out twice.
fn increment(point: &str) -> Input {
    let step = PatchOperation::Increment(PatchValue {
        path: "/n".to_owned(),
        value: b"1".to_vec(),
    });
    action(point, Action::Patch(point.to_owned(), vec![step], None))
}

fn result(status: u16) -> OperationResult {
    OperationResult {
        status,
        ..OperationResult::default()
    }
}

fn with_sub(status: u16, sub_status: u32) -> OperationResult {
    OperationResult {
        sub_status: Some(sub_status),
        ..result(status)
    }
}

impl Bulk {
    fn add(&mut self, inputs: &[Input], now: Nanos) {
        for input in inputs {
            assert!(self.push(input.clone(), now).is_ok());
        }
    }

    /// A batch that must leave now.
    fn batch(&mut self, now: Nanos) -> Batch {
        match self.next(now) {
            Step::Send(batch) => batch,
            step => panic!("{step:?}"),
        }
    }

    fn until(&mut self, now: Nanos) -> Nanos {
        match self.next(now) {
            Step::WaitUntil(at) => at,
            step => panic!("{step:?}"),
        }
    }

    /// Random numbers are 0, which makes jitter the shortest.
    fn answer(&mut self, batch: &Batch, results: Vec<OperationResult>, now: Nanos) {
        let answer = Answer::Results {
            results: Some(results),
            headers: &ResponseHeaders::default(),
            hide: &|_| {},
        };
        self.on_answer(batch.id, answer, now, 0);
    }

    fn refuse(&mut self, batch: &Batch, status: Option<u16>, effect: Effect, now: Nanos) {
        let mut error = Error::new(ErrorKind::Unavailable, "refused");
        (error.status, error.retryable, error.outcome) = (status, true, effect);
        self.on_answer(batch.id, Answer::Failed(&error), now, 0);
    }

    /// Index, status and effect of the outcomes; 0 for an error without a status.
    fn outcomes(&mut self) -> Vec<(u64, u16, Option<Effect>)> {
        let outcome = |outcome: Outcome| match outcome.result {
            Ok(result) => (outcome.index, result.status, None),
            Err(error) => (
                outcome.index,
                error.status.unwrap_or(0),
                Some(error.outcome),
            ),
        };
        self.take_outcomes().into_iter().map(outcome).collect()
    }
}

fn is_waiting(step: &Step) -> bool {
    matches!(step, Step::Wait)
}

#[test]
fn inputs_go_to_their_partitions_and_come_back_in_order() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("90"), read("20")], 0);
    bulk.close();
    let (first, second) = (bulk.batch(0), bulk.batch(0));
    assert_eq!((&*first.range, first.operations), ("a", 2));
    assert_eq!((&*second.range, second.operations), ("b", 1));
    assert_eq!((first.class, second.class), (Class::Write, Class::Write));
    assert_eq!(
        String::from_utf8(first.body.clone()).unwrap(),
        "[{\"operationType\":\"Create\",\"partitionKey\":\"[\\\"k\\\"]\",\"minimalReturnPreference\":true,\
         \"resourceBody\":{\"id\":\"10\"}},\
         {\"operationType\":\"Read\",\"partitionKey\":\"[\\\"k\\\"]\",\"id\":\"20\"}]"
    );
    assert!(is_waiting(&bulk.next(0)));
    bulk.answer(&second, vec![result(409)], MILLI);
    assert!(bulk.take_outcomes().is_empty());
    bulk.answer(&first, vec![result(201), result(404)], MILLI);
    let none = Some(Effect::NotApplied);
    let expected = [(0, 201, None), (1, 409, none), (2, 404, none)];
    assert_eq!(bulk.outcomes(), expected);
    assert!(matches!(bulk.next(MILLI), Step::Done));
    // An answer that comes twice changes nothing.
    bulk.answer(&first, vec![result(500), result(500)], MILLI);
    assert!(bulk.outcomes().is_empty());
}

#[test]
fn a_batch_leaves_when_it_is_full_or_old_or_the_last() {
    let mut old = bulk();
    old.add(&[create("10")], SECOND);
    old.add(&[create("20")], SECOND + 50 * MILLI);
    assert_eq!(old.until(SECOND + 50 * MILLI), SECOND + 100 * MILLI);
    assert_eq!(old.batch(SECOND + 100 * MILLI).operations, 2);

    let mut full = bulk();
    full.add(&vec![read("10"); 101], 0);
    assert_eq!(full.batch(0).operations, 100);
    // One batch at a time.
    assert!(is_waiting(&full.next(0)));

    let mut last = bulk();
    last.add(&[create("10")], 0);
    assert_eq!(last.until(0), 100 * MILLI);
    last.close();
    assert_eq!(last.batch(0).operations, 1);
}

#[test]
fn a_batch_holds_so_many_bytes_but_one_operation_always() {
    let of_size = |size: usize| {
        let item = format!("\"{}\"", "x".repeat(size));
        action("10", Action::Create(item.into_bytes()))
    };
    let mut bulk = bulk();
    bulk.add(
        &[of_size(100 << 10), of_size(100 << 10), of_size(100 << 10)],
        0,
    );
    let batch = bulk.batch(0);
    assert_eq!(batch.operations, 2);
    assert!(batch.body.len() <= 220 << 10);
    bulk.answer(&batch, vec![result(201); 2], 0);
    bulk.close();
    let batch = bulk.batch(0);
    bulk.answer(&batch, vec![result(201)], 0);

    let mut bulk = Bulk::new(Settings::default(), two());
    bulk.add(&[of_size(1 << 20), create("20"), of_size(2 << 20)], 0);
    let batch = bulk.batch(0);
    assert_eq!(batch.operations, 1);
    assert!(batch.body.len() > 1 << 20);
    bulk.answer(&batch, vec![result(201)], 0);
    bulk.close();
    let batch = bulk.batch(0);
    bulk.answer(&batch, vec![result(201)], 0);
    let outcomes = bulk.take_outcomes();
    let last = outcomes[2].result.as_ref().unwrap_err();
    assert_eq!(last.kind, ErrorKind::PayloadTooLarge);
}

#[test]
fn what_cannot_be_sent_has_its_outcome_at_once() {
    let mut bulk = bulk();
    let spoilt = action("10", Action::Create(b"{}},{".to_vec()));
    let nowhere = create("FF");
    bulk.add(&[spoilt, nowhere], 0);
    bulk.close();
    bulk.add(&[create("10")], 0);
    assert!(matches!(bulk.next(0), Step::Done));
    let outcomes = bulk.take_outcomes();
    assert_eq!(outcomes.len(), 3);
    for outcome in outcomes {
        let error = outcome.result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
}

#[test]
fn what_does_not_fit_is_handed_back() {
    let mut by_number = Bulk::new(
        Settings {
            max_inputs: 2,
            ..Settings::default()
        },
        two(),
    );
    by_number.add(&[create("10"), create("20")], 0);
    let handed_back = by_number.push(create("30"), 0).err().unwrap();
    assert!(*handed_back.0 == create("30"));
    // Nobody else can come: no reason to wait.
    let batch = by_number.batch(0);
    by_number.answer(&batch, vec![result(201); 2], 0);
    assert!(!by_number.has_room());
    assert_eq!(by_number.outcomes().len(), 2);
    assert_eq!(by_number.push(create("30"), 0).ok(), Some(2));

    let mut by_bytes = Bulk::new(
        Settings {
            max_bytes: 100,
            ..Settings::default()
        },
        two(),
    );
    by_bytes.add(&[read("10")], 0);
    assert!(by_bytes.has_room());
    by_bytes.close();
    let batch = by_bytes.batch(0);
    let item = OperationResult {
        body: Some(vec![b'x'; 100]),
        ..result(200)
    };
    by_bytes.answer(&batch, vec![item], 0);
    assert!(!by_bytes.has_room());
    by_bytes.take_outcomes();
    assert!(by_bytes.has_room());
}

#[test]
fn a_throttled_partition_rests_and_goes_on_in_order() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("20"), create("90")], 0);
    bulk.close();
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
    assert_eq!(
        bulk.outcomes(),
        [(0, 201, None), (1, 201, None), (2, 201, None)]
    );
}

#[test]
fn nothing_overtakes_within_a_throttled_partition() {
    let mut bulk = bulk();
    bulk.add(&vec![create("10"); 150], 0);
    let first = bulk.batch(0);
    let mut results = vec![result(201); 100];
    results[99] = OperationResult {
        retry_after_ms: Some(40),
        ..with_sub(429, 3200)
    };
    bulk.answer(&first, results, MILLI);
    assert_eq!(bulk.until(99 * MILLI), 100 * MILLI);
    // Its own rest is over long since, and it travels first.
    let second = bulk.batch(100 * MILLI);
    assert_eq!(second.operations, 51);
    let mut results = vec![result(409); 51];
    results[0] = result(201);
    bulk.answer(&second, results, 110 * MILLI);
    assert_eq!(bulk.outcomes()[99], (99, 201, None));
    // A hot key does not stop the others.
    let mut hot = Bulk::new(Settings::default(), two());
    hot.add(&[create("10")], 0);
    let batch = hot.batch(100 * MILLI);
    hot.add(&[create("20")], 100 * MILLI);
    let throttled = OperationResult {
        retry_after_ms: Some(500),
        ..with_sub(429, 3214)
    };
    hot.answer(&batch, vec![throttled], 100 * MILLI);
    assert_eq!(hot.until(100 * MILLI), 200 * MILLI);
}

#[test]
fn a_gone_range_is_read_again_and_its_inputs_follow_their_keys() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("70"), create("90")], 0);
    bulk.close();
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
    bulk.add(&vec![read("10"); 100], 0);
    let warm = bulk.batch(0);
    bulk.answer(&warm, vec![result(200); 100], SECOND);
    bulk.take_outcomes();
    bulk.add(&vec![read("10"); 200], SECOND);
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
    bulk.add(&[create("10"), create("90")], 0);
    bulk.close();
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
    assert_eq!(bulk.outcomes(), [(0, 404, none), (1, 404, none)]);
    assert!(matches!(bulk.next(0), Step::Done));
}

#[test]
fn a_range_that_stays_gone_is_given_up() {
    let mut bulk = bulk();
    bulk.add(&[create("10")], 0);
    bulk.close();
    let mut now = 0;
    for _ in 0..=10 {
        let batch = bulk.batch(now);
        bulk.answer(&batch, vec![with_sub(410, 1002)], now);
        if matches!(bulk.next(now), Step::Refresh { .. }) {
            bulk.on_ranges(Ok(two()));
        }
        now += SECOND;
    }
    assert_eq!(bulk.outcomes(), [(0, 410, Some(Effect::NotApplied))]);
}

#[test]
fn a_batch_that_is_too_large_is_split_until_it_is_not() {
    let mut bulk = bulk();
    bulk.add(&vec![read("10"); 5], 0);
    bulk.close();
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
    alone.add(&[read("10"), read("20")], 0);
    alone.close();
    let both = alone.batch(0);
    alone.answer(&both, vec![result(200), with_sub(413, 3402)], 0);
    let second = alone.batch(0);
    alone.answer(&second, vec![with_sub(413, 3402)], 0);
    let none = Some(Effect::NotApplied);
    assert_eq!(alone.outcomes(), [(0, 200, None), (1, 413, none)]);
}

#[test]
fn a_lost_answer_leaves_the_outcome_unknown_only_where_it_matters() {
    let mut bulk = bulk();
    bulk.add(&[read("10"), create("20"), increment("30")], 0);
    bulk.close();
    let all = bulk.batch(0);
    assert_eq!(all.class, Class::UnsafeWrite);
    bulk.refuse(&all, None, Effect::Unknown, 0);
    let again = bulk.batch(SECOND);
    assert_eq!((again.operations, again.class), (2, Class::Write));
    // The create had been carried out.
    bulk.answer(&again, vec![result(404), result(409)], SECOND);
    let unknown = Some(Effect::Unknown);
    let outcomes = bulk.take_outcomes();
    let error = |index: usize| outcomes[index].result.as_ref().unwrap_err();
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
        bulk.add(&[read("10"), create("20")], 0);
        bulk.close();
        let batch = bulk.batch(0);
        let answer = Answer::Results {
            results,
            headers: &ResponseHeaders::default(),
            hide: &|_| {},
        };
        bulk.on_answer(batch.id, answer, 0, 0);
        let effects = [Some(Effect::NotApplied), Some(Effect::Unknown)];
        assert_eq!(bulk.outcomes(), [(0, 0, effects[0]), (1, 0, effects[1])]);
    }
}

#[test]
fn an_error_names_its_input_and_carries_what_the_service_says() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("20")], 0);
    bulk.close();
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
    };
    bulk.on_answer(batch.id, answer, 0, 0);
    let error = bulk.take_outcomes().remove(1).result.unwrap_err();
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
    bulk.add(&[read("10"), create("20")], 0);
    let under_way = bulk.batch(100 * MILLI);
    bulk.add(&[create("90"), increment("30")], 100 * MILLI);
    let mut late = Error::new(ErrorKind::Timeout, "late");
    late.status = Some(408);
    bulk.abort(&late);
    assert!(matches!(bulk.next(SECOND), Step::Done));
    bulk.answer(&under_way, vec![result(200), result(201)], SECOND);
    let (none, unknown) = (Some(Effect::NotApplied), Some(Effect::Unknown));
    assert_eq!(
        bulk.outcomes(),
        [
            (0, 408, none),
            (1, 408, unknown),
            (2, 408, none),
            (3, 408, none)
        ]
    );
}

#[test]
fn batches_under_way_are_limited_and_partitions_take_turns() {
    let settings = Settings {
        max_batches: 2,
        max_operations: 1,
        ..Settings::default()
    };
    let bounds = ["", "20", "40", "FF"];
    let three = ranges(&bounds, &[("a", ""), ("b", ""), ("c", "")]);
    let mut bulk = Bulk::new(settings, three);
    bulk.add(
        &[
            read("10"),
            read("30"),
            read("50"),
            read("11"),
            read("31"),
            read("51"),
        ],
        0,
    );
    let (first, second) = (bulk.batch(0), bulk.batch(0));
    assert!(is_waiting(&bulk.next(0)));
    bulk.answer(&first, vec![result(200)], 0);
    let third = bulk.batch(0);
    let order = [&*first.range, &*second.range, &*third.range];
    assert_eq!(order, ["a", "b", "c"]);
    bulk.answer(&second, vec![result(200)], 0);
    assert_eq!(&*bulk.batch(0).range, "a");
}

#[test]
fn a_partition_gets_more_batches_as_long_as_it_is_not_throttled() {
    let settings = Settings {
        max_operations: 1,
        ..Settings::default()
    };
    let mut bulk = Bulk::new(settings, two());
    bulk.add(&vec![read("10"); 50], 0);
    let mut now = 0;
    // Sends what may be sent, and answers it a second later. How many batches that were.
    let mut round = |result: OperationResult| {
        let mut sent = Vec::new();
        while let Step::Send(batch) = bulk.next(now) {
            sent.push(batch);
        }
        now += SECOND;
        for batch in &sent {
            bulk.answer(batch, vec![result.clone()], now);
        }
        now += SECOND;
        sent.len()
    };
    // Batch time is what counts: two that take a second each are two windows.
    let fine = [(); 4].map(|()| round(result(200)));
    assert_eq!(fine, [1, 2, 4, 8]);
    let throttled = round(with_sub(429, 3200));
    assert_eq!(throttled, 16);
    assert!(round(result(200)) < 16);
}

#[test]
fn idle_partitions_are_forgotten_when_there_are_too_many() {
    let count = MAX_LANES + 10;
    let bound = |at: usize| format!("{at:04X}");
    let mut bounds: Vec<String> = (0..count).map(bound).collect();
    bounds[0] = String::new();
    bounds.push("FF".to_owned());
    let bounds: Vec<&str> = bounds.iter().map(String::as_str).collect();
    let ids: Vec<String> = (0..count).map(|id| id.to_string()).collect();
    let ids: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "")).collect();
    let mut bulk = Bulk::new(Settings::default(), ranges(&bounds, &ids));
    for at in 0..count {
        bulk.add(&[read(&bound(at))], 0);
        bulk.close();
        let batch = bulk.batch(0);
        bulk.answer(&batch, vec![result(200)], 0);
        bulk.closed = false;
        assert!(bulk.lanes.len() <= MAX_LANES, "{at}");
    }
    assert_eq!(bulk.outcomes().len(), count);
}

#[test]
fn settings_are_brought_into_their_limits() {
    let settings = Settings {
        max_operations: 1000,
        max_batch_bytes: usize::MAX,
        max_batches: 0,
        max_inputs: 0,
        max_bytes: 0,
        ..Settings::default()
    };
    let bulk = Bulk::new(settings, two());
    assert_eq!(bulk.settings.max_operations, 100);
    assert_eq!(bulk.settings.max_batch_bytes, MAX_BODY_BYTES);
    assert_eq!(bulk.settings.max_batches, 1);
    assert!(bulk.has_room());
}
