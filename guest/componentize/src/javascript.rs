//! Takes a JavaScript policy out of the component that `componentize-qjs` makes.
//!
//! That component is three inside each other: the policy with its engine, a loader of modules that only the build used, and
//! stubs in place of WASI. They have a memory each, and Callsign's engine runs components with one. So the policy becomes
//! the whole component:
//!
//! - what it imports of others than the contract becomes functions that trap, which is what the stubs did;
//! - numbers of 64 bits become texts of 16 hexadecimal digits on their way into JavaScript, and numbers again on the way out:
//!   the tool makes numbers of 53 bits of them, and keys and recipients have 64.
//!
//! Only the order of a few indices changes; all code is the tool's own.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail, ensure};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportKind, ComponentImportSection,
    ComponentInstanceSection, ComponentSectionId, ComponentTypeSection, CustomSection, ExportKind, InstanceSection,
    InstanceType, ModuleArg, ModuleSection, PrimitiveValType, RawSection,
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentTypeRef, ExternalKind, Instance, Parser,
    Payload, Validator,
};

use crate::javascript_shims::{self as shims, Signature};

/// The package whose interfaces stay imports.
const CONTRACT: &str = "callsign:policy/";

/// The core modules and instances that come before the tool's own.
const SHIM_MODULES: u32 = 2;

/// Takes the policy out.
///
/// # Errors
/// The bytes are not what the pinned version of the tool makes.
pub fn unwrap(component: &[u8]) -> Result<Vec<u8>> {
    let policy = slice(component, find(component)?)?;
    let foreign = Foreign::of(policy)?;
    Rewriter::new(policy, &foreign).rewrite()
}

/// A part of the bytes.
fn slice(bytes: &[u8], range: Range<u64>) -> Result<&[u8]> {
    let (start, end) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
    bytes.get(start..end).context("it ends in the middle of a section")
}

/// Where the component is that has the modules of the policy itself: the first that has a core module and imports the
/// contract.
fn find(bytes: &[u8]) -> Result<Range<u64>> {
    struct Open {
        range: Range<u64>,
        is_component: bool,
        imports_contract: bool,
    }
    let mut open = vec![Open { range: 0..bytes.len() as u64, is_component: true, imports_contract: false }];
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.context("not a component")? {
            Payload::ComponentSection { unchecked_range: range, .. } => {
                open.push(Open { range, is_component: true, imports_contract: false });
            }
            Payload::ModuleSection { unchecked_range: range, .. } => {
                if let Some(Open { range, imports_contract: true, .. }) = open.last() {
                    return Ok(range.clone());
                }
                open.push(Open { range, is_component: false, imports_contract: false });
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    if let Some(open) = open.last_mut()
                        && import?.name.name.starts_with(CONTRACT)
                    {
                        open.imports_contract = open.is_component;
                    }
                }
            }
            Payload::End(_) => drop(open.pop()),
            _ => {}
        }
    }
    bail!("it has no core module beside an import of {CONTRACT}")
}

/// What a component has of imports that are not of the contract.
#[derive(Default)]
struct Foreign {
    /// The instances that are imported.
    instances: HashSet<u32>,
    /// Their types, and types that are theirs.
    types: HashSet<u32>,
    /// Their functions.
    functions: HashSet<u32>,
    /// The core functions that call them, with their types.
    calls: HashMap<u32, Signature>,
    /// An instance of the contract: its settings, whose `json` is a function that every policy may import.
    known: Option<u32>,
}

/// A component's sections with how deep inside others they are: 0 for its own.
fn sections(bytes: &[u8]) -> impl Iterator<Item = Result<(u32, Payload<'_>)>> {
    let mut depth = 0u32;
    Parser::new(0).parse_all(bytes).map(move |payload| {
        let payload = payload?;
        let at = depth;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        Ok((at, payload))
    })
}

/// How many there are of what has an index.
#[derive(Default)]
struct Counts {
    types: u32,
    instances: u32,
    functions: u32,
    core_functions: u32,
}

fn next(count: &mut u32) -> u32 {
    *count += 1;
    *count - 1
}

