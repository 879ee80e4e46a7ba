//! Writes `core_abi.rs`: the contract as core functions, for programs that are called through the core lane
//! (`src/core_lane.rs`).
//!
//! The canonical ABI is the rule by which components pass values: numbers in registers, texts and lists as an address and a
//! length in the memory of whoever receives them, records field by field at fixed offsets. Here the rule is applied to
//! `wit/policy.wit`, and what comes of it is written as Rust:
//!
//! - a function for each import, which reads its parameters, calls the same `Host` method as for components, and writes
//!   the result where the program wants it;
//! - for each export the registers that it takes;
//! - for each type how it is read (`FromFlat`, `Load`) and written (`Store`, `Plain`), with the traits of
//!   `src/core_lane/canonical.rs`.
//!
//! So a change of the contract cannot leave it behind. It knows only what the contract uses: anything else, such as a
//! variant as a parameter, stops the build with words that say what.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Function, InterfaceId, Resolve, SizeAlign, Type, TypeDefKind, TypeId, TypeOwner, WorldItem, WorldKey,
};

/// The most cases of a variant or an enum: their number is one byte then.
const MAX_CASES: usize = 256;

/// What a type is made for. Each is a trait of `canonical.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// A parameter of an import.
    FromFlat,
    /// In the result of an export.
    Load,
    /// In the result of an import.
    Store,
}

struct Abi {
    wit: Resolve,
    sizes: SizeAlign,
    wanted: BTreeSet<(Use, TypeId)>,
    out: String,
}

/// The text of `core_abi.rs`.
pub(crate) fn generate(contract: &Path) -> Result<String> {
    let mut wit = Resolve::default();
    let package = wit.push_file(contract)?;
    let world = wit.select_world(&[package], Some("explaining-policy"))?;
    let mut sizes = SizeAlign::default();
    sizes.fill(&wit);
    let mut abi = Abi { wit, sizes, wanted: BTreeSet::new(), out: String::new() };
    let world = abi.wit.worlds[world].clone();
    abi.imports(&interfaces(&world.imports)?)?;
    for interface in interfaces(&world.exports)? {
        abi.export(interface)?;
    }
    abi.types()?;
    Ok(abi.out)
}

fn interfaces<'a>(items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Result<Vec<InterfaceId>> {
    let interface = |(_, item): (&WorldKey, &WorldItem)| match item {
        WorldItem::Interface { id, .. } => Ok(*id),
        _ => bail!("the contract has something else than interfaces at its top"),
    };
    items.into_iter().map(interface).collect()
}

impl Abi {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// The full name of an interface, such as `callsign:policy/senders@1.0.0`, and its short one.
    fn names(&self, interface: InterfaceId) -> Result<(String, String)> {
        let full = self.wit.id_of(interface).context("an interface without a name")?;
        Ok((full, self.wit.interfaces[interface].name.clone().context("an interface without a name")?))
    }

    /// The imports: the names of their interfaces, and functions that are put into a linker.
    fn imports(&mut self, interfaces: &[InterfaceId]) -> Result<()> {
        let names = interfaces.iter().map(|&interface| Ok(self.names(interface)?.0)).collect::<Result<Vec<_>>>()?;
        self.line("/// The interfaces that a policy may import, each with the version that it has here.");
        self.line(&format!("pub(super) const IMPORTS: [&str; {}] = {names:?};\n", names.len()));
        self.line("/// Puts the imports of the contract into a linker of core modules.");
        self.line("pub(super) fn link(linker: &mut wasmtime::Linker<State>) -> wasmtime::Result<()> {");
        for &interface in interfaces {
            let (full, short) = self.names(interface)?;
            for function in self.wit.interfaces[interface].functions.values().cloned().collect::<Vec<_>>() {
                self.import(&full, &short, &function).with_context(|| format!("{full} {}", function.name))?;
            }
        }
        self.line("    Ok(())\n}\n");
        Ok(())
    }

