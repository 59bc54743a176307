//! Leaves each function once, and gives those that are called most the shortest indices.
//!
//! Generic code is often the same for several types. A call spells the index of its function: the first 128 take one
//! byte, all others two. The linker knows neither.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{CodeSection, Component, FunctionSection, Module, ModuleSection};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Operator, Parser, Payload, TypeRef};

/// The component with fewer functions in its modules, in a better order.
pub(super) fn by_calls(component: &[u8]) -> Result<Vec<u8>> {
    let mut ordered = Component::new();
    Modules
        .parse_component(&mut ordered, Parser::new(0), component)
        .context("the modules of the component cannot be read")?;
    Ok(ordered.finish())
}

type Outcome<T> = Result<T, Error<Infallible>>;

struct Modules;

impl Reencode for Modules {
    type Error = Infallible;
}

impl ReencodeComponent for Modules {
    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Outcome<()> {
        let mut ordered = Module::new();
        Order::of(module)?.parse_core_module(&mut ordered, Parser::new(0), module)?;
        component.section(&ModuleSection(&ordered));
        Ok(())
    }
}

/// The functions of one module.
struct Order {
    /// Those that the module still defines, in their new order: their places in the old one.
    old: Vec<usize>,
    /// New indices by old ones.
    new: Vec<u32>,
}

/// How many indices take one byte.
const SHORT: usize = 128;

impl Order {
    fn of(module: &[u8]) -> Outcome<Self> {
        let (imported, functions) = functions(module)?;
        let mut firsts = HashMap::new();
        let mut calls: HashMap<usize, u32> = HashMap::new();
        let mut same = Vec::new();
        for (place, function) in functions.into_iter().enumerate() {
            let first = *firsts.entry((function.ty, function.code)).or_insert(place);
            let total = calls.entry(first).or_default();
            *total = total.saturating_add(function.calls);
            same.push(first);
        }
        let mut old: Vec<usize> = calls.keys().copied().collect();
        old.sort_unstable_by_key(|place| (Reverse(calls.get(place)), *place));
        // Only as many as matter: the others stay where they were, beside those that they resemble.
        let short = SHORT.saturating_sub(imported).min(old.len());
        if let Some(others) = old.get_mut(short..) {
            others.sort_unstable();
        }
        let own: HashMap<usize, u32> = old.iter().copied().zip(index(imported)..).collect();
        let own = same.iter().filter_map(|first| own.get(first).copied());
        let new = (0..index(imported)).chain(own).collect();
        Ok(Self { old, new })
    }

    /// What is written for each function, in the new order.
    fn sorted<T: Clone>(&self, all: &[T]) -> Vec<T> {
        self.old
            .iter()
            .filter_map(|&place| all.get(place).cloned())
            .collect()
    }
}

impl Reencode for Order {
    type Error = Infallible;

    fn function_index(&mut self, old: u32) -> Outcome<u32> {
        let new = usize::try_from(old).ok().and_then(|old| self.new.get(old));
        Ok(new.copied().unwrap_or(old))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Outcome<()> {
        let types: Vec<u32> = section.into_iter().collect::<Result<_, _>>()?;
        for ty in self.sorted(&types) {
            functions.function(ty);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Outcome<()> {
        let bodies: Vec<_> = section.into_iter().collect::<Result<_, _>>()?;
        for body in self.sorted(&bodies) {
            self.parse_function_body(code, body)?;
        }
        Ok(())
    }
}

/// A function that a module defines.
#[derive(Default)]
struct Defined<'a> {
    ty: u32,
    code: &'a [u8],
    /// How often it is called.
    calls: u32,
}

/// How many functions a module imports, and those that it defines.
fn functions(module: &[u8]) -> Outcome<(usize, Vec<Defined<'_>>)> {
    let mut imported: usize = 0;
    let mut functions: Vec<Defined<'_>> = Vec::new();
    let mut bodies = 0..;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let is_function = matches!(import?.ty, TypeRef::Func(_));
                    imported = imported.saturating_add(usize::from(is_function));
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    let ty = ty?;
                    functions.push(Defined {
                        ty,
                        ..Defined::default()
                    });
                }
            }
            Payload::CodeSectionEntry(body) => {
                let this = bodies.next().and_then(|place| functions.get_mut(place));
                if let Some(this) = this {
                    this.code = body.as_bytes();
                }
                for operator in body.get_operators_reader()? {
                    let Operator::Call { function_index } = operator? else {
                        continue;
                    };
                    let place = usize::try_from(function_index).ok();
                    let place = place.and_then(|index| index.checked_sub(imported));
                    if let Some(called) = place.and_then(|place| functions.get_mut(place)) {
                        called.calls = called.calls.saturating_add(1);
                    }
                }
            }
            _ => {}
        }
    }
    Ok((imported, functions))
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        EntityType, ExportKind, ExportSection, Function, ImportSection, TypeSection,
    };

    /// A module that imports one function and has `bodies`: a number, and which functions each of them calls.
    fn module(bodies: &[(i32, &[u32])], exported: u32) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("m", "f", EntityType::Function(0));
        let mut functions = FunctionSection::new();
        let mut exports = ExportSection::new();
        exports.export("e", ExportKind::Func, exported);
        let mut code = CodeSection::new();
        for (number, calls) in bodies {
            functions.function(0);
            let mut function = Function::new([]);
            function.instructions().i32_const(*number).drop();
            for call in *calls {
                function.instructions().call(*call);
            }
            function.instructions().end();
            code.function(&function);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&exports).section(&code);
        module.finish()
    }

    fn component(module: &[u8]) -> Vec<u8> {
        let mut component = Component::new();
        super::super::copy_module(&mut component, module);
        component.finish()
    }

    #[test]
    fn the_most_called_function_comes_first_and_every_call_still_finds_its_own() -> Result<()> {
        // Functions 1 to 3: the third is called most, the first never; the imported one stays.
        let before = module(&[(7, &[3, 0, 2]), (8, &[3, 0, 0]), (9, &[2, 3])], 1);
        let after = module(&[(9, &[2, 1]), (8, &[1, 0, 0]), (7, &[1, 0, 2])], 3);
        assert_eq!(by_calls(&component(&before))?, component(&after));
        Ok(())
    }

    #[test]
    fn equal_functions_become_one() -> Result<()> {
        let before = module(&[(7, &[3, 2]), (8, &[0]), (8, &[0]), (8, &[])], 3);
        let after = module(&[(8, &[0]), (7, &[1, 1]), (8, &[])], 1);
        assert_eq!(by_calls(&component(&before))?, component(&after));
        Ok(())
    }

    #[test]
    fn behind_the_short_indices_nothing_moves() -> Result<()> {
        // 129 functions and one that is imported; the last one calls the two before it.
        let body = |number: i32| -> (i32, &[u32]) { (number, &[]) };
        let mut bodies: Vec<_> = (0..128).map(body).collect();
        bodies.push((128, &[127, 128]));
        let mut ordered: Vec<_> = [126, 127].into_iter().chain(0..126).map(body).collect();
        ordered.push((128, &[1, 2]));
        let (before, after) = (module(&bodies, 1), module(&ordered, 3));
        assert_eq!(by_calls(&component(&before))?, component(&after));
        assert!(by_calls(b"no wasm").is_err());
        Ok(())
    }
}
