//! Commands that run until Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};

use crate::account::{document, gateway};
use crate::process::{Cosmos, Done};

/// Ctrl-C, and how the program ends.
pub(crate) fn interrupt(child: Child) -> Done {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    Done::of(child.wait_with_output().unwrap())
}

#[test]
fn a_change_feed_is_followed_until_ctrl_c() {
    let (gateway, cosmos) = gateway();
    gateway.container("d", "c").put(document(1));
    let mut child = cosmos.start(&["change-feed", "--follow", "--interval", "10"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 1..=3 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("\"id\":\"{number}\"")), "{line}");
        gateway.container("d", "c").put(document(number + 1));
    }
    let done = interrupt(child);
    assert_eq!(
        (done.code, done.stderr.as_str()),
        (Some(130), "interrupted\n")
    );
}

#[test]
fn the_emulator_serves_other_commands_until_ctrl_c() {
    let mut child = Cosmos::bare().start(&[
        "emulator",
        "--region",
        "West US 2",
        "--region",
        "North Europe",
        "--database",
        "shop",
        "--container",
        "orders",
        "--partition-key",
        "/tenant",
    ]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut cosmos = Cosmos::bare();
    loop {
        let mut line = String::new();
        assert!(out.read_line(&mut line).unwrap() > 0);
        let variable = line.trim().strip_prefix("export ");
        if let Some((name, value)) = variable.and_then(|variable| variable.split_once('=')) {
            cosmos = cosmos.with(name, value);
            if name == "COSMOS_CONTAINER" {
                break;
            }
        }
    }
    let item = r#"{"id":"1","tenant":"a"}"#;
    assert_eq!(cosmos.run_with(&["upsert"], item).code, Some(0));
    // From the region that was written to: the other one follows later.
    cosmos.ok(&["read", "1", "-k", "a", "--region", "West US 2"]);
    let done = interrupt(child);
    assert_eq!(
        (done.code, done.stderr.as_str()),
        (Some(130), "interrupted\n")
    );
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
