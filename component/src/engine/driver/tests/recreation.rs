//! Containers that are deleted and created anew, and ranges that move (spec driver-core §12.4 to §12.6).

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::join_all;

use crate::core::config::TopologyCache;
use crate::core::operation::Conditions;
use crate::core::{ErrorKind, Operation, OperationOptions, Response};
use crate::engine::testing::{
    CONTAINER, Reply, Seen, Sim, account, create, item, metadata, read, warm,
};
use crate::engine::{Driver, World as _};

const RID: &str = "x-ms-cosmos-intended-collection-rid";
const TOKEN: &str = "x-ms-session-token";

/// A service whose container can be created anew: `age` counts how often it was; none exists at odd ages.
fn service(age: &Rc<Cell<u32>>, stale: (u16, u32)) -> impl Fn(&Seen) -> Reply + 'static {
    let age = Rc::clone(age);
    let document = account(&["east", "west"], true, "");
    move |seen| {
        let age = age.get();
        match seen.what() {
            "container" if age % 2 == 1 => Reply::status(404, 0),
            "container" => Reply::json(&CONTAINER.replace("r1", &format!("r{age}"))),
            "item" if seen.header(RID) != Some(&format!("r{age}")) => {
                Reply::status(stale.0, stale.1)
            }
            "item" => Reply::status(200, 0).with(TOKEN, &format!("0:-1#{}", 100 - age)),
            _ => metadata(seen, &document).unwrap(),
        }
    }
}

/// A driver that knows the container, and a session with it.
fn known(stale: (u16, u32)) -> (Sim, Driver<Sim>, Rc<Cell<u32>>) {
    let (sim, driver) = warm(true, |_| {});
    let age = Rc::new(Cell::new(0));
    sim.script(service(&age, stale));
    // The container that was read first has another name.
    driver
        .state
        .borrow()
        .as_ref()
        .unwrap()
        .containers
        .forget_database("d");
    sim.execute(&driver, create()).unwrap();
    sim.seen();
    (sim, driver, age)
}

fn said(seen: &[Seen]) -> Vec<(&'static str, Option<&str>, Option<&str>)> {
    seen.iter()
        .map(|seen| (seen.what(), seen.header(RID), seen.header(TOKEN)))
        .collect()
}

#[test]
fn an_operation_finds_the_new_container_and_drops_the_session_of_the_old_one() {
    for stale in [(400, 1024), (410, 1000)] {
        let (sim, driver, age) = known(stale);
        age.set(2);
        let response: Response = sim.execute(&driver, read()).unwrap();
        assert_eq!(response.diagnostics.request_count, 3);
        let seen = sim.seen();
        let expected = [
            ("item", Some("r0"), Some("0:-1#100")),
            ("container", None, None),
            ("item", Some("r2"), None),
        ];
        assert_eq!(said(&seen), expected);
        // All in one region: nobody was at fault.
        assert!(seen.iter().all(|seen| seen.region == "east"));
        sim.execute(&driver, read()).unwrap();
        assert_eq!(said(&sim.seen()), [("item", Some("r2"), Some("0:-1#98"))]);
    }
}

#[test]
fn a_lagging_session_may_be_that_of_a_container_which_is_gone() {
    let (sim, driver, age) = known((404, 1002));
    age.set(2);
    sim.execute(&driver, read()).unwrap();
    let seen = sim.seen();
    let regions: Vec<_> = seen
        .iter()
        .map(|seen| (seen.what(), seen.region.as_str()))
        .collect();
    // As many repetitions as there are regions, and then the container.
    let items = [
        ("item", "east"),
        ("item", "west"),
        ("item", "north"),
        ("item", "east"),
    ];
    assert_eq!(regions[..4], items);
    assert_eq!(
        said(&seen)[4..],
        [("container", None, None), ("item", Some("r2"), None)]
    );
}

#[test]
fn it_is_looked_up_once_for_all_and_once_in_an_operation() {
    let (sim, driver, age) = known((400, 1024));
    age.set(2);
    let operations =
        [read(), read(), create()].map(|o| driver.execute(o, OperationOptions::default()));
    assert!(sim.run(join_all(operations)).iter().all(Result::is_ok));
    let seen = sim.seen();
    assert_eq!(
        seen.iter()
            .filter(|seen| seen.what() == "container")
            .count(),
        1
    );

    // Created anew again, just after it was looked up.
    age.set(4);
    let (inner, at) = (service(&age, (400, 1024)), Rc::clone(&age));
    sim.script(move |seen| {
        let reply = inner(seen);
        at.set(at.get() + 2 * u32::from(seen.what() == "container"));
        reply
    });
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(400), Some(1024)));
    assert_eq!(
        sim.seen().iter().map(Seen::what).collect::<Vec<_>>(),
        ["item", "container", "item"]
    );
}