    fn import(&mut self, full: &str, short: &str, function: &Function) -> Result<()> {
        let signature = self.wit.wasm_signature(AbiVariant::GuestImport, function);
        ensure!(!signature.indirect_params, "it has too many parameters for registers");
        let registers = signature.params.len() - usize::from(signature.retptr);
        let mut parameters = String::new();
        for (at, &kind) in signature.params.iter().enumerate() {
            write!(parameters, ", r{at}: {}", register(kind)?)?;
        }
        let raised: Vec<String> = (0..registers).map(|at| format!("u64::from(r{at})")).collect();
        let result = match (function.result, signature.retptr) {
            (None, _) => "()",
            (Some(_), true) => "()",
            (Some(Type::Bool | Type::U32), false) => "u32",
            (Some(Type::U64), false) => "u64",
            (Some(other), false) => match self.plain_name(&other) {
                Some(number @ ("bool" | "u32")) => {
                    ensure!(number == "u32", "an alias of bool");
                    "u32"
                }
                Some("u64") => "u64",
                _ => bail!("its result is in a register and is no u32, u64 or bool"),
            },
        };
        self.line(&format!(
            "    let call = |mut caller: Caller<'_, State>{parameters}| -> wasmtime::Result<{result}> {{"
        ));
        self.line("        canonical::enter(&mut caller)?;");
        let mut given = String::new();
        if !function.params.is_empty() {
            let texts = function.params.iter().any(|parameter| self.has_pointers(&parameter.ty));
            let from = if texts { "canonical::passed(&mut caller)?" } else { "Lift::numbers()" };
            self.line(&format!("        let registers = [{}];", raised.join(", ")));
            self.line(&format!("        let (from, registers) = (&mut {from}, &mut registers.iter());"));
            for (at, parameter) in function.params.iter().enumerate() {
                self.want(Use::FromFlat, &parameter.ty)?;
                self.line(&format!("        let p{at} = FromFlat::lift(from, registers)?;"));
                write!(given, ", p{at}")?;
            }
        }
        let (module, name) = (snake(short), snake(&function.name));
        let called = format!("{module}::Host::{name}(caller.data_mut(){given})");
        match function.result {
            Some(ty) if signature.retptr => {
                self.want(Use::Store, &ty)?;
                let give = if self.has_pointers(&ty) { "give" } else { "give_plain" };
                self.line(&format!("        let result = {called}?;"));
                self.line(&format!("        canonical::{give}(&mut caller, r{registers}, &result)"));
            }
            Some(Type::Bool) => self.line(&format!("        {called}.map(u32::from)")),
            _ => self.line(&format!("        {called}")),
        }
        self.line("    };");
        self.line(&format!("    linker.func_wrap({full:?}, {:?}, call)?;", function.name));
        Ok(())
    }

    /// The name of an exported interface, and the names and signatures of its functions.
    fn export(&mut self, interface: InterfaceId) -> Result<()> {
        let (full, short) = self.names(interface)?;
        let shout = short.to_uppercase().replace('-', "_");
        self.line(&format!("/// The interface `{short}`."));
        self.line(&format!("pub(super) const {shout}: &str = {full:?};\n"));
        for function in self.wit.interfaces[interface].functions.values().cloned().collect::<Vec<_>>() {
            let signature = self.wit.wasm_signature(AbiVariant::GuestExport, &function);
            ensure!(signature.retptr && !signature.indirect_params, "{full} {} is not in this form", function.name);
            let types: Vec<&str> = signature.params.iter().map(|&kind| register(kind)).collect::<Result<_>>()?;
            let name = camel(&function.name);
            self.line(&format!("/// The registers that `{}` of `{short}` takes.", function.name));
            self.line(&format!("pub(super) type {name}Registers = ({},);\n", types.join(", ")));
            if let [parameter] = &*function.params
                && let Some(record) = self.record(&parameter.ty)
                && self.out.matches("fn request_registers").count() == 0
            {
                let fields: Vec<String> =
                    record.iter().map(|field| format!("request.{}.into()", snake(field))).collect();
                self.line("/// A request in registers.\n#[inline]");
                self.line(&format!("pub(super) fn request_registers(request: &types::Request) -> {name}Registers {{"));
                self.line(&format!("    ({})\n}}\n", fields.join(", ")));
            }
            if let Some(ty) = function.result {
                self.want(Use::Load, &ty)?;
            }
        }
        Ok(())
    }

    /// The fields of a record of numbers.
    fn record(&self, ty: &Type) -> Option<Vec<String>> {
        let TypeDefKind::Record(record) = self.kind(ty)? else { return None };
        Some(record.fields.iter().map(|field| field.name.clone()).collect())
    }

