//! Says once what the types of an interface are.
//!
//! An interface that is exported becomes an inner component, which defines its types anew. Where it holds nothing but
//! types, a list of those that are defined outside, for the functions, says the same; and what takes them from there can
//! take the definitions themselves.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, component_utils};
use wasm_encoder::{
    Component, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentImportSection, ComponentInstanceSection, ComponentTypeSection, Encode,
};
use wasmparser::{
    ComponentAlias, ComponentAliasSectionReader, ComponentExportSectionReader,
    ComponentExternalKind, ComponentImportSectionReader, ComponentInstance, ComponentType,
    ComponentTypeSectionReader, Parser, Payload,
};

type Outcome<T> = Result<T, Error<Infallible>>;

/// The component with lists in place of inner components of types.
pub(super) fn once(component: &[u8]) -> Result<Vec<u8>> {
    let mut lean = Component::new();
    Types::default()
        .parse_component(&mut lean, Parser::new(0), component)
        .context("the types of the component cannot be read")?;
    Ok(lean.finish())
}

/// The index spaces of the outer component, by the indices that it had.
#[derive(Default)]
struct Types {
    depth: u32,
    types: Indices,
    components: Indices,
    /// Inner components that hold only types, and instances of them.
    lists: HashMap<u32, List>,
    instances: Vec<Option<List>>,
    /// What is defined outside and in no list yet.
    definitions: HashMap<Vec<u8>, VecDeque<u32>>,
}

/// The types of an interface, in order.
type List = Vec<(String, u32)>;

/// What the things of one kind are called now.
#[derive(Default)]
struct Indices {
    new: Vec<u32>,
    next: u32,
}

impl Indices {
    /// Another thing, and its new index.
    fn keep(&mut self) -> u32 {
        let index = self.next;
        self.next = index.saturating_add(1);
        self.new.push(index);
        index
    }

    /// Another thing that is no more, and its old index.
    fn leave_out(&mut self) -> u32 {
        let old = u32::try_from(self.new.len()).unwrap_or(u32::MAX);
        self.new.push(u32::MAX);
        old
    }

    fn get(&self, old: u32) -> u32 {
        let new = usize::try_from(old).ok().and_then(|old| self.new.get(old));
        new.copied().unwrap_or(old)
    }
}

impl Types {
    /// How a type is written with the new indices.
    fn written(&mut self, ty: ComponentType<'_>) -> Outcome<Vec<u8>> {
        let mut one = ComponentTypeSection::new();
        self.parse_component_type(one.ty(), ty)?;
        let mut written = Vec::new();
        one.encode(&mut written);
        Ok(written)
    }

    /// The types that an inner component names, by what is defined outside or now in `missing`.
    fn list(&mut self, inner: &[u8], missing: &mut ComponentTypeSection) -> Outcome<List> {
        let outside = std::mem::take(&mut self.types.new);
        let mut list = List::new();
        for payload in Parser::new(0).parse_all(inner) {
            match payload? {
                Payload::ComponentTypeSection(section) => {
                    for ty in section {
                        let index = self.find(ty?, missing)?;
                        self.types.new.push(index);
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let index = self.types.get(export.index);
                        self.types.new.push(index);
                        list.push((export.name.name.to_owned(), index));
                    }
                }
                _ => {}
            }
        }
        self.types.new = outside;
        Ok(list)
    }

    fn find(&mut self, ty: ComponentType<'_>, missing: &mut ComponentTypeSection) -> Outcome<u32> {
        let written = self.written(ty.clone())?;
        let same = self.definitions.get_mut(&written);
        if let Some(index) = same.and_then(VecDeque::pop_front) {
            return Ok(index);
        }
        self.parse_component_type(missing.ty(), ty)?;
        let index = self.types.next;
        self.types.next = index.saturating_add(1);
        Ok(index)
    }

    /// Whether an alias needs no definition of its own: then its type has one.
    fn is_listed(&mut self, alias: &ComponentAlias<'_>) -> bool {
        let ComponentAlias::InstanceExport {
            kind: ComponentExternalKind::Type,
            instance_index,
            name,
        } = alias
        else {
            return false;
        };
        let list = self.list_of(*instance_index);
        let index = list
            .into_iter()
            .flatten()
            .find_map(|(ty, index)| (ty == name).then_some(*index));
        self.types.new.extend(index);
        index.is_some()
    }

    fn list_of(&self, instance: u32) -> Option<&List> {
        self.instances
            .get(usize::try_from(instance).ok()?)?
            .as_ref()
    }

    /// Counts what an alias, an import or an export adds to the outer component.
    fn count(&mut self, kind: ComponentExternalKind, list: Option<List>) {
        if self.depth > 0 {
            return;
        }
        match kind {
            ComponentExternalKind::Type => _ = self.types.keep(),
            ComponentExternalKind::Component => _ = self.components.keep(),
            ComponentExternalKind::Instance => self.instances.push(list),
            ComponentExternalKind::Func
            | ComponentExternalKind::Module
            | ComponentExternalKind::Value => {}
        }
    }
}

