//! Extism: a plug-in with pool and pins in its memory, JSON in and out.

use std::fs;
use std::path::Path;

use anyhow::Context;
use extism::convert::Json;
use extism::{Manifest, Plugin, Wasm};
use peers_world::{Message, World};
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Form};

struct Extism(Plugin);

/// What the plug-in is set up with: `{"indexed": the world}`.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Setup {
    Indexed(World),
    Scanning(World),
}

#[derive(Deserialize)]
struct Answer {
    sender: Option<u32>,
}

pub(crate) fn build(world: &World, form: Form, plugin: &Path) -> anyhow::Result<Box<dyn Engine>> {
    let module = fs::read(plugin)
        .with_context(|| format!("cannot read the plug-in {}: `make peers` builds it", plugin.display()))?;
    let mut plugin = Plugin::new(Manifest::new([Wasm::data(module)]), [], false)?;
    let world = World { requests: Vec::new(), ..world.clone() };
    let setup = match form {
        Form::Indexed => Setup::Indexed(world),
        Form::Scanning => Setup::Scanning(world),
    };
    plugin.call::<_, ()>("prepare", Json(setup))?;
    Ok(Box::new(Extism(plugin)))
}

impl Engine for Extism {
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        let Json(answer) = self.0.call::<_, Json<Answer>>("decide", Json(message))?;
        Ok(answer.sender)
    }
}
