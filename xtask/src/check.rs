//! `cargo xtask check`: everything but the tests. All steps run, whatever fails.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Result;

use crate::build::{self, FACES, Face};
use crate::progress::{self, Finished, Output, seconds};
use crate::workspace::{FEATURES, Workspace};
use crate::{deny, guests, rings, wit};

/// Runs all steps, one line each; the details of those that failed follow their line.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    build::ensure_target(workspace)?;
    let mut steps = Steps { failed: Vec::new() };
    steps.cargo(
        "format",
        workspace.cargo(["fmt", "--all", "--check", "--", "-l"]),
    );
    steps.own("rings", || rings::check(workspace));
    steps.own("WIT", || wit::check(workspace));
    match deny::command(workspace) {
        Ok(command) => steps.cargo("licences and sources", command),
        Err(error) => steps.own("licences and sources", || Err(error)),
    }
    steps.cargo(
        "lints",
        lints(workspace.cargo(["clippy", "--workspace", "--all-targets", FEATURES])),
    );
    for face in &FACES {
        steps.cargo(
            &format!("lints of {}", face.file),
            face_lints(workspace, face),
        );
    }
    steps.cargo(
        "lints of the examples' components",
        lints(guests::command(workspace, "clippy")),
    );
    let mut docs = workspace.cargo(["doc", "--workspace", "--no-deps", FEATURES]);
    docs.env("RUSTDOCFLAGS", "-Dwarnings");
    steps.cargo("docs", docs);
    Ok(steps.end())
}

fn lints(mut clippy: Command) -> Command {
    clippy.args(["--", "-Dwarnings"]);
    clippy
}

fn face_lints(workspace: &Workspace, face: &Face) -> Command {
    lints(build::face_command(workspace, "clippy", face))
}

struct Steps {
    failed: Vec<String>,
}

impl Steps {
    fn cargo(&mut self, name: &str, command: Command) {
        let start = Instant::now();
        let finished =
            progress::run(name, command, Output::Keep).unwrap_or_else(|error| Finished {
                success: false,
                elapsed: start.elapsed(),
                said: format!("{error:#}"),
            });
        self.report(name, finished);
    }

    fn own(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        let start = Instant::now();
        let result = check();
        self.report(
            name,
            Finished {
                success: result.is_ok(),
                elapsed: start.elapsed(),
                said: result
                    .err()
                    .map(|error| format!("{error:#}"))
                    .unwrap_or_default(),
            },
        );
    }

    fn report(
        &mut self,
        name: &str,
        Finished {
            success,
            elapsed,
            said,
        }: Finished,
    ) {
        let verdict = if success { "ok" } else { "FAILED" };
        println!("{verdict:<7} {name} ({})", seconds(elapsed));
        if !success {
            println!("{}", said.trim_end());
            self.failed.push(name.to_owned());
        }
    }

    fn end(self) -> ExitCode {
        if self.failed.is_empty() {
            println!("all checks passed");
            return ExitCode::SUCCESS;
        }
        println!("failed: {}", self.failed.join(", "));
        ExitCode::FAILURE
    }
}
