//! Whether a component is plain: one program of its own, and nothing around it but what links it to the contract.
//!
//! That is how the usual tool (`wit-component`) makes components. It has to link imports that need the program's memory,
//! before that memory is there. So beside the program there are two small modules:
//!
//! ```text
//! forwarding   has an empty table, and functions that call what is in it; the program imports those
//! program      starts, and has its memory
//! filling      puts the imports, which now know the memory, into the table
//! ```
//!
//! Here every index is followed through all three, until it is certain that each import of the program is that function of the
//! contract that has its name, and each export a function of the program, all with one memory. Then the detour can be
//! left out, and what is called is the same. Whatever else a component has makes it not plain: another module, a
//! start function, a memory of another kind, an import that is linked to something else or to an interface of a later
//! patch version. Such a component is no worse; it is called as a component.
//!
//! The bytes need not be valid. Whether they are is for the compiler to say, and what is found here means something only
//! for a component that compiles.

mod module;

use std::collections::BTreeMap;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExport, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Encoding, ExternalKind, FromReader, Instance, Parser, Payload,
    SectionLimited,
};

use self::module::{Import, Module};
use super::abi;

/// The most items of each kind that are looked at. A plain component has an instance for each imported interface, and
/// four more.
const MAX_ITEMS: usize = 256;

/// The most modules: the program, and the two that link it.
const MAX_MODULES: usize = 3;

/// What the names of the contract's interfaces begin with.
const PACKAGE: &str = "callsign:policy/";

/// The name under which the program is exported, see [`CoreShape::export_program`].
pub(super) const PROGRAM: &str = "callsign-program";

/// A plain component. Only [`CoreShape::of`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CoreShape {
    /// The index of the program among the modules of the component.
    program: u8,
    pub(super) memory: String,
    pub(super) realloc: Option<String>,
    pub(super) check_settings: CoreExport,
    pub(super) resolve: CoreExport,
    pub(super) resolve_batch: CoreExport,
    pub(super) refusal_text: CoreExport,
    pub(super) explain: Option<CoreExport>,
}

/// A function of the program that the component exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CoreExport {
    pub(super) name: String,
    /// What is called with the result once that was read.
    pub(super) post_return: Option<String>,
}

impl CoreShape {
    /// The shape of a component; none if it is not plain.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut parts = Parts::default();
        let mut payloads = Parser::new(0).parse_all(bytes).map_while(Result::ok);
        let Payload::Version { encoding: Encoding::Component, .. } = payloads.next()? else { return None };
        loop {
            let payload = payloads.next()?;
            if let Payload::End(_) = payload {
                return parts.shape();
            }
            parts.visit(payload, &mut payloads)?;
        }
    }

    /// The component with its program as one more export, so that the host can have it compiled but once.
    pub(crate) fn export_program(&self, component: &[u8]) -> Vec<u8> {
        let name = PROGRAM.as_bytes();
        // One export: a name, the sort and the index of a core module, and no type that it is given.
        let content = [&[1, 0, name.len() as u8], name, &[0x00, 0x11, self.program, 0]].concat();
        // The section of exports.
        [component, &[11, content.len() as u8], &content].concat()
    }
}

/// A function of the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CoreFunction<'a> {
    /// An import of the component, by its interface and its name.
    Lowered { interface: &'a str, name: &'a str, options: Options<'a> },
    /// An export of the program.
    Program(&'a str),
    /// What is in a place of the table.
    Forwarding(u32),
}

/// The canonical options of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Options<'a> {
    memory: Option<&'a str>,
    realloc: Option<&'a str>,
    post_return: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
enum CoreItem<'a> {
    Function(CoreFunction<'a>),
    /// The table of the forwarding module.
    Table,
}

#[derive(Debug)]
enum CoreInstance<'a> {
    Program,
    Forwarding,
    Filling,
    Exports(BTreeMap<&'a str, CoreItem<'a>>),
}

/// A function of the component.
#[derive(Debug, Clone, Copy)]
enum Function<'a> {
    Imported { interface: &'a str, name: &'a str },
    Lifted { name: &'a str, options: Options<'a> },
}

#[derive(Debug, Clone)]
enum ComponentPart<'a> {
    /// An imported instance.
    Imported(&'a str),
    Exports(BTreeMap<&'a str, Function<'a>>),
}

/// A component inside that gives an interface its names: what it exports, by the names of what it imports.
#[derive(Debug)]
struct Naming<'a>(BTreeMap<&'a str, &'a str>);

