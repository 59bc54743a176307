//! `cosmos import`, killed and begun again.

use std::process::Child;

use host_tests::gateway::Gateway;
use serde_json::Value;

use crate::account::{Stall, gateway, ids, is_bulk, lines, once, sent};
use crate::process::{Cosmos, Done};

const LINES: u64 = 3000;

/// An import that waits for the account in its middle.
async fn stalled(gateway: &Gateway, cosmos: &Cosmos, arguments: &[&str]) -> (Child, Stall) {
    cosmos.write("items.jsonl", lines(LINES));
    let stall = Stall::after(gateway, 20, is_bulk);
    let import = ["import", "items.jsonl", "--window", "500"];
    let child = cosmos.start(&[&import[..], arguments].concat());
    let bulks = |seen: &[_]| seen.iter().filter(|request| is_bulk(request)).count();
    gateway.wait_until(|seen| bulks(seen) > 20).await;
    (child, stall)
}

/// What the resume file says: done lines, done bytes, sent bytes.
fn state(cosmos: &Cosmos) -> (u64, u64, u64) {
    let state: Value = serde_json::from_str(&cosmos.read("items.jsonl.import.json")).unwrap();
    let number = |name: &str| state[name].as_u64().unwrap();
    (number("line"), number("offset"), number("sent"))
}

async fn killed_and_resumed(arguments: &[&str]) -> Done {
    let (gateway, cosmos) = gateway();
    let (mut child, stall) = stalled(&gateway, &cosmos, arguments).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let (line, offset, sent_until) = state(&cosmos);
    assert!(0 < line && line < LINES, "{line}");
    assert!(offset < sent_until);
    assert!(ids(&gateway).len() < LINES as usize);

    stall.wake();
    gateway.clear();
    let import = ["import", "items.jsonl", "--window", "500"];
    let done = cosmos.run(&[&import[..], arguments].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr
            .starts_with(&format!("resuming after line {line}\n")),
        "{done:?}"
    );
    assert_eq!(ids(&gateway), once(LINES));
    // Each line that was not confirmed was sent, once, and no other.
    let mut rest = once(LINES);
    rest.retain(|id, _| id.parse::<u64>().unwrap() > line);
    assert_eq!(sent(&gateway), rest);
    assert!(!cosmos.has("items.jsonl.import.json"));
    done
}

#[tokio::test]
async fn after_sigkill_every_item_is_there_once() {
    let done = killed_and_resumed(&[]).await;
    assert!(
        done.stderr.contains("3000 written, 0 there already"),
        "{done:?}"
    );
}

#[tokio::test]
async fn after_sigkill_what_was_created_is_there_already() {
    let done = killed_and_resumed(&["--create"]).await;
    let summary = done.stderr.lines().last().unwrap();
    assert!(summary.contains(" there already, 0 rejected"), "{summary}");
    assert!(!summary.contains(" 0 there already"), "{summary}");
}

#[tokio::test]
async fn rejects_of_a_killed_run_are_there_once() {
    let (gateway, cosmos) = gateway();
    let bad = "{\"pk\":\"no id\"}\n";
    let every = |number: u64| if number.is_multiple_of(100) { bad } else { "" };
    let items = lines(LINES);
    let items = items
        .lines()
        .zip(1..)
        .map(|(line, number)| [line, "\n", every(number)].concat());
    cosmos.write("items.jsonl", items.collect::<String>());
    let stall = Stall::after(&gateway, 20, is_bulk);
    let import = ["import", "items.jsonl", "--window", "500", "--keep-going"];
    let mut child = cosmos.start(&import);
    let bulks = |seen: &[_]| seen.iter().filter(|request| is_bulk(request)).count();
    gateway.wait_until(|seen| bulks(seen) > 20).await;
    child.kill().unwrap();
    child.wait().unwrap();
    // As if the next window's lines had been rejected, but not yet noted.
    let kept = cosmos.read("items.jsonl.rejected.jsonl");
    cosmos.write("items.jsonl.rejected.jsonl", kept.clone() + bad + "{half");

    stall.wake();
    let done = cosmos.run(&import);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(cosmos.read("items.jsonl.rejected.jsonl"), bad.repeat(30));
    assert_eq!(ids(&gateway), once(LINES));
}

