//! Secrets never leave but as signatures.

use crate::account::{gateway, shop};
use crate::process::{Done, KEY};

const READ: [&str; 5] = ["read", "1", "-k", "contoso", "--trace"];

#[test]
fn the_key_comes_from_standard_input() {
    let (emulator, cosmos) = shop();
    let (key, cosmos) = (emulator.key(), cosmos.with("COSMOS_KEY", ""));
    let read = [&READ[..], &["--key-stdin"]].concat();
    let done = cosmos.run_with(&read, &format!("{key}\n"));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(!done.stdout.contains(key) && !done.stderr.contains(key));
    for empty in ["", "\n"] {
        assert_eq!(cosmos.run_with(&read, empty).code, Some(2));
    }
    // There is no option that takes it.
    let argument = cosmos.run(&["read", "1", "-k", "a", "--key", key]);
    assert_eq!(argument.code, Some(2));
}

#[test]
fn tokens_are_sent_as_they_are() {
    let (emulator, cosmos) = shop();
    let resource = "type=resource&ver=1&sig=hush";
    emulator.accept_resource_token(resource);
    emulator.accept_bearer_token("hush");
    let with_resource = cosmos.with("COSMOS_KEY", resource);
    says_nothing(&with_resource.run(&READ), 0, "hush");
    let with_token = with_resource
        .with("COSMOS_KEY", "")
        .with("COSMOS_TOKEN", "hush");
    says_nothing(&with_token.run(&READ), 0, "hush");
}

#[test]
fn no_output_holds_a_key() {
    let (_emulator, cosmos) = shop();
    // A key that is no key, a wrong one, and one that an answer sends back.
    let broken = cosmos.with("COSMOS_KEY", "not base64!");
    says_nothing(&broken.run(&READ), 2, "not base64!");
    let wrong = broken.with("COSMOS_KEY", KEY);
    says_nothing(&wrong.run(&READ), 6, KEY);

    let (gateway, cosmos) = gateway();
    for arguments in [
        &READ[..],
        &["query", "SELECT * FROM c WHERE nonsense", "--trace"],
        &["query", "SELECT * FROM c", "--trace"],
        &["topology", "--trace"],
        &["export", "-", "--trace"],
        &["--help"],
        &["query", "--help"],
    ] {
        let done = cosmos.run(arguments);
        says_nothing(&done, done.code.unwrap(), KEY);
    }
    // Nor does a request.
    for request in gateway.requests() {
        let head = format!("{} {:?}", request.path, request.headers);
        assert!(!head.contains(KEY));
    }
}

#[track_caller]
fn says_nothing(done: &Done, code: i32, secret: &str) {
    assert_eq!(done.code, Some(code), "{done:?}");
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.contains(secret), "{done:?}");
        assert!(!text.contains("sig="), "{done:?}");
        assert!(
            !text.contains("sig%3d") && !text.contains("sig%3D"),
            "{done:?}"
        );
    }
}