impl Foreign {
    fn of(bytes: &[u8]) -> Result<Self> {
        let (mut foreign, mut counts) = (Self::default(), Counts::default());
        // Only a validator knows the types of core functions.
        let mut validator = Validator::new();
        for section in sections(bytes) {
            let (depth, payload) = section?;
            validator.payload(&payload)?;
            if depth > 0 {
                continue;
            }
            match payload {
                Payload::ComponentTypeSection(section) => counts.types += section.count(),
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        foreign.import(import?, &mut counts)?;
                    }
                }
                Payload::ComponentAliasSection(section) => {
                    for alias in section {
                        foreign.alias(&alias?, &mut counts)?;
                    }
                }
                Payload::ComponentCanonicalSection(section) => {
                    let types = validator.types(0).context("no types")?;
                    for function in section {
                        let is_foreign = match function? {
                            CanonicalFunction::Lift { .. } => {
                                counts.functions += 1;
                                continue;
                            }
                            CanonicalFunction::Lower { func_index, .. } => foreign.functions.contains(&func_index),
                            CanonicalFunction::ResourceDrop { resource } => foreign.types.contains(&resource),
                            _ => bail!("it has a function of an unexpected kind"),
                        };
                        let core = next(&mut counts.core_functions);
                        if is_foreign {
                            let ty = types[types.core_function_at(core)].unwrap_func();
                            foreign.calls.insert(core, shims::signature(ty)?);
                        }
                    }
                }
                Payload::ComponentInstanceSection(section) => counts.instances += section.count(),
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        match export?.kind {
                            ComponentExternalKind::Func => counts.functions += 1,
                            ComponentExternalKind::Instance => counts.instances += 1,
                            ComponentExternalKind::Type => counts.types += 1,
                            _ => bail!("it exports something of an unexpected kind"),
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(foreign)
    }

    fn import(&mut self, import: wasmparser::ComponentImport<'_>, counts: &mut Counts) -> Result<()> {
        let name = import.name.name;
        let ComponentTypeRef::Instance(ty) = import.ty else { bail!("it imports {name}, which is not an interface") };
        let instance = next(&mut counts.instances);
        if !name.starts_with(CONTRACT) {
            self.instances.insert(instance);
            self.types.insert(ty);
        } else if name.starts_with("callsign:policy/settings@") {
            self.known = Some(instance);
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>, counts: &mut Counts) -> Result<()> {
        match *alias {
            ComponentAlias::InstanceExport { kind, instance_index, .. } => {
                let (index, of_kind) = match kind {
                    ComponentExternalKind::Type => (next(&mut counts.types), &mut self.types),
                    ComponentExternalKind::Func => (next(&mut counts.functions), &mut self.functions),
                    _ => bail!("it has an alias of an unexpected kind"),
                };
                if self.instances.contains(&instance_index) {
                    of_kind.insert(index);
                }
            }
            ComponentAlias::CoreInstanceExport { kind: ExternalKind::Func, .. } => counts.core_functions += 1,
            ComponentAlias::CoreInstanceExport { .. } => {}
            ComponentAlias::Outer { .. } => bail!("it has an alias of what is around it"),
        }
        Ok(())
    }
}

fn unread(error: Error<String>) -> anyhow::Error {
    anyhow!("{error}")
}

/// Writes the component anew.
struct Rewriter<'a> {
    bytes: &'a [u8],
    foreign: &'a Foreign,
    out: Component,
    /// The stubs by the core functions of the old component that they stand for.
    stubs: HashMap<u32, usize>,
    /// The core functions and instances of the old component, as they are numbered in the new one.
    functions: Vec<u32>,
    instances: Vec<u32>,
    /// How many core functions and instances the new one has.
    function_count: u32,
    instance_count: u32,
    /// How many types the component has so far, as many as the old one.
    types: u32,
    /// Whether the functions for numbers of 64 bits are in place.
    has_keys: bool,
}

impl Reencode for Rewriter<'_> {
    type Error = String;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<String>> {
        let found = self.functions.get(index as usize).copied();
        found.ok_or_else(|| Error::UserError(format!("there is no core function {index}")))
    }
}

impl ReencodeComponent for Rewriter<'_> {
    fn module_index(&mut self, module: u32) -> u32 {
        module + SHIM_MODULES
    }

    fn instance_index(&mut self, instance: u32) -> u32 {
        // Of a component that is valid there is every one that is named.
        self.instances.get(instance as usize).copied().unwrap_or(u32::MAX)
    }
}

