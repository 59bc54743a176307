//! What commands print.

use crate::account::{document, emulator, gateway, shop};
use crate::process::{Cosmos, KEY};

#[test]
fn an_item_is_written_and_read() {
    let (_emulator, cosmos) = emulator();
    let item = r#"{"id":"1","tenant":"contoso","price":9.99}"#;
    let first = cosmos.run_with(&["upsert"], item);
    assert!(first.stdout.starts_with("created 1  etag \""), "{first:?}");
    cosmos.write("order.json", item.replace("9.99", "8.5"));
    let second = cosmos.ok(&["upsert", "order.json"]);
    assert!(second.starts_with("replaced 1  etag \""), "{second}");

    let read = cosmos.ok(&["read", "1", "-k", "contoso"]);
    assert_eq!(read.lines().count(), 1);
    let read: serde_json::Value = serde_json::from_str(&read).unwrap();
    assert_eq!(
        (&read["price"], &read["tenant"]),
        (&8.5.into(), &"contoso".into())
    );
}

const ORDERED: &str = "SELECT c.id, c.tenant, c.price, c.note FROM c ORDER BY c.price";

#[test]
fn rows_are_json_lines_where_nobody_looks() {
    let (_emulator, cosmos) = shop();
    let text = cosmos.ok(&["query", "SELECT c.id, c.price FROM c ORDER BY c.price"]);
    assert_eq!(
        text,
        "{\"id\":\"3\",\"price\":7.5}\n{\"id\":\"1\",\"price\":9.99}\n{\"id\":\"2\",\"price\":120}\n"
    );
}

#[test]
fn rows_are_a_table_or_csv_if_asked_for() {
    let (_emulator, cosmos) = shop();
    let columns = ["--columns", "id,tenant,price,note"];
    let table = cosmos.ok(&[&["query", ORDERED, "--output", "table"], &columns[..]].concat());
    let expected = "\
id  tenant    price    note
--  --------  -----  ------
3   fabrikam    7.5    null
1   contoso    9.99  a, \"b\"
2   contoso     120
";
    assert_eq!(table, expected);
    let csv = cosmos.ok(&[&["query", ORDERED, "-o", "csv"], &columns[..]].concat());
    let expected = "\
id,tenant,price,note
3,fabrikam,7.5,
1,contoso,9.99,\"a, \"\"b\"\"\"
2,contoso,120,
";
    assert_eq!(csv, expected);
}

#[test]
fn a_query_takes_parameters_a_key_and_a_limit() {
    let (emulator, cosmos) = shop();
    let text = "SELECT VALUE c.id FROM c WHERE c.price > @least";
    let dear = cosmos.ok(&["query", text, "-p", "least=8", "-k", "contoso"]);
    assert_eq!(dear, "\"1\"\n\"2\"\n");
    let by_key = emulator.requests();
    let by_key = by_key.last().unwrap();
    assert_eq!(
        by_key.header("x-ms-documentdb-partitionkey"),
        Some("[\"contoso\"]")
    );
    let limited = cosmos.ok(&["query", text, "-p", "@least=8", "--limit", "1"]);
    assert_eq!(limited.lines().count(), 1);
    let text = "SELECT VALUE c.id FROM c WHERE c.tenant = @tenant";
    let named = cosmos.ok(&["query", text, "-p", "tenant=fabrikam"]);
    assert_eq!(named, "\"3\"\n");
}

#[test]
fn pages_are_printed_as_they_come() {
    let (gateway, cosmos) = gateway();
    (1..=25).for_each(|number| gateway.container("d", "c").put(document(number)));
    let arguments = [
        "query",
        "SELECT * FROM c",
        "-k",
        "\"1\"",
        "--page-size",
        "1",
        "-o",
        "csv",
    ];
    assert_eq!(cosmos.ok(&arguments), "id,n,pk\n1,1,1\n");
    let all = cosmos.ok(&["query", "SELECT * FROM c", "--page-size", "3"]);
    assert_eq!(all.lines().count(), 25);
}

#[test]
fn a_topology_names_regions_containers_and_ranges() {
    let (gateway, cosmos) = gateway();
    gateway.create("d", "more", &["/a", "/b"], 1);
    let shown = |arguments: &[&str]| {
        let text = cosmos.ok(&[&["topology"], arguments].concat());
        text.replace(&gateway.authority(), "HOST")
    };
    let account = "\
account http://HOST/
consistency Session
region East US  reads+writes  http://HOST/
";
    let ranges = gateway.container("d", "c").ranges();
    let range = |(id, min, max): (String, String, String)| {
        let min = if min.is_empty() { "-" } else { &min };
        format!("  range {id:<4}  {min} to {max}\n")
    };
    let ranges: String = ranges.into_iter().map(range).collect();
    let one = "container d/c  partition key /pk\n";
    gateway.container("d", "c").ranges_page(3);
    assert_eq!(shown(&[]), [account, one, &ranges].concat());
    let other = "container d/more  partition key /a, /b\n";
    assert_eq!(
        shown(&["--no-ranges", "--container", "more"]),
        [account, other].concat()
    );
    let all = Cosmos::new(&gateway.endpoint(), KEY, "", "");
    let all = all.ok(&["topology", "--no-ranges"]);
    assert!(all.ends_with(&[one, other].concat()), "{all}");
}

#[test]
fn changes_are_printed_from_where_the_last_run_ended() {
    let (_emulator, cosmos) = shop();
    let ids = |text: &str| {
        let mut ids: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids.join(" ")
    };
    let run = || ids(&cosmos.ok(&["change-feed", "--cursor", "orders.cursor"]));
    assert_eq!(run(), "1 2 3");
    assert_eq!(run(), "");
    cosmos.run_with(&["upsert"], r#"{"id":"4","tenant":"contoso"}"#);
    assert_eq!(run(), "4");
    assert_eq!(ids(&cosmos.ok(&["change-feed", "-k", "fabrikam"])), "3");
    let other = cosmos.run(&["change-feed", "--cursor", "orders.cursor", "-k", "contoso"]);
    assert_eq!(other.code, Some(2), "{other:?}");
}

#[test]
fn output_that_is_no_terminal_is_plain() {
    let (_emulator, cosmos) = shop();
    for output in ["table", "csv", "jsonl"] {
        let done = cosmos.run(&["query", ORDERED, "--trace", "-o", output]);
        assert!(!done.stdout.contains('\x1b') && !done.stderr.contains('\x1b'));
    }
}
