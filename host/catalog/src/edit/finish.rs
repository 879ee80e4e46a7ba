//! The catalog after the last edit.

use std::{borrow::Cow, sync::Arc};

use hashbrown::HashSet;

use super::{
    Edit, EditError, EditErrorKind, EditFault,
    plan::Plan,
    resolve::{NewIndexes, Resolved},
};
use crate::{
    Association, Catalog, DefaultSender, Strategy,
    conflicts::{Selector, TieFinder},
    lookup::Lookup,
    rule::quoted,
    unresolved::ScopeIds,
};

/// How many times as many slots as elements may be empty in a list before an edit renumbers by itself.
const MOST_EMPTY: usize = 2;

/// Makes the lists that differ and shares the others.
pub(super) fn catalog(
    before: &Catalog,
    mut plan: Plan<'_>,
    resolved: Resolved,
    edits: &[Edit<'_>],
) -> Result<Catalog, EditError> {
    let Resolved { associations, other_associations, strategies, default_senders, indexes } = resolved;
    let moved = indexes.have_moved();
    let (applications, entities) = (plan.applications.take_elements(), plan.entities.take_elements());
    let senders = plan.senders.take_elements();
    let after = Catalog {
        interned: plan.interned.clone(),
        lookup: Lookup::default(),
        numbering: Arc::clone(&before.numbering),
        name: None,
        applications: plan.applications.slots.finish(&before.applications, false, Clone::clone, applications),
        entities: plan.entities.slots.finish(&before.entities, false, Clone::clone, entities),
        senders: plan.senders.slots.finish(&before.senders, false, Clone::clone, senders),
        associations: plan.associations.slots.finish(
            &before.associations,
            moved,
            |association| {
                let (application, entity) = indexes.scope(association.application, association.entity);
                Association { application, entity, sender: indexes.sender(association.sender), ..*association }
            },
            associations,
        ),
        other_associations: plan.other_associations.slots.finish(
            &before.other_associations,
            false,
            Clone::clone,
            other_associations,
        ),
        strategies: plan.strategies.slots.finish(
            &before.strategies,
            moved,
            |strategy| {
                let (application, entity) = indexes.scope(strategy.application, strategy.entity);
                let senders = strategy.senders.as_ref().map(|senders| indexes.sorted(senders));
                Strategy { application, entity, senders, ..strategy.clone() }
            },
            strategies,
        ),
        default_senders: plan.default_senders.slots.finish(
            &before.default_senders,
            moved,
            |default| {
                let (application, entity) = indexes.scope(default.application, default.entity);
                DefaultSender { application, entity, sender: indexes.sender(default.sender) }
            },
            default_senders,
        ),
    }
    .indexed(before, moved);
    check_ties(&plan, &after, edits)?;
    // Whoever edits and never renumbers has no more than twice as many empty slots as elements.
    Ok(if after.is_sparse(MOST_EMPTY) { after.renumbered() } else { after })
}

/// Refuses a strategy that was put and ties with another one. Scopes in which none was put need no check.
fn check_ties(plan: &Plan<'_>, after: &Catalog, edits: &[Edit<'_>]) -> Result<(), EditError> {
    let positions = plan.strategies.slots.positions();
    let present = plan.strategies.present().filter_map(|(_, put)| {
        let position = plan.strategies.slots.position(put.key, &positions)?;
        Some((put.edit, position))
    });
    let mut put: Vec<(u32, u32)> = present.collect();
    if put.is_empty() {
        return Ok(());
    }
    put.sort_unstable();
    let strategy = |position: u32| &after.strategies[position as usize];
    let scope = |strategy: &Strategy| (strategy.application, strategy.entity);
    let scopes: HashSet<(u32, Option<u32>)> = put.iter().map(|&(_, position)| scope(strategy(position))).collect();
    let positions: HashSet<u32> = put.iter().map(|&(_, position)| position).collect();

    let mut finder = TieFinder::default();
    for (application, entity) in scopes {
        for position in after.strategies_of(application, entity) {
            if !positions.contains(&position) {
                // These did not tie with each other before.
                finder.add(position, selector(after, strategy(position)));
            }
        }
    }
    for (edit, position) in put {
        let ties = finder.add(position, selector(after, strategy(position)));
        if let Some(tie) = ties.first() {
            let first = strategy(tie.first).id.clone();
            let faults = ties.iter().map(|tie| EditFault::of_element(tie.message(&quoted(&strategy(tie.first).id))));
            return Err(EditError::new(edit, edits, EditErrorKind::Ties { first }, faults.collect()));
        }
    }
    Ok(())
}

fn selector<'c>(catalog: &'c Catalog, strategy: &Strategy) -> Selector<'c> {
    let application = &*catalog.applications[strategy.application as usize].id;
    let entity = strategy.entity.map(|entity| Cow::Borrowed(&*catalog.entities[entity as usize].id));
    let countries = strategy.countries.as_ref().map(|countries| countries.to_vec());
    Selector {
        scope: ScopeIds { application: Cow::Borrowed(application), entity },
        channel: strategy.channel,
        countries,
    }
}

// === impl NewIndexes ===

/// New indexes for those before the edits. Nothing dangles any more, so every index that is referred to has one.
impl NewIndexes {
    fn scope(&self, application: u32, entity: Option<u32>) -> (u32, Option<u32>) {
        (self.applications.of(application), entity.map(|entity| self.entities.of(entity)))
    }

    fn sender(&self, sender: u32) -> u32 {
        self.senders.of(sender)
    }

    fn sorted(&self, senders: &Arc<[u32]>) -> Arc<[u32]> {
        if !self.senders.have_moved() {
            return Arc::clone(senders);
        }
        let mut senders: Vec<u32> = senders.iter().map(|&sender| self.sender(sender)).collect();
        senders.sort_unstable();
        senders.into()
    }
}
