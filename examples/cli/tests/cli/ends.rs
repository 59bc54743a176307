//! Exit codes.

use host_tests::gateway::Effect;

use crate::account::{emulator, gateway, shop};
use crate::process::{Cosmos, KEY};

#[test]
fn what_is_not_there_is_3() {
    let (_emulator, cosmos) = emulator();
    let done = cosmos.run(&["read", "1", "-k", "contoso"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(3), ""));
    assert!(done.stderr.starts_with("error: "), "{done:?}");
    for arguments in [
        vec!["read", "1", "-k", "a", "--container", "none"],
        vec!["query", "SELECT * FROM c", "--database", "none"],
        vec!["topology", "--container", "none"],
    ] {
        assert_eq!(cosmos.run(&arguments).code, Some(3), "{arguments:?}");
    }
}

#[test]
fn a_conflict_or_a_condition_is_4() {
    let (_emulator, cosmos) = shop();
    let item = r#"{"id":"1","tenant":"contoso"}"#;
    assert_eq!(cosmos.run_with(&["upsert", "--create"], item).code, Some(4));
    let outdated = cosmos.run_with(&["upsert", "--if-match", "\"0\""], item);
    assert_eq!(outdated.code, Some(4), "{outdated:?}");
}

#[test]
fn a_service_that_cannot_now_is_5() {
    let (gateway, cosmos) = gateway();
    let throttled = Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1");
    gateway.on(
        u64::MAX,
        |request| request.path.contains("/docs/"),
        throttled,
    );
    let done = cosmos.run(&["read", "1", "-k", "a"]);
    assert_eq!(done.code, Some(5), "{done:?}");

    let nobody = Cosmos::new(&host_tests::refused(), KEY, "d", "c");
    assert_eq!(nobody.run(&["read", "1", "-k", "a"]).code, Some(5));
}

#[test]
fn a_wrong_key_is_6() {
    let (_emulator, cosmos) = emulator();
    let cosmos = cosmos.with("COSMOS_KEY", KEY);
    let done = cosmos.run(&["read", "1", "-k", "a"]);
    assert_eq!(done.code, Some(6), "{done:?}");
}

#[test]
fn a_wrong_call_is_2_and_sends_nothing() {
    let (emulator, cosmos) = emulator();
    for arguments in [
        &["read", "1"][..],
        &["query"],
        &["nonsense"],
        &["query", "SELECT * FROM c", "-p", "a"],
        &["query", "SELECT * FROM c", "--output", "xml"],
        &["read", "1", "-k", "a", "-k", "b", "-k", "c", "-k", "d"],
        &["change-feed", "--from", "yesterday"],
        &["import", "-", "--make-ids"],
        &["import", "-", "--keep-going"],
        &["upsert", "--key-stdin"],
        &["import", "a.jsonl", "--rejects", "b"],
    ] {
        let done = cosmos.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?} {done:?}");
        assert!(done.stderr.contains("error"), "{done:?}");
    }
    assert!(emulator.requests().is_empty());
    // What the service calls wrong, too.
    assert_eq!(cosmos.run(&["query", "SELEKT"]).code, Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::{BufRead as _, BufReader};

    use crate::account::document;
    use crate::process::Done;

    let (gateway, cosmos) = gateway();
    // More than a pipe holds.
    (1..=3000).for_each(|number| gateway.container("d", "c").put(document(number)));
    for arguments in [
        &["query", "SELECT * FROM c"][..],
        &["query", "SELECT * FROM c", "--output", "table"],
        &["export", "-"],
        &["change-feed"],
    ] {
        let mut child = cosmos.start(arguments);
        let mut first = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut first).unwrap();
        drop(out);
        let done = Done::of(child.wait_with_output().unwrap());
        assert_eq!(
            (done.code, done.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}