/// What was seen of a component so far, by index.
#[derive(Debug, Default)]
struct Parts<'a> {
    modules: Vec<Module<'a>>,
    components: Vec<Naming<'a>>,
    core_instances: Vec<CoreInstance<'a>>,
    core_functions: Vec<CoreFunction<'a>>,
    /// The names of the program's exports.
    core_memories: Vec<&'a str>,
    /// All of them are that of the forwarding module.
    core_tables: usize,
    functions: Vec<Function<'a>>,
    instances: Vec<ComponentPart<'a>>,
    exports: BTreeMap<&'a str, BTreeMap<&'a str, Function<'a>>>,
    program: Option<(u32, Vec<(Import<'a>, CoreFunction<'a>)>)>,
    forwarding: Option<u32>,
    /// What the table was filled with.
    table: Option<Vec<CoreFunction<'a>>>,
}

/// Adds an item to a list, unless that has as many as are looked at.
fn put<T>(list: &mut Vec<T>, item: T) -> Option<()> {
    (list.len() < MAX_ITEMS).then(|| list.push(item))
}

/// Reads the items of a section, one after the other, until one of them has no place in a plain component.
fn each<'a, T: FromReader<'a>>(section: SectionLimited<'a, T>, mut read: impl FnMut(T) -> Option<()>) -> Option<()> {
    section.into_iter().try_for_each(|item| read(item.ok()?))
}

impl<'a> Parts<'a> {
    /// Visits a payload of the component, and those inside it.
    fn visit(&mut self, payload: Payload<'a>, rest: &mut impl Iterator<Item = Payload<'a>>) -> Option<()> {
        match payload {
            Payload::CustomSection(_) | Payload::ComponentTypeSection(_) | Payload::CoreTypeSection(_) => {}
            Payload::ModuleSection { .. } if self.modules.len() < MAX_MODULES => self.modules.push(Module::read(rest)?),
            Payload::ComponentSection { .. } => put(&mut self.components, Naming::read(rest)?)?,
            Payload::InstanceSection(section) => each(section, |instance| {
                let instance = self.core_instance(instance)?;
                put(&mut self.core_instances, instance)
            })?,
            Payload::ComponentInstanceSection(section) => each(section, |instance| {
                let instance = self.instance(instance)?;
                put(&mut self.instances, instance)
            })?,
            Payload::ComponentAliasSection(section) => each(section, |alias| self.alias(alias))?,
            Payload::ComponentImportSection(section) => each(section, |import| match import.ty {
                ComponentTypeRef::Instance(_) => put(&mut self.instances, ComponentPart::Imported(import.name.name)),
                ComponentTypeRef::Type(_) => Some(()),
                _ => None,
            })?,
            Payload::ComponentCanonicalSection(section) => each(section, |function| self.canonical(function))?,
            Payload::ComponentExportSection(section) => each(section, |export| self.export(&export))?,
            _ => return None,
        }
        Some(())
    }

    fn export(&mut self, export: &ComponentExport<'a>) -> Option<()> {
        // The name that the program is exported under must be free. Names that differ in case alone are one.
        if export.name.name.to_ascii_lowercase().contains(PROGRAM) {
            return None;
        }
        match export.kind {
            ComponentExternalKind::Instance => {
                let instance = self.instances.get(export.index as usize)?.clone();
                let ComponentPart::Exports(functions) = &instance else { return None };
                self.exports.insert(export.name.name, functions.clone());
                put(&mut self.instances, instance)
            }
            ComponentExternalKind::Type => Some(()),
            _ => None,
        }
    }

