//! Brings the elements of a store that an earlier version wrote to what this version has.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::change::{Change, Kind};
use crate::entity;
use crate::store::{Element, settings};

/// The changes that bring the elements up to date; none if they are.
///
/// An entity had no record of its maker, if the platform made it, or one under its id with the application as its body.
/// Others could use it, too: an application that uses what neither it nor the platform made gets one of its own.
pub(super) fn changes(elements: &[Element]) -> Vec<Change> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        #[serde(default)]
        entity_name: Option<String>,
    }
    let of = |kind: Kind| elements.iter().filter(move |element| element.kind == kind);
    let names: HashMap<&str, &str> = of(Kind::Entity).map(|element| (&*element.key, &*element.body)).collect();
    let name = |id: &str| {
        let named: Named = serde_json::from_str(names.get(id)?).ok()?;
        named.entity_name
    };
    let mut changes = Vec::new();
    let mut made: HashSet<String> = HashSet::new();
    // The records that there are or will be.
    let mut records: HashSet<(Option<String>, String)> = HashSet::new();
    for owner in of(Kind::Owner) {
        match serde_json::from_str::<String>(&owner.body) {
            Ok(application) => {
                changes.push(Change::remove(Kind::Owner, &*owner.key));
                if names.contains_key(&*owner.key) {
                    changes.push(entity::record(Some(&application), &owner.key, name(&owner.key).as_deref()));
                    made.insert(owner.key.clone());
                    records.insert((Some(application), owner.key.clone()));
                }
            }
            Err(_) => {
                let parts: Option<(Option<String>, String)> = serde_json::from_str(&owner.key).ok();
                made.extend(parts.iter().map(|(_, id)| id.clone()));
                records.extend(parts);
            }
        }
    }
    for element in of(Kind::Entity).filter(|element| !made.contains(&element.key)) {
        changes.push(entity::record(None, &element.key, name(&element.key).as_deref()));
        records.insert((None, element.key.clone()));
    }
    if changes.is_empty() {
        return changes;
    }
    for (application, entity) in elements.iter().filter_map(scope_of) {
        let is_known = records.contains(&(Some(application.clone()), entity.clone()))
            || records.contains(&(None, entity.clone()))
            || !names.contains_key(&*entity);
        if !is_known {
            changes.push(entity::record(Some(&application), &entity, name(&entity).as_deref()));
            records.insert((Some(application), entity));
        }
    }
    changes
}

/// The digests of components that no module and no binding has: an earlier version kept all.
pub(super) fn unreferenced(elements: &[Element], digests: Vec<String>) -> Vec<String> {
    let users = elements.iter().filter(|element| matches!(element.kind, Kind::Module | Kind::Binding));
    let users: Vec<&Element> = users.collect();
    let is_used = |digest: &str| users.iter().any(|user| user.key.contains(digest) || user.body.contains(digest));
    digests.into_iter().filter(|digest| !settings::is_digest(digest) && !is_used(digest)).collect()
}

/// The application and the entity that an element is of.
fn scope_of(element: &Element) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Strategy {
        platform: Platform,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Platform {
        application_id: String,
        entity_id: Option<String>,
    }
    let (application, entity) = match element.kind {
        Kind::Association => {
            let [_, _, application, entity, _]: [Option<String>; 5] = serde_json::from_str(&element.key).ok()?;
            (application?, entity)
        }
        Kind::DefaultSender | Kind::Binding => {
            let [application, entity]: [Option<String>; 2] = serde_json::from_str(&element.key).ok()?;
            (application?, entity)
        }
        Kind::Strategy => {
            let Strategy { platform } = serde_json::from_str(&element.body).ok()?;
            (platform.application_id, platform.entity_id)
        }
        _ => return None,
    };
    Some((application, entity?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(kind: Kind, key: &str, body: &str) -> Element {
        Element { kind, key: key.into(), body: body.into(), position: 1 }
    }

    #[test]
    fn an_entity_of_an_old_store_is_its_applications_or_the_platforms() {
        let old = [
            element(Kind::Entity, "acme", r#"{"entityId":"acme","entityName":"Acme"}"#),
            element(Kind::Entity, "[null,\"x\"]", r#"{"entityId":"[null,\"x\"]"}"#),
            element(Kind::Entity, "globex", r#"{"entityId":"globex","entityName":"Globex"}"#),
            element(Kind::Owner, "acme", "\"shop\""),
            element(Kind::Owner, "[null,\"x\"]", "\"shop\""),
            // The bank uses what the shop made.
            element(Kind::DefaultSender, r#"["bank","acme"]"#, "{}"),
            element(Kind::Association, r#"["NUMBER","SMS","bank","acme","S1"]"#, "{}"),
            element(Kind::Strategy, "S", r#"{"platform":{"applicationId":"care","entityId":"acme"}}"#),
            element(Kind::Binding, r#"["care","globex"]"#, "{}"),
            element(Kind::Binding, r#"["care",null]"#, "{}"),
        ];
        let changes = changes(&old);
        let found: Vec<_> = changes
            .iter()
            .map(|change| (change.kind, &*change.key, change.body.as_deref().map(serde_json::value::RawValue::get)))
            .collect();
        assert_eq!(
            found,
            [
                (Kind::Owner, "acme", None),
                (Kind::Owner, r#"["shop","acme"]"#, Some(r#"{"entityName":"Acme"}"#)),
                (Kind::Owner, "[null,\"x\"]", None),
                (Kind::Owner, r#"["shop","[null,\"x\"]"]"#, Some("{}")),
                (Kind::Owner, r#"[null,"globex"]"#, Some(r#"{"entityName":"Globex"}"#)),
                (Kind::Owner, r#"["bank","acme"]"#, Some(r#"{"entityName":"Acme"}"#)),
                (Kind::Owner, r#"["care","acme"]"#, Some(r#"{"entityName":"Acme"}"#)),
            ]
        );
        let owners = changes.iter().filter_map(|change| Some((&*change.key, change.body.as_deref()?.get())));
        let new: Vec<Element> = owners.map(|(key, body)| element(Kind::Owner, key, body)).collect();
        let entities = old.into_iter().filter(|element| element.kind != Kind::Owner);
        assert!(super::changes(&entities.chain(new).collect::<Vec<_>>()).is_empty());
    }
}