/// Whether a component holds only types, each with one name.
fn is_list(component: &[u8]) -> Outcome<bool> {
    let mut named = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } | Payload::CustomSection(_) | Payload::End(_) => {}
            Payload::ComponentTypeSection(section) => {
                for ty in section {
                    if !matches!(ty?, ComponentType::Defined(_)) {
                        return Ok(false);
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind != ComponentExternalKind::Type || named.contains(&export.index) {
                        return Ok(false);
                    }
                    named.push(export.index);
                }
            }
            _ => return Ok(false),
        }
    }
    Ok(!named.is_empty())
}

impl Reencode for Types {
    type Error = Infallible;
}

impl ReencodeComponent for Types {
    fn push_depth(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    fn pop_depth(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn component_type_index(&mut self, ty: u32) -> u32 {
        self.outer_component_type_index(0, ty)
    }

    fn outer_component_type_index(&mut self, count: u32, ty: u32) -> u32 {
        if count == self.depth {
            self.types.get(ty)
        } else {
            ty
        }
    }

    fn component_index(&mut self, component: u32) -> u32 {
        self.outer_component_index(0, component)
    }

    fn outer_component_index(&mut self, count: u32, component: u32) -> u32 {
        if count == self.depth {
            self.components.get(component)
        } else {
            component
        }
    }

    /// The code stays as it is.
    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Outcome<()> {
        super::copy_module(component, module);
        Ok(())
    }

    fn parse_component_payload(
        &mut self,
        component: &mut Component,
        payload: Payload<'_>,
        whole: &[u8],
    ) -> Outcome<()> {
        let Payload::ComponentAliasSection(section) = payload else {
            return component_utils::parse_component_payload(self, component, payload, whole);
        };
        let mut aliases = ComponentAliasSection::new();
        self.parse_component_alias_section(&mut aliases, section)?;
        if !aliases.is_empty() {
            component.section(&aliases);
        }
        Ok(())
    }

    fn parse_component_subcomponent(
        &mut self,
        component: &mut Component,
        parser: Parser,
        inner: &[u8],
        whole: &[u8],
    ) -> Outcome<()> {
        if self.depth == 0 {
            if is_list(inner)? {
                let mut missing = ComponentTypeSection::new();
                let list = self.list(inner, &mut missing)?;
                if !missing.is_empty() {
                    component.section(&missing);
                }
                self.lists.insert(self.components.leave_out(), list);
                return Ok(());
            }
            self.components.keep();
        }
        component_utils::parse_component_subcomponent(self, component, parser, inner, whole)
    }

    fn parse_component_type_section(
        &mut self,
        types: &mut ComponentTypeSection,
        section: ComponentTypeSectionReader<'_>,
    ) -> Outcome<()> {
        for ty in section {
            let ty = ty?;
            if self.depth == 0 {
                let written = self.written(ty.clone())?;
                let index = self.types.keep();
                self.definitions
                    .entry(written)
                    .or_default()
                    .push_back(index);
            }
            self.parse_component_type(types.ty(), ty)?;
        }
        Ok(())
    }

    fn parse_component_import_section(
        &mut self,
        imports: &mut ComponentImportSection,
        section: ComponentImportSectionReader<'_>,
    ) -> Outcome<()> {
        for import in section {
            let import = import?;
            imports.import(import.name, self.component_type_ref(import.ty)?);
            self.count(import.ty.kind(), None);
        }
        Ok(())
    }

    fn parse_component_alias_section(
        &mut self,
        aliases: &mut ComponentAliasSection,
        section: ComponentAliasSectionReader<'_>,
    ) -> Outcome<()> {
        for alias in section {
            let alias = alias?;
            if self.depth == 0 && self.is_listed(&alias) {
                continue;
            }
            if let ComponentAlias::InstanceExport { kind, .. } = alias {
                self.count(kind, None);
            }
            aliases.alias(self.component_alias(alias)?);
        }
        Ok(())
    }

    fn parse_component_instance(
        &mut self,
        instances: &mut ComponentInstanceSection,
        instance: ComponentInstance<'_>,
    ) -> Outcome<()> {
        let list = match instance {
            ComponentInstance::Instantiate {
                component_index, ..
            } if self.depth == 0 => self.lists.get(&component_index).cloned(),
            _ => None,
        };
        if let Some(list) = &list {
            let items = list
                .iter()
                .map(|(name, index)| (name.as_str(), ComponentExportKind::Type, *index));
            instances.export_items(items);
        } else {
            component_utils::parse_component_instance(self, instances, instance)?;
        }
        self.count(ComponentExternalKind::Instance, list);
        Ok(())
    }

    fn parse_component_export_section(
        &mut self,
        exports: &mut ComponentExportSection,
        section: ComponentExportSectionReader<'_>,
    ) -> Outcome<()> {
        for export in section {
            let export = export?;
            let list = match export.kind {
                ComponentExternalKind::Instance => self.list_of(export.index).cloned(),
                _ => None,
            };
            self.count(export.kind, list);
            self.parse_component_export(exports, export)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
