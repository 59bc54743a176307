//! The contract in `wit/`: it stands on its own, and every item says what it is and since when.

use anyhow::Result;
use wit_parser::{
    Docs, Function, Interface, Resolve, Stability, Type, TypeDef, TypeDefKind, World, WorldItem,
};

use crate::workspace::Workspace;

/// Parses and validates the package.
///
/// # Errors
/// The package is not valid, or items lack docs or `@since`: one line for each.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut resolve = Resolve::new();
    resolve.push_dir(workspace.root.join("wit"))?;
    let problems = problems(&resolve);
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

fn problems(resolve: &Resolve) -> Vec<String> {
    let mut found = Problems(Vec::new());
    for (_, interface) in &resolve.interfaces {
        found.interface(resolve, interface);
    }
    for (_, world) in &resolve.worlds {
        found.world(resolve, world);
    }
    found.0
}

struct Problems(Vec<String>);

impl Problems {
    fn interface(&mut self, resolve: &Resolve, interface: &Interface) {
        let name = interface.name.as_deref().unwrap_or("(inline)");
        self.item(
            &format!("interface {name}"),
            &interface.docs,
            &interface.stability,
        );
        for (type_name, id) in &interface.types {
            if let Some(item) = resolve.types.get(*id).filter(|item| !is_use(resolve, item)) {
                self.item(
                    &format!("type {name}.{type_name}"),
                    &item.docs,
                    &item.stability,
                );
            }
        }
        for function in interface.functions.values() {
            self.function(name, function);
        }
    }

    fn world(&mut self, resolve: &Resolve, world: &World) {
        let name = &world.name;
        self.item(&format!("world {name}"), &world.docs, &world.stability);
        // Imports that exports imply are listed too, but nobody wrote them, so they have no docs.
        for (key, item) in &world.exports {
            match item {
                WorldItem::Interface {
                    docs, stability, ..
                } => {
                    self.item(
                        &format!("{} in world {name}", resolve.name_world_key(key)),
                        docs,
                        stability,
                    );
                }
                WorldItem::Function(function) => self.function(name, function),
                WorldItem::Type { .. } => {}
            }
        }
    }

    fn function(&mut self, owner: &str, function: &Function) {
        let what = format!("function {owner}.{}", function.name);
        self.item(&what, &function.docs, &function.stability);
    }

    fn item(&mut self, what: &str, docs: &Docs, stability: &Stability) {
        if docs
            .contents
            .as_deref()
            .is_none_or(|text| text.trim().is_empty())
        {
            self.0.push(format!("{what} has no docs"));
        }
        if !matches!(stability, Stability::Stable { .. }) {
            self.0.push(format!("{what} has no @since"));
        }
    }
}

/// Whether the type was brought in by `use`; it is documented where it is defined.
fn is_use(resolve: &Resolve, item: &TypeDef) -> bool {
    let TypeDefKind::Type(Type::Id(id)) = item.kind else {
        return false;
    };
    resolve
        .types
        .get(id)
        .is_some_and(|origin| origin.owner != item.owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(source: &str) -> Result<Vec<String>> {
        let mut resolve = Resolve::new();
        resolve.push_source("test.wit", source)?;
        Ok(problems(&resolve))
    }

    #[test]
    fn a_complete_package_passes() -> Result<()> {
        let source = "package a:b@0.1.0;
            /// Docs.
            @since(version = 0.1.0)
            interface i {
              /// Docs.
              @since(version = 0.1.0)
              record r { field: u32 }
            }
            /// Docs.
            @since(version = 0.1.0)
            interface j {
              use i.{r};
              /// Docs.
              @since(version = 0.1.0)
              f: func() -> r;
            }
            /// Docs.
            @since(version = 0.1.0)
            world w {
              /// Docs.
              @since(version = 0.1.0)
              export j;
            }";
        assert_eq!(problems_of(source)?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn every_item_that_lacks_something_is_named() -> Result<()> {
        let source = "package a:b@0.1.0;
            /// Docs.
            interface i {
              @since(version = 0.1.0)
              type t = u32;
              /// Docs.
              @since(version = 0.1.0)
              resource r {
                m: func();
              }
            }
            @since(version = 0.1.0)
            world w {
              export i;
            }";
        let expected = [
            "interface i has no @since",
            "type i.t has no docs",
            "function i.[method]r.m has no docs",
            "function i.[method]r.m has no @since",
            "world w has no docs",
            "a:b/i@0.1.0 in world w has no docs",
            "a:b/i@0.1.0 in world w has no @since",
        ];
        assert_eq!(problems_of(source)?, expected);
        Ok(())
    }

    #[test]
    fn a_package_that_does_not_resolve_is_an_error() {
        assert!(problems_of("package a:b; interface i { f: func() -> missing; }").is_err());
    }
}