#[test]
fn who_brings_a_session_token_gets_the_answer() {
    let own = "0:-1#7".to_owned();
    let conditions = Conditions {
        session_token: Some(own.clone()),
        ..Conditions::default()
    };
    let by_operation = Operation::ReadItem {
        item: item(),
        conditions,
    };
    let header = OperationOptions {
        custom_headers: vec![("X-MS-Session-Token".to_owned(), own)],
        ..OperationOptions::default()
    };
    for (operation, options) in [
        (by_operation, OperationOptions::default()),
        (read(), header),
    ] {
        let (sim, driver, age) = known((400, 1024));
        age.set(2);
        let error = sim.run(driver.execute(operation, options)).unwrap_err();
        assert_eq!(
            (error.status, error.kind),
            (Some(400), ErrorKind::Unavailable)
        );
        assert_eq!(said(&sim.seen()), [("item", Some("r0"), Some("0:-1#7"))]);
        // But what was known is dropped, and the next operation finds its way.
        sim.execute(&driver, read()).unwrap();
        assert_eq!(
            said(&sim.seen()),
            [("container", None, None), ("item", Some("r2"), None)]
        );
    }
}

#[test]
fn a_container_that_is_gone_is_forgotten() {
    let (sim, driver, age) = known((400, 1024));
    age.set(1);
    for expected in [&["item", "container"][..], &["container"], &["container"]] {
        let error = sim.execute(&driver, read()).unwrap_err();
        assert_eq!((error.status, error.kind), (Some(404), ErrorKind::NotFound));
        // It is the container that is missing, not the item.
        assert_eq!(error.sub_status, Some(1003));
        assert_eq!(
            sim.seen().iter().map(Seen::what).collect::<Vec<_>>(),
            expected
        );
    }
    age.set(2);
    sim.execute(&driver, read()).unwrap();
    assert_eq!(
        said(&sim.seen()),
        [("container", None, None), ("item", Some("r2"), None)]
    );
}

#[test]
fn ranges_that_moved_are_read_again_once_for_all() {
    let moved = Rc::new(Cell::new(3_u32));
    let (sim, driver) = warm(true, |config| {
        config.partition_failover.topology_cache = Some(TopologyCache::Eager)
    });
    for sub_status in [1002, 1007, 1008] {
        moved.set(3);
        let left = Rc::clone(&moved);
        sim.items_say(true, move |_| {
            let again = left.replace(left.get().saturating_sub(1)) > 0;
            Reply::status(
                if again { 410 } else { 200 },
                if again { sub_status } else { 0 },
            )
        });
        let start = sim.now();
        let operations =
            [read(), read(), create()].map(|o| driver.execute(o, OperationOptions::default()));
        assert!(sim.run(join_all(operations)).iter().all(Result::is_ok));
        let expected = [
            "east 0",
            "east 0",
            "east 0",
            "ranges east 1",
            "east 2",
            "east 2",
            "east 2",
        ];
        assert_eq!(sim.trace(start), expected, "{sub_status}");
    }
    sim.items_say(true, |_| Reply::status(410, 1002));
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!((error.status, error.sub_status), (Some(410), Some(1002)));
    assert_eq!(
        sim.seen()
            .iter()
            .filter(|seen| seen.what() == "item")
            .count(),
        2
    );
}

#[test]
fn ranges_that_cannot_be_read_leave_the_old_ones() {
    let (sim, driver) = warm(true, |config| {
        config.partition_failover.topology_cache = Some(TopologyCache::Eager)
    });
    sim.script(|seen| match seen.what() {
        "ranges" => Reply::status(400, 0),
        _ => Reply::status(
            if seen.header("x-try").is_none() {
                410
            } else {
                200
            },
            1002,
        ),
    });
    let error = sim.execute(&driver, read()).unwrap_err();
    assert_eq!(error.status, Some(410));
    let state = driver.state.borrow().clone().unwrap();
    assert!(
        state
            .containers
            .ranges_of(&crate::engine::testing::at())
            .is_some()
    );
}