    /// A type behind its names.
    fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        let Type::Id(id) = ty else { return None };
        match &self.wit.types[*id].kind {
            TypeDefKind::Type(ty @ Type::Id(_)) => self.kind(ty),
            TypeDefKind::Type(_) => None,
            kind => Some(kind),
        }
    }

    /// The type of Rust of a number, behind its names.
    fn plain_name(&self, ty: &Type) -> Option<&'static str> {
        match ty {
            Type::Bool => Some("bool"),
            Type::U32 => Some("u32"),
            Type::U64 => Some("u64"),
            Type::Id(id) => match &self.wit.types[*id].kind {
                TypeDefKind::Type(ty) => self.plain_name(ty),
                _ => None,
            },
            _ => None,
        }
    }

    fn has_pointers(&self, ty: &Type) -> bool {
        match (ty, self.kind(ty)) {
            (Type::String, _) | (_, Some(TypeDefKind::List(_))) => true,
            (_, Some(TypeDefKind::Option(ty))) => self.has_pointers(ty),
            (_, Some(TypeDefKind::Record(record))) => record.fields.iter().any(|field| self.has_pointers(&field.ty)),
            (_, Some(TypeDefKind::Variant(variant))) => {
                variant.cases.iter().filter_map(|case| case.ty.as_ref()).any(|ty| self.has_pointers(ty))
            }
            _ => false,
        }
    }

    /// Remembers that a type and all that it is made of are needed for a use.
    fn want(&mut self, usage: Use, ty: &Type) -> Result<()> {
        let Type::Id(id) = *ty else { return Ok(()) };
        let inner: Vec<Type> = match &self.wit.types[id].kind {
            TypeDefKind::Type(ty) | TypeDefKind::Option(ty) | TypeDefKind::List(ty) => vec![*ty],
            TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
            TypeDefKind::Record(record) => {
                self.wanted.insert((usage, id));
                record.fields.iter().map(|field| field.ty).collect()
            }
            TypeDefKind::Variant(variant) => {
                ensure!(usage != Use::FromFlat, "an import takes a variant");
                ensure!(usage == Use::Load || !self.has_pointers(ty), "an import gives a variant with pointers");
                ensure!(variant.cases.len() <= MAX_CASES, "a variant of too many cases");
                self.wanted.insert((usage, id));
                variant.cases.iter().filter_map(|case| case.ty).collect()
            }
            TypeDefKind::Enum(cases) => {
                ensure!(cases.cases.len() <= MAX_CASES, "an enum of too many cases");
                self.wanted.insert((usage, id));
                Vec::new()
            }
            other => bail!("a {} is not in this form", other.as_str()),
        };
        inner.iter().try_for_each(|ty| self.want(usage, ty))
    }

    /// The traits of the types that are needed.
    fn types(&mut self) -> Result<()> {
        for (usage, id) in std::mem::take(&mut self.wanted) {
            let definition = self.wit.types[id].clone();
            let TypeOwner::Interface(owner) = definition.owner else { bail!("a type outside of interfaces") };
            let name = camel(&definition.name.context("a record without a name")?);
            let path = format!("{}::{name}", snake(&self.names(owner)?.1));
            let ty = Type::Id(id);
            let (size, align) = (self.sizes.size(&ty).size_wasm32(), self.sizes.align(&ty).align_wasm32());
            let has_pointers = self.has_pointers(&ty);
            let about = match usage {
                Use::FromFlat => {
                    let mut storage = [WasmType::I32; 16];
                    let mut flat = wit_parser::abi::FlatTypes::new(&mut storage);
                    ensure!(self.wit.push_flat(&ty, &mut flat), "{path} takes too many registers");
                    format!("    const REGISTERS: usize = {};", flat.to_vec().len())
                }
                _ => format!("    const SIZE: usize = {size};\n    const ALIGN: usize = {align};"),
            };
            let (title, head) = match usage {
                Use::FromFlat => (
                    "FromFlat",
                    "    #[inline]\n    fn lift(from: &mut Lift<'_>, registers: &mut std::slice::Iter<'_, u64>) -> wasmtime::Result<Self> {",
                ),
                Use::Load => ("Load", "    fn load(from: &mut Lift<'_>, at: usize) -> wasmtime::Result<Self> {"),
                Use::Store if has_pointers => {
                    ("Store", "    fn store(&self, to: &mut Lower<'_>, at: usize) -> wasmtime::Result<()> {")
                }
                Use::Store => ("Plain", "    #[inline]\n    fn write(&self, bytes: &mut [u8]) {"),
            };
            let body = match &definition.kind {
                TypeDefKind::Record(record) => {
                    let types: Vec<&Type> = record.fields.iter().map(|field| &field.ty).collect();
                    let offsets = self.sizes.field_offsets(types).into_iter().map(|(offset, _)| offset.size_wasm32());
                    let fields: Vec<(String, usize)> =
                        record.fields.iter().map(|field| snake(&field.name)).zip(offsets).collect();
                    record_body(usage, has_pointers, &fields)
                }
                TypeDefKind::Enum(cases) => {
                    let cases: Vec<String> = cases.cases.iter().map(|case| camel(&case.name)).collect();
                    case_body(usage, 0, &cases.into_iter().map(|case| (case, false)).collect::<Vec<_>>())
                }
                TypeDefKind::Variant(variant) => {
                    let payloads = variant.cases.iter().map(|case| case.ty.as_ref());
                    let offset = self.sizes.payload_offset(variant.tag(), payloads).size_wasm32();
                    let cases: Vec<(String, bool)> =
                        variant.cases.iter().map(|case| (camel(&case.name), case.ty.is_some())).collect();
                    case_body(usage, offset, &cases)
                }
                other => bail!("{path}: a {} is not in this form", other.as_str()),
            };
            let unused = if usage == Use::FromFlat { "    #[allow(unused_variables)]\n" } else { "" };
            self.line(&format!("impl {title} for {path} {{\n{about}\n{unused}{head}\n{body}    }}\n}}\n"));
        }
        Ok(())
    }
}

