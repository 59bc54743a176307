//! Takes out of a component what is in it for people only, there twice, or longer than it has to be.

mod links;
mod order;
mod types;

use std::collections::HashMap;
use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, component_utils};
use wasm_encoder::{
    Component, ComponentExportKind, ComponentImportSection, ComponentInstanceSection, RawSection,
};
use wasmparser::{
    ComponentImportSectionReader, ComponentInstance, CustomSectionReader, KnownCustom, Parser,
};

/// The component without the section that names its parts, and with short names for what the components inside it
/// import: one stands around each interface, and is given every type that the interface names. 16 KB together. Types
/// that are said once are 8 KB, equal functions and the order of functions 2 KB each. Nobody outside sees any of it.
///
/// The names that link the modules inside are another 8 KB: they stay where `keeps_links`.
pub(crate) fn slim(component: &[u8], keeps_links: bool) -> Result<Vec<u8>> {
    let mut slim = Component::new();
    Slimmer::default()
        .parse_component(&mut slim, Parser::new(0), component)
        .context("the component cannot be read")?;
    let mut component = types::once(&slim.finish())?;
    if !keeps_links {
        component = links::shorten(&component)?;
    }
    order::by_calls(&component)
}

/// A module of the component, as it is.
fn copy_module(component: &mut Component, module: &[u8]) {
    component.section(&RawSection {
        id: wasm_encoder::ComponentSectionId::CoreModule.into(),
        data: module,
    });
}

#[derive(Default)]
struct Slimmer {
    depth: usize,
    /// The short names of what inner components import.
    names: HashMap<String, String>,
}

impl Slimmer {
    fn short(&mut self, name: &str) -> String {
        let next = self.names.len();
        let short = self.names.entry(name.to_owned());
        short.or_insert_with(|| format!("i{next}")).clone()
    }
}

impl Reencode for Slimmer {
    type Error = Infallible;
}

impl ReencodeComponent for Slimmer {
    fn push_depth(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    fn pop_depth(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The code stays as it is.
    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Result<(), Error<Infallible>> {
        copy_module(component, module);
        Ok(())
    }

    fn parse_component_custom_section(
        &mut self,
        component: &mut Component,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        if matches!(section.as_known(), KnownCustom::ComponentName(_)) {
            return Ok(());
        }
        component_utils::parse_component_custom_section(self, component, section)
    }

    fn parse_component_import_section(
        &mut self,
        imports: &mut ComponentImportSection,
        section: ComponentImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        if self.depth == 0 {
            return component_utils::parse_component_import_section(self, imports, section);
        }
        for import in section {
            let import = import?;
            let name = self.short(import.name.name);
            imports.import(name.as_str(), self.component_type_ref(import.ty)?);
        }
        Ok(())
    }

    /// What inner components are given: the components stand before.
    fn parse_component_instance(
        &mut self,
        instances: &mut ComponentInstanceSection,
        instance: ComponentInstance<'_>,
    ) -> Result<(), Error<Infallible>> {
        let ComponentInstance::Instantiate {
            component_index,
            args,
        } = instance
        else {
            return component_utils::parse_component_instance(self, instances, instance);
        };
        let args = args.iter().map(|arg| {
            let kind = ComponentExportKind::from(arg.kind);
            (self.short(arg.name), kind, arg.index)
        });
        let args: Vec<_> = args.collect();
        instances.instantiate(component_index, args);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(component (import "a" (instance $a)) (component $inner (import "inner" (instance)))
    /// (instance (instantiate $inner (with "inner" (instance $a)))))`
    const HEAD: &[u8] = b"\0asm\x0d\0\x01\0\x07\x03\x01\x42\0\x0a\x06\x01\0\x01a\x05\0";

    fn with_inner(name: &[u8]) -> Vec<u8> {
        let length = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        let import = [&[1, 0, length(name.len())][..], name, b"\x05\0"].concat();
        let inner = [
            b"\0asm\x0d\0\x01\0\x07\x03\x01\x42\0\x0a",
            &[length(import.len())][..],
            &import,
        ]
        .concat();
        let instance = [&[1, 0, 0, 1, length(name.len())][..], name, b"\x05\0"].concat();
        [
            HEAD,
            &[4, length(inner.len())],
            &inner,
            &[5, length(instance.len())],
            &instance,
        ]
        .concat()
    }

    #[test]
    fn only_names_inside_become_short() -> Result<()> {
        assert_eq!(slim(&with_inner(b"inner"), true)?, with_inner(b"i0"));
        Ok(())
    }

    #[test]
    fn names_for_people_go_and_everything_else_stays() -> Result<()> {
        let names = b"\0\x12\x0ecomponent-name\x01\x01\x03";
        let producers = b"\0\x0b\x09producers\0";
        let with = [HEAD, names, producers].concat();
        let without = [HEAD, producers].concat();
        assert_eq!(slim(&with, true)?, without);
        assert_eq!(slim(&without, false)?, without);
        assert!(slim(b"no wasm", true).is_err());
        Ok(())
    }
}
