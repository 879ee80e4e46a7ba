//! The audit log.

use serde_json::json;

use crate::policies::server;

#[test]
fn every_change_is_there_the_newest_first_and_no_secret() {
    let server = server();
    for id in ["a", "b", "c"] {
        server.post("/provisioning/1/applications", &json!({ "applicationId": id })).expect(201);
    }
    server.delete("/provisioning/1/applications/b").expect(200);
    server.post("/v1/keys", &json!({ "name": "another" })).expect(201);
    let (mut before, mut all) = (String::new(), Vec::new());
    loop {
        let reply = server.get(&format!("/v1/audit?size=2{before}")).expect(200);
        assert!(!reply.text.contains("hash"), "{}", reply.text);
        let page = reply.json();
        all.extend(page["results"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    let revisions: Vec<u64> = all.iter().map(|entry| entry["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, (1..=revisions.len() as u64).rev().collect::<Vec<_>>());
    assert_eq!((&all[0]["action"], &all[0]["changes"][0]["kind"]), (&json!("POST /v1/keys"), &json!("key")));
    let removal = &all[1];
    assert_eq!(removal["action"], "DELETE /provisioning/1/applications/b");
    assert!(removal["who"].as_str().unwrap().ends_with(" first"), "{removal}");
    // The generation is what the next application with this id has.
    let generation = json!({ "kind": "generation", "key": "b", "removed": false });
    assert_eq!(removal["changes"], json!([generation, { "kind": "application", "key": "b", "removed": true }]));
    assert!(removal["at"].as_str().unwrap().ends_with('Z'), "{removal}");
    assert_eq!(all[2]["changes"], json!([{ "kind": "application", "key": "c", "removed": false }]));

    server.get("/v1/audit?before=x").expect(400);
    assert_eq!(server.get("/v1/audit?before=1").expect(200).json(), json!({ "results": [] }));
    let tenant = server.new_key(Some("a"), &["audit:read"]);
    server.ask(&tenant, "GET", "/v1/audit", None).expect(403);
    let decides = server.new_key(None, &["decisions:make"]);
    server.ask(&decides, "GET", "/v1/audit", None).expect(403);
}