#[tokio::test]
async fn a_resume_file_of_another_job_is_refused() {
    let (gateway, cosmos) = gateway();
    let (mut child, stall) = stalled(&gateway, &cosmos, &[]).await;
    child.kill().unwrap();
    child.wait().unwrap();
    stall.wake();
    gateway.create("d", "more", &["/pk"], 1);
    gateway.clear();
    for (arguments, what) in [
        (&["--create"][..], "--create"),
        (&["--container", "more"], "another container"),
    ] {
        let done = cosmos.run(&[&["import", "items.jsonl"], arguments].concat());
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(what), "{done:?}");
    }
    cosmos.write("items.jsonl", lines(LINES - 1));
    let done = cosmos.run(&["import", "items.jsonl"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("the file has changed"), "{done:?}");
    assert!(gateway.requests().is_empty());

    let done = cosmos.run(&["import", "items.jsonl", "--restart"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(sent(&gateway).len() as u64, LINES - 1);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_ends_an_import_which_goes_on_later() {
    let (gateway, cosmos) = gateway();
    let (child, stall) = stalled(&gateway, &cosmos, &[]).await;
    let done = crate::long::interrupt(child);
    assert_eq!(done.code, Some(130), "{done:?}");
    let (line, ..) = state(&cosmos);
    let expected = format!(
        "interrupted: everything up to line {line} is there, and the same command goes on\n"
    );
    assert_eq!(done.stderr, expected);
    stall.wake();
    let done = cosmos.run(&["import", "items.jsonl", "--window", "500"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(ids(&gateway), once(LINES));
}

#[test]
fn a_service_that_gives_up_is_5_and_the_import_goes_on_later() {
    use host_tests::gateway::Effect;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let (gateway, cosmos) = gateway();
    cosmos.write("items.jsonl", lines(200));
    let busy = Arc::new(AtomicBool::new(true));
    let about = {
        let busy = busy.clone();
        move |request: &_| is_bulk(request) && busy.load(Ordering::Relaxed)
    };
    let throttled = Effect::refuse(429, 3200).header("x-ms-retry-after-ms", "1");
    gateway.on(u64::MAX, about, throttled);
    let done = cosmos.run(&["import", "items.jsonl", "--keep-going"]);
    assert_eq!(done.code, Some(5), "{done:?}");
    assert!(ids(&gateway).is_empty());
    busy.store(false, Ordering::Relaxed);
    let done = cosmos.run(&["import", "items.jsonl", "--keep-going"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(ids(&gateway), once(200));
}

/// The same at the size that it is for: `cargo test -p cosmos -- --ignored --nocapture`. Takes minutes.
#[test]
#[ignore = "a hundred thousand items"]
fn a_hundred_thousand_items_survive_sigkill() {
    use std::time::{Duration, Instant};

    const ITEMS: u64 = 100_000;
    let (emulator, cosmos) = crate::account::emulator();
    cosmos.write("items.jsonl", lines(ITEMS).replace("\"pk\"", "\"tenant\""));
    let begun = Instant::now();
    let mut child = cosmos.start(&["import", "items.jsonl"]);
    // Where it is killed does not matter: only that there is something before and something after.
    while !cosmos.has("items.jsonl.import.json") || state(&cosmos).0 < 40_000 {
        std::thread::sleep(Duration::from_millis(50));
        drop(emulator.take_requests());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (line, ..) = state(&cosmos);
    println!(
        "killed after line {line}, {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    let done = cosmos.run(&["import", "items.jsonl"]);
    println!("{}", done.stderr);
    assert_eq!(done.code, Some(0), "{done:?}");
    println!("{:.1} s in all", begun.elapsed().as_secs_f64());

    let text = cosmos.ok(&["export", "-"]);
    let mut found = std::collections::BTreeMap::new();
    for line in text.lines() {
        let item: Value = serde_json::from_str(line).unwrap();
        *found
            .entry(item["id"].as_str().unwrap().to_owned())
            .or_insert(0) += 1;
    }
    println!("{} items, {} ids", text.lines().count(), found.len());
    assert!(found == once(ITEMS), "{} ids", found.len());
}
