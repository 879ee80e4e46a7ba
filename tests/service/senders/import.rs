//! Imports of senders, and what is exported to be imported again.

use serde_json::{Value, json};

use super::{full, import, sender, violations, with_header};
use callsign_tests::service::Server;

#[test]
fn an_import_makes_and_replaces_all_or_nothing() {
    let server = Server::start();
    server.post("/v1/senders", &sender("S1", "+14155550100")).expect(201);
    let lines = format!("\u{feff}{}\n\n  {}\r\n", sender("S1", "+14155550109"), sender("S2", "+14155550101"));
    for kind in ["application/x-ndjson", "application/jsonl"] {
        let refused = import(&server, kind, "?mode=insert", &lines).expect(409);
        assert_eq!(violations(&refused)[0].0, "line 1: senderId");
    }
    assert_eq!(server.get("/v1/senders/S1").json()["sender"], "+14155550100");
    let done = import(&server, "application/x-ndjson", "", &lines).expect(200);
    assert_eq!(done.json(), json!({ "created": 1, "replaced": 1, "changed": { "sender": 1 } }));
    assert_eq!(server.get("/v1/senders/S1").json()["sender"], "+14155550109");
    assert_eq!(import(&server, "application/jsonl", "", "").expect(200).json(), json!({ "created": 0, "replaced": 0 }));
    import(&server, "application/jsonl", "?mode=replace", "").expect(400);

    let wrong = format!("{}\n{{\n{}\n[]\n", sender("S3", "+14155550102"), json!({ "senderId": "S4", "sender": "x" }));
    let told = violations(&import(&server, "application/x-ndjson", "", &wrong).expect(400));
    let named: Vec<&str> = told.iter().map(|(property, _)| &**property).collect();
    assert_eq!(named, ["line 2", "line 3", "line 3", "line 4"], "{told:?}");
    server.get("/v1/senders/S3").expect(404);

    let mut far = sender("S7", "+14155550107");
    far["coverage"][0]["channel"] = "FAX".into();
    let twice = format!("{}\n{far}\n{}", sender("S5", "+14155550105"), sender("S5", "+14155550106"));
    let told = violations(&import(&server, "application/x-ndjson", "", &twice).expect(400));
    assert_eq!(told[0].0, "line 2: coverage[0].channel", "{told:?}");
    let text = "\"S5\" is the id of line 1 already; ids are unique";
    assert_eq!(told[1], ("line 3: senderId".into(), text.into()));

    let many = "{}\n".repeat(300);
    assert_eq!(violations(&import(&server, "application/x-ndjson", "", &many).expect(400)).len(), 100);
}

#[test]
fn a_table_is_imported_and_its_faults_have_lines_too() {
    let server = Server::start();
    let table = "sender,senderId,coverage,senderType\r\n\
                 \"ACME, Inc.\",A,SMS:US|CA;MMS:*,ALPHANUMERIC\r\n\
                 12345,C, RCS : GB ; SMS: ,SHORT_CODE\r\n";
    assert_eq!(import(&server, "text/csv", "", table).expect(200).json(), json!({ "created": 2, "replaced": 0 }));
    let made = server.get("/v1/senders/A").json();
    assert_eq!(made["sender"], "ACME, Inc.");
    assert_eq!(made["status"], "ACTIVE");
    let coverage = json!([{ "channel": "SMS", "countries": ["CA", "US"] }, { "channel": "MMS", "countries": "*" }]);
    assert_eq!(made["coverage"], coverage);
    let coverage = json!([{ "channel": "SMS", "countries": [] }, { "channel": "RCS", "countries": ["GB"] }]);
    assert_eq!(server.get("/v1/senders/C").json()["coverage"], coverage);

    let wrong = "senderId,sender,senderType,status,coverage\n\
                 X,ACME,ALPHANUMERIC,ACTIVE,SMS\n\
                 Y,ACME,ALPHANUMERIC\n\
                 Z,ACME,ALPHANUMERIC,ASLEEP,SMS:UK\n";
    let told = violations(&import(&server, "text/csv; charset=utf-8", "", wrong).expect(400));
    let named: Vec<&str> = told.iter().map(|(property, _)| &**property).collect();
    assert_eq!(named, ["line 2: coverage", "line 3", "line 4: coverage[0].countries[0]", "line 4: status"], "{told:?}");
    let told = violations(&import(&server, "text/csv", "", "senderId,colour,sender,sender\n").expect(400));
    let named: Vec<&str> = told.iter().map(|(property, _)| &**property).collect();
    // Columns that are missing say nothing of the senders that there are.
    assert_eq!(named, ["line 1: \"colour\"", "line 1: sender"], "{told:?}");
}

