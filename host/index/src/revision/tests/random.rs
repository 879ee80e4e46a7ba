//! Random edits: a revision that came after others is what the catalog gives by itself.

use callsign_catalog::{
    Attributes, Channel, Coverage, Sender, Strategy,
    testing::{APPLICATIONS, Change, ENTITIES, Numbers, SENDERS, file, start},
};
use callsign_destination::Country;

use super::*;

const WORLDS: u64 = 150;
const CALLS: usize = 25;

/// All that a decision of a scope can depend on, by what it is and not by where it is.
#[derive(Debug, PartialEq)]
struct Described {
    names: Option<(String, Option<String>)>,
    /// Of the application and of the entity.
    attributes: [Attributes; 2],
    message_types: Vec<u64>,
    hashes: (u128, u64),
    sticky_channels: u8,
    entity_strategies: usize,
    strategies: Vec<(Strategy, Vec<String>)>,
    members: Vec<(Sender, u8, bool, Coverage)>,
    defaults: Vec<(callsign_policy::types::Level, u32)>,
}

fn describe(revision: &Revision, handle: u32) -> Described {
    let (catalog, scope) = (revision.catalog(), revision.scope(handle).expect("a scope"));
    let strategies = scope.strategies.iter().map(|&index| {
        let strategy = catalog.strategies()[index as usize].clone();
        let senders = strategy.senders.iter().flat_map(|senders| senders.iter());
        let senders = senders.map(|&sender| catalog.senders()[sender as usize].id.to_string()).collect();
        (Strategy { application: 0, entity: None, senders: None, ..strategy }, senders)
    });
    let members = scope.members.iter().map(|member| {
        let sender = catalog.senders()[member.sender as usize].clone();
        let coverage = revision.senders.coverages[member.ability.coverage as usize].clone();
        (sender, member.channels, member.ability.suspended, coverage)
    });
    Described {
        names: scope.application.map(|application| {
            let (application, entity) = revision.names(application, scope.entity);
            (application.to_owned(), entity.map(str::to_owned))
        }),
        attributes: [
            scope.application.map(|index| catalog.applications()[index as usize].attributes.clone()),
            scope.entity.map(|index| catalog.entities()[index as usize].attributes.clone()),
        ]
        .map(Option::unwrap_or_default),
        message_types: scope.message_types.to_vec(),
        hashes: (scope.name_hash, scope.application_hash),
        sticky_channels: scope.sticky_channels,
        entity_strategies: scope.entity_strategies,
        strategies: strategies.collect(),
        members: members.collect(),
        defaults: scope.defaults.clone(),
    }
}

/// The names that a message can have, and some that the catalog may not have.
fn all_names() -> Vec<(&'static str, Option<&'static str>)> {
    let entities = ENTITIES.into_iter().map(Some).chain([Some("nobody"), None]);
    let entities: Vec<_> = entities.collect();
    let applications = APPLICATIONS.into_iter().chain(["nothing"]);
    applications.flat_map(|application| entities.iter().map(move |&entity| (application, entity))).collect()
}

fn assert_alike(one: &Revision, other: &Revision, told: &str) {
    for (application, entity) in all_names() {
        let scope = |revision: &Revision| describe(revision, revision.scope_of(Some(application), entity));
        assert_eq!(scope(one), scope(other), "{application}, {entity:?}: {told}");
    }
    for from in ["12345", "+14155550123", "Acme", "18005550199", "+18005550199", "nobody"] {
        assert!(one.registered(from).eq(other.registered(from)), "{from}: {told}");
    }
    assert_eq!(one.keys(), other.keys(), "{told}");
    for (index, id) in SENDERS.iter().filter_map(|id| one.catalog().sender(id)).map(|(index, it)| (index, &it.id)) {
        let key = callsign_sticky::SenderKey::of(id).0;
        assert_eq!((one.sender_by_key(key), other.sender_by_key(key)), (Some(index), Some(index)), "{id}: {told}");
        for channel in Channel::ALL {
            for country in ["US", "CA", "DE", "FR", "GB"].map(|code| Country::parse(code).expect("a country")) {
                let can = |revision: &Revision| revision.is_capable(index, channel, country);
                assert_eq!(can(one), can(other), "{id}: {told}");
            }
        }
    }
    assert_eq!(one.other_entities.len(), one.catalog().applications().slots().len());
    assert_eq!(one.removed_scopes() + other.scopes.len(), one.scopes.len(), "{told}");
    assert_eq!(one.names.len(), other.names.len());
}

/// Scopes keep their places, and are the very ones exactly where nothing of them is different.
fn assert_shared(before: &Revision, after: &Revision, small: bool, told: &str) -> usize {
    let mut shared = 0;
    for (application, entity) in all_names() {
        let place = before.scope_of(Some(application), entity);
        let (Some(had), Some(has)) = (before.find_scope(application, entity), after.find_scope(application, entity))
        else {
            continue;
        };
        assert_eq!((had, has), (place, place), "{application}, {entity:?}: {told}");
        let (was, is) = (&before.scopes[place as usize], &after.scopes[place as usize]);
        let same = Arc::ptr_eq(was, is);
        let alike = describe(before, place) == describe(after, place) && was.strategies == is.strategies;
        assert!(!same || alike, "{application}, {entity:?} differs and was kept: {told}");
        assert!(same || is.revision > was.revision);
        assert!(same || !alike || !small, "{application}, {entity:?} is the same and was made anew: {told}");
        shared += usize::from(same);
    }
    shared
}

#[test]
fn a_revision_after_any_edits_is_what_its_catalog_gives() {
    let (mut small, mut large, mut shared) = (0, 0, 0);
    for seed in 0..WORLDS {
        let mut numbers = Numbers::of(seed);
        let mut revision = Revision::new(start(&mut numbers)).expect("senders that differ");
        for call in 0..CALLS {
            let file = file(revision.catalog());
            let changes: Vec<Change> = (0..numbers.below(6)).map(|_| numbers.change(&file)).collect();
            let edits: Vec<Edit<'_>> = changes.iter().map(Change::edit).collect();
            let Ok(catalog) = revision.catalog().edit(&edits) else { continue };
            // Now and then without the empty slots of what was removed.
            let catalog = if numbers.below(10) == 0 { catalog.renumbered() } else { catalog };
            let told = format!("seed {seed}, call {call}: {changes:?} of {file}");
            let is_small = CatalogDiff::between(revision.catalog(), &catalog).is_some();
            let after = Revision::after(&revision, catalog.clone()).expect("senders that differ");
            assert_alike(&after, &Revision::new(catalog).expect("senders that differ"), &told);
            shared += assert_shared(&revision, &after, is_small, &told);
            *(if is_small { &mut small } else { &mut large }) += 1;
            revision = after;
        }
    }
    assert!(small > 500 && large > 50 && shared > 1_000, "too uniform: {small} small, {large} large, {shared} shared");
}
