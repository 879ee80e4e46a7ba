//! Associations: made, found by all that they say, and deleted by a body.

use serde_json::{Value, json};

use super::{fault, world};
use callsign_tests::service::Server;

const PATH: &str = "/provisioning/1/associations";

fn single(server: &Server, body: &Value) -> callsign_tests::service::Reply {
    let mut query = Vec::new();
    for name in ["resourceType", "channel", "applicationId", "entityId", "resourceId"] {
        if let Some(value) = body[name].as_str() {
            query.push(format!("{name}={}", world::escaped(value)));
        }
    }
    server.get(&format!("{PATH}/single?{}", query.join("&")))
}

#[test]
fn it_is_answered_with_its_five_fields_and_a_null_entity() {
    let server = world::server();
    for entity in [json!(null), json!("acme")] {
        let body = world::association(&entity, "FREE");
        assert_eq!(fault::check(PATH, &single(&server, &body), 404), []);
        assert_eq!(server.post(PATH, &body).expect(201).text, "");
        // The entity is there, null or not: nothing else is told of it, and nothing is left out.
        assert_eq!(single(&server, &body).expect(200).json(), body);
        let list = server.get(&format!("{PATH}?resourceId=FREE")).expect(200).json();
        assert!(list["results"].as_array().unwrap().contains(&body), "{list}");
    }
}

#[test]
fn one_that_exists_is_409_and_another_entity_is_another() {
    let server = world::server();
    for entity in [json!(null), json!("acme"), json!("globex")] {
        let body = world::association(&entity, "SHORT");
        server.post(PATH, &body).expect(201);
        assert_eq!(fault::check(PATH, &server.post(PATH, &body), 409), []);
    }
    let list = server.get(&format!("{PATH}?resourceId=SHORT")).expect(200).json();
    assert_eq!(list["paging"]["totalResults"], 3);
}

#[test]
fn an_unknown_resource_application_or_entity_is_404() {
    let server = world::server();
    for (name, kind) in
        [("resourceId", "NUMBER"), ("resourceId", "ALPHA"), ("applicationId", "NUMBER"), ("entityId", "NUMBER")]
    {
        let mut body = world::association(&json!("acme"), "FREE");
        body["resourceType"] = json!(kind);
        body[name] = json!("nobody knows it");
        assert_eq!(fault::check(PATH, &server.post(PATH, &body), 404), []);
        // Whatever is no sender of the platform is any text, but its application and its entity are not.
        body["resourceType"] = json!("DOMAIN");
        let reply = server.post(PATH, &body);
        assert!(reply.status == 404 || (name == "resourceId" && [201, 409].contains(&reply.status)), "{reply:?}");
    }
}

#[test]
fn what_strategies_do_not_act_on_is_kept_and_ignored() {
    let server = world::server();
    let mut made = 0;
    for kind in ["NUMBER", "ALPHA", "DOMAIN", "RCS_RESOURCE", "APPLE_RESOURCE"] {
        for channel in ["SMS", "MMS", "EMAIL", "WHATSAPP", "RCS", "APPLE"] {
            let mut body = world::association(&json!("globex"), "FREE");
            (body["resourceType"], body["channel"]) = (json!(kind), json!(channel));
            server.post(PATH, &body).expect(201);
            assert_eq!(fault::check(PATH, &server.post(PATH, &body), 409), []);
            assert_eq!(single(&server, &body).expect(200).json(), body);
            made += 1;
        }
    }
    let list = server.get(&format!("{PATH}?entityId=globex&applicationId=shop&size=1000")).expect(200).json();
    assert_eq!(list["paging"]["totalResults"], made);
    for body in list["results"].as_array().unwrap() {
        assert_eq!(server.ask(server.key(), "DELETE", PATH, Some(body)).expect(204).text, "");
    }
    let list = server.get(&format!("{PATH}?entityId=globex&applicationId=shop")).expect(200).json();
    assert_eq!(list["paging"]["totalResults"], 0);
}

#[test]
fn the_one_to_delete_comes_as_a_json_body() {
    let server = world::server();
    let delete = |body: &Value| server.ask(server.key(), "DELETE", PATH, Some(body));
    let (of_application, of_entity) =
        (world::association(&json!(null), "LONG"), world::association(&json!("acme"), "LONG"));
    assert_eq!(delete(&of_application).expect(204).text, "");
    assert_eq!(fault::check(PATH, &delete(&of_application), 404), []);
    // The one of the entity is another association, and stays.
    assert_eq!(single(&server, &of_entity).expect(200).json(), of_entity);
    delete(&of_entity).expect(204);
    assert_eq!(fault::check(PATH, &single(&server, &of_entity), 404), []);
    server.post(PATH, &of_entity).expect(201);
}

#[test]
fn single_requires_all_but_the_entity() {
    let server = world::shared();
    let sound = [("resourceType", "NUMBER"), ("channel", "SMS"), ("applicationId", "shop"), ("resourceId", "LONG")];
    let ask = |pairs: &[(&str, &str)]| {
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        server.get(&format!("{PATH}/single?{}", query.join("&")))
    };
    ask(&sound).expect(200);
    for (index, (name, _)) in sound.iter().enumerate() {
        let mut without = sound.to_vec();
        without.remove(index);
        fault::names(PATH, &ask(&without), 400, name);
        let mut empty = sound.to_vec();
        empty[index].1 = "";
        fault::names(PATH, &ask(&empty), 400, name);
    }
    for (name, wrong) in [("resourceType", "PHONE"), ("channel", "sms")] {
        let mut pairs = sound.to_vec();
        pairs.retain(|pair| pair.0 != name);
        pairs.push((name, wrong));
        fault::names(PATH, &ask(&pairs), 400, name);
    }
}
