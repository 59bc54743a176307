//! What the program says about itself.

use crate::process::Cosmos;

const COMMANDS: [&str; 9] = [
    "read",
    "query",
    "upsert",
    "import",
    "export",
    "topology",
    "change-feed",
    "emulator",
    "completions",
];

#[test]
fn every_command_has_help_with_examples() {
    let cosmos = Cosmos::bare();
    let all = cosmos.ok(&["--help"]);
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "{command}: {all}");
        let help = cosmos.ok(&[command, "--help"]);
        assert!(help.contains("Examples:\n"), "{help}");
        assert!(help.contains(&format!("cosmos {command}")), "{help}");
    }
    for code in [0, 1, 2, 3, 4, 5, 6, 130] {
        assert!(all.contains(&format!("\n  {code:<4} ")), "{code}: {all}");
    }
}

#[test]
fn there_are_completions_for_every_shell() {
    let cosmos = Cosmos::bare();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = cosmos.ok(&["completions", shell]);
        assert!(script.contains("change-feed"), "{shell}");
    }
    assert_eq!(cosmos.run(&["completions", "dos"]).code, Some(2));
}
