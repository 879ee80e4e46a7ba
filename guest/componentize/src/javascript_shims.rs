//! The core modules that are added to a JavaScript policy: functions that trap, and those that hand over numbers of 64 bits as
//! texts.

use anyhow::{Result, bail};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, MemArg, MemoryType, Module, TypeSection, ValType,
};

/// The parameters and results of a core function.
pub(crate) type Signature = (Vec<ValType>, Vec<ValType>);

/// The functions of the tool's engine that take and give numbers of 64 bits, in whose place those of [`keys`] come.
pub(crate) const PUSH: &str = "wit_dylib_push_u64";
pub(crate) const POP: &str = "wit_dylib_pop_u64";

/// Those that take and give texts, and that which allocates.
pub(crate) const USED: [&str; 3] = ["cabi_realloc", "wit_dylib_push_string", "wit_dylib_pop_string"];

/// Hexadecimal digits of a number.
const DIGITS: i32 = 16;

/// The parameters and results of a function.
pub(crate) fn signature(ty: &wasmparser::FuncType) -> Result<Signature> {
    let values = |values: &[wasmparser::ValType]| values.iter().map(|&value| number(value)).collect::<Result<Vec<_>>>();
    Ok((values(ty.params())?, values(ty.results())?))
}

fn number(value: wasmparser::ValType) -> Result<ValType> {
    Ok(match value {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        _ => bail!("it has a function whose values are no numbers"),
    })
}

/// A module whose exports `0`, `1` and so on trap.
pub(crate) fn traps<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Module {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    for (index, (params, results)) in (0..).zip(signatures) {
        types.ty().function(params.iter().copied(), results.iter().copied());
        functions.function(index);
        exports.export(&index.to_string(), ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module
}

/// A module that hands over numbers of 64 bits as texts of 16 lower-case hexadecimal digits.
pub(crate) fn keys() -> Module {
    let (i32, i64) = (ValType::I32, ValType::I64);
    let mut types = TypeSection::new();
    types.ty().function([i32; 4], [i32]);
    types.ty().function([i32; 3], []);
    types.ty().function([i32; 2], [i32]);
    types.ty().function([i32, i64], []);
    types.ty().function([i32], [i64]);
    let mut imports = ImportSection::new();
    let memory = MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
    imports.import("env", "memory", memory);
    for (name, ty) in USED.into_iter().zip(0..) {
        imports.import("env", name, EntityType::Function(ty));
    }
    let mut functions = FunctionSection::new();
    functions.function(3).function(4);
    // Where `pop` gets the place of a text; 0 until it was asked first.
    let mut globals = GlobalSection::new();
    let place = GlobalType { val_type: i32, mutable: true, shared: false };
    globals.global(place, &wasm_encoder::ConstExpr::i32_const(0));
    let mut exports = ExportSection::new();
    exports.export(PUSH, ExportKind::Func, 3).export(POP, ExportKind::Func, 4);
    let mut code = CodeSection::new();
    code.function(&push()).function(&pop());
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&globals).section(&exports).section(&code);
    module
}

const REALLOC: u32 = 0;
const PUSH_STRING: u32 = 1;
const POP_STRING: u32 = 2;

const BYTE: MemArg = MemArg { offset: 0, align: 0, memory_index: 0 };

fn allocate(code: &mut InstructionSink<'_>, align: i32, bytes: i32) {
    code.i32_const(0).i32_const(0).i32_const(align).i32_const(bytes).call(REALLOC);
}

/// `push(context, value)`.
fn push() -> Function {
    let (context, value, text, left, digit) = (0, 1, 2, 3, 4);
    let mut body = Function::new([(3, ValType::I32)]);
    let code = &mut body.instructions();
    allocate(code, 1, DIGITS);
    code.local_set(text).i32_const(DIGITS).local_set(left);
    // From the last digit to the first.
    code.loop_(BlockType::Empty);
    code.local_get(left).i32_const(1).i32_sub().local_set(left);
    code.local_get(value).i64_const(15).i64_and().i32_wrap_i64().local_set(digit);
    code.local_get(text).local_get(left).i32_add();
    // `0` to `9` are 48 to 57, `a` to `f` 97 to 102.
    code.local_get(digit).i32_const(48).i32_add();
    code.local_get(digit).i32_const(9).i32_gt_u().i32_const(39).i32_mul().i32_add();
    code.i32_store8(BYTE);
    code.local_get(value).i64_const(4).i64_shr_u().local_set(value);
    code.local_get(left).br_if(0).end();
    code.local_get(context).local_get(text).i32_const(DIGITS).call(PUSH_STRING).end();
    body
}

/// `pop(context)`. Traps where the text has not 16 characters.
fn pop() -> Function {
    let (context, text, at, digit, value) = (0, 1, 2, 3, 4);
    let mut body = Function::new([(3, ValType::I32), (1, ValType::I64)]);
    let code = &mut body.instructions();
    code.global_get(0).i32_eqz().if_(BlockType::Empty);
    allocate(code, 4, 4);
    code.global_set(0).end();
    code.local_get(context).global_get(0).call(POP_STRING);
    code.i32_const(DIGITS).i32_ne().if_(BlockType::Empty).unreachable().end();
    code.global_get(0).i32_load(MemArg { align: 2, ..BYTE }).local_set(text);
    code.loop_(BlockType::Empty);
    code.local_get(text).local_get(at).i32_add().i32_load8_u(BYTE).local_set(digit);
    code.local_get(value).i64_const(4).i64_shl();
    code.local_get(digit).i32_const(48).i32_sub();
    code.local_get(digit).i32_const(96).i32_gt_u().i32_const(39).i32_mul().i32_sub();
    code.i64_extend_i32_u().i64_or().local_set(value);
    code.local_get(at).i32_const(1).i32_add().local_tee(at).i32_const(DIGITS).i32_lt_u().br_if(0).end();
    code.local_get(value).end();
    body
}
