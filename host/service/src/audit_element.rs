//! Elements as people read them in the audit log: what names one, its values, and whose it is. Secrets are left out, and so is
//! what is too long to read.

use callsign::Catalog;
use callsign_signature::ModuleKey;
use hashbrown::HashMap;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::binding::{BindingRecord, PolicySpec, Target};
use crate::change::{Change, Kind, raw, time};
use crate::key::Key;
use crate::keys::KeyInfo;
use crate::module::ModuleRecord;
use crate::module_key::ModuleKeyInfo;
use crate::state::State;

/// Settings of policies that have more bytes are told by their length.
const LONGEST_SETTINGS: usize = 256;

/// The fields that name an element, from its key: the store has keys such as `["shop",null]`.
pub(crate) fn name(kind: Kind, key: &str) -> Value {
    let fields: &[&str] = match kind {
        Kind::Application | Kind::Generation => &["applicationId"],
        Kind::Entity => &["entityId"],
        Kind::Sender => &["senderId"],
        Kind::Strategy => &["sendingStrategyId"],
        Kind::Key | Kind::ModuleKey => &["keyId"],
        Kind::Association => &["resourceType", "channel", "applicationId", "entityId", "resourceId"],
        Kind::DefaultSender | Kind::Owner | Kind::Binding => &["applicationId", "entityId"],
        Kind::Module => &["applicationId", "digest"],
    };
    if let [field] = fields {
        return json!({ *field: key });
    }
    let parts: Vec<Option<String>> = serde_json::from_str(key).unwrap_or_default();
    let named = fields.iter().zip(parts).filter_map(|(field, part)| Some(((*field).to_owned(), part?.into())));
    Value::Object(named.collect::<Map<String, Value>>())
}

/// The values of a stored element; `None` where its name says all, and where it cannot be read.
pub(crate) fn value(kind: Kind, body: &RawValue) -> Option<Box<RawValue>> {
    let body = body.get();
    match kind {
        Kind::Association => None,
        Kind::Key => serde_json::from_str(body).ok().map(|key: Key| raw(&KeyInfo::of(&key))),
        Kind::ModuleKey => serde_json::from_str(body).ok().map(|key: ModuleKey| raw(&ModuleKeyInfo::of(&key))),
        Kind::Module => serde_json::from_str(body).ok().map(|module: ModuleRecord| module_value(&module)),
        Kind::Binding => serde_json::from_str(body).ok().map(|binding: BindingRecord| binding_value(&binding)),
        _ => RawValue::from_string(body.to_owned()).ok(),
    }
}

fn module_value(module: &ModuleRecord) -> Box<RawValue> {
    let mut value = json!({ "name": module.name, "version": module.version.to_string(), "size": module.size,
        "addedAt": time(module.added_at), "shared": module.shared });
    let signatures =
        module.signatures().map(|signature| json!({ "keyId": signature.key_id(), "comment": signature.comment() }));
    let signatures: Vec<Value> = signatures.collect();
    if !signatures.is_empty() {
        value["signatures"] = signatures.into();
    }
    raw(&value)
}

fn binding_value(binding: &BindingRecord) -> Box<RawValue> {
    let policy = |spec: &PolicySpec| {
        let settings = spec.settings.as_ref().map(|settings| match settings.get().len() {
            length if length > LONGEST_SETTINGS => json!(format!("{length} bytes")),
            _ => serde_json::from_str(settings.get()).unwrap_or_default(),
        });
        let settings = settings.or(spec.settings_digest.as_ref().map(|digest| json!(digest)));
        let mut value = json!({ "policy": spec.policy, "module": spec.module });
        if !spec.signed_by.is_empty() {
            value["signedBy"] = json!(spec.signed_by);
        }
        if let Some(settings) = settings {
            value["settings"] = settings;
        }
        value
    };
    let mut value = policy(&binding.active);
    if let Some(shadow) = &binding.shadow {
        value["shadow"] = policy(shadow);
    }
    if let Some(canary) = &binding.canary {
        value["canary"] = policy(&canary.spec);
        value["canary"]["perMille"] = canary.per_mille.into();
    }
    raw(&value)
}

