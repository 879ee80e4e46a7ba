//! The selection in the process itself.

use peers_world::{Indexed, Message, Scanning, World};

use crate::engine::{Engine, Form};

pub(crate) fn build(world: &World, form: Form) -> anyhow::Result<Box<dyn Engine>> {
    Ok(match form {
        Form::Indexed => Box::new(Indexed::new(world)),
        Form::Scanning => Box::new(Scanning::new(world)),
    })
}

impl Engine for Indexed {
    #[inline]
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        Ok(Indexed::decide(self, message))
    }
}

impl Engine for Scanning {
    #[inline]
    fn decide(&mut self, message: &Message) -> anyhow::Result<Option<u32>> {
        Ok(Scanning::decide(self, message))
    }
}
