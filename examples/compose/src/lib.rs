//! Puts components together, without a tool besides this crate.
//!
//! ```no_run
//! # fn example(signer: &[u8], faults: &[u8], driver: &[u8], app: &[u8]) -> anyhow::Result<()> {
//! use compose::{plug, settings, stack};
//!
//! let signer = plug(signer, &[&settings("the account's key")?])?;
//! let driver = stack(driver, &[&signer, faults])?; // driver → signer → faults → network
//! let whole = plug(app, &[&driver])?; // app → driver
//! # Ok(())
//! # }
//! ```

mod settings;

use anyhow::{Context, Result, ensure};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions};

pub use settings::settings;

/// Gives a component what it imports, as far as the plugs export it. The whole exports what the component exports, and
/// imports what is left: what nobody has plugged, and what the plugs import themselves.
///
/// Errors: something is no component; a plug exports nothing that the component imports.
pub fn plug(socket: &[u8], plugs: &[&[u8]]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: String, component: &[u8]| -> Result<_> {
        let package = Package::from_bytes(&name, None, component, graph.types_mut());
        let package = package.with_context(|| format!("the {name} is no component"))?;
        Ok(graph.register_package(package)?)
    };
    let names = (1_u32..).map(|number| format!("plug-{number}"));
    let plugs: Vec<_> = names
        .zip(plugs)
        .map(|(name, plug)| register(name, plug))
        .collect::<Result<_>>()?;
    let socket = register("socket".to_owned(), socket)?;
    wac_graph::plug(&mut graph, plugs.clone(), socket)?;
    let used = |plug| graph.nodes().any(|node| node.package() == Some(plug));
    ensure!(
        plugs.into_iter().all(used),
        "a plug exports nothing that the component imports"
    );
    let options = EncodeOptions::default();
    graph
        .encode(options)
        .context("the components do not fit together")
}

/// Puts layers between a component and the network: each imports and exports `wasi:http/client`. The first is next to the
/// component: it sees requests first and answers last. Errors: as [`plug`].
pub fn stack(component: &[u8], layers: &[&[u8]]) -> Result<Vec<u8>> {
    let mut below: Option<Vec<u8>> = None;
    for layer in layers.iter().rev() {
        let layer = match below {
            Some(below) => plug(layer, &[&below])?,
            None => layer.to_vec(),
        };
        below = Some(layer);
    }
    below.map_or_else(
        || Ok(component.to_vec()),
        |layer| plug(component, &[&layer]),
    )
}
