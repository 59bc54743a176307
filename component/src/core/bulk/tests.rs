use super::super::clock::{MILLI, SECOND};
use super::super::error::Outcome as Effect;
use super::*;
use crate::wire::batch::{Action, BatchOperation, OperationResult};
use crate::wire::headers::ResponseHeaders;
use crate::wire::patch::{PatchOperation, PatchValue};
use crate::wire::ranges::{PartitionKeyRange, Status};

mod answers;
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
