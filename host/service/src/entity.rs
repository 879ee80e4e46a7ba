//! Entities by who made them. An entity of the catalog is only a name that scopes use; whose it is, and how it is called,
//! is in a record for each maker. Two applications can both have `acme`, and neither learns of the other's.

use std::sync::Arc;

use callsign_catalog::persistent::{HashIndex, IndexHasher, MultiIndex};
use callsign_catalog::{Catalog, SlotVec};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::change::{Change, Kind, key_of};
use crate::store::StoreError;

/// Who made an entity: an application, or the platform if `None`.
pub(crate) type Maker<'a> = Option<&'a str>;

/// An entity of one maker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EntityRecord {
    maker: Option<Box<str>>,
    pub(crate) id: Box<str>,
    /// What the maker calls it, for people.
    pub(crate) name: Option<Box<str>>,
}

impl EntityRecord {
    pub(crate) fn maker(&self) -> Maker<'_> {
        self.maker.as_deref()
    }

    fn key(&self) -> (Maker<'_>, &str) {
        (self.maker(), &self.id)
    }
}

/// The stored element of a record. Its key has the maker and the id.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity_name: Option<Box<str>>,
}

/// All records. A clone shares everything, and a change takes the same time at every size.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntityRecords {
    hasher: IndexHasher,
    /// In the order in which they were made.
    records: SlotVec<Arc<EntityRecord>>,
    by_key: HashIndex,
    by_maker: MultiIndex,
    by_id: MultiIndex,
}

impl EntityRecords {
    /// The entity with an id that a maker has.
    pub(crate) fn get(&self, maker: Maker<'_>, id: &str) -> Option<&EntityRecord> {
        self.records.at(self.slot(maker, id)?).map(|record| &**record)
    }

    /// Whether a maker has an entity. Every message that names one asks this.
    pub(crate) fn has(&self, maker: Maker<'_>, id: &str) -> bool {
        self.slot(maker, id).is_some()
    }

    /// The entities of a maker, in the order in which they were made. Takes time with how many they are.
    pub(crate) fn of(&self, maker: Maker<'_>) -> impl Iterator<Item = &EntityRecord> {
        let is_of = |slot| self.records.at(slot).is_some_and(|record| record.maker() == maker);
        let mut slots: Vec<u32> = self.by_maker.iter(self.hasher.hash_one(maker), is_of).collect();
        slots.sort_unstable();
        slots.into_iter().filter_map(|slot| self.records.at(slot)).map(|record| &**record)
    }

    /// Everybody's, in the order in which they were made.
    pub(crate) fn all(&self) -> impl Iterator<Item = &EntityRecord> {
        self.records.iter().map(|record| &**record)
    }

    /// The records of an id, of every maker.
    fn called(&self, id: &str) -> impl Iterator<Item = &EntityRecord> {
        let is_it = |slot| self.records.at(slot).is_some_and(|record| *record.id == *id);
        let slots = self.by_id.iter(self.hasher.hash_one(id), is_it);
        slots.filter_map(|slot| self.records.at(slot)).map(|record| &**record)
    }

    fn slot(&self, maker: Maker<'_>, id: &str) -> Option<u32> {
        let is_it = |slot| self.records.at(slot).is_some_and(|record| record.key() == (maker, id));
        self.by_key.find(self.hasher.hash_one((maker, id)), is_it)
    }

    /// Puts or removes the element of a record.
    ///
    /// # Errors
    /// Its key or its body cannot be read.
    pub(crate) fn apply(&mut self, key: &str, body: Option<&str>) -> Result<(), StoreError> {
        let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged(format!("the owner {key}: {error}"));
        let (maker, id): (Option<Box<str>>, Box<str>) = serde_json::from_str(key).map_err(|error| damaged(&error))?;
        match body {
            Some(body) => {
                let Body { entity_name: name } = serde_json::from_str(body).map_err(|error| damaged(&error))?;
                self.put(EntityRecord { maker, id, name });
            }
            None => self.remove(maker.as_deref(), &id),
        }
        Ok(())
    }

    fn put(&mut self, record: EntityRecord) {
        if let Some(slot) = self.slot(record.maker(), &record.id) {
            return self.records.set(slot, Some(Arc::new(record)));
        }
        let slot = self.records.slots().len() as u32;
        self.records.extend([Arc::new(record)]);
        self.index(slot);
    }

    fn remove(&mut self, maker: Maker<'_>, id: &str) {
        let Some(slot) = self.slot(maker, id) else { return };
        self.by_key.remove(self.hasher.hash_one((maker, id)), slot);
        self.by_maker.remove(self.hasher.hash_one(maker), slot);
        self.by_id.remove(self.hasher.hash_one(id), slot);
        self.records.set(slot, None);
        let slots = self.records.slots().len();
        self.records.compact();
        if self.records.slots().len() < slots {
            (self.by_key, self.by_maker, self.by_id) = Default::default();
            (0..self.records.slots().len() as u32).for_each(|slot| self.index(slot));
        }
    }

    fn index(&mut self, slot: u32) {
        let Self { hasher, records, by_key, by_maker, by_id } = self;
        let Some(record) = records.at(slot) else { return };
        let same =
            |slot: u32, is_same: &dyn Fn(&EntityRecord) -> bool| records.at(slot).is_some_and(|other| is_same(other));
        by_key.insert(hasher.hash_one(record.key()), slot);
        by_maker
            .insert(hasher.hash_one(record.maker()), slot, |other| same(other, &|other| other.maker == record.maker));
        by_id.insert(hasher.hash_one(&*record.id), slot, |other| same(other, &|other| other.id == record.id));
    }
}