    fn core_instance(&mut self, instance: Instance<'a>) -> Option<CoreInstance<'a>> {
        let (index, arguments) = match instance {
            Instance::FromExports(exports) if exports.len() > MAX_ITEMS => return None,
            Instance::FromExports(exports) => {
                let mut items = BTreeMap::new();
                for export in &exports {
                    let item = match export.kind {
                        ExternalKind::Func => CoreItem::Function(*self.core_functions.get(export.index as usize)?),
                        ExternalKind::Table if (export.index as usize) < self.core_tables => CoreItem::Table,
                        _ => return None,
                    };
                    items.insert(export.name, item);
                }
                return Some(CoreInstance::Exports(items));
            }
            Instance::Instantiate { args, .. } if args.len() > MAX_ITEMS => return None,
            Instance::Instantiate { module_index, args } => (module_index, args),
        };
        let argument = |Import { module, name }: &Import| {
            let given = arguments.iter().find(|given| given.name == *module)?;
            match self.core_instances.get(given.index as usize)? {
                CoreInstance::Exports(items) => items.get(name).cloned(),
                // All that it exports is its functions, whose names are their places, and its table.
                CoreInstance::Forwarding => Some(match name.parse() {
                    Ok(place) => CoreItem::Function(CoreFunction::Forwarding(place)),
                    Err(_) => CoreItem::Table,
                }),
                CoreInstance::Program | CoreInstance::Filling => None,
            }
        };
        match self.modules.get(index as usize)? {
            Module::Program(imports) => {
                let mut given = Vec::new();
                for import in imports {
                    let CoreItem::Function(function) = argument(import)? else { return None };
                    given.push((*import, function));
                }
                // A second program would be another memory.
                if self.program.is_some() {
                    return None;
                }
                self.program = Some((index, given));
                Some(CoreInstance::Program)
            }
            &Module::Forwarding(places) => {
                if self.forwarding.is_some() {
                    return None;
                }
                self.forwarding = Some(places);
                Some(CoreInstance::Forwarding)
            }
            Module::Filling { table, functions } => {
                let CoreItem::Table = argument(table)? else { return None };
                let mut filled = Vec::new();
                for import in functions {
                    let CoreItem::Function(function) = argument(import)? else { return None };
                    filled.push(function);
                }
                if self.table.is_some() || self.forwarding != u32::try_from(filled.len()).ok() {
                    return None;
                }
                self.table = Some(filled);
                Some(CoreInstance::Filling)
            }
        }
    }

    fn instance(&self, instance: ComponentInstance<'a>) -> Option<ComponentPart<'a>> {
        match instance {
            ComponentInstance::Instantiate { args, .. } if args.len() > MAX_ITEMS => None,
            ComponentInstance::Instantiate { component_index, args } => {
                let Naming(names) = self.components.get(component_index as usize)?;
                let mut exports = BTreeMap::new();
                for (&export, &import) in names {
                    let of_name = |kind| args.iter().find(|given| given.kind == kind && given.name == import);
                    let given = of_name(ComponentExternalKind::Func)?;
                    exports.insert(export, *self.functions.get(given.index as usize)?);
                }
                Some(ComponentPart::Exports(exports))
            }
            ComponentInstance::FromExports(exports) if exports.len() > MAX_ITEMS => None,
            ComponentInstance::FromExports(exports) => {
                let mut functions = BTreeMap::new();
                for export in &exports {
                    match export.kind {
                        ComponentExternalKind::Func => {
                            let function = *self.functions.get(export.index as usize)?;
                            functions.insert(export.name.name, function);
                        }
                        ComponentExternalKind::Type => {}
                        _ => return None,
                    }
                }
                Some(ComponentPart::Exports(functions))
            }
        }
    }

    fn alias(&mut self, alias: ComponentAlias<'a>) -> Option<()> {
        match alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, instance_index, name } => {
                let function = match self.instances.get(instance_index as usize)? {
                    ComponentPart::Imported(interface) => Function::Imported { interface, name },
                    ComponentPart::Exports(functions) => *functions.get(name)?,
                };
                put(&mut self.functions, function)?;
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Type, .. } => {}
            ComponentAlias::CoreInstanceExport { kind, instance_index, name } => {
                match (kind, self.core_instances.get(instance_index as usize)?) {
                    (ExternalKind::Func, CoreInstance::Program) => {
                        put(&mut self.core_functions, CoreFunction::Program(name))?;
                    }
                    (ExternalKind::Func, CoreInstance::Forwarding) => {
                        put(&mut self.core_functions, CoreFunction::Forwarding(name.parse().ok()?))?;
                    }
                    (ExternalKind::Memory, CoreInstance::Program) => put(&mut self.core_memories, name)?,
                    (ExternalKind::Table, CoreInstance::Forwarding) => self.core_tables += 1,
                    _ => return None,
                }
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, .. } => {}
            _ => return None,
        }
        Some(())
    }

    fn canonical(&mut self, function: CanonicalFunction) -> Option<()> {
        match function {
            CanonicalFunction::Lift { core_func_index, options, .. } => {
                let CoreFunction::Program(name) = self.core_functions.get(core_func_index as usize)? else {
                    return None;
                };
                let (name, options) = (*name, self.options(&options)?);
                put(&mut self.functions, Function::Lifted { name, options })?;
            }
            CanonicalFunction::Lower { func_index, options } => {
                let Function::Imported { interface, name } = *self.functions.get(func_index as usize)? else {
                    return None;
                };
                let options = self.options(&options)?;
                put(&mut self.core_functions, CoreFunction::Lowered { interface, name, options })?;
            }
            _ => return None,
        }
        Some(())
    }

