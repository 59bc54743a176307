use super::super::clock::{MILLI, SECOND};
use super::super::error::Outcome as Effect;
use super::super::options::{Layers, OperationOptions};
use super::super::runtime::RuntimeConfig;
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
    fn add(&mut self, inputs: &[Input]) {
        for input in inputs {
            self.push(Ok(input.clone()));
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
            repeated: false,
        };
        self.on_answer(batch.id, answer, now, 0);
    }

    fn refuse(&mut self, batch: &Batch, status: Option<u16>, effect: Effect, now: Nanos) {
        let mut error = Error::new(ErrorKind::Unavailable, "refused");
        (error.status, error.retryable, error.outcome) = (status, true, effect);
        self.on_answer(batch.id, Answer::Failed(&error), now, 0);
    }

    /// Status and effect of the outcomes; 0 for an error without a status.
    fn outcomes(self) -> Vec<(u16, Option<Effect>)> {
        let outcome = |outcome: Result<OperationResult>| match outcome {
            Ok(result) => (result.status, None),
            Err(error) => (error.status.unwrap_or(0), Some(error.outcome)),
        };
        self.into_outcomes().into_iter().map(outcome).collect()
    }

    /// How many inputs have an outcome.
    fn settled(&self) -> usize {
        self.items.len() - self.open
    }
}

fn is_waiting(step: &Step) -> bool {
    matches!(step, Step::Wait)
}

#[test]
fn inputs_go_to_their_partitions_and_come_back_in_order() {
    let mut bulk = bulk();
    bulk.add(&[create("10"), create("90"), read("20")]);
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
    assert_eq!(bulk.settled(), 1);
    bulk.answer(&first, vec![result(201), result(404)], MILLI);
    assert!(matches!(bulk.next(MILLI), Step::Done));
    // An answer that comes twice changes nothing.
    bulk.answer(&first, vec![result(500), result(500)], MILLI);
    let none = Some(Effect::NotApplied);
    let expected = [(201, None), (409, none), (404, none)];
    assert_eq!(bulk.outcomes(), expected);
}

#[test]
fn a_batch_holds_a_hundred_operations_and_a_partition_gets_one_at_a_time() {
    let mut bulk = bulk();
    bulk.add(&vec![read("10"); 101]);
    let first = bulk.batch(0);
    assert_eq!(first.operations, 100);
    assert!(is_waiting(&bulk.next(0)));
    bulk.answer(&first, vec![result(200); 100], 0);
    assert_eq!(bulk.batch(0).operations, 1);
}

#[test]
fn a_batch_holds_so_many_bytes_but_one_operation_always() {
    let of_size = |size: usize| {
        let item = format!("\"{}\"", "x".repeat(size));
        action("10", Action::Create(item.into_bytes()))
    };
    let mut bulk = bulk();
    bulk.add(&[of_size(100 << 10), of_size(100 << 10), of_size(100 << 10)]);
    let batch = bulk.batch(0);
    assert_eq!(batch.operations, 2);
    assert!(batch.body.len() <= 220 << 10);
    bulk.answer(&batch, vec![result(201); 2], 0);
    let batch = bulk.batch(0);
    bulk.answer(&batch, vec![result(201)], 0);

    let mut bulk = Bulk::new(Settings::default(), two());
    bulk.add(&[of_size(1 << 20), create("20"), of_size(2 << 20)]);
    let batch = bulk.batch(0);
    assert_eq!(batch.operations, 1);
    assert!(batch.body.len() > 1 << 20);
    bulk.answer(&batch, vec![result(201)], 0);
    let batch = bulk.batch(0);
    bulk.answer(&batch, vec![result(201)], 0);
    let outcomes = bulk.into_outcomes();
    let last = outcomes[2].as_ref().unwrap_err();
    assert_eq!(last.kind, ErrorKind::PayloadTooLarge);
}

#[test]
fn what_cannot_be_sent_has_its_outcome_at_once() {
    let mut bulk = bulk();
    let spoilt = action("10", Action::Create(b"{}},{".to_vec()));
    let nowhere = create("FF");
    bulk.add(&[spoilt, nowhere]);
    bulk.push(Err(Error::invalid("no key")));
    assert!(matches!(bulk.next(0), Step::Done));
    let outcomes = bulk.into_outcomes();
    assert_eq!(outcomes.len(), 3);
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
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
    bulk.add(&[
        read("10"),
        read("30"),
        read("50"),
        read("11"),
        read("31"),
        read("51"),
    ]);
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
    bulk.add(&vec![read("10"); 50]);
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
fn one_to_256_batches_at_one_time() {
    let runtime = RuntimeConfig::default().checked().unwrap();
    let layers = Layers::new(OperationOptions::default(), &runtime).unwrap();
    let of = |max: Option<u32>| Settings::new(layers.resolved(), max);
    assert_eq!(of(None).unwrap().max_batches, 32);
    assert_eq!(of(Some(256)).unwrap().max_batches, 256);
    for max in [0, 257, u32::MAX] {
        let error = of(Some(max)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
}

#[test]
fn settings_are_brought_into_their_limits() {
    let settings = Settings {
        max_operations: 1000,
        max_batch_bytes: usize::MAX,
        max_batches: 0,
        ..Settings::default()
    };
    let bulk = Bulk::new(settings, two());
    assert_eq!(bulk.settings.max_operations, 100);
    assert_eq!(bulk.settings.max_batch_bytes, MAX_BODY_BYTES);
    assert_eq!(bulk.settings.max_batches, 1);
}