/// The body for a record, field by field in their order.
fn record_body(usage: Use, has_pointers: bool, fields: &[(String, usize)]) -> String {
    let mut body = String::new();
    for (field, offset) in fields {
        let line = match usage {
            Use::FromFlat => format!("            {field}: FromFlat::lift(from, registers)?,\n"),
            Use::Load => format!("            {field}: Load::load(from, at + {offset})?,\n"),
            Use::Store if has_pointers => format!("        Store::store(&self.{field}, to, at + {offset})?;\n"),
            Use::Store => format!("        Plain::write(&self.{field}, &mut bytes[{offset}..]);\n"),
        };
        body.push_str(&line);
    }
    match usage {
        Use::FromFlat | Use::Load => format!("        Ok(Self {{\n{body}        }})\n"),
        Use::Store if has_pointers => format!("{body}        Ok(())\n"),
        Use::Store => body,
    }
}

/// The body for an enum or a variant, whose cases may have a payload.
fn case_body(usage: Use, offset: usize, cases: &[(String, bool)]) -> String {
    let mut body = String::new();
    for (number, (case, has_payload)) in cases.iter().enumerate() {
        let line = match (usage, has_payload) {
            (Use::Store, false) => format!("            Self::{case} => bytes[0] = {number},\n"),
            (Use::Store, true) => format!(
                "            Self::{case}(payload) => {{\n                bytes[0] = {number};\n                \
                 Plain::write(payload, &mut bytes[{offset}..]);\n            }}\n"
            ),
            (_, false) => format!("            {number} => Ok(Self::{case}),\n"),
            (_, true) => format!("            {number} => Load::load(from, at + {offset}).map(Self::{case}),\n"),
        };
        body.push_str(&line);
    }
    match usage {
        Use::Store => format!("        match self {{\n{body}        }}\n"),
        Use::FromFlat | Use::Load => {
            let case = if usage == Use::Load { "from.case(at)?" } else { "canonical::next_case(registers)" };
            let other = "            other => wasmtime::bail!(\"unexpected discriminant: {other}\"),\n";
            format!("        match {case} {{\n{body}{other}        }}\n")
        }
    }
}

/// The type of Rust of a register.
fn register(kind: WasmType) -> Result<&'static str> {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => Ok("u32"),
        WasmType::I64 => Ok("u64"),
        other => bail!("a register of the type {other:?}"),
    }
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn camel(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(word).collect()
}
