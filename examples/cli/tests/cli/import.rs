//! `cosmos import`, undisturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use host_tests::gateway::Effect;
use host_tests::scripted::{Seen, Step};
use serde_json::{Value, json};

use crate::account::{document, emulator, gateway, ids, is_bulk, lines, once, sent};

#[test]
fn every_line_becomes_an_item() {
    let (emulator, cosmos) = emulator();
    let items = lines(500).replace("\"pk\"", "\"tenant\"");
    cosmos.write("items.jsonl", &items);
    let done = cosmos.run(&["import", "items.jsonl", "--window", "200"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.is_empty());
    assert!(
        done.stderr
            .starts_with("imported: 500 written, 0 there already, 0 rejected; "),
        "{done:?}"
    );
    assert!(!cosmos.has("items.jsonl.import.json"));
    let bulks = emulator.take_requests();
    let bulks = bulks
        .iter()
        .filter(|request| request.header("x-ms-cosmos-is-batch-request").is_some());
    assert!(bulks.count() < 30);
    assert_eq!(cosmos.ok(&["export", "-"]).lines().count(), 500);
}

#[test]
fn standard_input_is_imported_too() {
    let (gateway, cosmos) = gateway();
    let done = cosmos.run_with(&["import", "-"], &lines(300));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(ids(&gateway), once(300));
}

#[test]
fn a_bad_line_ends_the_import_after_all_lines_before_it() {
    let (gateway, cosmos) = gateway();
    let items = lines(3) + "{\"pk\":\"no id\"}\n" + &lines(5);
    cosmos.write("items.jsonl", &items);
    let done = cosmos.run(&["import", "items.jsonl"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr.contains("error: line 4: it has no id"),
        "{done:?}"
    );
    assert_eq!(ids(&gateway), once(3));

    // The next run begins there.
    gateway.clear();
    let done = cosmos.run(&["import", "items.jsonl", "--keep-going"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .starts_with("resuming after line 3\nline 4: it has no id"),
        "{done:?}"
    );
    assert_eq!(sent(&gateway).values().sum::<u64>(), 5);
    assert_eq!(
        cosmos.read("items.jsonl.rejected.jsonl"),
        "{\"pk\":\"no id\"}\n"
    );
    assert_eq!(ids(&gateway), once(5));
}

#[test]
fn rejected_lines_are_kept_to_the_byte() {
    let (gateway, cosmos) = gateway();
    gateway
        .container("d", "c")
        .put(json!({ "id": "2", "pk": "2" }));
    let items = lines(3).replace('\n', "\r\n") + "  {broken \n\n" + "{\"id\":\"9\",\"pk\":[1]}";
    cosmos.write("items.jsonl", &items);
    let import = [
        "import",
        "items.jsonl",
        "--create",
        "--keep-going",
        "--rejects",
        "bad.jsonl",
    ];
    let done = cosmos.run(&import);
    assert_eq!(done.code, Some(1), "{done:?}");
    let bad = "{\"id\":\"2\",\"pk\":\"2\",\"n\":1}\r\n  {broken \n{\"id\":\"9\",\"pk\":[1]}\n";
    assert_eq!(cosmos.read("bad.jsonl"), bad);
    for line in [
        "line 2: ",
        "line 4: it is no item",
        "line 6: its partition key /pk",
    ] {
        assert!(done.stderr.contains(line), "{done:?}");
    }
    assert!(
        done.stderr
            .contains("2 written, 0 there already, 3 rejected"),
        "{done:?}"
    );

    // Nobody has looked at them: they are not overwritten.
    let again = cosmos.run(&import);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert_eq!(cosmos.read("bad.jsonl"), bad);
}

#[test]
fn without_rejects_the_service_s_refusal_ends_the_import() {
    let (gateway, cosmos) = gateway();
    gateway
        .container("d", "c")
        .put(json!({ "id": "2", "pk": "2" }));
    cosmos.write("items.jsonl", lines(3));
    let done = cosmos.run(&["import", "items.jsonl", "--create"]);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(done.stderr.contains("line 2: "), "{done:?}");
    assert!(done.stderr.contains("go on with --keep-going"), "{done:?}");
    assert_eq!(ids(&gateway), once(3));

    // The next run sends it again, and knows whose conflicts are its own.
    let done = cosmos.run(&["import", "items.jsonl", "--create"]);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(done.stderr.contains("\nline 2: "), "{done:?}");
    let done = cosmos.run(&["import", "items.jsonl", "--create", "--keep-going"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains("0 written, 2 there already, 1 rejected"),
        "{done:?}"
    );
    let line_2 = "{\"id\":\"2\",\"pk\":\"2\",\"n\":1}\n";
    assert_eq!(cosmos.read("items.jsonl.rejected.jsonl"), line_2);
}

/// Creates, of which one is a conflict with what was there before.
const CREATE: [&str; 4] = ["import", "items.jsonl", "--create", "--keep-going"];

fn is_item(id: &'static str) -> impl Fn(&Value) -> bool {
    move |operation| operation["resourceBody"]["id"] == id
}

#[test]
fn a_throttled_line_may_still_be_a_conflict() {
    let (gateway, cosmos) = gateway();
    let container = gateway.container("d", "c");
    container.put(document(2));
    cosmos.write("items.jsonl", lines(3));
    // More often than the driver asks again, less often than it does so twice.
    container.fail_operations(15, is_item("2"), (429, 3200), Some(1));
    let done = cosmos.run(&CREATE);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains("2 written, 0 there already, 1 rejected"),
        "{done:?}"
    );
    assert_eq!(sent(&gateway)["2"], 16);
}

#[test]
fn an_answer_that_was_lost_makes_no_other_conflict_doubtful() {
    let (gateway, cosmos) = gateway();
    let container = gateway.container("d", "c");
    let range = |number: u64| container.range_of(&[json!(number.to_string())]);
    let lost = range(1);
    let elsewhere = (2..10).find(|number| range(*number) != lost).unwrap();
    container.put(document(elsewhere));
    cosmos.write("items.jsonl", lines(10));
    let about = {
        let lost = lost.clone();
        move |request: &Seen| {
            let range = request.header("x-ms-documentdb-partitionkeyrangeid");
            is_bulk(request) && range == Some(lost.as_str())
        }
    };
    gateway.on(1, about, Effect::served_then(Step::close()));
    let done = cosmos.run(&CREATE);
    assert_eq!(done.code, Some(1), "{done:?}");
    let there = (1..=10).filter(|number| range(*number) == lost).count();
    let summary = format!("{} written, {there} there already, 1 rejected", 9 - there);
    assert!(done.stderr.contains(&summary), "{done:?}");
    let rejected = cosmos.read("items.jsonl.rejected.jsonl");
    assert!(rejected.contains(&format!("\"id\":\"{elsewhere}\"")));
    assert_eq!(ids(&gateway), once(10));
}

#[test]
fn what_earlier_runs_refused_is_known() {
    let (gateway, cosmos) = gateway();
    let container = gateway.container("d", "c");
    container.put(document(2));
    cosmos.write("items.jsonl", "{bad\n".to_owned() + &lines(4));
    let busy = Arc::new(AtomicBool::new(true));
    let about = {
        let (busy, is_four) = (busy.clone(), is_item("4"));
        move |operation: &Value| busy.load(Ordering::Relaxed) && is_four(operation)
    };
    container.fail_operations(u64::MAX, about, (429, 3200), Some(1));
    // A conflict in a window that does not get done.
    let done = cosmos.run(&CREATE);
    assert_eq!(done.code, Some(5), "{done:?}");
    // Rejected, in a window that does.
    let small = [&CREATE[..], &["--window", "2"]].concat();
    let done = cosmos.run(&small);
    assert_eq!(done.code, Some(5), "{done:?}");
    let bad = "{bad\n{\"id\":\"2\",\"pk\":\"2\",\"n\":1}\n";
    assert_eq!(cosmos.read("items.jsonl.rejected.jsonl"), bad);

    busy.store(false, Ordering::Relaxed);
    let done = cosmos.run(&CREATE[..3]);
    assert_eq!(done.code, Some(1), "{done:?}");
    for told in [
        "1 written, 2 there already, 2 rejected",
        "2 lines were rejected: they are in items.jsonl.rejected.jsonl",
    ] {
        assert!(done.stderr.contains(told), "{done:?}");
    }
    assert_eq!(ids(&gateway), once(4));
}

#[test]
fn an_import_without_bad_lines_leaves_no_files() {
    let (_gateway, cosmos) = gateway();
    cosmos.write("items.jsonl", lines(3));
    let done = cosmos.run(&["import", "items.jsonl", "--keep-going"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!cosmos.has("items.jsonl.rejected.jsonl"));
    assert!(!cosmos.has("items.jsonl.import.json"));
}

#[test]
fn made_ids_are_the_same_on_every_run() {
    let (gateway, cosmos) = gateway();
    let item = "{\"pk\":\"a\"}\n";
    cosmos.write("items.jsonl", item.repeat(20));
    for _ in 0..2 {
        let done = cosmos.run(&["import", "items.jsonl", "--make-ids"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(ids(&gateway).len(), 20);
    }
    // Lines of another file are other items.
    cosmos.write("other.jsonl", item.repeat(21));
    cosmos.run(&["import", "other.jsonl", "--make-ids"]);
    assert_eq!(ids(&gateway).len(), 41);
}

#[test]
fn made_ids_are_not_made_anew_for_a_corrected_file() {
    let (gateway, cosmos) = gateway();
    let import = ["import", "items.jsonl", "--make-ids"];
    let item = "{\"pk\":\"a\"}\n";
    for bad in ["{", "{{"] {
        // Nothing is written: it may be corrected.
        cosmos.write("items.jsonl", bad);
        let again = [&import[..], &["--restart"]].concat();
        assert_eq!(cosmos.run(&again).code, Some(1));
    }
    cosmos.write("items.jsonl", [item, "{\n", item].concat());
    let again = [&import[..], &["--restart"]].concat();
    let done = cosmos.run(&again);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("go on with --keep-going"), "{done:?}");
    assert_eq!(ids(&gateway).len(), 1);

    cosmos.write("items.jsonl", item.repeat(3));
    for arguments in [&import[..], &again] {
        let done = cosmos.run(arguments);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains("a second time"), "{done:?}");
    }
    assert_eq!(ids(&gateway).len(), 1);
    std::fs::remove_file(cosmos.path("items.jsonl.import.json")).unwrap();
    cosmos.ok(&import);
    assert_eq!(ids(&gateway).len(), 4);
}

#[test]
fn of_two_lines_for_an_item_the_last_one_wins() {
    let (gateway, cosmos) = gateway();
    let version = |n| format!("{{\"id\":\"1\",\"pk\":\"a\",\"n\":{n}}}\n");
    cosmos.write("items.jsonl", (1..=5).map(version).collect::<String>());
    cosmos.run(&["import", "items.jsonl"]);
    let item = gateway
        .container("d", "c")
        .item(&[json!("a")], "1")
        .unwrap();
    assert_eq!(item["n"], 5);
}
