//! `cargo xtask compose`: writes a composed component to a file.
#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use compose::{plug, settings, stack};

/// Puts components together.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The component whose exports the whole has.
    component: PathBuf,
    /// A component that exports what it imports: the driver for an app. May be repeated.
    #[arg(long)]
    plug: Vec<PathBuf>,
    /// A layer between it and the network. May be repeated; the first is next to the component.
    #[arg(long)]
    layer: Vec<PathBuf>,
    /// A file whose text, without space at its ends, becomes the settings of the component: for a layer.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// Where the whole goes.
    #[arg(long, short)]
    output: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut component = read(&arguments.component)?;
    let mut plugs = read_all(&arguments.plug)?;
    if let Some(file) = &arguments.settings {
        let text = fs::read_to_string(file);
        let text = text.with_context(|| format!("cannot read {}", file.display()))?;
        plugs.push(settings(text.trim())?);
    }
    if !plugs.is_empty() {
        component = plug(&component, &slices(&plugs))?;
    }
    let layers = read_all(&arguments.layer)?;
    component = stack(&component, &slices(&layers))?;
    let (bytes, to) = (component.len(), arguments.output.display());
    fs::write(&arguments.output, component).with_context(|| format!("cannot write {to}"))?;
    println!("{to}: {bytes} bytes");
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn read_all(files: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    files.iter().map(|file| read(file)).collect()
}

fn slices(components: &[Vec<u8>]) -> Vec<&[u8]> {
    components.iter().map(Vec::as_slice).collect()
}
