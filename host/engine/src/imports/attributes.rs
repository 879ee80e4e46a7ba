//! `attributes`: texts by name of messages, scopes and senders, each as a text, a number or a key.

use callsign_index::attributes::{key_of, number_of};
use wasmtime::Result;

use super::convert;
use crate::bindings::contract::{attributes, senders, types};
use crate::instance::State;

impl State {
    /// An attribute of the entity or of the application of a scope.
    fn scope_attribute(&mut self, scope: u32, level: u8, name: u64) -> Result<Option<&str>> {
        let Some((revision, scope)) = self.read_scope(scope)? else { return Ok(None) };
        Ok(revision.scope_attribute(scope, level, name))
    }

    /// An attribute of a sender of a scope.
    fn sender_attribute(&mut self, scope: u32, sender: u32, name: u64) -> Result<Option<&str>> {
        let Some((revision, scope)) = self.read_scope(scope)? else { return Ok(None) };
        Ok(revision.sender_attribute(scope, sender, name))
    }

    /// An attribute of each sender of a pool.
    fn column<T>(&mut self, pool: &senders::Pool, name: u64, form: impl Fn(Option<&str>) -> T) -> Result<Vec<T>> {
        let Some(read) = self.read_pool(pool)? else { return Ok(Vec::new()) };
        Ok(read.revision.attribute_column(read.scope, &read.view, name).map(form).collect())
    }
}

impl attributes::Host for State {
    fn key_of(&mut self, text: String) -> Result<u64> {
        self.count_import()?;
        Ok(key_of(&text))
    }

    fn message_text(&mut self, message: u32, name: u64) -> Result<Option<String>> {
        self.count_import()?;
        Ok(self.attributes.text(message, name).map(str::to_owned))
    }

    fn message_number(&mut self, message: u32, name: u64) -> Result<Option<f64>> {
        self.count_import()?;
        Ok(self.attributes.number(message, name))
    }

    fn message_key(&mut self, message: u32, name: u64) -> Result<u64> {
        self.count_import()?;
        Ok(self.attributes.key(message, name))
    }

    fn scope_text(&mut self, scope: u32, level: u8, name: u64) -> Result<Option<String>> {
        Ok(self.scope_attribute(scope, level, name)?.map(str::to_owned))
    }

    fn scope_number(&mut self, scope: u32, level: u8, name: u64) -> Result<Option<f64>> {
        Ok(self.scope_attribute(scope, level, name)?.and_then(number_of))
    }

    fn scope_key(&mut self, scope: u32, level: u8, name: u64) -> Result<u64> {
        Ok(self.scope_attribute(scope, level, name)?.map_or(0, key_of))
    }

    fn sender_text(&mut self, scope: u32, sender: u32, name: u64) -> Result<Option<String>> {
        Ok(self.sender_attribute(scope, sender, name)?.map(str::to_owned))
    }

    fn sender_number(&mut self, scope: u32, sender: u32, name: u64) -> Result<Option<f64>> {
        Ok(self.sender_attribute(scope, sender, name)?.and_then(number_of))
    }

    fn sender_key(&mut self, scope: u32, sender: u32, name: u64) -> Result<u64> {
        Ok(self.sender_attribute(scope, sender, name)?.map_or(0, key_of))
    }

    fn sender_texts(&mut self, pool: senders::Pool, name: u64) -> Result<types::Texts> {
        let Some(read) = self.read_pool(&pool)? else { return Ok(convert::NO_TEXTS) };
        Ok(convert::texts(read.revision.attribute_column(read.scope, &read.view, name)))
    }

    fn sender_numbers(&mut self, pool: senders::Pool, name: u64) -> Result<Vec<f64>> {
        self.column(&pool, name, |text| text.and_then(number_of).unwrap_or(f64::NAN))
    }

    fn sender_keys(&mut self, pool: senders::Pool, name: u64) -> Result<Vec<u64>> {
        self.column(&pool, name, |text| text.map_or(0, key_of))
    }
}
