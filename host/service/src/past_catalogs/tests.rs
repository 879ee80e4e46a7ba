#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;

use super::*;
use crate::audit_element::before_each;
use crate::catalog_file::exported;
use crate::change::{Draft, key_of};
use crate::entity;
use crate::store::{CatalogAddress, Committed};

/// How many revisions a run makes.
const REVISIONS: u64 = 300;

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % most
    }

    fn id(&mut self, letter: &str, most: u64) -> String {
        format!("{letter}{}", self.below(most))
    }
}

/// A platform that changes, and its catalog at every revision so far.
struct Changing {
    folder: PathBuf,
    store: Arc<Store>,
    catalog: Catalog,
    state: State,
    /// By revision, from 0 on.
    catalogs: Vec<String>,
}

fn json_of(catalog: &Catalog, state: &State) -> String {
    serde_json::to_string(&exported(catalog, &state.entities).unwrap().to_json()).unwrap()
}

impl Changing {
    async fn begin(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("callsign-past-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        callsign_private::PrivateFolder::create(&folder).unwrap();
        let address = CatalogAddress::Sqlite(folder.join("catalog.sqlite"));
        let store = Arc::new(Store::open(&address, Operator::Service).await.unwrap());
        let (catalog, state) = whole(0, &[]).unwrap();
        let catalogs = vec![json_of(&catalog, &state)];
        Self { folder, store, catalog, state, catalogs }
    }

    /// Makes the next revision, if the platform would be valid.
    async fn change(&mut self, changes: Vec<Change>) {
        let Ok(next) = edited(&self.catalog, &changes) else { return };
        let seen = self.state.revision;
        let before = before_each(&self.catalog, &self.state, &changes);
        self.state = self.state.after(seen + 1, &changes).unwrap();
        self.catalog = next.unwrap_or(self.catalog.clone());
        let draft = Draft { who: "a test".into(), action: "a change".into(), changes, before, ..Draft::default() };
        assert_eq!(self.store.commit(seen, &Arc::from([draft])).await.unwrap(), Committed::Done(seen + 1));
        self.catalogs.push(json_of(&self.catalog, &self.state));
    }

    async fn change_until(&mut self, rng: &mut Rng, revisions: u64) {
        while self.state.revision < revisions {
            let changes = (0..=rng.below(4)).flat_map(|_| some(rng)).collect();
            self.change(changes).await;
        }
    }

    async fn catalog_at(&self, revision: u64) -> Result<String, PastCatalogError> {
        platform_at(&self.store, revision).await.map(|(catalog, state)| json_of(&catalog, &state))
    }

    /// Changes the store behind its back.
    fn execute(&self, sql: &str) {
        rusqlite::Connection::open(self.folder.join("catalog.sqlite")).unwrap().execute(sql, []).unwrap();
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Some element is put, removed, or removed and put again. There are few of each kind, so most are touched many times.
fn some(rng: &mut Rng) -> Vec<Change> {
    let (application, entity) = (rng.id("a", 3), rng.id("e", 3));
    let of_entity = (rng.below(2) == 0).then_some(&*entity);
    let platform = json!({ "applicationId": application, "entityId": of_entity });
    let (kind, key, body) = match rng.below(7) {
        0 => (
            Kind::Application,
            application.clone(),
            json!({ "applicationId": application, "applicationName": rng.id("n", 9) }),
        ),
        1 => (Kind::Entity, entity.clone(), json!({ "entityId": entity, "attributes": { "tier": rng.id("t", 9) } })),
        2 => {
            let id = rng.id("S", 6);
            let status = if rng.below(4) == 0 { "SUSPENDED" } else { "ACTIVE" };
            let sender = format!("+1415555010{}", rng.below(6));
            let coverage = json!([{ "channel": "SMS", "countries": "*" }]);
            let body = json!({ "senderId": id, "sender": sender, "senderType": "VIRTUAL_LONG_NUMBER", "status": status,
                               "coverage": coverage, "weight": 1 + rng.below(5) });
            (Kind::Sender, id, body)
        }
        3 => {
            let (resource_type, channel) = [("NUMBER", "SMS"), ("DOMAIN", "EMAIL")][rng.below(2) as usize];
            let resource = rng.id("S", 6);
            let named = NamedAssociation {
                resource_type,
                channel,
                application: &application,
                entity: of_entity,
                resource: &resource,
            };
            (Kind::Association, named.key(), serde_json::to_value(named.body()).unwrap())
        }
        4 => {
            let id = rng.id("T", 4);
            let body = json!({ "sendingStrategyId": id, "platform": platform, "useStickySender": rng.below(2) == 0 });
            (Kind::Strategy, id, body)
        }
        5 => {
            let key = key_of(&[Some(&application), of_entity]);
            (Kind::DefaultSender, key, json!({ "platform": platform, "senderId": rng.id("S", 6) }))
        }
        _ => {
            let maker = (rng.below(2) == 0).then_some(&*application);
            let name = rng.id("n", 9);
            let record = entity::record(maker, &entity, (rng.below(3) > 0).then_some(&*name));
            let body = serde_json::from_str(record.body.as_deref().unwrap().get()).unwrap();
            (Kind::Owner, record.key, body)
        }
    };
    match rng.below(5) {
        0 => vec![Change::remove(kind, key)],
        1 => vec![Change::remove(kind, &*key), Change::put(kind, key, &body)],
        _ => vec![Change::put(kind, key, &body)],
    }
}

#[tokio::test]
async fn the_catalog_of_every_revision_is_as_it_was_then_in_the_same_order() {
    for seed in 1..=3 {
        println!("seed {seed}");
        let mut rng = Rng(seed);
        let mut changing = Changing::begin(&format!("every-{seed}")).await;
        changing.change_until(&mut rng, REVISIONS).await;
        for (revision, catalog) in changing.catalogs.iter().enumerate() {
            assert_eq!(changing.catalog_at(revision as u64).await.unwrap(), *catalog, "revision {revision}");
        }
        // By steps of any length, and back. The names of entities are of their makers, and decisions read none.
        let numbering = Arc::clone(Numbering::standard());
        let mut past = PastCatalogs::of(Arc::clone(&changing.store), numbering);
        let nameless = |text: &str| {
            let mut file: Value = serde_json::from_str(text).unwrap();
            for entity in file["entities"].as_array_mut().unwrap() {
                entity.as_object_mut().unwrap().remove("entityName");
            }
            file
        };
        for _ in 0..40 {
            let revision = rng.below(REVISIONS + 1);
            let catalog = past.at(revision).await.unwrap();
            let wanted = nameless(&changing.catalogs[revision as usize]);
            let found = nameless(&serde_json::to_string(&catalog.to_json()).unwrap());
            assert_eq!(found, wanted, "revision {revision}");
        }
    }
}

#[tokio::test]
async fn a_revision_that_the_log_does_not_reach_any_more_or_not_yet_is_told_with_what_there_is() {
    let mut changing = Changing::begin("forgotten").await;
    changing.change_until(&mut Rng(7), 30).await;
    assert_eq!(changing.store.forget(0, 10).await.unwrap(), 10);
    // The changes of revision 10 are not needed for what they made.
    assert_eq!(changing.catalog_at(10).await.unwrap(), changing.catalogs[10]);
    let error = changing.catalog_at(9).await.unwrap_err();
    assert!(matches!(error, PastCatalogError::Forgotten { revision: 9, oldest: 10 }), "{error}");
    let error = changing.catalog_at(31).await.unwrap_err();
    assert!(matches!(error, PastCatalogError::NotYet { revision: 31, newest: 30 }), "{error}");
    let mut past = PastCatalogs::of(Arc::clone(&changing.store), Arc::clone(Numbering::standard()));
    past.at(28).await.unwrap();
    let error = past.at(31).await.unwrap_err();
    assert!(matches!(error, PastCatalogError::NotYet { revision: 31, newest: 30 }), "{error}");
    // All of the log is gone.
    assert_eq!(changing.store.forget(0, 30).await.unwrap(), 20);
    assert_eq!(changing.catalog_at(30).await.unwrap(), changing.catalogs[30]);
    let error = changing.catalog_at(29).await.unwrap_err();
    assert!(matches!(error, PastCatalogError::Forgotten { revision: 29, oldest: 30 }), "{error}");
}

#[tokio::test]
async fn what_a_version_wrote_that_noted_less_ends_the_way_back() {
    let mut changing = Changing::begin("earlier").await;
    changing.change_until(&mut Rng(11), 20).await;
    changing
        .execute("UPDATE revisions SET changes = replace(changes, '\"stood\"', '\"unknown\"') WHERE revision <= 12");
    assert_eq!(changing.catalog_at(12).await.unwrap(), changing.catalogs[12]);
    let error = changing.catalog_at(11).await.unwrap_err();
    assert!(matches!(error, PastCatalogError::NotNoted { revision: 11, by: 12 }), "{error}");
}
