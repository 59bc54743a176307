//! `cosmos import`, undisturbed.

use serde_json::json;

use crate::account::{emulator, gateway, ids, lines, once, sent};

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
    assert_eq!(ids(&gateway), once(3));
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
