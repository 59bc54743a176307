//! Where settings come from.

use crate::account::shop;
use crate::process::Cosmos;

const READ: [&str; 4] = ["read", "1", "-k", "contoso"];

#[test]
fn what_is_missing_is_named() {
    let cosmos = Cosmos::bare();
    let says = |cosmos: &Cosmos, what: &str| {
        let done = cosmos.run(&READ);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(what), "{done:?}");
    };
    says(&cosmos, "COSMOS_ENDPOINT");
    let cosmos = cosmos.with("COSMOS_ENDPOINT", "http://127.0.0.1:1/");
    says(&cosmos, "COSMOS_KEY");
    let cosmos = cosmos.with("COSMOS_KEY", "c2VjcmV0");
    says(&cosmos, "--database");
    let cosmos = cosmos.with("COSMOS_DATABASE", "shop");
    says(&cosmos, "--container");
    let cosmos = cosmos.with("COSMOS_CONTAINER", "orders");
    let cosmos = cosmos.with("COSMOS_COMPONENT", "/none/driver.wasm");
    says(&cosmos.with("COSMOS_ENDPOINT", ""), "COSMOS_ENDPOINT");
}

#[test]
fn a_profile_is_enough_besides_the_key() {
    let (emulator, _) = shop();
    let cosmos = Cosmos::bare().with("COSMOS_KEY", emulator.key());
    let profile = |name: &str, database: &str| {
        format!(
            "[profile.{name}]\nendpoint = \"{}\"\ndatabase = \"{database}\"\ncontainer = \"orders\"\n",
            emulator.endpoint()
        )
    };
    let file = [
        "default = \"dev\"\n",
        &profile("dev", "shop"),
        &profile("none", "none"),
    ]
    .concat();
    cosmos.write("configuration/cosmos/config.toml", &file);
    cosmos.write("other.toml", file.replace("default = \"dev\"", ""));

    cosmos.ok(&READ);
    assert_eq!(
        cosmos
            .run(&["read", "1", "-k", "a", "--profile", "none"])
            .code,
        Some(3)
    );
    cosmos.ok(&[&READ[..], &["--config", "other.toml", "--profile", "dev"]].concat());
    let nameless = cosmos.run(&[&READ[..], &["--config", "other.toml"]].concat());
    assert_eq!(nameless.code, Some(2), "{nameless:?}");

    // A named profile goes before the environment, that before the default profile, an option before all.
    let cosmos = cosmos.with("COSMOS_DATABASE", "none");
    assert_eq!(cosmos.run(&READ).code, Some(3));
    cosmos.ok(&[&READ[..], &["--profile", "dev"]].concat());
    cosmos.ok(&[&READ[..], &["--database", "shop"]].concat());
}

#[test]
fn a_file_with_a_secret_is_refused() {
    let cosmos = Cosmos::bare();
    for line in [
        "key = \"hush\"",
        "accountKey = \"hush\"",
        "endpoint = \"AccountKey=hush\"",
    ] {
        cosmos.write("a.toml", format!("[profile.a]\n{line}\n"));
        let done = cosmos.run(&[&READ[..], &["--config", "a.toml", "--profile", "a"]].concat());
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(
            done.stderr.contains("secret") && !done.stderr.contains("hush"),
            "{done:?}"
        );
    }
}
