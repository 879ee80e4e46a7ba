//! LuaJIT: pool and pins are tables of Lua, a message is five numbers.
//!
//! Its deadline is a hook that is called after some instructions. What LuaJIT has compiled calls no hook, so an endless loop would run
//! on as soon as it is compiled: a deadline that works turns the compiler off, and each instruction then looks whether it is one
//! of those after which the hook is called.

use anyhow::anyhow;
use mlua::serde::SerializeOptions;
use mlua::{Function, HookTriggers, Lua, LuaOptions, LuaSerdeExt, StdLib, Table, VmState};
use peers_world::{Message, World};

use crate::deadline::{DECISION, Deadline};
use crate::engine::{Engine, Form};
use crate::plain::Plain;
use crate::promises::{Attack, MEMORY};

struct LuaJit {
    decide: Function,
    /// What the function lives in.
    _lua: Lua,
}

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    Ok(Box::new(prepare(Lua::new(), world, form).map_err(told)?))
}

/// The same with a deadline, a memory limit, and nothing of the host.
pub(crate) fn build_limited(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    // The tables are made before decisions begin.
    let deadline = Deadline::new(DECISION);
    let lua = limited(None).map_err(told)?;
    let luajit = prepare(lua.clone(), world, form).map_err(told)?;
    keep(&lua, &deadline).map_err(told)?;
    Ok(Box::new(Limited { luajit, deadline }))
}

/// After how many instructions it is asked whether the deadline has passed.
const INSTRUCTIONS: u32 = 1_000;

struct Limited {
    luajit: LuaJit,
    deadline: Deadline,
}

impl Engine for Limited {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        self.deadline.begin();
        self.luajit.decide(message)
    }
}

/// A state with tables, texts and numbers alone, and without a compiler. A script that catches errors would catch the hook's.
fn limited(deadline: Option<&Deadline>) -> mlua::Result<Lua> {
    let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::JIT;
    let lua = Lua::new_with(libraries, LuaOptions::new())?;
    lua.load("jit.off()").exec()?;
    for name in ["jit", "pcall", "xpcall", "coroutine", "dofile", "loadfile", "load", "loadstring"] {
        lua.globals().set(name, mlua::Nil)?;
    }
    lua.set_memory_limit(MEMORY)?;
    if let Some(deadline) = deadline {
        keep(&lua, deadline)?;
    }
    Ok(lua)
}

fn keep(lua: &Lua, deadline: &Deadline) -> mlua::Result<()> {
    let deadline = deadline.clone();
    lua.set_hook(HookTriggers::new().every_nth_instruction(INSTRUCTIONS), move |_, _| match deadline.has_passed() {
        true => Err(mlua::Error::runtime("the deadline has passed")),
        false => Ok(VmState::Continue),
    })
}

pub(crate) fn attack(attack: Attack, _: &std::path::Path) -> anyhow::Result<()> {
    // Memory ends before the deadline, however slow the machine is.
    let (length, script) = match attack {
        Attack::Endless => (DECISION, "while true do end"),
        Attack::EndlessAndCatches => (
            DECISION,
            "local try = pcall or function(f) f() end while true do try(function() while true do end end) end",
        ),
        Attack::Memory => (u64::MAX >> 1, "local all = {} while true do all[#all + 1] = { #all } end"),
    };
    limited(Some(&Deadline::new(length))).and_then(|lua| lua.load(script).exec()).map_err(told)
}

fn prepare(lua: Lua, world: &World, form: Form) -> mlua::Result<LuaJit> {
    let forms: Table = lua.load(include_str!("luajit/selection.lua")).set_name("selection").eval()?;
    // What is not there is nil.
    let options = SerializeOptions::new().serialize_none_to_null(false);
    let world = lua.to_value_with(&Plain::new(world), options)?;
    let prepare: Function = forms.get(form.to_string())?;
    Ok(LuaJit { decide: prepare.call(world)?, _lua: lua })
}

impl Engine for LuaJit {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        let numbers =
            (message.channel as u8, message.country.number(), message.area_code, message.high(), message.low());
        self.decide.call(numbers).map_err(told)
    }
}

/// An error of Lua belongs to its thread; what it says does not.
fn told(error: mlua::Error) -> anyhow::Error {
    anyhow!("{error}")
}
