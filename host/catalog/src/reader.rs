//! Reads JSON values and notes each fault with its place.
//!
//! `schema` says with this what the elements of a catalog are. The readers here take a value that may be absent and give
//! what could be read of it. They give a value even when it breaks a rule, so that what depends on it is not reported
//! as well.

use std::borrow::Cow;

use super::{
    fault::FaultLog,
    ids::Ids,
    json_path::{Json, Path, ValueAt},
    kind::Word,
    rule::{self, quoted},
};

mod object;

pub(super) use object::{Field, FieldValue, Object};

/// Reads values of one text into one log of faults.
pub(super) struct Reader<'r, 'a> {
    log: &'r mut FaultLog<'a>,
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(super) fn new(log: &'r mut FaultLog<'a>) -> Self {
        Reader { log }
    }

    /// Notes a fault. The message is made only if the fault is listed.
    pub(super) fn fault(&mut self, at: &ValueAt<'a, '_>, message: impl FnOnce() -> String) {
        self.log.add(at.json, &at.path, message);
    }

    pub(super) fn wrong_type(&mut self, at: &ValueAt<'a, '_>, expected: &str) {
        self.fault(at, || format!("must be {expected}, not {}", at.json.type_name()));
    }

    /// How many faults the log has.
    pub(super) fn fault_count(&self) -> usize {
        self.log.total()
    }

    /// The elements of a list; nothing if the value is none.
    pub(super) fn items(&mut self, at: &ValueAt<'a, '_>) -> Option<Vec<Json<'a>>> {
        if !at.json.is_list() {
            self.wrong_type(at, "a list");
            return None;
        }
        Some(at.json.items().collect())
    }

    /// Reads every element of a list.
    pub(super) fn each(&mut self, list: Option<ValueAt<'a, '_>>, mut read: impl FnMut(&mut Self, &ValueAt<'a, '_>)) {
        let Some(list) = list else {
            return;
        };
        for (index, json) in self.items(&list).into_iter().flatten().enumerate() {
            read(self, &ValueAt { json, path: Path::Index { of: &list.path, index } });
        }
    }

    /// Notes a list that is empty.
    pub(super) fn not_empty(&mut self, at: Option<ValueAt<'a, '_>>) {
        if let Some(at) = at
            && at.json.is_list()
            && at.json.items().next().is_none()
        {
            self.fault(&at, || "is empty, and an empty list allows nothing: leave it out to allow all".to_owned());
        }
    }

    /// A string.
    pub(super) fn text(&mut self, at: Option<ValueAt<'a, '_>>) -> Option<Cow<'a, str>> {
        let at = at?;
        if !at.json.is_string() {
            self.wrong_type(&at, "a string");
            return None;
        }
        let text = at.json.text();
        if text.is_none() {
            self.fault(&at, || {
                "has a \\u escape of half a character; write the character itself, or both its halves".to_owned()
            });
        }
        text
    }

    /// A string that keeps a rule.
    pub(super) fn text_with_rule(
        &mut self,
        at: Option<ValueAt<'a, '_>>,
        rule: fn(&str) -> Result<(), String>,
    ) -> Option<Cow<'a, str>> {
        let text = self.text(at)?;
        if let (Some(at), Err(message)) = (at, rule(&text)) {
            self.fault(&at, || message);
        }
        Some(text)
    }

    /// The id of an element of another list.
    pub(super) fn reference(
        &mut self,
        at: Option<ValueAt<'a, '_>>,
        ids: &Ids<'a>,
        (what, list): (&str, &str),
    ) -> Option<Cow<'a, str>> {
        let text = self.text(at)?;
        if let Some(at) = at
            && ids.lacks(&text)
        {
            self.fault(&at, || {
                format!("{what} {} is not in \"{list}\"; add it there, or name one that is", quoted(&text))
            });
        }
        Some(text)
    }

    /// One of a fixed choice of words.
    pub(super) fn word<T: Word>(&mut self, at: Option<ValueAt<'a, '_>>) -> Option<T> {
        let text = self.text(at)?;
        let choice = T::from_word(&text);
        if let (Some(at), None) = (at, choice) {
            let words = || T::WORDS.iter().map(|(word, _)| *word);
            self.fault(&at, || match rule::nearest(&text, words()) {
                Some(meant) => {
                    format!("{} is not one of {}; did you mean \"{meant}\"?", quoted(&text), listed(words()))
                }
                None => format!("{} is not one of {}", quoted(&text), listed(words())),
            });
        }
        choice
    }

    /// True or false; false if it is absent.
    pub(super) fn boolean(&mut self, at: Option<ValueAt<'a, '_>>) -> bool {
        let Some(at) = at else {
            return false;
        };
        match at.json.as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.wrong_type(&at, "true or false");
                false
            }
        }
    }
}

/// Words as a sentence lists them.
fn listed(words: impl Iterator<Item = &'static str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
