//! `cargo xtask gauges`: what the components cost, against what `gauges.toml` says that they may cost.

mod compare;
mod record;

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

use self::compare::Verdict;
use self::record::{Gauges, Value};
use crate::artefact::Artefact;
use crate::build::{self, FACES};
use crate::progress::run_shown;
use crate::workspace::Workspace;

const FILE: &str = "gauges.toml";

/// Measures and compares, or with `accept` records what was measured. What is over its limit is never accepted.
pub(crate) fn run(workspace: &Workspace, accept: bool) -> Result<ExitCode> {
    build::run(workspace)?;
    let mut measured = sizes_and_imports(workspace)?;
    measured.extend(counts(workspace)?);

    let file = workspace.root.join(FILE);
    let recorded = match std::fs::read_to_string(&file) {
        Ok(text) => record::parse(&text).with_context(|| format!("{FILE} is malformed"))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Gauges::new(),
        Err(error) => return Err(error).context(FILE),
    };
    let rows = compare::compare(&recorded, &measured);
    println!("\n{:<34} {:>10} {:>10}", "gauge", "recorded", "measured");
    rows.iter().for_each(|row| println!("{row}"));

    let over_limit = rows.iter().any(|row| row.verdict == Verdict::OverLimit);
    ensure!(
        !over_limit,
        "a gauge is over its limit: make the component smaller or cheaper"
    );
    if accept {
        std::fs::write(&file, record::render(&measured)).context(FILE)?;
        println!("\nwritten to {FILE}: commit it with the change that explains it");
        return Ok(ExitCode::SUCCESS);
    }
    let changed = rows
        .iter()
        .filter(|row| row.verdict != Verdict::Same)
        .count();
    if changed == 0 {
        println!("\nall gauges as recorded");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "\n{changed} differ from {FILE}. If the change is meant: cargo xtask gauges --accept, and commit the file"
    );
    Ok(ExitCode::FAILURE)
}

fn sizes_and_imports(workspace: &Workspace) -> Result<Gauges> {
    let mut gauges = Gauges::new();
    for face in &FACES {
        let artefact = Artefact::read(&workspace.components().join(face.file))?;
        let key = |name: &str| format!("{}.{name}", face.feature);
        gauges.insert(key("size.raw"), Value::Number(u64::try_from(artefact.raw)?));
        gauges.insert(
            key("size.gzip"),
            Value::Number(u64::try_from(artefact.gzip)?),
        );
        gauges.insert(key("imports"), Value::Names(artefact.imports));
    }
    Ok(gauges)
}

/// Fuel and requests on the wire, measured by a program of the test suite.
fn counts(workspace: &Workspace) -> Result<Gauges> {
    // With all that the tests need: what is compiled here is not compiled again for them.
    let compile = workspace.cargo(["build", "--workspace", "--bins", "--tests"]);
    run_shown("building the gauges", compile)?;
    let program = workspace.target.join("debug").join("gauges");
    let mut measure = workspace.command(program, [""; 0]);
    measure.env("CARGO_TARGET_DIR", &workspace.target);
    let output = measure.stderr(Stdio::inherit()).output()?;
    ensure!(
        output.status.success(),
        "measuring failed; the messages above say why"
    );
    record::parse_lines(&String::from_utf8(output.stdout)?)
}
