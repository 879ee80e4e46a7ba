//! A first look: it starts with nothing at all, and ends when it is told to.

use serde_json::json;

use callsign_tests::service::Server;

#[test]
fn with_no_configuration_it_makes_a_key_and_serves() {
    let server = Server::start();
    assert!(server.key().starts_with("cs_"));
    let applications = server.get("/provisioning/1/applications").expect(200).json();
    assert_eq!(applications["results"], json!([{ "applicationId": "default" }]));
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_second_start_makes_no_key_and_has_what_was_made() {
    let data = callsign_tests::service::folder("again");
    let server = Server::at(&data, "", &[]);
    let key = server.key().to_owned();
    server.post("/provisioning/1/applications", &json!({ "applicationId": "shop" })).expect(201);
    assert_eq!(server.end(), Some(0));
    let server = Server::at(&data, "", &[]);
    assert_eq!(server.first_key, None);
    server.ask(&key, "GET", "/provisioning/1/applications/shop", None).expect(200);
}

#[test]
fn the_first_page_needs_no_key_and_leads_to_the_documentation() {
    let server = Server::start();
    let page = server.send(&[], "GET", "/", None).expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let mut links = page.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert!(links.clone().any(|link| link == "/docs/"));
    // Every link leads somewhere.
    assert!(links.all(|link| server.send(&[], "GET", link, None).status == 200), "{page:?}");
}
