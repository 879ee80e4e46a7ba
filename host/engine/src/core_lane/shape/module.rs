//! The modules of a plain component: which of the three each is.

use wasmparser::{
    CompositeInnerType, ElementItems, ElementKind, Encoding, ExternalKind, FunctionBody, Operator, Payload, TypeRef,
};

use super::{MAX_ITEMS, put};

/// A module of a plain component.
#[derive(Debug)]
pub(super) enum Module<'a> {
    /// The program, and what it imports.
    Program(Vec<Import<'a>>),
    /// Its functions call what is in the table, each its own place.
    Forwarding(u32),
    /// Fills a table that it imports with the functions that it imports, each in its own place.
    Filling { table: Import<'a>, functions: Vec<Import<'a>> },
}

/// A function or a table that a module imports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Import<'a> {
    pub(super) module: &'a str,
    pub(super) name: &'a str,
}

/// What was read of a module, until it is known which of the three it is.
#[derive(Debug, Default)]
struct ModuleParts<'a> {
    /// How many parameters each type has; none for what is no function.
    types: Vec<Option<u32>>,
    imports: Vec<(Import<'a>, TypeRef)>,
    functions: Vec<u32>,
    bodies: Vec<Option<u32>>,
    tables: usize,
    memories: usize,
    /// Whether its only memory is of the usual kind.
    memory_is_plain: bool,
    globals: usize,
    /// Whether it exports something else than its table, and functions by their places.
    exports_otherwise: bool,
    /// How many functions its segment puts into the table, the first into the first place, and so on.
    filled: Option<usize>,
    segments: usize,
}

/// Adds an item to a list, unless that has one more than are looked at already. A program has any number of these, and
/// they matter for the two small modules alone.
fn put_first<T>(list: &mut Vec<T>, item: T) {
    if list.len() <= MAX_ITEMS {
        list.push(item);
    }
}

impl<'a> Module<'a> {
    /// Reads a module to its end; none if it is none of the three.
    pub(super) fn read(payloads: &mut impl Iterator<Item = Payload<'a>>) -> Option<Self> {
        let Payload::Version { encoding: Encoding::Module, .. } = payloads.next()? else { return None };
        let mut parts = ModuleParts::default();
        loop {
            match payloads.next()? {
                Payload::End(_) => return parts.module(),
                // Nothing of a program may run before it is called.
                Payload::StartSection { .. } | Payload::TagSection(_) => return None,
                Payload::TypeSection(section) => {
                    for group in section {
                        for ty in group.ok()?.into_types() {
                            let function = match ty.composite_type.inner {
                                CompositeInnerType::Func(function) => u32::try_from(function.params().len()).ok(),
                                _ => None,
                            };
                            put_first(&mut parts.types, function);
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.ok()?;
                        put(&mut parts.imports, (Import { module: import.module, name: import.name }, import.ty))?;
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        put_first(&mut parts.functions, ty.ok()?);
                    }
                }
                Payload::TableSection(section) => parts.tables += section.count() as usize,
                Payload::MemorySection(section) => {
                    for memory in section {
                        let memory = memory.ok()?;
                        parts.memories += 1;
                        parts.memory_is_plain = !memory.shared && !memory.memory64 && memory.page_size_log2.is_none();
                    }
                }
                Payload::GlobalSection(section) => parts.globals += section.count() as usize,
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.ok()?;
                        parts.exports_otherwise |= match export.kind {
                            ExternalKind::Func => export.name.parse() != Ok(export.index),
                            kind => kind != ExternalKind::Table,
                        };
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        parts.segments += 1;
                        parts.filled = filled_from_the_first(&element.ok()?);
                    }
                }
                Payload::CodeSectionEntry(body) if parts.bodies.len() < MAX_ITEMS => {
                    let place = forwarded_place(&body, &parts);
                    parts.bodies.push(place);
                }
                _ => {}
            }
        }
    }
}

impl<'a> ModuleParts<'a> {
    fn module(self) -> Option<Module<'a>> {
        let (functions, others): (Vec<_>, Vec<_>) =
            self.imports.into_iter().partition(|(_, ty)| matches!(ty, TypeRef::Func(_)));
        let functions: Vec<Import<'_>> = functions.into_iter().map(|(import, _)| import).collect();
        if self.memories == 1 && self.memory_is_plain && others.is_empty() {
            return Some(Module::Program(functions));
        }
        if self.memories != 0 || self.globals != 0 {
            return None;
        }
        if let [(table, TypeRef::Table(_))] = *others {
            let is_empty = self.functions.is_empty() && self.tables == 0;
            let fills = is_empty && self.filled == Some(functions.len()) && self.segments == 1;
            return fills.then_some(Module::Filling { table, functions });
        }
        let places = u32::try_from(self.functions.len()).ok()?;
        let forwards = (functions.is_empty() && others.is_empty())
            && self.tables == 1
            && self.segments == 0
            && self.bodies.iter().copied().eq((0..places).map(Some))
            && !self.exports_otherwise;
        forwards.then_some(Module::Forwarding(places))
    }
}

/// How many functions a segment puts into the only table, from its first place on and in their order; none if it does
/// anything else.
fn filled_from_the_first(element: &wasmparser::Element<'_>) -> Option<usize> {
    let ElementKind::Active { table_index: None | Some(0), offset_expr } = &element.kind else { return None };
    let mut offset = offset_expr.get_operators_reader();
    if !matches!(offset.read().ok()?, Operator::I32Const { value: 0 }) || !matches!(offset.read().ok()?, Operator::End)
    {
        return None;
    }
    let ElementItems::Functions(functions) = &element.items else { return None };
    for (place, function) in functions.clone().into_iter().enumerate() {
        if function.ok()? as usize != place {
            return None;
        }
    }
    Some(functions.count() as usize)
}

/// The place in the table whose function a body calls with its own parameters; none if it does anything else.
fn forwarded_place(body: &FunctionBody<'_>, parts: &ModuleParts<'_>) -> Option<u32> {
    let own = *parts.functions.get(parts.bodies.len())?;
    let parameters = (*parts.types.get(own as usize)?)?;
    if body.get_locals_reader().ok()?.get_count() != 0 {
        return None;
    }
    let mut operators = body.get_operators_reader().ok()?;
    for parameter in 0..parameters {
        let Operator::LocalGet { local_index } = operators.read().ok()? else { return None };
        if local_index != parameter {
            return None;
        }
    }
    let Operator::I32Const { value } = operators.read().ok()? else { return None };
    let Operator::CallIndirect { type_index, table_index: 0 } = operators.read().ok()? else { return None };
    let ends = matches!(operators.read().ok()?, Operator::End) && operators.eof();
    (ends && type_index == own).then(|| u32::try_from(value).ok()).flatten()
}
