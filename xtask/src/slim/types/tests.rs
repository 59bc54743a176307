use super::*;
use wasm_encoder::{ComponentValType, NestedComponentSection, PrimitiveValType};

const TEXT: ComponentValType = ComponentValType::Primitive(PrimitiveValType::String);

/// Two records of one shape and one that holds both: as an outer component has them, or as an inner one names them.
fn types(are_named: bool) -> Component {
    let mut component = Component::new();
    // A name is an index too.
    let [first, second] = if are_named { [1, 3] } else { [0, 1] }.map(ComponentValType::Type);
    for (name, index) in [("a", 0), ("b", 2), ("both", 4)] {
        let mut ty = ComponentTypeSection::new();
        match name {
            "both" => define_both(&mut ty, first, second),
            _ => ty.defined_type().record([("text", TEXT)]),
        }
        component.section(&ty);
        if are_named {
            let mut export = ComponentExportSection::new();
            export.export(name, ComponentExportKind::Type, index, None);
            component.section(&export);
        }
    }
    component
}

fn define_both(ty: &mut ComponentTypeSection, first: ComponentValType, second: ComponentValType) {
    ty.defined_type()
        .record([("first", first), ("second", second)]);
}

/// An outer component whose first inner one gives `both`, as its type `alias`, to the second one.
fn with_inner(mut outer: Component, inner: &Component, alias: u32) -> Vec<u8> {
    outer.section(&NestedComponentSection(inner));
    let mut instance = ComponentInstanceSection::new();
    instance.instantiate::<[(&str, ComponentExportKind, u32); 0], &str>(0, []);
    outer.section(&instance);
    export(&mut outer);
    let mut both = ComponentAliasSection::new();
    both.alias(wasm_encoder::Alias::InstanceExport {
        instance: 1,
        kind: ComponentExportKind::Type,
        name: "both",
    });
    outer.section(&both);
    finish(outer, 1, alias)
}

fn export(outer: &mut Component) {
    let mut export = ComponentExportSection::new();
    export.export("types", ComponentExportKind::Instance, 0, None);
    outer.section(&export);
}

/// Ends with a component that has types and is given one, and a type that refers to it.
fn finish(mut outer: Component, component: u32, ty: u32) -> Vec<u8> {
    outer.section(&NestedComponentSection(&types(false)));
    let mut instance = ComponentInstanceSection::new();
    instance.instantiate(component, [("both", ComponentExportKind::Type, ty)]);
    outer.section(&instance);
    let mut list = ComponentTypeSection::new();
    list.defined_type().list(ComponentValType::Type(ty));
    outer.section(&list);
    outer.finish()
}

fn with_list(mut outer: Component) -> Vec<u8> {
    let types = [("a", 0), ("b", 1), ("both", 2)];
    let types = types.map(|(name, index)| (name, ComponentExportKind::Type, index));
    let mut list = ComponentInstanceSection::new();
    list.export_items(types);
    outer.section(&list);
    export(&mut outer);
    finish(outer, 0, 2)
}

#[test]
fn a_component_of_types_becomes_a_list_of_those_outside() -> Result<()> {
    let inner = types(true);
    assert_eq!(
        once(&with_inner(types(false), &inner, 3))?,
        with_list(types(false))
    );
    Ok(())
}

#[test]
fn what_is_defined_only_inside_is_defined_outside() -> Result<()> {
    let inner = types(true);
    let mut missing = ComponentTypeSection::new();
    missing.defined_type().record([("text", TEXT)]);
    missing.defined_type().record([("text", TEXT)]);
    let [first, second] = [0, 1].map(ComponentValType::Type);
    define_both(&mut missing, first, second);
    let mut defined = Component::new();
    defined.section(&missing);
    let given = with_inner(Component::new(), &inner, 0);
    assert_eq!(once(&given)?, with_list(defined));
    Ok(())
}

#[test]
fn other_components_stay() -> Result<()> {
    let mut with_two_names = types(true);
    let mut export = ComponentExportSection::new();
    export.export("c", ComponentExportKind::Type, 0, None);
    with_two_names.section(&export);
    for inner in [Component::new(), types(false), with_two_names] {
        let component = with_inner(types(false), &inner, 3);
        assert_eq!(once(&component)?, component);
    }
    assert!(once(b"no wasm").is_err());
    Ok(())
}
