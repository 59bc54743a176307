//! The compiled component, kept on disk.
//!
//! Compiling takes tens of milliseconds; loading what was compiled before takes less than one. A cache file is
//! named after the component's bytes and everything of the engine that its code depends on, so it never needs
//! invalidation, and it begins with the SHA-256 of the rest, so a damaged one is not used.
//!
//! **Trust.** A cache file is native code that runs in this process, outside of any sandbox. The digest finds
//! accidents, not forgeries: whoever can write to the directory can run code as this process. On Unix a directory
//! that its group or everybody may write to is therefore neither read nor written; elsewhere it is up to the user.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The length of a SHA-256 digest in bytes.
const DIGEST: usize = 32;

/// Loads the component from the directory's cache, or compiles it and tries to leave it there. A cache that cannot
/// be read or written, or not be trusted, costs time, nothing else.
pub(crate) fn load(engine: &Engine, wasm: &[u8], directory: &Path) -> wasmtime::Result<Component> {
    if !is_private(directory) {
        return Component::new(engine, wasm);
    }
    let path = directory.join(file_name(engine, wasm));
    if let Some(component) = read(engine, &path) {
        return Ok(component);
    }
    let component = Component::new(engine, wasm)?;
    // A read-only directory is no reason to fail.
    let _ = write(&path, &component.serialize()?);
    Ok(component)
}

/// Whether nobody but its owner may write to it. Not if that cannot be found out.
#[cfg(unix)]
fn is_private(directory: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    const WRITABLE_BY_OTHERS: u32 = 0o022;
    // The empty path is the current directory.
    fs::metadata(directory.join("."))
        .is_ok_and(|found| found.permissions().mode() & WRITABLE_BY_OTHERS == 0)
}

/// Where the standard library cannot tell.
#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    true
}

fn file_name(engine: &Engine, wasm: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let digest: String = Sha256::digest(wasm)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    PathBuf::from(format!(
        "cosmosdb-driver-{digest}-{:016x}.cwasm",
        hasher.finish()
    ))
}

fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let file = fs::read(path).ok()?;
    let (digest, code) = file.split_at_checked(DIGEST)?;
    if digest != Sha256::digest(code).as_slice() {
        return None;
    }
    // SAFETY: these are the bytes that `write` got from `Component::serialize`: the digest excludes damage, and
    // that nobody else writes to the directory is checked or, where it cannot be, asked of the user. Wasmtime itself
    // refuses code of another version or of other settings.
    #[allow(unsafe_code)]
    unsafe { Component::deserialize(engine, code) }.ok()
}

/// Readers see the whole file or none: it gets its name when it is complete.
fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    static UNIQUE: AtomicU64 = AtomicU64::new(0);
    let unique = UNIQUE.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{unique}.tmp", process::id()));
    let mut file = Sha256::digest(code).to_vec();
    file.extend_from_slice(code);
    fs::write(&temporary, file)
        .and_then(|()| fs::rename(&temporary, path))
        .inspect_err(|_| drop(fs::remove_file(&temporary)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAT: &str = "(component (core module $m) (core instance (instantiate $m)))";

    fn files(directory: &Path) -> Vec<PathBuf> {
        let files = fs::read_dir(directory).unwrap();
        files.map(|file| file.unwrap().path()).collect()
    }

    #[test]
    fn a_compiled_component_is_kept_and_read_back() {
        let (engine, wasm) = (Engine::default(), wat::parse_str(WAT).unwrap());
        let directory = tempfile::tempdir().unwrap();
        load(&engine, &wasm, directory.path()).unwrap();

        let kept = files(directory.path());
        assert_eq!(kept, [directory.path().join(file_name(&engine, &wasm))]);
        assert!(read(&engine, &kept[0]).is_some());
    }

    #[test]
    fn a_damaged_file_is_replaced() {
        let (engine, wasm) = (Engine::default(), wat::parse_str(WAT).unwrap());
        let directory = tempfile::tempdir().unwrap();
        load(&engine, &wasm, directory.path()).unwrap();
        let path = files(directory.path()).remove(0);
        let good = fs::read(&path).unwrap();

        let mut flipped = good.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for damaged in [
            flipped,
            good[..good.len() / 2].to_vec(),
            b"short".to_vec(),
            Vec::new(),
        ] {
            fs::write(&path, damaged).unwrap();
            assert!(read(&engine, &path).is_none());
            load(&engine, &wasm, directory.path()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), good);
        }
    }

    #[test]
    fn code_for_another_engine_is_not_used() {
        let (engine, wasm) = (Engine::default(), wat::parse_str(WAT).unwrap());
        let metered = Engine::new(wasmtime::Config::new().consume_fuel(true)).unwrap();
        assert_ne!(file_name(&engine, &wasm), file_name(&metered, &wasm));

        let directory = tempfile::tempdir().unwrap();
        let foreign = directory.path().join(file_name(&metered, &wasm));
        write(
            &foreign,
            &Component::new(&engine, &wasm).unwrap().serialize().unwrap(),
        )
        .unwrap();
        assert!(read(&metered, &foreign).is_none());
        load(&metered, &wasm, directory.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_others_may_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt;

        let (engine, wasm) = (Engine::default(), wat::parse_str(WAT).unwrap());
        let directory = tempfile::tempdir().unwrap();
        let planted = directory.path().join(file_name(&engine, &wasm));
        // Loaded, it would show: the component that it holds has an export.
        let other = r#"(component (instance $i) (export "planted" (instance $i)))"#;
        let other = Component::new(&engine, wat::parse_str(other).unwrap()).unwrap();
        for mode in [0o777, 0o775, 0o757, 0o1777] {
            fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
            load(&engine, &wasm, directory.path()).unwrap();
            assert!(files(directory.path()).is_empty(), "{mode:o}");

            write(&planted, &other.serialize().unwrap()).unwrap();
            let before = fs::read(&planted).unwrap();
            let loaded = load(&engine, &wasm, directory.path()).unwrap();
            assert!(
                loaded.get_export_index(None, "planted").is_none(),
                "{mode:o}"
            );
            assert_eq!(fs::read(&planted).unwrap(), before);
            fs::remove_file(&planted).unwrap();
        }

        // The same file in a private directory is loaded.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        write(&planted, &other.serialize().unwrap()).unwrap();
        let loaded = load(&engine, &wasm, directory.path()).unwrap();
        assert!(loaded.get_export_index(None, "planted").is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_what_is_known_to_be_private_is_trusted() {
        let directory = tempfile::tempdir().unwrap();
        assert!(is_private(directory.path()));
        assert!(!is_private(&directory.path().join("missing")));
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(!is_private(&file));
        assert_eq!(is_private(Path::new("")), is_private(Path::new(".")));
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_error() {
        let (engine, wasm) = (Engine::default(), wat::parse_str(WAT).unwrap());
        load(&engine, &wasm, Path::new("/nonexistent/cache")).unwrap();
    }
}
