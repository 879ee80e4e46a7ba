//! How often each application, entity and sender is referred to, so that one is removed without looking at what might need it.

use hashbrown::HashMap;

use super::most_updates;
use crate::{
    Catalog,
    edit::ids_of,
    model::{Association, DefaultSender, OtherAssociation, Strategy},
    persistent::{PVec, SlotVec},
};

/// A list that others refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Application,
    Entity,
    Sender,
}

/// How many references there are to each element, by its slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReferenceCounts {
    applications: PVec<u32>,
    entities: PVec<u32>,
    senders: PVec<u32>,
}

/// An element that refers to others.
pub(crate) trait Refer: PartialEq {
    /// Gives each reference of the element, as an index of the catalog.
    fn refer(&self, catalog: &Catalog, give: &mut dyn FnMut(Target, u32));
}

impl Catalog {
    /// Gives each reference of an element of this catalog.
    pub(crate) fn referred_by(&self, element: &impl Refer, give: &mut dyn FnMut(Target, u32)) {
        element.refer(self, give);
    }

    /// Whether an association, a strategy or a default sender names a sender. It takes the same time at every size.
    pub fn sender_is_used(&self, sender: u32) -> bool {
        self.references_to(Target::Sender, sender) > 0
    }

    /// Whether an association, a strategy or a default sender is an entity's. It takes the same time at every size.
    pub fn entity_is_used(&self, entity: u32) -> bool {
        self.references_to(Target::Entity, entity) > 0
    }

    /// How often the element with an index is referred to.
    pub(crate) fn references_to(&self, target: Target, index: u32) -> u32 {
        let counts = &self.lookup.reference_counts;
        let counts = match target {
            Target::Application => &counts.applications,
            Target::Entity => &counts.entities,
            Target::Sender => &counts.senders,
        };
        counts.get(index as usize).copied().unwrap_or(0)
    }
}

impl ReferenceCounts {
    /// Counts all references of a catalog.
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut applications = vec![0_u32; catalog.applications.slots().len()];
        let mut entities = vec![0_u32; catalog.entities.slots().len()];
        let mut senders = vec![0_u32; catalog.senders.slots().len()];
        let mut count = |target, index: u32| {
            let counts = match target {
                Target::Application => &mut applications,
                Target::Entity => &mut entities,
                Target::Sender => &mut senders,
            };
            counts[index as usize] += 1;
        };
        catalog.associations.iter().for_each(|one| one.refer(catalog, &mut count));
        catalog.other_associations.iter().for_each(|one| one.refer(catalog, &mut count));
        catalog.strategies.iter().for_each(|one| one.refer(catalog, &mut count));
        catalog.default_senders.iter().for_each(|one| one.refer(catalog, &mut count));
        Self { applications: applications.into(), entities: entities.into(), senders: senders.into() }
    }

    /// The counts of `after`, from these of the catalog `before`, in which elements have the slots that they have in `after`.
    pub(super) fn after(&self, before: &Catalog, after: &Catalog) -> Self {
        self.updated(before, after).unwrap_or_else(|| Self::of(after))
    }

    /// The same; nothing if much is different.
    fn updated(&self, before: &Catalog, after: &Catalog) -> Option<Self> {
        let mut differences = Differences::new();
        note(&mut differences, before, after, &before.associations, &after.associations)?;
        note(&mut differences, before, after, &before.other_associations, &after.other_associations)?;
        note(&mut differences, before, after, &before.strategies, &after.strategies)?;
        note(&mut differences, before, after, &before.default_senders, &after.default_senders)?;
        let mut counts = self.clone();
        counts.applications = grown(&counts.applications, after.applications.slots().len())?;
        counts.entities = grown(&counts.entities, after.entities.slots().len())?;
        counts.senders = grown(&counts.senders, after.senders.slots().len())?;
        // What has as many references as before is not copied.
        for ((target, index), difference) in differences.into_iter().filter(|(_, difference)| *difference != 0) {
            let count = counts.slot(target, index);
            *count = count.saturating_add_signed(difference);
        }
        Some(counts)
    }

    fn slot(&mut self, target: Target, index: u32) -> &mut u32 {
        let counts = match target {
            Target::Application => &mut self.applications,
            Target::Entity => &mut self.entities,
            Target::Sender => &mut self.senders,
        };
        counts.slot(index as usize)
    }

    /// How many chunks of this the other one does not share.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn unshared_chunks(&self, other: &Self) -> usize {
        self.applications.unshared_chunks(&other.applications)
            + self.entities.unshared_chunks(&other.entities)
            + self.senders.unshared_chunks(&other.senders)
    }
}

/// By how much the references to elements are more, or fewer.
type Differences = HashMap<(Target, u32), i32>;

/// Notes the references of what differs between two lists; nothing if that is much.
fn note<T: Refer>(
    differences: &mut Differences,
    before: &Catalog,
    after: &Catalog,
    old: &SlotVec<T>,
    new: &SlotVec<T>,
) -> Option<()> {
    for slot in old.changes(new, most_updates(new.len()))? {
        let (old, new) = (old.at(slot), new.at(slot));
        let mut add = |target, index, one| *differences.entry((target, index)).or_default() += one;
        new.into_iter().for_each(|new| new.refer(after, &mut |target, index| add(target, index, 1)));
        old.into_iter().for_each(|old| old.refer(before, &mut |target, index| add(target, index, -1)));
    }
    Some(())
}

/// Counts with more slots; nothing if they would be fewer.
fn grown(counts: &PVec<u32>, len: usize) -> Option<PVec<u32>> {
    let more = len.checked_sub(counts.len())?;
    let mut counts = counts.clone();
    counts.extend(std::iter::repeat_n(0, more));
    Some(counts)
}

fn refer_to_scope(application: u32, entity: Option<u32>, give: &mut dyn FnMut(Target, u32)) {
    give(Target::Application, application);
    entity.into_iter().for_each(|entity| give(Target::Entity, entity));
}

impl Refer for Association {
    fn refer(&self, _: &Catalog, give: &mut dyn FnMut(Target, u32)) {
        refer_to_scope(self.application, self.entity, give);
        give(Target::Sender, self.sender);
    }
}

impl Refer for OtherAssociation {
    fn refer(&self, catalog: &Catalog, give: &mut dyn FnMut(Target, u32)) {
        // What it names is there: it has been checked.
        if let Some((application, _)) = catalog.application(&self.application) {
            let entity = self.entity.as_deref().and_then(|entity| catalog.entity(entity));
            refer_to_scope(application, entity.map(|(entity, _)| entity), give);
        }
        if ids_of(self).is_some_and(|ids| ids.resource_type.is_sender())
            && let Some((sender, _)) = catalog.sender(&self.resource)
        {
            give(Target::Sender, sender);
        }
    }
}

impl Refer for Strategy {
    fn refer(&self, _: &Catalog, give: &mut dyn FnMut(Target, u32)) {
        refer_to_scope(self.application, self.entity, give);
        self.senders.iter().flat_map(|senders| senders.iter()).for_each(|&sender| give(Target::Sender, sender));
    }
}

impl Refer for DefaultSender {
    fn refer(&self, _: &Catalog, give: &mut dyn FnMut(Target, u32)) {
        refer_to_scope(self.application, self.entity, give);
        give(Target::Sender, self.sender);
    }
}
