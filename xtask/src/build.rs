//! `cargo xtask build`: both faces of the driver as components.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::artefact::Artefact;
use crate::hot;
use crate::progress::{self, Output, seconds};
use crate::slim::slim;
use crate::workspace::Workspace;

/// What the components are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// One of the components that are built from the crate `cosmosdb-driver`.
pub(crate) struct Face {
    /// The cargo feature that selects it; also its name in gauges.
    pub(crate) feature: &'static str,
    /// The file name of the component.
    pub(crate) file: &'static str,
    /// Whether its core module is also used without the component, as `examples/node` does.
    is_used_alone: bool,
}

/// WASI 0.2 (blocking calls and tasks) and WASI 0.3 (async).
pub(crate) const FACES: [Face; 2] = [
    Face {
        feature: "p2",
        file: "cosmosdb-driver.wasm",
        is_used_alone: true,
    },
    Face {
        feature: "p3",
        file: "cosmosdb-driver-async.wasm",
        is_used_alone: false,
    },
];

/// Builds both components and prints their sizes.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    ensure_target(workspace)?;
    println!("{:<28} {:>9} {:>9}   time", "component", "bytes", "gzip");
    for face in &FACES {
        let (path, time) = build(workspace, face)?;
        let Artefact { raw, gzip, .. } = Artefact::read(&path)?;
        println!("{:<28} {raw:>9} {gzip:>9}   {time}", face.file);
    }
    println!("in {}", workspace.components().display());
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that the standard library for [`TARGET`] is there.
///
/// # Errors
/// It is missing and rustup cannot bring it.
pub(crate) fn ensure_target(workspace: &Workspace) -> Result<()> {
    let output = workspace
        .command("rustc", ["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run rustc; install Rust from https://rustup.rs")?;
    ensure!(
        output.status.success(),
        "rustc does not know the target {TARGET}"
    );
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return Ok(());
    }
    eprintln!("The Rust target {TARGET} is missing: rustup target add {TARGET}");
    let status = workspace
        .command("rustup", ["target", "add", TARGET])
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => bail!(
            "rustup could not add the target {TARGET}; its message is above. Check the network, or \
             install the target another way"
        ),
        Err(_) => bail!(
            "the Rust target {TARGET} is missing, and rustup, which could add it, was not found. \
             Install Rust with rustup (https://rustup.rs), or add the target with what installed Rust"
        ),
    }
}

fn build(workspace: &Workspace, face: &Face) -> Result<(PathBuf, String)> {
    let start = Instant::now();
    let listing = compile(workspace, face, "names", &LISTING.map(OsString::from))?;
    let list = hot::cold(&listing).context("the component's functions cannot be listed")?;
    let file = workspace.components().join(hot::file_name(&list));
    write_if_changed(list.as_bytes(), &file)?;
    let mut attributes = OsString::from("-Cllvm-args=--forceattrs-csv-path=");
    attributes.push(&file);
    let mut flags: Vec<_> = SMALL.map(OsString::from).into();
    flags.push(attributes);
    let component = compile(workspace, face, "component", &flags)?;
    let path = workspace.components().join(face.file);
    write_if_changed(&slim(&component, face.is_used_alone)?, &path)?;
    Ok((path, seconds(start.elapsed())))
}

/// Compiles one face with further flags for its last crate, and returns the component.
///
/// Cargo gives all of them one file name: in one folder each build would undo the other.
fn compile(workspace: &Workspace, face: &Face, kind: &str, flags: &[OsString]) -> Result<Vec<u8>> {
    let folder = workspace.target.join(format!("{kind}-{}", face.feature));
    let mut cargo = face_command(workspace, "rustc", face);
    cargo.args(["--crate-type", "cdylib", "--profile", "component"]);
    cargo.arg("--target-dir").arg(&folder);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", common_flags()?);
    cargo.arg("--").args(flags);
    let title = format!("building {} ({kind})", face.file);
    let finished = progress::run(&title, cargo, Output::Keep)?;
    if !finished.success {
        hot::without_notes(&finished.said).for_each(|line| eprintln!("{line}"));
        bail!("{title} failed; the messages above say why");
    }
    let built = folder
        .join(TARGET)
        .join("component")
        .join("cosmosdb_driver.wasm");
    std::fs::read(&built).with_context(|| format!("cargo left no {}", built.display()))
}

/// For the build that only tells which functions there are: nothing is inlined, and all keep their names.
const LISTING: [&str; 2] = ["-Cstrip=none", "-Cllvm-args=--inline-threshold=-100000"];

/// How eagerly [`hot`] functions are inlined. The compiler's own limit of 225 makes the components a tenth
/// larger, and burns some 5 % less fuel.
const INLINE_THRESHOLD: &str = "-Cllvm-args=--inlinedefault-threshold=60";

/// What makes the code small, and does not show in the time that an operation takes.
const SMALL: [&str; 7] = [
    // Numbers take as many bytes as they need; by default the linker leaves room for the largest. 25 KB.
    "-Clink-arg=--append-lld-flag=--compress-relocations",
    // The data begins behind the stack, below one mebibyte: then an address takes three bytes. The stack is a
    // sixteenth smaller than by default. 2 KB.
    "-Clink-arg=-zstack-size=983040",
    // More than two words are moved by one instruction, not word by word. 7 KB.
    "-Cllvm-args=--max-store-memcpy=2",
    "-Cllvm-args=--max-store-memmove=2",
    "-Cllvm-args=--max-store-memset=2",
    // What was read on one way only is read again where the ways meet. 4 KB.
    "-Cllvm-args=--enable-load-pre=false",
    // A loop counts once and adds up what it needs; otherwise each pointer in it is a counter of its own. 4 KB, and a
    // fortieth of the fuel.
    "-Cllvm-args=--disable-lsr",
];

/// The compiler's flags for a component. Where the builder keeps crates is left out of the messages inside, so that it
/// is the same on every machine.
fn common_flags() -> Result<OsString> {
    let mut flags = OsString::from(INLINE_THRESHOLD);
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let Some(sources) = home.map(|home| home.join("registry").join("src")) else {
        return Ok(flags);
    };
    let Ok(registries) = std::fs::read_dir(&sources) else {
        return Ok(flags);
    };
    for registry in registries {
        flags.push("\u{1f}--remap-path-prefix\u{1f}");
        flags.push(registry?.path());
        flags.push("=crates");
    }
    Ok(flags)
}

/// `cargo <verb>` for the library of one face, without further arguments.
pub(crate) fn face_command(workspace: &Workspace, verb: &str, face: &Face) -> Command {
    let package = [
        "-p",
        "cosmosdb-driver",
        "--lib",
        "--target",
        TARGET,
        "--no-default-features",
    ];
    let mut cargo = workspace.cargo([verb]);
    cargo.args(package).args(["--features", face.feature]);
    cargo
}

/// Leaves an equal file alone, so that what depends on it is not built again.
pub(crate) fn write_if_changed(new: &[u8], to: &Path) -> Result<()> {
    if std::fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(to, new).with_context(|| format!("cannot write {}", to.display()))
}