#[test]
fn what_is_exported_is_imported_as_the_same() {
    let server = Server::start();
    let odd = [
        json!({ "senderId": "a \"b\", c", "sender": "=A1 + 1", "senderType": "ALPHANUMERIC", "coverage": [], "status": "ACTIVE" }),
        json!({ "senderId": "ü;|:*", "sender": "+1 (415) 555-0100", "senderType": "TOLL_FREE_NUMBER", "status": "SUSPENDED",
                "coverage": [{ "channel": "SMS", "countries": [] }, { "channel": "MMS", "countries": "*" }] }),
        json!({ "senderId": "-", "sender": "00123", "senderType": "SHORT_CODE", "status": "ACTIVE",
                "coverage": [{ "channel": "RCS", "countries": ["CA", "GB", "US"] }],
                "messageTypes": ["OTP", "TRANSACTIONAL"], "weight": 7 }),
        json!({ "senderId": "agent", "sender": "acme_agent", "senderType": "RCS_AGENT", "status": "ACTIVE",
                "coverage": [{ "channel": "RCS", "countries": "*" },
                             { "channel": "RCS", "countries": ["SG"], "status": "PENDING" }],
                "attributes": { "campaign": "C1, \"x\"", "price.eur": "0.05" } }),
    ];
    for one in &odd {
        server.post("/v1/senders", one).expect(201);
    }
    // More than are written at once.
    let many: String =
        (0..2_500).map(|n| format!("{}\n", sender(&format!("N{n}"), &format!("+1415555{n:04}")))).collect();
    import(&server, "application/x-ndjson", "?mode=insert", &many).expect(200);
    let lines = server.get("/v1/senders/export").expect(200);
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(lines.text.lines().count(), 2_504);
    let first: Vec<Value> = lines.text.lines().take(4).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(first, odd);
    let table = server.get("/v1/senders/export?format=csv").expect(200);
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    let accepted =
        with_header(&server, ("accept", "text/csv, */*;q=0.1"), "GET", "/v1/senders/export", None).expect(200);
    assert_eq!(accepted.text, table.text);

    for (kind, text) in [("application/x-ndjson", &lines.text), ("text/csv", &table.text)] {
        let done = import(&server, kind, "", text).expect(200);
        assert_eq!(done.json(), json!({ "created": 0, "replaced": 2_504 }));
        let other = Server::start();
        assert_eq!(import(&other, kind, "", text).expect(200).json(), json!({ "created": 2_504, "replaced": 0 }));
        assert_eq!(other.get("/v1/senders/export").text, lines.text, "{kind}");
        assert_eq!(other.get("/v1/senders/export?format=csv").text, table.text, "{kind}");
    }
}

