//! Where the workspace and its build output are, and how to call the tools.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

/// What is off by default, and checked and tested like everything else.
pub(crate) const FEATURES: &str = "--features=cosmosdb-driver-host/tracing";

/// The folders of the workspace.
pub(crate) struct Workspace {
    /// Holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's build output; follows `CARGO_TARGET_DIR` and cargo's configuration.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn locate() -> Result<Self> {
        let output = Command::new(cargo_path())
            .args(["metadata", "--format-version=1", "--no-deps"])
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run cargo; install Rust from https://rustup.rs")?;
        ensure!(
            output.status.success(),
            "`cargo metadata` failed; its message is above"
        );
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let folder = |key: &str| {
            let path = metadata.get(key).and_then(serde_json::Value::as_str);
            path.map(PathBuf::from)
                .with_context(|| format!("`cargo metadata` has no `{key}`"))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
        })
    }

    /// Where [`crate::build`] puts the components.
    pub(crate) fn components(&self) -> PathBuf {
        self.target.join("components")
    }

    /// A tool with its arguments, to be run in the workspace's root.
    pub(crate) fn command<A: AsRef<OsStr>>(
        &self,
        tool: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(tool);
        command.args(args).current_dir(&self.root);
        command
    }

    /// Cargo with these arguments, to be run in the workspace's root. What it runs finds the components by
    /// `CARGO_TARGET_DIR`, also where cargo's configuration moved the build output.
    pub(crate) fn cargo<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut cargo = self.command(cargo_path(), args);
        cargo.env("CARGO_TARGET_DIR", &self.target);
        // They tell of xtask itself; build scripts that watch them would run again.
        let ours = |name: &OsStr| {
            let name = name.to_string_lossy();
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        };
        let ours = std::env::vars_os().filter(|(name, _)| ours(name));
        ours.for_each(|(name, _)| {
            cargo.env_remove(name);
        });
        cargo
    }
}

/// Passes on how a program ended.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The cargo that runs us, so that all steps use one toolchain.
fn cargo_path() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
