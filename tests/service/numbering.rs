//! Area codes and countries without alphanumeric senders, as an operator gives them to the service.

use serde_json::{Value, json};

use callsign_tests::service::Server;

fn configured(area_codes: &str, countries: &str) -> (std::path::PathBuf, String) {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("callsign-numbering-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (codes, alphanumeric) = (folder.join("codes.csv"), folder.join("countries.csv"));
    std::fs::write(&codes, area_codes).unwrap();
    std::fs::write(&alphanumeric, countries).unwrap();
    let config = format!("[numbering]\narea_codes = {codes:?}\nalphanumeric = {alphanumeric:?}\n");
    (folder, config)
}

fn set_up(server: &Server) {
    for (id, address, kind) in [("NY", "+12125550100", "VIRTUAL_LONG_NUMBER"), ("NAME", "ACME", "ALPHANUMERIC")] {
        let sender = json!({ "senderId": id, "sender": address, "senderType": kind,
                             "coverage": [{ "channel": "SMS", "countries": "*" }] });
        server.post("/v1/senders", &sender).expect(201);
    }
}

fn decide(server: &Server, from: &str, to: &str) -> Value {
    let message = json!({ "channel": "SMS", "to": to, "from": from });
    server.post("/v1/decisions", &json!({ "messages": [message] })).expect(200).json()["decisions"][0].clone()
}

#[test]
fn the_operators_tables_decide_and_are_shown() {
    let (folder, config) =
        configured("npa,country,regions,overlays\n988,US,NY,212\n", "country,alphanumeric\nUS,yes\nBE,no\n");
    let server = Server::with(&config);
    set_up(&server);
    assert_eq!(decide(&server, "+12125550100", "+19885550123")["step"], "EXPLICIT");
    assert_eq!(
        decide(&server, "ACME", "+19885550123")["step"],
        "EXPLICIT",
        "the operator says that the US takes names"
    );
    assert_eq!(decide(&server, "ACME", "+16045550123")["refusal"]["code"], "SENDER_NOT_CAPABLE");
    assert_eq!(decide(&server, "ACME", "+32470123456")["refusal"]["code"], "SENDER_NOT_CAPABLE");
    let added = server.get("/v1/area-codes?origin=ADDED").expect(200).json();
    let code = json!({ "npa": 988, "country": "US", "regions": ["NY"], "overlays": [212], "origin": "ADDED" });
    assert_eq!(added, json!({ "areaCodes": [code], "total": 455 }));
    assert_eq!(server.get("/v1/area-codes").expect(200).json()["areaCodes"].as_array().unwrap().len(), 455);
    server.get("/v1/area-codes?origin=NEW").expect(400);
    let countries = server.get("/v1/alphanumeric-countries").expect(200).json();
    assert_eq!(
        countries["own"],
        json!([{ "country": "BE", "alphanumeric": false }, { "country": "US", "alphanumeric": true }])
    );
    assert!(countries["none"].as_array().unwrap().contains(&json!("CA")));
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn without_tables_of_the_operator_those_of_the_release_decide() {
    let server = Server::start();
    set_up(&server);
    assert_eq!(decide(&server, "+12125550100", "+19885550123")["refusal"]["code"], "INVALID_DESTINATION");
    for new in ["+14655550123", "+14715550123", "+14835550123"] {
        assert_eq!(decide(&server, "+12125550100", new)["step"], "EXPLICIT", "{new}");
    }
    assert_eq!(decide(&server, "ACME", "+14155550123")["step"], "EXPLICIT", "the table of the release only warns");
    assert_eq!(decide(&server, "ACME", "+447400123456")["step"], "EXPLICIT");
    assert_eq!(server.get("/v1/area-codes?origin=ADDED").expect(200).json(), json!({ "areaCodes": [], "total": 454 }));
}
