//! How operations end that have tried more than once (spec driver-core §4.3, §4.9, §17.6).

use crate::core::clock::SECOND;
use crate::core::operation::{ItemRef, Operation, Precondition};
use crate::core::{Error, ErrorKind, OperationOptions, Outcome};
use crate::engine::World as _;
use crate::engine::testing::{Reply, create, increment, item, read, warm};

/// The error of an operation that gets these answers.
fn ends(operation: Operation, multi_write: bool, replies: Vec<Reply>) -> Box<Error> {
    let (sim, driver) = warm(multi_write, |_| {});
    sim.items_say_in_turn(multi_write, replies);
    sim.execute(&driver, operation).unwrap_err()
}

fn delete() -> Operation {
    Operation::DeleteItem {
        item: item(),
        conditions: Default::default(),
    }
}

fn replace() -> Operation {
    let item: ItemRef = item();
    Operation::ReplaceItem {
        item,
        body: b"{}".to_vec(),
        conditions: crate::core::operation::Conditions {
            precondition: Some(Precondition::IfMatch("\"1\"".to_owned())),
            ..Default::default()
        },
    }
}

#[test]
fn what_failed_everywhere_is_a_failure_of_the_service_with_its_cause() {
    for (status, sub_status, finally) in
        [(404, 1002, 20_310), (403, 3, 20_311), (403, 1008, 20_312)]
    {
        for multi_write in [false, true] {
            let error = ends(
                create(),
                multi_write,
                vec![Reply::status(status, sub_status)],
            );
            assert_eq!((error.status, error.sub_status), (Some(503), Some(finally)));
            assert_eq!(
                (error.kind, error.retryable),
                (ErrorKind::Unavailable, true)
            );
            assert_eq!(error.outcome, Outcome::NotApplied);
            let cause = error.cause.unwrap();
            assert_eq!(
                (cause.status, cause.sub_status),
                (Some(status), Some(sub_status))
            );
            assert!(
                cause.message.starts_with("create_item"),
                "{}",
                cause.message
            );
            let diagnostics = error.diagnostics.unwrap();
            assert_eq!(diagnostics.status, Some((503, Some(finally))));
        }
    }
    // What means something else keeps its name.
    let error = ends(create(), false, vec![Reply::status(404, 1003)]);
    assert_eq!(
        (error.status, error.sub_status, error.cause),
        (Some(404), Some(1003), None)
    );
}

#[test]
fn a_write_that_was_sent_again_says_so() {
    for (operation, status) in [
        (create as fn() -> Operation, 409),
        (delete, 404),
        (replace, 412),
    ] {
        for (first, again) in [(408, true), (500, true), (503, false), (429, false)] {
            let error = ends(
                operation(),
                true,
                vec![Reply::status(first, 0), Reply::status(status, 0)],
            );
            assert_eq!(error.status, Some(status));
            assert_eq!(
                error.message.contains("earlier attempt"),
                again,
                "{}",
                error.message
            );
            assert_eq!(error.diagnostics.unwrap().attempted_more_than_once, again);
            let outcome = if again {
                Outcome::Unknown
            } else {
                Outcome::NotApplied
            };
            assert_eq!(error.outcome, outcome, "{first} {status}");
        }
    }
}

#[test]
fn no_later_answer_makes_a_write_certain_that_was_not() {
    let unsure = || Reply::status(500, 0);
    for later in [
        Reply::status(503, 0),
        Reply::status(400, 0),
        Reply::status(429, 0),
        Reply::status(403, 3),
    ] {
        let error = ends(create(), true, vec![unsure(), later]);
        assert_eq!(error.outcome, Outcome::Unknown, "{error:?}");
    }
    let error = ends(read(), true, vec![unsure(), Reply::status(503, 0)]);
    assert_eq!(error.outcome, Outcome::NotApplied);
    let error = ends(increment(), true, vec![Reply::status(503, 0)]);
    assert_eq!(error.outcome, Outcome::NotApplied);
}

#[test]
fn the_ru_budget_ends_the_operation_before_its_next_attempt() {
    let (sim, driver) = warm(true, |_| {});
    let run = |budget: f64, status: u16, sub_status: u32| {
        sim.pass(61 * SECOND);
        sim.items_say(true, move |_| {
            Reply::status(status, sub_status)
                .with("x-ms-request-charge", "2.5")
                .with("x-ms-retry-after-ms", "10")
        });
        let options = OperationOptions {
            ru_budget: Some(budget),
            ..OperationOptions::default()
        };
        let error = sim.run(driver.execute(read(), options)).unwrap_err();
        let requests = sim.items().len();
        let spent = error.kind == ErrorKind::BudgetSpent;
        assert_eq!(error.status, Some(status), "{error:?}");
        if spent {
            let cause = error.cause.as_ref().unwrap();
            assert_eq!(
                (cause.status, cause.sub_status.unwrap_or(0)),
                (Some(status), sub_status)
            );
            assert!(error.diagnostics.unwrap().request_charge >= budget);
        }
        (requests, spent)
    };
    assert_eq!(run(2.5, 503, 0), (1, true));
    assert_eq!(run(2.6, 503, 0), (2, true));
    assert_eq!(run(100.0, 503, 0), (4, false));
    assert_eq!(run(7.0, 429, 3200), (3, true));
    assert_eq!(run(7.0, 449, 0), (3, true));
    // What would not be repeated is no matter of the budget.
    assert_eq!(run(1.0, 409, 0), (1, false));
    // Nor do the ways around by the container and its ranges cost nothing.
    assert_eq!(run(2.0, 410, 1002), (1, true));
    let start = sim.now();
    assert_eq!(run(2.0, 400, 1024).0, 1);
    assert!(sim.now() - start < 62 * SECOND);
}
