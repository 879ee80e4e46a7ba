//! The changes of a revision as the log has them, a part at a time: an import has as many as it has lines, and nobody reads a
//! million of them at once.

use serde_json::Deserializer;

use super::StoreError;
use crate::change::{Entry, LoggedChange};

/// How much of each revision is read for a list: 64 KiB, which is some hundreds of changes.
pub(crate) const LISTED: u64 = 64 << 10;

/// How much of one revision is read at once: 1 MiB.
pub(crate) const READ: u64 = 1 << 20;

/// A revision with a part of its changes.
#[derive(Debug)]
pub(crate) struct LogPart {
    /// Its changes are those of the part.
    pub(crate) entry: Entry,
    /// How many changes the revision has; `None` if it is large, and an earlier version wrote it.
    pub(crate) total: Option<u64>,
    /// Where the next part begins, as the store counts; `None` after the last one.
    pub(crate) next: Option<u64>,
}

impl LogPart {
    /// A revision in a list, with at most so many changes from the beginning. It has none of them if the first one is longer than
    /// the text.
    ///
    /// # Errors
    /// The text is no list of changes.
    pub(super) fn listed(entry: Entry, text: &str, most: usize, length: fn(&str) -> usize) -> Result<Self, StoreError> {
        let none = Self { entry: entry.clone(), total: None, next: Some(0) };
        Ok(Self::read(entry, 0, text, most, length)?.unwrap_or(none))
    }

    /// The changes, at most so many, that are whole in a piece of the log's text, which begins at `from` and counts in bytes or
    /// characters as `length` does. `None` if not even one is: the piece is too short, or ends before the text does.
    ///
    /// # Errors
    /// The text is no list of changes, or does not have one at `from`.
    pub(super) fn read(
        mut entry: Entry,
        from: u64,
        text: &str,
        most: usize,
        length: fn(&str) -> usize,
    ) -> Result<Option<Self>, StoreError> {
        let damaged = |what: &str| StoreError::Damaged(format!("the changes of revision {}: {what}", entry.revision));
        let mut rest = match from {
            0 => text.strip_prefix('[').ok_or_else(|| damaged("they are no list"))?,
            // A piece can end before the comma.
            _ => text.strip_prefix(',').unwrap_or(text),
        };
        let mut logged: Vec<LoggedChange> = Vec::new();
        // Where the first change begins that is not taken.
        let mut end = rest;
        let is_last = loop {
            if rest.starts_with(']') {
                break true;
            }
            if logged.len() == most {
                break false;
            }
            let mut changes = Deserializer::from_str(rest).into_iter();
            match changes.next() {
                Some(Ok(change)) => logged.push(change),
                Some(Err(error)) if !error.is_eof() => return Err(damaged(&error.to_string())),
                Some(Err(_)) | None => break false,
            }
            rest = &rest[changes.byte_offset()..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
            end = rest;
        };
        if logged.is_empty() && !is_last {
            return Ok(None);
        }
        let written = logged.first().and_then(LoggedChange::total);
        let all = (from == 0 && is_last).then_some(logged.len() as u64);
        let next = (!is_last).then(|| from + length(&text[..text.len() - end.len()]) as u64);
        entry = entry.with(logged);
        Ok(Some(Self { entry, total: written.or(all), next }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::{Change, Draft, Kind};

    fn draft(senders: usize) -> Draft {
        let put = |at: usize| Change::put(Kind::Sender, format!("S{at}"), &json!({ "name": "}],é\"[{" }));
        Draft { changes: (0..senders).map(put).collect(), ..Draft::default() }
    }

    fn text(senders: usize) -> String {
        draft(senders).log(&hashbrown::HashMap::new()).unwrap()
    }

    /// The keys of all parts, each read from so many characters.
    fn keys(text: &str, characters: usize) -> Vec<String> {
        let (mut keys, mut from) = (Vec::new(), 0);
        loop {
            let piece: String = text.chars().skip(from as usize).take(characters).collect();
            let part = LogPart::read(Entry::default(), from, &piece, usize::MAX, |text| text.chars().count()).unwrap();
            let part = part.expect("a whole change");
            assert_eq!(part.entry.changes.len(), part.entry.before.len());
            if from == 0 {
                assert_eq!(part.total, Some(9));
            }
            keys.extend(part.entry.changes.into_iter().map(|change| change.key));
            match part.next {
                Some(next) => from = next,
                None => return keys,
            }
        }
    }

    #[test]
    fn parts_of_any_length_are_the_whole_in_order() {
        let text = text(9);
        let all: Vec<String> = (0..9).map(|at| format!("S{at}")).collect();
        let one = text.chars().count() / 9 + 20;
        (one..one * 9 + 2).for_each(|characters| assert_eq!(keys(&text, characters), all, "{characters}"));
    }

    #[test]
    fn a_list_has_the_first_changes_and_says_how_many_there_are() {
        let text = text(9);
        let part = LogPart::listed(Entry::default(), &text, 2, str::len).unwrap();
        assert_eq!((part.entry.changes.len(), part.total), (2, Some(9)));
        let rest =
            LogPart::read(Entry::default(), part.next.unwrap(), &text[part.next.unwrap() as usize..], 9, str::len);
        let rest = rest.unwrap().unwrap();
        assert_eq!((&*rest.entry.changes[0].key, rest.entry.changes.len(), rest.next), ("S2", 7, None));
        let cut = LogPart::listed(Entry::default(), &text[..20], 2, str::len).unwrap();
        assert_eq!((cut.entry.changes.len(), cut.next), (0, Some(0)));
    }

    #[test]
    fn a_piece_without_a_whole_change_is_no_part_and_a_wrong_place_an_error() {
        let text = text(2);
        let read = |from, text: &str| LogPart::read(Entry::default(), from, text, 9, str::len);
        assert!(read(0, &text[..20]).unwrap().is_none());
        assert!(read(1_000, "").unwrap().is_none(), "behind the end");
        assert!(read(3, &text[3..]).is_err());
        assert!(read(0, "{}").is_err());
        let empty = read(0, "[]").unwrap().unwrap();
        assert_eq!((empty.total, empty.next, empty.entry.changes.len()), (Some(0), None, 0));
    }
}
