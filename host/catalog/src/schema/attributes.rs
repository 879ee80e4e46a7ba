//! Attributes as the file has them.

use std::borrow::Cow;

use crate::{
    attributes::{AttributeError, Attributes, MAX_ATTRIBUTES, check_attribute},
    json_path::{Path, ValueAt},
    reader::Reader,
};

impl<'a> Reader<'_, 'a> {
    /// Attributes: an object of texts. None if the value is absent; those without a fault if some have one.
    pub(super) fn attributes(&mut self, at: Option<ValueAt<'a, '_>>) -> Attributes {
        let Some(at) = at else {
            return Attributes::default();
        };
        if !at.json.is_object() {
            self.wrong_type(&at, "an object of names and texts");
            return Attributes::default();
        }
        let count = at.json.members().count();
        if count > MAX_ATTRIBUTES {
            self.fault(&at, || AttributeError::TooMany { count }.to_string());
            return Attributes::default();
        }
        let mut pairs: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(count);
        for (key, json) in at.json.members() {
            let name = key.text().unwrap_or(Cow::Borrowed(key.as_str()));
            let path = Path::Key { of: &at.path, key: &name };
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                let repeated = AttributeError::Repeated { name: name.to_string() };
                self.fault(&ValueAt { json: key, path }, || repeated.to_string());
                continue;
            }
            let value_at = ValueAt { json, path };
            let Some(value) = self.text(Some(value_at)) else {
                continue;
            };
            if let Err(error) = check_attribute(&name, &value) {
                // A name that is wrong is shown where it stands, and a value where that does.
                let json = if matches!(error, AttributeError::Name { .. }) { key } else { json };
                self.fault(&ValueAt { json, path }, || error.to_string());
                continue;
            }
            pairs.push((name, value));
        }
        Attributes::of_checked(pairs)
    }
}