/// The key of the stored record of a maker's entity.
fn key(maker: Maker<'_>, id: &str) -> String {
    key_of(&[maker, Some(id)])
}

/// The changes that give a maker an entity, or another name to the one that it has.
pub(crate) fn put(catalog: &Catalog, maker: Maker<'_>, id: &str, name: Option<&str>) -> Vec<Change> {
    let mut changes = Vec::new();
    if catalog.entity(id).is_none() {
        changes.push(Change::put(Kind::Entity, id, &json!({ "entityId": id })));
    }
    changes.push(record(maker, id, name));
    changes
}

/// The change that stores a record.
pub(crate) fn record(maker: Maker<'_>, id: &str, name: Option<&str>) -> Change {
    Change::put(Kind::Owner, key(maker, id), &Body { entity_name: name.map(Into::into) })
}

/// The change that removes a record alone.
pub(crate) fn unrecord(record: &EntityRecord) -> Change {
    Change::remove(Kind::Owner, key(record.maker(), &record.id))
}

/// The changes that give an entity another name: the platform's, or where it has none every maker's. One that nobody has
/// becomes the platform's.
pub(crate) fn rename(records: &EntityRecords, id: &str, name: Option<&str>) -> Vec<Change> {
    let makers: Vec<Maker<'_>> = records.called(id).map(EntityRecord::maker).collect();
    if makers.is_empty() || makers.contains(&None) {
        return vec![record(None, id, name)];
    }
    makers.into_iter().map(|maker| record(maker, id, name)).collect()
}

/// The changes that take an entity from a maker. Its name leaves the catalog with the last record; the maker's scopes must
/// not use it any more then.
pub(crate) fn remove(records: &EntityRecords, maker: Maker<'_>, id: &str) -> Vec<Change> {
    let mut changes = vec![Change::remove(Kind::Owner, key(maker, id))];
    if records.called(id).all(|record| record.maker() == maker) {
        changes.push(Change::remove(Kind::Entity, id));
    } else if maker.is_none() {
        // Attributes are the platform's.
        changes.push(Change::put(Kind::Entity, id, &json!({ "entityId": id })));
    }
    changes
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn ids(records: &EntityRecords, maker: Maker<'_>) -> Vec<String> {
        records.of(maker).map(|record| record.id.to_string()).collect()
    }

    fn apply(records: &mut EntityRecords, change: &Change) {
        records.apply(&change.key, change.body.as_deref().map(serde_json::value::RawValue::get)).unwrap();
    }

    #[test]
    fn an_entity_belongs_to_whoever_made_it() {
        let mut records = EntityRecords::default();
        apply(&mut records, &record(Some("shop"), "acme", Some("Acme")));
        apply(&mut records, &record(None, "acme", None));
        apply(&mut records, &record(Some("bank"), "globex", None));
        let before = records.clone();
        assert_eq!(records.get(Some("shop"), "acme").unwrap().name.as_deref(), Some("Acme"));
        assert_eq!(records.get(None, "acme").unwrap().name, None);
        assert!(!records.has(Some("bank"), "acme") && !records.has(Some("shop"), "globex"));
        // The name goes with the last that has it.
        let kinds = |records: &EntityRecords, maker, id| -> Vec<Kind> {
            remove(records, maker, id).iter().map(|change| change.kind).collect()
        };
        assert_eq!(kinds(&records, Some("shop"), "acme"), [Kind::Owner]);
        assert_eq!(kinds(&records, Some("bank"), "globex"), [Kind::Owner, Kind::Entity]);
        let gone = remove(&records, Some("shop"), "acme");
        apply(&mut records, &gone[0]);
        assert_eq!(kinds(&records, None, "acme"), [Kind::Owner, Kind::Entity]);
        assert!(!records.has(Some("shop"), "acme") && before.has(Some("shop"), "acme"));
    }

    #[test]
    fn entities_are_listed_in_the_order_in_which_they_were_made() {
        let mut records = EntityRecords::default();
        for number in 0..500 {
            apply(&mut records, &record(Some("shop"), &format!("e{number}"), None));
            apply(&mut records, &record(Some(&format!("a{number}")), "same", None));
        }
        assert_eq!(
            (records.of(Some("shop")).count(), records.of(Some("a7")).count(), records.of(None).count()),
            (500, 1, 0)
        );
        // Removing makes the list compact, after which everything is found still.
        for number in 0..490 {
            for (maker, id) in [("shop", format!("e{number}")), (&*format!("a{number}"), "same".to_owned())] {
                let gone = remove(&records, Some(maker), &id);
                apply(&mut records, &gone[0]);
            }
        }
        apply(&mut records, &record(Some("shop"), "e1", None));
        apply(&mut records, &record(Some("shop"), "e495", Some("renamed")));
        let mut wanted: Vec<String> = (490..500).map(|number| format!("e{number}")).collect();
        wanted.push("e1".into());
        assert_eq!(ids(&records, Some("shop")), wanted);
        assert_eq!(records.called("same").count(), 10);
        assert_eq!(records.all().count(), 21);
    }
}
