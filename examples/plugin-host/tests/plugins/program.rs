//! The program, as it is called.

use std::process::{Command, Output};

use crate::scene::{DRIVER, HOSTILE, ORDERS, Scene};

fn call(scene: &Scene, plugin: &str, input: &str) -> Output {
    let path = host_tests::component;
    Command::new(env!("CARGO_BIN_EXE_plugin-host"))
        .env("COSMOS_KEY", scene.emulator.key())
        .args(["--endpoint", &scene.emulator.endpoint()])
        .args([
            "--database",
            "shop",
            "--container",
            "orders",
            "--fuel",
            "50",
        ])
        .args(["--input", input, "--plugin"])
        .arg(path(plugin))
        .arg("--driver")
        .arg(path(DRIVER))
        .output()
        .unwrap()
}

#[test]
fn it_tells_what_became_of_the_plugin() {
    let scene = Scene::new();
    for (plugin, input, code, expected) in [
        (ORDERS, "ada 1", 0, "done      1 is paid; open: 10,"),
        (ORDERS, "nobody", 1, "failed    say the customer"),
        (
            HOSTILE,
            "loop",
            1,
            "refused   by its limit of Fuel\nfuel      50000000\n",
        ),
        (
            HOSTILE,
            "delete-container",
            1,
            "\nrefused   1\n          DELETE http://",
        ),
        (DRIVER, "", 2, "error: the plugin imports \"wasi:"),
    ] {
        let output = call(&scene, plugin, input);
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        let said = said.concat();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains(scene.emulator.key()), "{said}");
    }
    scene.clean_requests();
}