impl<'a> Rewriter<'a> {
    fn new(bytes: &'a [u8], foreign: &'a Foreign) -> Self {
        let mut calls: Vec<u32> = foreign.calls.keys().copied().collect();
        calls.sort_unstable();
        let mut out = Component::new();
        let signatures = calls.iter().filter_map(|call| foreign.calls.get(call));
        out.section(&ModuleSection(&shims::traps(signatures)));
        out.section(&ModuleSection(&shims::keys()));
        let mut stubs = InstanceSection::new();
        stubs.instantiate(0, [] as [(&str, ModuleArg); 0]);
        out.section(&stubs);
        Self {
            bytes,
            foreign,
            out,
            stubs: calls.into_iter().zip(0..).collect(),
            functions: Vec::new(),
            instances: Vec::new(),
            function_count: 0,
            instance_count: 1,
            types: 0,
            has_keys: false,
        }
    }

    fn rewrite(mut self) -> Result<Vec<u8>> {
        for section in sections(self.bytes) {
            let (0, payload) = section? else { continue };
            match payload {
                Payload::ModuleSection { unchecked_range: range, .. } => {
                    self.copy(ComponentSectionId::CoreModule, range)?;
                }
                Payload::ComponentSection { unchecked_range: range, .. } => {
                    self.copy(ComponentSectionId::Component, range)?;
                }
                Payload::ComponentTypeSection(section) => self.types_of(section)?,
                Payload::ComponentImportSection(section) => self.imports_of(section)?,
                Payload::ComponentAliasSection(section) => {
                    for alias in section {
                        self.alias(alias?)?;
                    }
                }
                Payload::InstanceSection(section) => {
                    for instance in section {
                        self.core_instance(instance?)?;
                    }
                }
                Payload::ComponentCanonicalSection(section) => {
                    for function in section {
                        self.function(function?)?;
                    }
                }
                Payload::ComponentInstanceSection(section) => {
                    self.copy(ComponentSectionId::Instance, section.range())?;
                }
                Payload::ComponentExportSection(section) => {
                    for export in section.clone() {
                        self.types += u32::from(export?.kind == ComponentExternalKind::Type);
                    }
                    self.copy(ComponentSectionId::Export, section.range())?;
                }
                // What made it. Names of indices are those of the old component.
                Payload::CustomSection(section) if section.name() == "producers" => {
                    let (name, data) = (section.name().into(), section.data().into());
                    self.out.section(&CustomSection { name, data });
                }
                Payload::CustomSection(_) | Payload::Version { .. } | Payload::End(_) => {}
                _ => bail!("it has a section of an unexpected kind"),
            }
        }
        ensure!(self.has_keys, "it does not hand over values as the pinned version of the tool does");
        Ok(self.out.finish())
    }

    fn copy(&mut self, id: ComponentSectionId, range: Range<u64>) -> Result<()> {
        self.out.section(&RawSection { id: id.into(), data: slice(self.bytes, range)? });
        Ok(())
    }

    /// Types keep their indices: those of foreign interfaces become empty.
    fn types_of(&mut self, section: wasmparser::ComponentTypeSectionReader<'_>) -> Result<()> {
        let range = self.types..self.types + section.count();
        self.types = range.end;
        if !range.clone().any(|ty| self.foreign.types.contains(&ty)) {
            return self.copy(ComponentSectionId::Type, section.range());
        }
        let mut types = ComponentTypeSection::new();
        for (index, ty) in range.zip(section) {
            if self.foreign.types.contains(&index) {
                types.instance(&InstanceType::new());
            } else {
                self.parse_component_type(types.ty(), ty?).map_err(unread)?;
            }
        }
        self.out.section(&types);
        Ok(())
    }

    /// Instances keep their indices: foreign ones become empty.
    fn imports_of(&mut self, section: wasmparser::ComponentImportSectionReader<'_>) -> Result<()> {
        for import in section {
            let import = import?;
            if import.name.name.starts_with(CONTRACT) {
                let mut imports = ComponentImportSection::new();
                let ty = self.component_type_ref(import.ty).map_err(unread)?;
                imports.import(import.name.name, ty);
                self.out.section(&imports);
            } else {
                let mut instances = ComponentInstanceSection::new();
                instances.export_items([] as [(&str, ComponentExportKind, u32); 0]);
                self.out.section(&instances);
            }
        }
        Ok(())
    }

