//! What a platform may have at most.

use serde_json::json;

use super::{fault, world};

#[test]
fn a_platform_has_so_many_elements_and_no_more_of_any_kind() {
    let counted = |list: &str| world::catalog()[list].as_array().unwrap().len();
    let lists = ["applications", "entities", "senders", "associations", "sendingStrategies"];
    // With the application `default`.
    let full = 1 + lists.into_iter().map(counted).sum::<usize>();
    let server = world::with(&format!("[limits]\nelements = {full}"));
    let mut domain = world::association(&json!(null), "shop.example");
    (domain["resourceType"], domain["channel"]) = (json!("DOMAIN"), json!("EMAIL"));
    for (path, body) in [
        ("/provisioning/1/applications", json!({ "applicationId": "new" })),
        ("/provisioning/1/entities", json!({ "entityId": "new" })),
        ("/provisioning/1/associations", world::association(&json!(null), "FREE")),
        ("/provisioning/1/associations", domain),
        ("/provisioning/2/sending-strategies", json!({})),
    ] {
        // There is no 409 for strategies.
        let status = if path.starts_with("/provisioning/2") { 400 } else { 409 };
        assert_eq!(fault::check(path, &server.post(path, &body), status), []);
        let list = server.get(path).expect(200).json();
        let before = if path.ends_with("applications") { 3 } else { list["results"].as_array().unwrap().len() };
        assert_eq!(list["paging"]["totalResults"], before);
    }
    // What is decided goes on, though it names an entity that there is no room for.
    let message = json!({ "applicationId": "shop", "entityId": "fresh", "channel": "SMS", "to": "+14155550123" });
    server.post("/v1/decisions", &message).expect(200);
    server.get("/provisioning/1/entities/fresh").expect(404);
    // One goes, and one comes.
    server.delete("/provisioning/2/sending-strategies/SHOPS").expect(204);
    server.post("/provisioning/1/applications", &json!({ "applicationId": "new" })).expect(201);
}
