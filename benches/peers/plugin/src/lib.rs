//! The selection as an Extism plug-in: JSON in and out, the world kept between calls.
#![allow(missing_docs, reason = "the macro's exports have none")]

use std::cell::RefCell;

use extism_pdk::{FnResult, Json, WithReturnCode, plugin_fn};
use peers_world::{Indexed, Message, Scanning, World};
use serde::{Deserialize, Serialize};

thread_local! {
    static SELECTION: RefCell<Option<Selection>> = const { RefCell::new(None) };
}

enum Selection {
    Indexed(Indexed),
    Scanning(Scanning),
}

/// What the plug-in is set up with.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setup {
    /// Everything prepared.
    Indexed(World),
    /// Nothing prepared.
    Scanning(World),
}

/// An answer.
#[derive(Serialize)]
pub struct Answer {
    sender: Option<u32>,
}

/// Takes a world.
#[plugin_fn]
pub fn prepare(Json(setup): Json<Setup>) -> FnResult<()> {
    let selection = match setup {
        Setup::Indexed(world) => Selection::Indexed(Indexed::new(&world)),
        Setup::Scanning(world) => Selection::Scanning(Scanning::new(&world)),
    };
    SELECTION.set(Some(selection));
    Ok(())
}

/// Never ends: what a timeout is for.
#[plugin_fn]
pub fn never_end(_: ()) -> FnResult<()> {
    loop {
        std::hint::black_box(());
    }
}

/// Takes memory without end.
#[plugin_fn]
pub fn take_memory(_: ()) -> FnResult<()> {
    let mut all = Vec::new();
    loop {
        all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

/// Decides.
#[plugin_fn]
pub fn decide(Json(message): Json<Message>) -> FnResult<Json<Answer>> {
    SELECTION.with_borrow_mut(|selection| {
        let sender = match selection {
            Some(Selection::Indexed(selection)) => selection.decide(&message),
            Some(Selection::Scanning(selection)) => selection.decide(&message),
            None => return Err(WithReturnCode::new(extism_pdk::Error::msg("call `prepare` first"), 1)),
        };
        Ok(Json(Answer { sender }))
    })
}