    fn alias(&mut self, alias: ComponentAlias<'_>) -> Result<()> {
        match alias {
            ComponentAlias::InstanceExport { kind, instance_index, .. }
                if self.foreign.instances.contains(&instance_index) =>
            {
                if kind == ComponentExternalKind::Type {
                    self.types += 1;
                    let mut types = ComponentTypeSection::new();
                    types.defined_type().primitive(PrimitiveValType::Bool);
                    self.out.section(&types);
                } else {
                    // Nothing calls it any more; any function of the contract keeps its index.
                    let instance = self.foreign.known.context("it does not import the contract's settings")?;
                    let (kind, name) = (ComponentExportKind::Func, "json");
                    self.out.section(ComponentAliasSection::new().alias(Alias::InstanceExport {
                        instance,
                        kind,
                        name,
                    }));
                }
                return Ok(());
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Type, .. } => self.types += 1,
            ComponentAlias::CoreInstanceExport { kind: ExternalKind::Func, .. } => {
                self.functions.push(next(&mut self.function_count));
            }
            _ => {}
        }
        let alias = self.component_alias(alias).map_err(unread)?;
        self.out.section(ComponentAliasSection::new().alias(alias));
        Ok(())
    }

    fn core_instance(&mut self, instance: Instance<'_>) -> Result<()> {
        let mut instances = InstanceSection::new();
        match &instance {
            Instance::FromExports(exports) if exports.iter().any(|export| export.name == shims::PUSH) => {
                let [push, pop] = self.keys(exports)?;
                let mut items = Vec::new();
                for export in exports {
                    let index = match (export.name, export.kind) {
                        (shims::PUSH, _) => push,
                        (shims::POP, _) => pop,
                        (_, ExternalKind::Func) => self.function_index(export.index).map_err(unread)?,
                        _ => export.index,
                    };
                    items.push((export.name, ExportKind::from(export.kind), index));
                }
                instances.export_items(items);
            }
            _ => self.parse_instance(&mut instances, instance).map_err(unread)?,
        }
        self.out.section(&instances);
        self.instances.push(next(&mut self.instance_count));
        Ok(())
    }

    /// Puts the functions for numbers of 64 bits in place, and says which they are.
    fn keys(&mut self, exports: &[wasmparser::Export<'_>]) -> Result<[u32; 2]> {
        let mut items = vec![("memory", ExportKind::Memory, 0)];
        for name in shims::USED {
            let export = exports.iter().find(|export| export.name == name && export.kind == ExternalKind::Func);
            let export = export.with_context(|| format!("it has no {name}"))?;
            items.push((name, ExportKind::Func, self.function_index(export.index).map_err(unread)?));
        }
        let mut instances = InstanceSection::new();
        instances.export_items(items);
        let used = next(&mut self.instance_count);
        instances.instantiate(1, [("env", ModuleArg::Instance(used))]);
        let instance = next(&mut self.instance_count);
        self.out.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        for name in [shims::PUSH, shims::POP] {
            aliases.alias(Alias::CoreInstanceExport { instance, kind: ExportKind::Func, name });
        }
        self.out.section(&aliases);
        self.has_keys = true;
        Ok([next(&mut self.function_count), next(&mut self.function_count)])
    }

    fn function(&mut self, function: CanonicalFunction) -> Result<()> {
        let is_core = !matches!(function, CanonicalFunction::Lift { .. });
        let stub = if is_core { self.stubs.get(&(self.functions.len() as u32)).copied() } else { None };
        if is_core {
            self.functions.push(next(&mut self.function_count));
        }
        if let Some(stub) = stub {
            let (kind, name) = (ExportKind::Func, &*stub.to_string());
            self.out.section(ComponentAliasSection::new().alias(Alias::CoreInstanceExport { instance: 0, kind, name }));
            return Ok(());
        }
        let mut functions = CanonicalFunctionSection::new();
        self.parse_component_canonical(&mut functions, function).map_err(unread)?;
        self.out.section(&functions);
        Ok(())
    }
}
