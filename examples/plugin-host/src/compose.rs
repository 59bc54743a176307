//! A plugin and its driver, put together to one component.

use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};
use wasmparser::{Parser, Payload};

use crate::Error;

/// All that a plugin may import. Its driver has them both.
const IMPORTS: [&str; 2] = [
    "cosmosdb:driver/types@0.1.0",
    "cosmosdb:driver/driver@0.1.0",
];

/// A component that exports what the plugin exports and imports what the driver imports.
///
/// # Errors
/// [`Error::Plugin`]: the plugin is no component, imports something else than the driver, or another version of it.
pub(crate) fn compose(driver: &[u8], plugin: &[u8]) -> Result<Vec<u8>, Error> {
    check_imports(plugin)?;
    join(driver, plugin).map_err(|reason| {
        Error::Plugin(format!(
            "the plugin does not fit the driver ({reason}): build it with the WIT files of this version"
        ))
    })
}

/// The driver's imports are the host's to give. A plugin with the same imports would be given them too, so it must not
/// have any: not even a clock.
fn check_imports(plugin: &[u8]) -> Result<(), Error> {
    let imports = imports(plugin).map_err(|error| {
        Error::Plugin(format!(
            "the plugin is not a WebAssembly component ({error}): check the file"
        ))
    })?;
    match imports
        .iter()
        .find(|name| !IMPORTS.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => Err(Error::Plugin(format!(
            "the plugin imports {name:?}, which plugins are not given: let it import nothing but {}",
            IMPORTS[1]
        ))),
    }
}

fn imports(component: &[u8]) -> Result<Vec<String>, String> {
    if !Parser::is_component(component) {
        return Err("it does not begin like one".to_owned());
    }
    let (mut names, mut depth) = (Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| error.to_string())? {
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            // Components inside of it get their imports from it.
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.map_err(|error| error.to_string())?;
                    names.push(import.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

fn join(driver: &[u8], plugin: &[u8]) -> Result<Vec<u8>, String> {
    let mut graph = CompositionGraph::new();
    let mut register = |name, bytes: &[u8]| {
        let package = Package::from_bytes(name, None, bytes, graph.types_mut());
        let package = package.map_err(|error| format!("{error:#}"))?;
        graph
            .register_package(package)
            .map_err(|error| error.to_string())
    };
    let driver = register("cosmosdb:driver", driver)?;
    let plugin = register("example:plugin", plugin)?;
    plug(&mut graph, vec![driver], plugin).map_err(|error| error.to_string())?;
    graph
        .encode(EncodeOptions::default())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_with_other_imports_is_refused() {
        for import in [
            "wasi:random/random@0.2.12",
            "wasi:clocks/monotonic-clock@0.2.12",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:filesystem/types@0.2.12",
            "cosmosdb:driver/tasks@0.1.0",
            "cosmosdb:driver/driver@0.2.0",
        ] {
            let wat = format!(r#"(component (import "{import}" (instance)))"#);
            let error = check_imports(&wat::parse_str(wat).unwrap()).unwrap_err();
            assert!(error.to_string().contains(import), "{error}");
        }
    }

    #[test]
    fn what_is_no_plugin_is_refused() {
        let module = wat::parse_str("(module)").unwrap();
        for bytes in [b"".as_slice(), b"not wasm", &module] {
            let error = check_imports(bytes).unwrap_err().to_string();
            assert!(error.contains("not a WebAssembly component"), "{error}");
        }
    }
}
