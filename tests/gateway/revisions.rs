//! Catalogs that replace each other.

use callsign::{Catalog, Edit, Gateway, List};
use serde_json::json;
use serde_json::value::to_raw_value;

const PLATFORM: &str = r#"{"applications": [{"applicationId": "shop"}]}"#;

#[test]
fn a_revision_that_another_overtook_is_made_anew_and_serves_all_the_same() {
    let gateway = Gateway::new(Catalog::from_json(PLATFORM).unwrap()).unwrap();
    let named = |name: &str| {
        let application = to_raw_value(&json!({"applicationId": "shop", "applicationName": name})).unwrap();
        gateway.revision().catalog().edit(&[Edit::put(List::Applications, &application)]).unwrap()
    };
    let (one, other) = (gateway.next_revision(named("one")), gateway.next_revision(named("other")));
    let other = other.unwrap();
    let overtaken = other.number();
    gateway.replace_revision(one.unwrap()).unwrap();
    gateway.replace_revision(other).unwrap();
    assert_ne!(gateway.revision().number(), overtaken);
    let revision = gateway.revision();
    let (_, shop) = revision.catalog().application("shop").unwrap();
    assert_eq!(shop.name.as_deref(), Some("other"));
}
