//! LuaJIT: pool and pins are tables of Lua, a message is five numbers.

use anyhow::anyhow;
use mlua::serde::SerializeOptions;
use mlua::{Function, Lua, LuaSerdeExt, Table};
use peers_world::{Message, World};

use crate::engine::{Engine, Form};
use crate::plain::Plain;

struct LuaJit {
    decide: Function,
    /// What the function lives in.
    _lua: Lua,
}

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    Ok(Box::new(prepare(world, form).map_err(told)?))
}

fn prepare(world: &World, form: Form) -> mlua::Result<LuaJit> {
    let lua = Lua::new();
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
