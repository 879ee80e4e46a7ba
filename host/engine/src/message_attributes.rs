//! The attributes of the messages of a call, in one text: a warm instance allocates nothing for them.

use callsign_index::attributes::{key_of, number_of};

/// How many names are kept whose keys are known.
const KNOWN: usize = 64;

/// The attributes of the messages of a call. Those of a message are added one after the other, in the order of the handles.
///
/// A policy asks by the key of a name. The name of a key is remembered when a message has it for the first time, so that
/// later messages are only compared with the name, and no name of a message that nobody asks for is hashed.
#[derive(Debug, Default)]
pub(crate) struct MessageAttributes {
    /// Names and values in turn.
    texts: String,
    entries: Vec<Entry>,
    /// Where the entries of each message end.
    ends: Vec<u32>,
    /// Keys, and the names that they are of.
    known: Vec<(u64, Box<str>)>,
}

/// Where the name and the value of an attribute end in the text. The name begins where the value before it ends.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: u32,
    value: u32,
}

impl MessageAttributes {
    /// Takes the messages away. Known names stay.
    pub(crate) fn clear(&mut self) {
        self.texts.clear();
        self.entries.clear();
        self.ends.clear();
    }

    /// Adds the attributes of the next message, each a name and a value.
    pub(crate) fn push<'a>(&mut self, attributes: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in attributes {
            self.texts.push_str(name);
            let name = self.texts.len() as u32;
            self.texts.push_str(value);
            self.entries.push(Entry { name, value: self.texts.len() as u32 });
        }
        self.ends.push(self.entries.len() as u32);
    }

    /// The value of an attribute of a message, by the key of its name.
    pub(crate) fn text(&mut self, message: u32, name: u64) -> Option<&str> {
        let (message, end_of) = (message as usize, |at: usize| self.ends.get(at).map(|&end| end as usize));
        let (first, end) = (message.checked_sub(1).map_or(Some(0), end_of)?, end_of(message)?);
        let found = match self.known.iter().find(|&&(key, _)| key == name) {
            Some((_, known)) => (first..end).find(|&at| self.name(at) == &**known)?,
            None => {
                let found = (first..end).find(|&at| key_of(self.name(at)) == name)?;
                if self.known.len() == KNOWN {
                    self.known.clear();
                }
                self.known.push((name, self.name(found).into()));
                found
            }
        };
        let Entry { name, value } = self.entries[found];
        self.texts.get(name as usize..value as usize)
    }

    /// The name of an entry.
    fn name(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.entries[before].value);
        &self.texts[start as usize..self.entries[at].name as usize]
    }

    /// The value as a number; none if it is not a finite decimal number.
    pub(crate) fn number(&mut self, message: u32, name: u64) -> Option<f64> {
        self.text(message, name).and_then(number_of)
    }

    /// The key of the value; 0 if the message has no such attribute.
    pub(crate) fn key(&mut self, message: u32, name: u64) -> u64 {
        self.text(message, name).map_or(0, key_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_its_own_attributes_by_the_keys_of_their_names() {
        let mut attributes = MessageAttributes::default();
        attributes.push([("campaign", "C1"), ("price", "0.25")]);
        attributes.push([]);
        attributes.push([("empty", ""), ("campaign", "C2")]);
        let (campaign, price) = (key_of("campaign"), key_of("price"));
        assert_eq!(attributes.text(0, campaign), Some("C1"));
        assert_eq!(attributes.number(0, price), Some(0.25));
        assert_eq!(attributes.number(0, campaign), None);
        assert_eq!(attributes.key(0, campaign), key_of("C1"));
        assert_eq!(attributes.text(1, campaign), None);
        assert_eq!(attributes.key(1, campaign), 0);
        assert_eq!(attributes.text(2, campaign), Some("C2"));
        assert_eq!(attributes.text(2, key_of("empty")), Some(""));
        for (message, name) in [(2, price), (3, campaign), (u32::MAX, campaign), (0, 0), (0, key_of("C1"))] {
            assert_eq!(attributes.text(message, name), None);
        }
        attributes.clear();
        assert_eq!(attributes.text(0, campaign), None);
        attributes.push([("campaign", "C3")]);
        assert_eq!(attributes.text(0, campaign), Some("C3"));
    }

    #[test]
    fn a_policy_that_asks_for_ever_new_names_takes_no_more_room() {
        let mut attributes = MessageAttributes::default();
        let names: Vec<String> = (0..1_000).map(|index| format!("name{index}")).collect();
        for name in names.iter().chain(&names) {
            attributes.clear();
            attributes.push([(&**name, "value")]);
            assert_eq!(attributes.text(0, key_of(name)), Some("value"));
            assert!(attributes.known.len() <= KNOWN);
        }
    }
}