#[test]
fn columns_and_fields_that_are_not_there_change_nothing() {
    let server = Server::start();
    let mut there = full();
    there["status"] = "SUSPENDED".into();
    server.post("/v1/senders", &there).expect(201);
    let table = "senderId,sender,senderType,coverage\nS1,+14155550100,VIRTUAL_LONG_NUMBER,SMS:*;SMS:SG:PENDING\n";
    let done = import(&server, "text/csv", "", table).expect(200);
    assert_eq!(done.json(), json!({ "created": 0, "replaced": 1 }));
    assert_eq!(server.get("/v1/senders/S1").json(), there);
    let line = sender("S1", "+14155550100");
    let mut line = json!({ "senderId": "S1", "sender": line["sender"], "senderType": line["senderType"] });
    line["coverage"] = there["coverage"].clone();
    let done = import(&server, "application/x-ndjson", "", &line.to_string()).expect(200);
    assert_eq!(done.json(), json!({ "created": 0, "replaced": 1 }));
    assert_eq!(server.get("/v1/senders/S1").json(), there);

    // The id is enough where the sender is there.
    let done = import(&server, "text/csv", "", "senderId,weight\nS1,7\n").expect(200);
    assert_eq!(done.json(), json!({ "created": 0, "replaced": 1, "changed": { "weight": 1 } }));
    there["weight"] = 7.into();
    assert_eq!(server.get("/v1/senders/S1").json(), there);
    let told = violations(&import(&server, "text/csv", "", "senderId,weight\nS2,7\n").expect(400));
    let named: Vec<&str> = told.iter().map(|(property, _)| &**property).collect();
    assert_eq!(named, ["line 2"; 3], "a new sender needs all that one must have: {told:?}");

    // Those that are there do: an empty cell takes types and attributes away, and says nothing of status and weight.
    let table = "senderId,sender,senderType,coverage,status,weight,messageTypes,attribute.campaign,attribute.brand\n\
                 S1,+14155550100,VIRTUAL_LONG_NUMBER,SMS:*,,,,,acme\n";
    let done = import(&server, "text/csv", "", table).expect(200);
    assert_eq!(
        done.json(),
        json!({ "created": 0, "replaced": 1, "changed": { "attributes": 1, "coverage": 1, "messageTypes": 1 } })
    );
    there["coverage"] = json!([{ "channel": "SMS", "countries": "*" }]);
    there.as_object_mut().unwrap().remove("messageTypes");
    there["attributes"] = json!({ "brand": "acme", "price": "0.0075" });
    assert_eq!(server.get("/v1/senders/S1").json(), there);

    let wrong = "senderId,sender,senderType,coverage,weight,attribute.a b\nS1,+1,SHORT_CODE,SMS:*,1,x\n";
    assert_eq!(violations(&import(&server, "text/csv", "", wrong).expect(400))[0].0, "line 1: \"attribute.a b\"");
    let wrong = "senderId,sender,senderType,coverage,weight\nS1,12345,SHORT_CODE,SMS:*:ON,1001\n";
    let told = violations(&import(&server, "text/csv", "", wrong).expect(400));
    let named: Vec<&str> = told.iter().map(|(property, _)| &**property).collect();
    assert_eq!(named, ["line 2: coverage[0].status", "line 2: weight"], "{told:?}");
}

#[test]
fn a_table_from_a_spreadsheet_is_imported_and_what_is_no_text_is_told_how_to_convert() {
    let server = Server::start();
    let semicolons =
        "\u{feff}SenderId;SENDER;senderType;Coverage;Attribute.brand\r\nA;ACME;ALPHANUMERIC;\"SMS:GB;MMS:GB\";x\r\n";
    assert_eq!(import(&server, "text/csv", "", semicolons).expect(200).json(), json!({ "created": 1, "replaced": 0 }));
    let tabs = "senderId\tsender\tsenderType\tcoverage\nB\t12345\tSHORT_CODE\tSMS:US,\n";
    violations(&import(&server, "text/csv", "", tabs).expect(400));
    let tabs = tabs.replace("US,", "US");
    assert_eq!(import(&server, "text/csv", "", &tabs).expect(200).json(), json!({ "created": 1, "replaced": 0 }));
    let made = server.get("/v1/senders/A").json();
    assert_eq!((&made["coverage"][1]["channel"], &made["attributes"]["brand"]), (&json!("MMS"), &json!("x")));
    let utf_16: Vec<u8> = semicolons.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (body, told) in
        [(&b"\x1f\x8b\x08\0"[..], "gzip -dc"), (b"\x28\xb5\x2f\xfd\0", "zstd -dc"), (&utf_16, "iconv -f UTF-16")]
    {
        let authorization = format!("App {}", server.key());
        let headers = [("authorization", &*authorization), ("content-type", "text/csv")];
        let reply = server.send(&headers, "POST", "/v1/senders/import", Some(body)).expect(400);
        assert!(reply.text.contains(told), "{}", reply.text);
    }
}
