//! Shortens the names by which the modules inside a component are linked.
//!
//! Each stands there twice: where a module imports or exports, and where the component says what that is.

use std::collections::HashMap;
use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ExportSection, ImportSection, InstanceSection,
    ModuleArg,
};
use wasmparser::{ComponentAlias, ComponentAliasSectionReader, Export, Imports, Instance, Parser};

/// The component with short names between its modules.
pub(super) fn shorten(component: &[u8]) -> Result<Vec<u8>> {
    let mut short = Component::new();
    Links::default()
        .parse_component(&mut short, Parser::new(0), component)
        .context("the modules of the component cannot be linked anew")?;
    Ok(short.finish())
}

type Outcome<T> = Result<T, Error<Infallible>>;

#[derive(Default)]
struct Links {
    short: HashMap<String, String>,
}

impl Links {
    /// One short name for each, wherever it stands.
    fn short(&mut self, name: &str) -> String {
        let next = self.short.len();
        let short = self.short.entry(name.to_owned());
        short.or_insert_with(|| format!("{next:x}")).clone()
    }
}

impl Reencode for Links {
    type Error = Infallible;

    fn parse_imports(&mut self, section: &mut ImportSection, imports: Imports<'_>) -> Outcome<()> {
        for import in imports {
            let (_, import) = import?;
            let (module, name) = (self.short(import.module), self.short(import.name));
            section.import(&module, &name, self.entity_type(import.ty)?);
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut ExportSection, export: Export<'_>) -> Outcome<()> {
        let kind = self.export_kind(export.kind)?;
        exports.export(&self.short(export.name), kind, export.index);
        Ok(())
    }
}

impl ReencodeComponent for Links {
    fn parse_component_alias_section(
        &mut self,
        aliases: &mut ComponentAliasSection,
        section: ComponentAliasSectionReader<'_>,
    ) -> Outcome<()> {
        for alias in section {
            let alias = alias?;
            let ComponentAlias::CoreInstanceExport {
                kind,
                instance_index,
                name,
            } = alias
            else {
                aliases.alias(self.component_alias(alias)?);
                continue;
            };
            aliases.alias(Alias::CoreInstanceExport {
                instance: instance_index,
                kind: kind.into(),
                name: &self.short(name),
            });
        }
        Ok(())
    }

    fn parse_instance(
        &mut self,
        instances: &mut InstanceSection,
        instance: Instance<'_>,
    ) -> Outcome<()> {
        match instance {
            Instance::Instantiate { module_index, args } => {
                let args = args
                    .iter()
                    .map(|arg| (self.short(arg.name), ModuleArg::Instance(arg.index)));
                let args: Vec<_> = args.collect();
                instances.instantiate(
                    module_index,
                    args.iter().map(|(name, arg)| (name.as_str(), *arg)),
                );
            }
            Instance::FromExports(exports) => {
                let mut short = Vec::new();
                for export in &exports {
                    short.push((
                        self.short(export.name),
                        self.export_kind(export.kind)?,
                        export.index,
                    ));
                }
                instances.export_items(
                    short
                        .iter()
                        .map(|(name, kind, index)| (name.as_str(), *kind, *index)),
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, ExportKind, MemorySection, MemoryType, Module, ModuleSection};

    const MEMORY: MemoryType = MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };

    /// A module with a memory that it exports, one that imports it, and the component between them.
    fn linked(memory: &str, module: &str) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MEMORY);
        let mut exports = ExportSection::new();
        exports.export(memory, ExportKind::Memory, 0);
        let mut exporter = Module::new();
        exporter.section(&memories).section(&exports);
        let mut imports = ImportSection::new();
        imports.import(module, memory, EntityType::Memory(MEMORY));
        let mut importer = Module::new();
        importer.section(&imports);
        let mut first = InstanceSection::new();
        first.instantiate::<[(&str, ModuleArg); 0], &str>(0, []);
        let mut alias = ComponentAliasSection::new();
        alias.alias(Alias::CoreInstanceExport {
            instance: 0,
            kind: ExportKind::Memory,
            name: memory,
        });
        let mut others = InstanceSection::new();
        others.export_items([(memory, ExportKind::Memory, 0)]);
        others.instantiate(1, [(module, ModuleArg::Instance(1))]);
        let mut component = Component::new();
        for module in [&exporter, &importer] {
            component.section(&ModuleSection(module));
        }
        component.section(&first).section(&alias).section(&others);
        component.finish()
    }

    #[test]
    fn a_name_is_short_everywhere() -> Result<()> {
        assert_eq!(shorten(&linked("memory", "env"))?, linked("0", "1"));
        assert_eq!(shorten(&linked("same", "same"))?, linked("0", "0"));
        assert!(shorten(b"no wasm").is_err());
        Ok(())
    }
}
