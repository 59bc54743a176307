//! The rings inside `component/src`: wire, core, engine, wasi. Each may name only itself and those before it, and
//! only the last one may name WASI.
//!
//! The files are read as Rust tokens, so comments and strings never count.

mod paths;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use self::paths::Name;
use crate::workspace::Workspace;

/// From the inside out.
const RINGS: [&str; 4] = ["wire", "core", "engine", "wasi"];

/// Names that only the outermost ring may use.
const WASI_NAMES: [&str; 4] = ["wasi", "wasip2", "wasip3", "wit_bindgen"];

/// Checks every file of the component.
///
/// # Errors
/// A file names something outside its reach (one line for each place), or cannot be read.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let source = workspace.root.join("component").join("src");
    let files = rust_files(&source)?;
    ensure!(!files.is_empty(), "no Rust files in {}", source.display());
    let mut problems = Vec::new();
    for file in files {
        let name = file.strip_prefix(&source)?;
        let text = std::fs::read_to_string(&file)?;
        problems.extend(problems_in(name, &text).with_context(|| file.display().to_string())?);
    }
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What is wrong in one file, named relative to `component/src`.
fn problems_in(file: &Path, text: &str) -> Result<Vec<String>> {
    let module = module_of(file);
    let ring = module.first().and_then(|name| position(name));
    // The crate's root declares the rings and may use all of them; WASI it leaves to its ring.
    ensure!(
        ring.is_some() || module.is_empty(),
        "belongs to no ring: move it into one of {RINGS:?}"
    );
    let may_name_wasi = module.first().is_some_and(|name| name == "wasi");
    let judge_one = |name| match name {
        Name::InCrate { line, root } => Some((line, judge(ring?, &root)?)),
        Name::Word { line, word } if !may_name_wasi && WASI_NAMES.contains(&word.as_str()) => {
            Some((line, format!("`{word}` belongs to the ring `wasi`")))
        }
        Name::Word { .. } => None,
    };
    let found = paths::names(text, &module)?
        .into_iter()
        .filter_map(judge_one);
    let place = |(line, what)| format!("component/src/{}:{line}: {what}", file.display());
    Ok(found.map(place).collect())
}

/// Whether a file of a ring may name `crate::<root>`.
fn judge(ring: usize, root: &str) -> Option<String> {
    let own = RINGS.get(ring)?;
    match position(root) {
        Some(named) if named <= ring => None,
        Some(_) => Some(format!("`{own}` must not name the outer ring `{root}`")),
        None => Some(format!(
            "`crate::{root}` hides its ring: name one of {RINGS:?}"
        )),
    }
}

fn position(name: &str) -> Option<usize> {
    RINGS.iter().position(|ring| *ring == name)
}

/// `core/retry/mod.rs` and `core/retry.rs` are the module `core::retry`; `lib.rs` is the root.
fn module_of(file: &Path) -> Vec<String> {
    let plain = file.with_extension("");
    let mut names: Vec<String> = plain
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    names.pop_if(|last| last == "mod" || last == "lib");
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(file: &str, text: &str) -> Vec<String> {
        problems_in(Path::new(file), text).unwrap()
    }

    #[test]
    fn every_violation_is_caught() {
        let fixtures = [
            ("wire/key.rs", "use crate::core::Options;", "ring `core`"),
            (
                "wire/key.rs",
                "fn f(x: crate :: core :: Y) {}",
                "ring `core`",
            ),
            (
                "wire/mod.rs",
                "pub fn f() { crate::engine::run() }",
                "ring `engine`",
            ),
            (
                "core/mod.rs",
                "use crate::{wire::Key, engine::Outside};",
                "ring `engine`",
            ),
            (
                "core/retry.rs",
                "use super::super::engine::Outside;",
                "ring `engine`",
            ),
            (
                "core/retry.rs",
                "use super::{super::{wire, engine::X}, options};",
                "ring `engine`",
            ),
            (
                "core/retry/mod.rs",
                "mod tests { use super::super::super::engine; }",
                "ring `engine`",
            ),
            (
                "core/mod.rs",
                "macro_rules! m { () => { $crate::engine::run() } }",
                "ring `engine`",
            ),
            (
                "engine/mod.rs",
                "pub use crate::wasi::Wire;",
                "outer ring `wasi`",
            ),
            (
                "engine/mod.rs",
                "use wasip3::http::client;",
                "`wasip3` belongs",
            ),
            (
                "engine/mod.rs",
                "wit_bindgen::generate!();",
                "`wit_bindgen` belongs",
            ),
            (
                "core/mod.rs",
                "fn f() { wasi::clocks::monotonic_clock::now(); }",
                "`wasi` belongs",
            ),
            ("lib.rs", "mod wasi; pub use wasi::X;", "`wasi` belongs"),
            ("wire/mod.rs", "use crate::*;", "`crate::*` hides"),
            ("wire/mod.rs", "use super::*;", "`crate::*` hides"),
            (
                "wire/mod.rs",
                "use crate::Shortcut;",
                "`crate::Shortcut` hides",
            ),
            ("wire/mod.rs", "use crate as all;", "hides its ring"),
            ("wire/mod.rs", "use crate::{self as all};", "hides its ring"),
        ];
        for (file, text, expected) in fixtures {
            let found = problems(file, text);
            assert!(
                found.iter().any(|line| line.contains(expected)),
                "{file}: {text}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_allowed_passes() {
        let fixtures = [
            (
                "lib.rs",
                "#[cfg(feature = \"p2\")] mod wasi; pub mod wire; use engine::Driver;",
            ),
            (
                "wire/key.rs",
                "use super::{headers::Name, *}; use core::fmt; use crate::wire::Id;",
            ),
            (
                "core/mod.rs",
                "use crate::{core::options, wire::{self, Key}}; pub(crate) fn f() {}",
            ),
            (
                "core/retry.rs",
                "use super::super::wire; mod tests { use super::*; }",
            ),
            (
                "core/mod.rs",
                "// crate::engine\n/* wasi */ /// wasip3 \nfn f() { \"crate::wasi\"; }",
            ),
            (
                "core/mod.rs",
                "const A: &str = r#\"use crate::engine;\"#; const B: char = '\"';",
            ),
            (
                "engine/mod.rs",
                "use crate::core::Decision; use crate::wire::Key; pub(in crate::engine) fn f() {}",
            ),
            (
                "wasi/p2.rs",
                "use wasi::http; use crate::{engine, core, wire}; use super::super::engine as e;",
            ),
        ];
        for (file, text) in fixtures {
            assert_eq!(problems(file, text), Vec::<String>::new(), "{file}: {text}");
        }
    }

    #[test]
    fn a_problem_names_its_line() {
        let text = "//! Module.\n\nuse crate::wire::Key;\nuse crate::engine::run;\n";
        assert_eq!(
            problems("core/mod.rs", text),
            ["component/src/core/mod.rs:4: `core` must not name the outer ring `engine`"],
        );
    }

    #[test]
    fn a_file_outside_the_rings_is_refused() {
        assert!(problems_in(Path::new("helpers.rs"), "").is_err());
    }
}
