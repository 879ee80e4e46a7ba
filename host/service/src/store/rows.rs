//! What the drafts of a transaction make of the rows of a store, all of them together: each row is written once, however many of
//! the drafts change its element, so the database is asked as often for many as for one.

use hashbrown::{HashMap, HashSet};

use super::{StoreError, position};
use crate::change::{Draft, Kind};

/// What identifies an element.
pub(super) type ElementKey<'d> = (Kind, &'d str);

/// The rows.
#[derive(Default)]
pub(super) struct Rows<'d> {
    /// For each draft the changes of its revision, as the log has them.
    pub(super) log: Vec<String>,
    /// Elements that are there afterwards, with their position and their body.
    pub(super) put: Vec<(ElementKey<'d>, u64, &'d str)>,
    /// Elements that are not.
    pub(super) gone: Vec<ElementKey<'d>>,
    /// Components and settings that are there afterwards, by their digests.
    pub(super) components: Vec<(&'d str, &'d [u8])>,
    /// The digests of those that are not.
    pub(super) unreferenced: Vec<&'d str>,
    /// The ids of senders that were removed.
    pub(super) removed_senders: Vec<&'d str>,
}

/// The elements that drafts change.
pub(super) fn changed(drafts: &[Draft]) -> HashSet<ElementKey<'_>> {
    drafts.iter().flat_map(|draft| &draft.changes).map(|change| (change.kind, &*change.key)).collect()
}

impl<'d> Rows<'d> {
    /// The rows after `drafts`, which become the revisions after `seen`. `positions` are those of the changed elements that are there.
    ///
    /// # Errors
    /// None that is known of: every change has a JSON.
    pub(super) fn of(
        seen: u64,
        drafts: &'d [Draft],
        mut positions: HashMap<ElementKey<'d>, u64>,
    ) -> Result<Self, StoreError> {
        let mut rows = Self::default();
        let mut bodies: HashMap<ElementKey<'d>, Option<&'d str>> = HashMap::new();
        let mut components: HashMap<&'d str, Option<&'d [u8]>> = HashMap::new();
        for (revision, draft) in (seen + 1..).zip(drafts) {
            let log = draft.log(&positions);
            rows.log.push(log.map_err(|error| StoreError::Damaged(error.to_string()))?);
            for (index, (change, moved)) in draft.last_of_each().into_iter().enumerate() {
                let element = (change.kind, &*change.key);
                if moved {
                    positions.remove(&element);
                }
                if change.body.is_some() {
                    positions.entry(element).or_insert_with(|| position(revision, index) as u64);
                }
                bodies.insert(element, change.body.as_deref().map(|body| body.get()));
            }
            components.extend(draft.components.iter().map(|(digest, bytes)| (&**digest, Some(&**bytes))));
            components.extend(draft.unreferenced.iter().map(|digest| (&**digest, None)));
            rows.removed_senders.extend(draft.removed_senders());
        }
        for (element, body) in bodies {
            match (body, positions.get(&element)) {
                (Some(body), Some(position)) => rows.put.push((element, *position, body)),
                _ => rows.gone.push(element),
            }
        }
        for (digest, bytes) in components {
            match bytes {
                Some(bytes) => rows.components.push((digest, bytes)),
                None => rows.unreferenced.push(digest),
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::{Change, LoggedChange};

    fn put(key: &str, value: u32) -> Change {
        Change::put(Kind::Sender, key, &json!(value))
    }

    fn remove(key: &str) -> Change {
        Change::remove(Kind::Sender, key)
    }

    fn draft(changes: Vec<Change>) -> Draft {
        Draft { changes, ..Draft::default() }
    }

    #[test]
    fn an_element_that_several_drafts_change_is_written_as_the_last_leaves_it_and_each_logs_where_it_stood() {
        let drafts = [
            draft(vec![put("old", 1), put("new", 1), put("short", 1)]),
            draft(vec![put("new", 2), remove("short"), put("old", 2)]),
            draft(vec![remove("old"), put("old", 3)]),
        ];
        let positions = HashMap::from([((Kind::Sender, "old"), 7)]);
        let mut rows = Rows::of(10, &drafts, positions).unwrap();
        rows.put.sort_unstable();
        let at = |revision, index| position(revision, index) as u64;
        // What was removed in between stands behind the others.
        let wanted = [((Kind::Sender, "new"), at(11, 1), "2"), ((Kind::Sender, "old"), at(13, 0), "3")];
        assert_eq!(rows.put, wanted);
        assert_eq!(rows.gone, [(Kind::Sender, "short")]);
        assert_eq!(rows.removed_senders, ["short"]);
        let stood = rows.log.iter().map(|log| {
            let entry = crate::change::Entry::default().with(serde_json::from_str::<Vec<LoggedChange>>(log).unwrap());
            entry.stood
        });
        let wanted = [
            vec![Some(7), Some(0), Some(0)],
            vec![Some(at(11, 1)), Some(at(11, 2)), Some(7)],
            // The second change of an element in one revision has nothing of it.
            vec![Some(7), None],
        ];
        assert_eq!(stood.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn of_components_that_come_and_go_the_last_draft_decides() {
        let with = |components: &[&str], unreferenced: &[&str]| Draft {
            components: components.iter().map(|digest| ((*digest).to_owned(), vec![1])).collect(),
            unreferenced: unreferenced.iter().map(|digest| (*digest).to_owned()).collect(),
            ..Draft::default()
        };
        let drafts = [with(&["a", "b"], &["c"]), with(&["c"], &["a"]), with(&["a"], &["d"])];
        let mut rows = Rows::of(0, &drafts, HashMap::new()).unwrap();
        rows.components.sort_unstable();
        assert_eq!(rows.components.iter().map(|(digest, _)| *digest).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(rows.unreferenced, ["d"]);
    }
}
