//! Values that elements read so far have, for later ones with the same text to share.

use hashbrown::HashMap;

/// How many different values are kept. A platform has many senders with the same attributes, or each sender has its own;
/// in the second case there is nothing to share.
const MOST: usize = 4_096;

/// Values by their text in the file: an equal text is not parsed again, and takes no memory of its own.
pub(super) struct Shared<'a, T>(HashMap<&'a str, T>);

impl<'a, T: Clone> Shared<'a, T> {
    /// The value that an equal text had.
    pub(super) fn with_text(&self, text: &str) -> Option<T> {
        self.0.get(text).cloned()
    }

    /// Keeps the value of a text.
    pub(super) fn add(&mut self, text: &'a str, value: &T) {
        if self.0.len() < MOST {
            self.0.insert(text, value.clone());
        }
    }
}

impl<T> Default for Shared<'_, T> {
    fn default() -> Self {
        Shared(HashMap::new())
    }
}