/// The values of the element that there is.
fn present(catalog: &Catalog, state: &State, kind: Kind, key: &str) -> Option<Box<RawValue>> {
    let parts = || serde_json::from_str::<Vec<Option<String>>>(key).unwrap_or_default();
    match kind {
        Kind::Application => catalog.application(key).map(|(_, element)| raw(&catalog.application_json(element))),
        Kind::Entity => catalog.entity(key).map(|(_, element)| raw(&catalog.entity_json(element))),
        Kind::Sender => catalog.sender(key).map(|(_, element)| raw(&catalog.sender_json(element))),
        Kind::Strategy => catalog.strategy(key).map(|(_, element)| raw(&catalog.strategy_json(element))),
        Kind::Association => None,
        Kind::DefaultSender => {
            let (application, entity) = match &parts()[..] {
                [Some(application), entity] => (catalog.application(application)?.0, entity.clone()),
                _ => return None,
            };
            let entity = match entity {
                Some(entity) => Some(catalog.entity(&entity)?.0),
                None => None,
            };
            let sender = catalog.default_of(application, entity)?;
            Some(raw(&json!({ "senderId": &*catalog.senders()[sender as usize].id })))
        }
        Kind::Owner => match &parts()[..] {
            [maker, Some(id)] => {
                let record = state.entities.get(maker.as_deref(), id)?;
                Some(raw(&json!({ "entityName": record.name })))
            }
            _ => None,
        },
        Kind::Module => state.modules.get(key).map(|module| module_value(module)),
        Kind::Binding => state.bindings.get(&Target::of_key(key)?).map(|binding| binding_value(binding)),
        Kind::Key => state.keys.get(key).map(|key| raw(&KeyInfo::of(key))),
        Kind::ModuleKey => state.module_keys.get(key.parse().ok()?).map(|key| raw(&ModuleKeyInfo::of(key))),
        Kind::Generation => state.generations.get(key).map(raw),
    }
}

/// What is before each of some changes.
pub(crate) fn before_each(catalog: &Catalog, state: &State, changes: &[Change]) -> Vec<Option<Box<RawValue>>> {
    let mut last: HashMap<(Kind, &str), Option<&RawValue>> = HashMap::new();
    let before = changes.iter().map(|change| {
        let body = change.body.as_deref();
        match last.insert((change.kind, &change.key), body) {
            None => present(catalog, state, change.kind, &change.key),
            Some(earlier) => earlier.and_then(|body| value(change.kind, body)),
        }
    });
    before.collect()
}

/// Whether a change is of an application, so that its keys may read of it.
pub(crate) fn is_of(application: &str, change: &Change, before: Option<&RawValue>) -> bool {
    let part = |index: usize| {
        let parts: Vec<Option<String>> = serde_json::from_str(&change.key).unwrap_or_default();
        parts.into_iter().nth(index).flatten().is_some_and(|id| id == application)
    };
    let field = |pointer: &str| {
        let bodies = [change.body.as_deref(), before];
        bodies.into_iter().flatten().any(|body| {
            let body: Value = serde_json::from_str(body.get()).unwrap_or_default();
            body.pointer(pointer).is_some_and(|id| id == application)
        })
    };
    match change.kind {
        Kind::Application => change.key == application,
        // What the platform registers, and how it counts.
        Kind::Sender | Kind::Entity | Kind::Generation => false,
        Kind::Owner | Kind::DefaultSender | Kind::Binding | Kind::Module => part(0),
        Kind::Association => part(2),
        Kind::Strategy => field("/platform/applicationId"),
        Kind::Key | Kind::ModuleKey => field("/applicationId"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::key_of;

    #[test]
    fn an_element_is_named_by_its_fields() {
        assert_eq!(name(Kind::Sender, "S1"), json!({ "senderId": "S1" }));
        assert_eq!(name(Kind::Binding, &key_of(&[Some("shop"), None])), json!({ "applicationId": "shop" }));
        assert_eq!(name(Kind::Binding, &key_of(&[None, None])), json!({}));
        let key = key_of(&[Some("NUMBER"), Some("SMS"), Some("shop"), Some("acme"), Some("S1")]);
        let named = json!({ "resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": "acme",
            "resourceId": "S1" });
        assert_eq!(name(Kind::Association, &key), named);
    }

    #[test]
    fn a_change_is_of_the_application_that_it_is_about() {
        let association = key_of(&[Some("NUMBER"), Some("SMS"), Some("shop"), None, Some("bank")]);
        let strategy = json!({ "platform": { "applicationId": "shop" } });
        for (change, before) in [
            (Change::remove(Kind::Application, "shop"), None),
            (Change::remove(Kind::Association, association), None),
            (Change::remove(Kind::Binding, key_of(&[Some("shop"), Some("bank")])), None),
            (Change::put(Kind::Strategy, "bank", &strategy), None),
            (Change::remove(Kind::Strategy, "bank"), Some(raw(&strategy))),
        ] {
            assert!(is_of("shop", &change, before.as_deref()), "{change:?}");
            assert!(!is_of("bank", &change, before.as_deref()), "{change:?}");
        }
        assert!(!is_of("shop", &Change::remove(Kind::Sender, "shop"), None));
        assert!(!is_of("shop", &Change::remove(Kind::Strategy, "shop"), None));
    }
}
