//! Attributes as policies read them: by the key of the name, as a text, a number or a key, of one sender or of a pool.
//!
//! Names are kept as texts. Whoever reads an attribute of many senders compares keys until one of them has it, and then
//! compares texts, which is cheaper.

use callsign_catalog::{Attributes, Sender};
use callsign_sticky::SenderKey;

use crate::pool_view::PoolView;
use crate::revision::Revision;
use crate::scope::Scope;

/// The key of a text, as `attributes.key-of` has it: the hash that senders have, but never 0, which is no text, nor 1, which
/// is any other type of message.
#[inline]
pub fn key_of(text: &str) -> u64 {
    SenderKey::of(text).0.max(2)
}

/// A text as a number; none if it is not a finite decimal number, such as `-0.25` or `1e3`.
pub fn number_of(text: &str) -> Option<f64> {
    let is_decimal = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(is_decimal) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The value of an attribute by the key of its name.
pub fn value(attributes: &Attributes, name: u64) -> Option<&str> {
    attributes.iter().find(|&(known, _)| key_of(known) == name).map(|(_, value)| value)
}

/// An attribute of many senders.
struct Column<'a> {
    name: u64,
    /// Its name, once a sender had it.
    known: Option<&'a str>,
}

impl<'a> Column<'a> {
    fn value(&mut self, attributes: &'a Attributes) -> Option<&'a str> {
        if attributes.is_empty() {
            return None;
        }
        if let Some(known) = self.known {
            return attributes.get(known);
        }
        let (known, value) = attributes.iter().find(|&(known, _)| key_of(known) == self.name)?;
        self.known = Some(known);
        Some(value)
    }
}

impl Revision {
    /// The attributes of the entity or of the application of a scope; `level` is 0 for the application.
    pub fn scope_attribute(&self, scope: &Scope, level: u8, name: u64) -> Option<&str> {
        let attributes = match level {
            0 => &self.catalog().applications()[scope.application? as usize].attributes,
            1 => &self.catalog().entities()[scope.entity? as usize].attributes,
            _ => return None,
        };
        value(attributes, name)
    }

    /// An attribute of a sender of a scope.
    pub fn sender_attribute(&self, scope: &Scope, sender: u32, name: u64) -> Option<&str> {
        value(&self.member(scope, sender)?.attributes, name)
    }

    /// An attribute of each sender of a pool, in its order.
    pub fn attribute_column(&self, scope: &Scope, view: &PoolView, name: u64) -> impl Iterator<Item = Option<&str>> {
        let mut column = Column { name, known: None };
        self.senders_of(scope, view).map(move |sender| column.value(&sender?.attributes))
    }

    /// The senders of a pool, in its order.
    pub fn senders_of(&self, scope: &Scope, view: &PoolView) -> impl Iterator<Item = Option<&Sender>> {
        view.pool.candidates().iter().map(|candidate| self.member(scope, candidate.sender))
    }

    /// A sender of a scope.
    pub fn member(&self, scope: &Scope, handle: u32) -> Option<&Sender> {
        let member = scope.members.get(handle as usize)?;
        self.catalog().senders().get(member.sender as usize)
    }
}

#[cfg(test)]
mod tests;
