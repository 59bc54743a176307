//! What is no plugin is refused before anything of it runs.

use plugin_host::{Account, Error, Limits, PluginHost};

use crate::scene::{DRIVER, HOSTILE, component};

fn host(limits: Limits) -> PluginHost {
    let account = Account::new("http://127.0.0.1:1/", "a2V5", "shop", "orders").unwrap();
    PluginHost::new(&component(DRIVER), account, limits).unwrap()
}

fn refusal(limits: Limits, plugin: &[u8]) -> String {
    match host(limits).load(plugin) {
        Err(Error::Plugin(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn others_than_plugins_are_refused() {
    let imports = |name: &str| format!(r#"(component (import "{name}" (instance)))"#);
    for (wat, expected) in [
        ("(component)".to_owned(), "does not fit the driver"),
        ("(module)".to_owned(), "not a WebAssembly component"),
        (
            imports("wasi:random/random@0.2.12"),
            "wasi:random/random@0.2.12",
        ),
        (
            imports("wasi:http/outgoing-handler@0.2.12"),
            "wasi:http/outgoing-handler",
        ),
        (imports("cosmosdb:driver/driver@0.1.0"), "example:plugins"),
    ] {
        let text = refusal(Limits::default(), &wat::parse_str(&wat).unwrap());
        assert!(text.contains(expected), "{wat}: {text}");
    }
}

#[test]
fn the_driver_itself_is_no_plugin() {
    let text = refusal(Limits::default(), &component(DRIVER));
    assert!(text.contains("the plugin imports \"wasi:"), "{text}");
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let limits = Limits {
        file: 10,
        ..Limits::default()
    };
    let text = refusal(limits, &component(HOSTILE));
    assert!(text.contains("Limits::file"), "{text}");
}

#[test]
fn a_wrong_key_is_not_printed() {
    let error = Account::new("http://a/", "not base64!", "d", "c").unwrap_err();
    assert!(!error.to_string().contains("not base64!"), "{error}");
    let account = Account::new("http://a/", "c2VjcmV0", "d", "c").unwrap();
    assert!(!format!("{account:?} {account:#?}").contains("c2VjcmV0"));
}
