//! Area codes and countries without alphanumeric senders, as an operator gives them.

use serde_json::json;

use super::run::{Folder, run};

const OWN: &str = "npa,country,regions,overlays,time_zone\n988,US,NY,212 646,E\n";

fn catalog() -> String {
    let long = |id: &str, number: &str| {
        json!({"senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER",
               "coverage": [{"channel": "SMS", "countries": ["US"]}]})
    };
    let mut senders = vec![long("NY", "+12125550100"), long("BUFFALO", "+17165550100"), long("LA", "+13105550100")];
    senders.push(json!({"senderId": "NAME", "sender": "ACME", "senderType": "ALPHANUMERIC",
                        "coverage": [{"channel": "SMS", "countries": "*"}]}));
    let associations = ["NY", "BUFFALO", "LA"].map(|id| {
        json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": id})
    });
    let strategy =
        json!({"sendingStrategyId": "LOCAL", "platform": {"applicationId": "shop"}, "useGeolocatedSender": true});
    json!({"applications": [{"applicationId": "shop"}], "senders": senders, "associations": associations,
           "sendingStrategies": [strategy]})
    .to_string()
}

#[test]
fn an_area_code_of_the_operator_is_a_destination_with_overlays_and_region() {
    let folder = Folder::new();
    folder.write("catalog.json", catalog());
    folder.write("own.csv", OWN);
    folder.write(
        "messages.jsonl",
        "{\"applicationId\":\"shop\",\"channel\":\"SMS\",\"to\":\"+19885550123\"}\n\
         {\"applicationId\":\"shop\",\"channel\":\"SMS\",\"to\":\"+14655550123\"}\n",
    );
    let without = run(&mut folder.callsign(&["resolve", "--catalog", "catalog.json", "messages.jsonl"]));
    assert_eq!(without.codes(), ["INVALID_DESTINATION", ""], "{}", without.err);
    let with = run(&mut folder.callsign(&[
        "resolve",
        "--catalog",
        "catalog.json",
        "--area-codes",
        "own.csv",
        "messages.jsonl",
    ]));
    assert_eq!(with.code, 0, "{}", with.err);
    let decided: Vec<_> = with.lines().iter().map(|line| format!("{} {}", line["senderId"], line["step"])).collect();
    assert_eq!(decided[0], "\"NY\" \"OVERLAY\"");
    assert!(decided[1].ends_with("\"REGION\""), "465 overlays 718 and not 212: {decided:?}");
    let explain = ["explain", "--catalog", "catalog.json", "--area-codes", "own.csv", "--application", "shop"];
    let explained = run(folder.callsign(&explain).args(["--to", "+19885550123"]));
    assert_eq!(explained.code, 0, "{}", explained.err);
    assert!(explained.out.contains("988") && explained.out.contains("NY"), "{}", explained.out);
}

#[test]
fn check_shows_what_the_tables_of_the_operator_change_and_warns() {
    let folder = Folder::new();
    folder.write("catalog.json", catalog());
    folder.write("own.csv", OWN);
    folder.write("countries.csv", "country,alphanumeric\nUS,yes\nBE,no\n");
    let plain = run(&mut folder.callsign(&["check", "--catalog", "catalog.json"]));
    assert_eq!(plain.code, 0, "{}", plain.err);
    let warning = "catalog.json: warning: $.senders[3].coverage: sender \"NAME\" is ALPHANUMERIC and covers AR, AS, BR, CA, CL and 19 \
                   more countries, where networks take no such sender\n";
    assert_eq!(plain.err, warning);
    let given = ["--area-codes", "own.csv", "--alphanumeric", "countries.csv"];
    let checked = run(folder.callsign(&["check", "--catalog", "catalog.json"]).args(given));
    assert_eq!(checked.code, 0, "{}", checked.err);
    for line in [
        "  area code 988     added (US NY, overlays 212 646)\n",
        "  area code 212     corrected (US NY, overlays 332 646 917 988)\n",
        "  country BE        takes no alphanumeric sender\n",
        "  country US        takes alphanumeric senders\n",
    ] {
        assert!(checked.out.contains(line), "{line} is not in\n{}", checked.out);
    }
    let json = run(folder.callsign(&["check", "--catalog", "catalog.json", "--json"]).args(given));
    assert_eq!((json.code, &*json.err), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(report["warnings"][0]["path"], "$.senders[3].coverage");
    assert_eq!(
        report["numbering"]["areaCodes"][2],
        json!({"npa": 988, "country": "US", "regions": ["NY"], "overlays": [212, 646], "origin": "ADDED"})
    );
    assert_eq!(report["numbering"]["alphanumeric"][1], json!({"country": "US", "alphanumeric": true}));
}

#[test]
fn a_table_with_faults_is_refused_with_every_one_and_its_line() {
    let folder = Folder::new();
    folder.write("catalog.json", catalog());
    folder.write("own.csv", "npa,country,regions,overlays\n98,US,NY,\n988,XX,NY,\n\n987,US,NY,999\n");
    folder.write("countries.csv", "country,alphanumeric\nUSA,no\n");
    for command in [&["check"][..], &["resolve"], &["explain", "--to", "+14155550123"]] {
        let ran = run(folder.callsign(command).args(["--catalog", "catalog.json", "--area-codes", "own.csv"]));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{command:?}");
        assert_eq!(
            ran.err,
            "own.csv:2: npa: \"98\" is no area code; expected three digits, from 200 to 999\n\
             own.csv:3: country: \"XX\" is no country; expected two upper-case letters of ISO 3166-1, such as US or CA\n\
             callsign: own.csv has 2 faults\n",
            "{command:?}"
        );
    }
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json", "--alphanumeric", "countries.csv"]));
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("countries.csv:2: country: \"USA\" is no country"), "{}", ran.err);
    let ran = run(&mut folder.callsign(&["check", "--catalog", "catalog.json", "--area-codes", "missing.csv"]));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot read the area codes missing.csv"), "{}", ran.err);
}