    fn options(&self, options: &[CanonicalOption]) -> Option<Options<'a>> {
        let program = |index: u32| match self.core_functions.get(index as usize)? {
            CoreFunction::Program(name) => Some(*name),
            _ => None,
        };
        let mut read = Options::default();
        for option in options {
            match *option {
                CanonicalOption::UTF8 => {}
                CanonicalOption::Memory(index) => read.memory = Some(*self.core_memories.get(index as usize)?),
                CanonicalOption::Realloc(index) => read.realloc = Some(program(index)?),
                CanonicalOption::PostReturn(index) => read.post_return = Some(program(index)?),
                _ => return None,
            }
        }
        Some(read)
    }

    /// The shape, once all was seen.
    fn shape(self) -> Option<CoreShape> {
        let (program, imports) = self.program?;
        let (mut memory, mut realloc) = (None, None);
        let mut agree =
            |options: &Options<'a>| same(&mut memory, options.memory) && same(&mut realloc, options.realloc);
        for (import, function) in &imports {
            let function = match function {
                CoreFunction::Forwarding(place) => self.table.as_ref()?.get(*place as usize)?,
                function => function,
            };
            let CoreFunction::Lowered { interface, name, options } = function else { return None };
            if (&import.module, &import.name) != (interface, name) || !agree(options) {
                return None;
            }
            // The component finds an interface under a later patch version too, the program does not.
            if !abi::IMPORTS.contains(interface) {
                return None;
            }
        }
        let mut export = |interface: &str, name: &str| match self.exports.get(interface)?.get(name)? {
            Function::Lifted { name, options } if agree(options) => {
                Some(CoreExport { name: (*name).to_owned(), post_return: options.post_return.map(str::to_owned) })
            }
            _ => None,
        };
        // The same of what is exported.
        let mut of_contract = self.exports.keys().copied().filter(|name| name.starts_with(PACKAGE));
        if !of_contract.all(|name| [abi::POLICY, abi::EXPLAIN].contains(&name)) {
            return None;
        }
        let explain = match self.exports.contains_key(abi::EXPLAIN) {
            true => Some(export(abi::EXPLAIN, "explain")?),
            false => None,
        };
        let check_settings = export(abi::POLICY, "check-settings")?;
        let resolve = export(abi::POLICY, "resolve")?;
        let resolve_batch = export(abi::POLICY, "resolve-batch")?;
        let refusal_text = export(abi::POLICY, "refusal-text")?;
        let program = u8::try_from(program).ok()?;
        Some(CoreShape {
            program,
            memory: memory?.to_owned(),
            realloc: realloc.map(str::to_owned),
            check_settings,
            resolve,
            resolve_batch,
            refusal_text,
            explain,
        })
    }
}

/// Whether what a function has, if it has any, is what the ones before have.
fn same<'a>(all: &mut Option<&'a str>, own: Option<&'a str>) -> bool {
    own.is_none_or(|own| *all.get_or_insert(own) == own)
}

impl<'a> Naming<'a> {
    fn read(payloads: &mut impl Iterator<Item = Payload<'a>>) -> Option<Self> {
        let Payload::Version { encoding: Encoding::Component, .. } = payloads.next()? else { return None };
        let (mut functions, mut exports) = (Vec::new(), BTreeMap::new());
        loop {
            match payloads.next()? {
                Payload::End(_) => return Some(Self(exports)),
                Payload::CustomSection(_) | Payload::ComponentTypeSection(_) => {}
                Payload::ComponentAliasSection(section) => each(section, |alias| match alias {
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, .. } => Some(()),
                    _ => None,
                })?,
                Payload::ComponentImportSection(section) => each(section, |import| match import.ty {
                    ComponentTypeRef::Func(_) => put(&mut functions, import.name.name),
                    ComponentTypeRef::Type(_) => Some(()),
                    _ => None,
                })?,
                Payload::ComponentExportSection(section) => each(section, |export| match export.kind {
                    ComponentExternalKind::Func => {
                        let import = *functions.get(export.index as usize)?;
                        exports.insert(export.name.name, import);
                        put(&mut functions, import)
                    }
                    ComponentExternalKind::Type => Some(()),
                    _ => None,
                })?,
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
