//! Settings of policies are stored apart from the bindings that name them, by a digest: a binding, its history and the
//! log of revisions then stay small, whatever the settings have. A text belongs to one binding and is deleted with the
//! last policy of it that has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::value::RawValue;

use super::StoreError;
use crate::binding::{BindingRecord, PolicySpec, Target};
use crate::change::{Change, Kind, raw};
use crate::state::State;

/// Settings of so many bytes or fewer stay in their binding.
const INLINE: usize = 256;

/// Changes as they are stored, with the texts that they need and those that nobody needs any more.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) changes: Vec<Change>,
    /// New texts, by digest.
    pub(crate) texts: Vec<(String, Vec<u8>)>,
    /// Digests of texts that the changes leave without a use.
    pub(crate) unreferenced: Vec<String>,
}

/// What the digests of settings begin with, and those of components do not.
const PREFIX: &str = "settings-";

/// Whether a digest is one of settings.
pub(crate) fn is_digest(digest: &str) -> bool {
    digest.starts_with(PREFIX)
}

/// The digest of settings that are stored apart. It has the target, so that no two bindings share a text.
fn digest(target: &Target, spec: &PolicySpec) -> Option<String> {
    let text = spec.settings.as_deref().filter(|settings| settings.get().len() > INLINE)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(target.key().as_bytes()).update(&[0]).update(text.get().as_bytes());
    Some(format!("{PREFIX}{}", hasher.finalize().to_hex()))
}

fn digests(record: &BindingRecord) -> BTreeSet<String> {
    record.specs().filter_map(|spec| digest(&record.target, spec)).collect()
}

/// The changes as they are stored, after a state.
pub(crate) fn apart(before: &State, changes: &[Change]) -> Stored {
    let mut stored = Stored { changes: changes.to_vec(), texts: Vec::new(), unreferenced: Vec::new() };
    // By the key of the binding: the digests that were known before, and those that are needed in the end.
    let mut uses: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for change in stored.changes.iter_mut().filter(|change| change.kind == Kind::Binding) {
        let (known, needed) = uses.entry(change.key.clone()).or_insert_with(|| {
            let record = Target::of_key(&change.key).and_then(|target| before.bindings.get(&target));
            let known = record.map_or_else(BTreeSet::new, |record| digests(record));
            (known.clone(), known)
        });
        needed.clear();
        let record = change.body.as_deref().and_then(|body| serde_json::from_str::<BindingRecord>(body.get()).ok());
        let Some(mut record) = record else { continue };
        let target = record.target.clone();
        for spec in record.specs_mut() {
            let Some(digest) = digest(&target, spec) else { continue };
            let text = spec.settings.take();
            if known.insert(digest.clone()) {
                stored.texts.extend(text.map(|text| (digest.clone(), text.get().as_bytes().to_vec())));
            }
            needed.insert(digest.clone());
            spec.settings_digest = Some(digest);
        }
        change.body = Some(raw(&record));
    }
    let gone =
        uses.into_values().flat_map(|(known, needed)| known.into_iter().filter(move |digest| !needed.contains(digest)));
    stored.unreferenced = gone.collect();
    stored
}

/// The digests of the texts that the body of a stored binding needs.
pub(super) fn needed(body: &str) -> Vec<String> {
    // Most bindings have none, and are not read for that.
    if !body.contains("settingsDigest") {
        return Vec::new();
    }
    let Ok(mut record) = serde_json::from_str::<BindingRecord>(body) else { return Vec::new() };
    record.specs_mut().filter_map(|spec| spec.settings_digest.clone()).collect()
}

/// The body of a binding with its settings.
///
/// # Errors
/// A text is missing.
pub(super) fn together(body: &str, texts: &HashMap<String, Vec<u8>>) -> Result<Box<RawValue>, StoreError> {
    let damaged = |reason: String| StoreError::Damaged(format!("the settings of a binding: {reason}"));
    let mut record: BindingRecord = serde_json::from_str(body).map_err(|error| damaged(error.to_string()))?;
    for spec in record.specs_mut() {
        let Some(digest) = spec.settings_digest.take() else { continue };
        let text = texts.get(&digest).ok_or_else(|| damaged(format!("{digest} is missing")))?;
        spec.settings = Some(serde_json::from_slice(text).map_err(|error| damaged(format!("{digest}: {error}")))?);
    }
    Ok(raw(&record))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn spec(settings: &str) -> PolicySpec {
        PolicySpec { settings: Some(RawValue::from_string(settings.into()).unwrap()), ..PolicySpec::standard() }
    }

    fn put(record: &BindingRecord) -> Change {
        Change::put(Kind::Binding, record.target.key(), record)
    }

    #[test]
    fn settings_are_stored_once_and_go_with_the_last_policy_that_has_them() {
        let (small, large, other) =
            ("[1]".to_owned(), format!("[\"{}\"]", "x".repeat(5_000)), format!("[{}1]", "1,".repeat(500)));
        let first = BindingRecord::new(Target::default(), spec(&small)).swap(spec(&large), 0);
        let stored = apart(&State::default(), &[put(&first)]);
        let body = stored.changes[0].body.as_deref().unwrap().get();
        assert!(body.len() < 1_500 && body.contains("[1]"), "{body}");
        assert_eq!(stored.texts.iter().map(|(_, text)| text.len()).collect::<Vec<_>>(), [large.len()]);
        assert!(stored.unreferenced.is_empty());

        let texts: HashMap<String, Vec<u8>> = stored.texts.into_iter().collect();
        assert_eq!(needed(body), texts.keys().cloned().collect::<Vec<_>>());
        assert_eq!(together(body, &texts).unwrap().get(), raw(&first).get());
        assert!(matches!(together(body, &HashMap::new()), Err(StoreError::Damaged(_))));

        // What history has still is neither written again nor deleted.
        let before = State::default().after(1, &[put(&first)]).unwrap();
        let second = first.swap(spec(&other), 0);
        let stored = apart(&before, &[put(&second)]);
        assert_eq!(stored.texts.iter().map(|(_, text)| text.len()).collect::<Vec<_>>(), [other.len()]);
        assert!(stored.unreferenced.is_empty());
        let before = before.after(2, &[put(&second)]).unwrap();
        let stored = apart(&before, &[put(&BindingRecord::new(Target::default(), spec(&large)))]);
        assert!(stored.texts.is_empty());
        assert_eq!(stored.unreferenced.len(), 1);
        assert!(!texts.contains_key(&stored.unreferenced[0]));
        let stored = apart(&before, &[Change::remove(Kind::Binding, Target::default().key())]);
        assert_eq!(stored.unreferenced.len(), 2);
    }

    #[test]
    fn two_bindings_with_the_same_settings_do_not_share_them() {
        let large = format!("[\"{}\"]", "x".repeat(5_000));
        let of = |application: &str| Target { application_id: Some(application.into()), entity_id: None };
        let records = ["shop", "bank"].map(|id| BindingRecord::new(of(id), spec(&large)));
        let stored = apart(&State::default(), &[put(&records[0]), put(&records[1])]);
        assert_eq!(stored.texts.len(), 2);
        assert_ne!(stored.texts[0].0, stored.texts[1].0);
    }
}
