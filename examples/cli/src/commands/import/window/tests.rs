use std::io::Cursor;

use super::*;

fn filler(text: &str, keep_going: bool, lines: usize) -> Filler {
    let definition = br#"{"partitionKey":{"paths":["/pk"]}}"#;
    let rules = Rules {
        paths: KeyPaths::of(definition).unwrap(),
        ids: None,
        keep_going,
        lines,
        resend_until: 0,
        unwritten: Vec::new(),
        advice: "",
    };
    let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
    Filler::new(Lines::new(input, 0, 0), rules)
}

/// The windows of a text: the numbers of their lines, and where they end.
fn windows(text: &str, lines: usize) -> Vec<(Vec<u64>, u64)> {
    let mut filler = filler(text, true, lines);
    let mut windows = Vec::new();
    loop {
        let (next, window) = filler.fill().unwrap();
        let numbers = window.ready.iter().map(|ready| ready.line.number);
        windows.push((numbers.collect(), window.end));
        if window.is_last() {
            return windows;
        }
        filler = next;
    }
}

#[test]
fn windows_hold_so_many_lines_and_end_at_a_line() {
    let line = |id| format!("{{\"id\":\"{id}\",\"pk\":1}}\n");
    let text = line(1) + &line(2) + "\r\n" + &line(3);
    assert_eq!(
        windows(&text, 2),
        [(vec![1, 2], 36), (vec![4], 56)],
        "{text}"
    );
    // Without a line break at the end, too.
    assert_eq!(windows(text.trim_end(), 9), [(vec![1, 2, 4], 55)]);
    assert_eq!(windows("", 9), [(vec![], 0)]);
}

#[test]
fn lines_of_the_same_item_are_in_different_windows() {
    let one = "{\"id\":\"a\",\"pk\":1,\"n\":1}\n";
    let other_key = "{\"id\":\"a\",\"pk\":2}\n";
    let again = "{\"pk\":1,\"id\":\"a\"}\n";
    let text = [one, other_key, again, again].concat();
    let numbers: Vec<Vec<u64>> = windows(&text, 9)
        .into_iter()
        .map(|window| window.0)
        .collect();
    assert_eq!(numbers, [vec![1, 2], vec![3], vec![4]]);
}

#[test]
fn a_bad_line_ends_the_import_or_is_put_aside() {
    let good = "{\"id\":\"a\"}\n";
    for (bad, reason) in [
        ("{", "it is no item"),
        ("[]", "it is no item"),
        ("{\"pk\":1}", "it has no id"),
        ("{\"id\":1}", "its id is no text"),
        (
            "{\"id\":\"b\",\"pk\":{}}",
            "its partition key /pk is an object",
        ),
    ] {
        let text = [good, bad, "\n", good].concat();
        let (_, window) = filler(&text, false, 9).fill().unwrap();
        assert_eq!((window.ready.len(), window.end), (1, 11));
        let Failure::Other(told) = window.stop.unwrap().failure() else {
            panic!("another failure");
        };
        assert!(told.starts_with(&format!("line 2: {reason}")), "{told}");

        let (_, window) = filler(&text, true, 9).fill().unwrap();
        assert!(window.stop.is_none());
        assert_eq!(window.bad.len(), 1);
        assert_eq!(window.bad[0].line.bytes, bad.as_bytes());
        assert!(window.bad[0].reason.starts_with(reason));
    }
}

#[test]
fn an_id_is_made_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "x").unwrap();
    let identity = Identity::of(&std::fs::File::open(path).unwrap()).unwrap();
    let mut filler = filler("{\"pk\":1}\n{}\n{\"id\":\"7\"}", false, 9);
    filler.rules.ids = Some(identity.clone());
    let (_, window) = filler.fill().unwrap();
    let bodies: Vec<String> = window
        .ready
        .iter()
        .map(|ready| String::from_utf8_lossy(&ready.body).into_owned())
        .collect();
    let id = |line| identity.id_of_line(line);
    assert_eq!(
        bodies,
        [
            format!("{{\"id\":\"{}\",\"pk\":1}}", id(1)),
            format!("{{\"id\":\"{}\"}}", id(2)),
            "{\"id\":\"7\"}".to_owned()
        ]
    );
}
