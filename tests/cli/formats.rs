//! JSON lines and CSV, files and standard input.

use super::run::{Folder, feed, run};

const JSON: &str = r#"{"messageId":"a","applicationId":"shop","entityId":"acme","channel":"SMS","to":"+14155550123"}
{"messageId":"b","applicationId":"shop","channel":"SMS","to":"(416) 555-0100"}
{"messageId":"c","applicationId":"shop","channel":"SMS","to":"+1 (416) 555-0100"}
{"messageId":"d","applicationId":"shop","channel":"SMS","to":"+442079460018","from":"Shop"}
{"messageId":"e \"quoted\", with a comma","channel":"MMS","to":"+442079460018"}
{"applicationId":"shop","channel":"RCS","to":"+4420\u00307946018"}
{"messageId":"two\nlines","applicationId":"shop","channel":"SMS","to":"+14165550100","entityId":null,"from":null}
"#;

const CSV: &str = r#"to,from,messageId,channel,entityId,applicationId
+14155550123,,a,SMS,acme,shop
(416) 555-0100,,b,SMS,,shop
"+1 (416) 555-0100",,c,"SMS","",shop
+442079460018,Shop,d,SMS,,shop
+442079460018,,"e ""quoted"", with a comma",MMS,,
+442007946018,,,RCS,,shop
+14165550100,,"two
lines",SMS,,shop
"#;

#[test]
fn both_formats_give_the_same_decisions() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", JSON);
    folder.write("m.csv", CSV);
    folder.write("M.CSV", CSV);
    folder.write("m.txt", CSV);
    let json = run(&mut folder.resolve(&["m.jsonl"]));
    assert_eq!(json.code, 0, "{}", json.err);
    let steps: Vec<_> = json.lines().iter().map(|line| line["step"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(steps, ["REGION", "-", "POOL", "EXPLICIT", "-", "-", "STICKY"]);
    assert!(json.lines()[5].get("messageId").is_none());
    for arguments in [&["m.csv"][..], &["M.CSV"], &["--format", "csv", "m.txt"]] {
        let csv = run(&mut folder.resolve(arguments));
        assert_eq!((csv.code, csv.out), (0, json.out.clone()), "{arguments:?}: {}", csv.err);
    }
    // The extension does not count where the format is given.
    let not_json = run(&mut folder.resolve(&["--format", "jsonl", "m.csv"]));
    assert_eq!(not_json.code, 1);
    assert!(not_json.codes().iter().all(|code| code == "INVALID_MESSAGE"));
}

#[test]
fn standard_input_is_the_default() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", JSON);
    let file = run(&mut folder.resolve(&["m.jsonl"]));
    for arguments in [&[][..], &["-"], &["--format", "jsonl"]] {
        assert_eq!(feed(&mut folder.resolve(arguments), JSON.as_bytes()).out, file.out);
    }
    assert_eq!(feed(&mut folder.resolve(&["--format", "csv", "-"]), CSV.as_bytes()).out, file.out);
}

#[test]
fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    let folder = Folder::with_catalog();
    let expected = feed(&mut folder.resolve(&[]), JSON.as_bytes()).out;
    for text in
        [format!("\u{feff}{JSON}"), JSON.replace('\n', "\r\n"), JSON.trim_end().to_owned(), format!("\n\n{JSON}")]
    {
        let ran = feed(&mut folder.resolve(&[]), text.as_bytes());
        assert_eq!((ran.code, &ran.out), (0, &expected), "{text:?}");
    }
    let csv = CSV.replace("two\nlines", "two_lines");
    let expected = feed(&mut folder.resolve(&["--format", "csv"]), csv.as_bytes()).out;
    for text in [format!("\u{feff}{csv}"), csv.replace('\n', "\r\n"), csv.trim_end().to_owned(), format!("\n\n{csv}")] {
        let ran = feed(&mut folder.resolve(&["--format", "csv"]), text.as_bytes());
        assert_eq!((ran.code, &ran.out), (0, &expected), "{text:?}");
    }
}

#[test]
fn quoted_line_ends_do_not_split_a_row_where_chunks_meet() {
    let folder = Folder::with_catalog();
    let mut text = "messageId,channel,to,applicationId\n".to_owned();
    for number in 0..20_000 {
        text.push_str(&format!("\"{number}\n,\"\"\n{number}\",SMS,+14155550123,shop\n"));
    }
    let ran = feed(&mut folder.resolve(&["--format", "csv", "--threads", "3"]), text.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines = ran.lines();
    assert_eq!(lines.len(), 20_000);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["messageId"], format!("{number}\n,\"\n{number}"));
    }
}

#[test]
fn a_csv_without_the_right_columns_is_refused_whole() {
    let folder = Folder::with_catalog();
    for (header, words) in [
        ("", &["no header row"][..]),
        ("channel,messageId", &["column `to` is missing", "messageId, applicationId, entityId, channel, to, from"]),
        ("channel,to,text", &["unknown column \"text\""]),
        ("chan nel,to", &["unknown column \"chan nel\"", "column `channel` is missing"]),
        ("channel,to,to", &["column `to` is there twice"]),
        ("{\"channel\":\"SMS\"}", &["unknown column"]),
    ] {
        folder.write("m.csv", format!("{header}\nSMS,+14155550123,x\n").trim_start());
        if header.is_empty() {
            folder.write("m.csv", "");
        }
        let ran = run(&mut folder.resolve(&["m.csv"]));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{header}");
        for words in words {
            assert!(ran.err.contains("m.csv") && ran.err.contains(words), "{header}: {}", ran.err);
        }
    }
}

#[test]
fn semicolons_tabs_and_names_in_any_case_are_read() {
    let folder = Folder::with_catalog();
    folder.write("m.csv", CSV);
    let expected = run(&mut folder.resolve(&["m.csv"]));
    assert_eq!(expected.lines().len(), 7);
    for delimiter in [";", "\t"] {
        folder.write(
            "m.csv",
            CSV.replace("\"e \"\"quoted\"\", with a comma\"", "KEPT")
                .replace(',', delimiter)
                .replace("KEPT", "\"e \"\"quoted\"\", with a comma\"")
                .replace("applicationId", "ApplicationID ")
                .replace("to;", "To;")
                .replace("channel", "CHANNEL"),
        );
        let ran = run(&mut folder.resolve(&["m.csv"]));
        assert_eq!((ran.code, &ran.out), (0, &expected.out), "{delimiter:?}: {}", ran.err);
    }
}

#[test]
fn a_table_is_known_by_its_header_whatever_its_file_is_called() {
    let folder = Folder::with_catalog();
    folder.write("m.csv", CSV);
    let expected = run(&mut folder.resolve(&["m.csv"])).out;
    folder.write("m.txt", CSV);
    folder.write(
        "m.tsv",
        CSV.replace("\"e \"\"quoted\"\", with a comma\"", "\"e \"\"quoted\"\"; with a comma\"").replace(',', "\t"),
    );
    assert_eq!(run(&mut folder.resolve(&["m.txt"])).out, expected);
    let tabs = run(&mut folder.resolve(&["m.tsv"]));
    assert_eq!((tabs.code, tabs.out), (0, expected.replace(", with a comma", "; with a comma")), "{}", tabs.err);
    assert_eq!(feed(&mut folder.resolve(&[]), CSV.as_bytes()).out, expected);
    // As spreadsheets of some countries write it.
    let table =
        CSV.replace(',', ";").replace("; with a comma", ", with a comma").replace("applicationId", "Application ID");
    let ran = feed(&mut folder.resolve(&[]), format!("\u{feff}sep=;\r\n{table}").as_bytes());
    assert_eq!((ran.code, ran.out), (0, expected), "{}", ran.err);
}

#[test]
fn the_lines_of_a_table_are_counted_from_a_line_that_names_its_separator() {
    let folder = Folder::with_catalog();
    let ran = feed(&mut folder.resolve(&[]), b"sep=;\nto;channel\n+14155550123;FAX\n");
    assert!(ran.out.contains("line 3: unknown channel"), "{}", ran.out);
}

#[test]
fn words_of_a_table_may_have_blanks_around_them() {
    let folder = Folder::with_catalog();
    let table = "applicationId,channel,messageType,to\nshop, SMS , TRANSACTIONAL, +14155550123\n";
    let ran = feed(&mut folder.resolve(&[]), table.as_bytes());
    assert_eq!((ran.code, ran.codes()), (0, vec![String::new()]), "{}", ran.out);
}

#[test]
fn json_that_is_not_one_message_a_line_is_refused_once_with_how_to_make_lines() {
    let folder = Folder::with_catalog();
    for (text, command) in [
        ("[\n  {\"channel\": \"SMS\", \"to\": \"+14155550123\"}\n]\n", "jq -c '.[]' FILE | callsign resolve"),
        ("{\n  \"channel\": \"SMS\",\n  \"to\": \"+14155550123\"\n}\n", "jq -c . FILE | callsign resolve"),
    ] {
        let ran = feed(&mut folder.resolve(&[]), text.as_bytes());
        assert_eq!((ran.code, &*ran.out), (2, ""), "{text}");
        assert!(ran.err.contains("one JSON document") && ran.err.contains(command), "{}", ran.err);
    }
}

#[test]
fn what_is_compressed_or_utf_16_is_refused_with_how_to_convert_it() {
    let folder = Folder::with_catalog();
    let utf_16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let with_mark = utf_16(&format!("\u{feff}{CSV}"));
    for (name, bytes, words) in [
        ("m.jsonl.gz", &b"\x1f\x8b\x08\0\0\0"[..], "gzip -dc"),
        ("m.jsonl.zst", b"\x28\xb5\x2f\xfd\x04", "zstd -dc"),
        ("m.csv", b"PK\x03\x04\x14\0", "save the sheet as CSV"),
        ("m.csv", &with_mark, "iconv -f UTF-16"),
        ("m.csv", &utf_16(CSV), "iconv -f UTF-16LE"),
        ("m.jsonl", &utf_16(JSON), "iconv -f UTF-16LE"),
    ] {
        std::fs::write(folder.path(name), bytes).unwrap();
        let ran = run(&mut folder.resolve(&[name]));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{name}");
        assert!(ran.err.contains(name) && ran.err.contains(words), "{name}: {}", ran.err);
    }
}

#[test]
fn messages_that_cannot_be_read_are_refused_with_advice() {
    let folder = Folder::with_catalog();
    for path in ["nothing.jsonl", "."] {
        let ran = run(&mut folder.resolve(&[path]));
        assert_eq!((ran.code, &*ran.out), (2, ""), "{path}");
        assert!(ran.err.contains(path) && ran.err.contains("- for standard input"), "{}", ran.err);
    }
}

/// A platform whose senders are told apart by message types, over RCS and SMS.
const TYPED: &str = r#"{
    "applications": [{"applicationId": "shop"}],
    "senders": [
        {"senderId": "T", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER", "messageTypes": ["TRANSACTIONAL"],
         "coverage": [{"channel": "SMS", "countries": "*"}]},
        {"senderId": "P", "sender": "+14155550101", "senderType": "VIRTUAL_LONG_NUMBER", "messageTypes": ["PROMOTIONAL"],
         "coverage": [{"channel": "SMS", "countries": "*"}]},
        {"senderId": "AGENT", "sender": "acme_agent", "senderType": "RCS_AGENT",
         "coverage": [{"channel": "RCS", "countries": ["US"]}]}],
    "associations": [
        {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "T"},
        {"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null, "resourceId": "P"},
        {"resourceType": "RCS_RESOURCE", "channel": "RCS", "applicationId": "shop", "entityId": null, "resourceId": "AGENT"}],
    "sendingStrategies": [{"sendingStrategyId": "A", "platform": {"applicationId": "shop"}}]
}"#;

#[test]
fn types_times_attributes_and_channels_are_read_from_both_formats() {
    let folder = Folder::with_catalog();
    folder.write("catalog.json", TYPED);
    let json = r#"{"messageId":"a","applicationId":"shop","channel":"SMS","to":"+14155550123","messageType":"TRANSACTIONAL"}
{"messageId":"b","applicationId":"shop","channel":"SMS","to":"+14155550123","messageType":"PROMOTIONAL","sentAt":"2026-03-01T21:30:00Z"}
{"messageId":"c","applicationId":"shop","channels":["RCS","SMS"],"to":"+14155550123","messageType":"PROMOTIONAL","attributes":{"campaign":"C1","price.eur":"0.05"}}
{"messageId":"d","applicationId":"shop","channels":["RCS","SMS"],"to":"+493012345678","messageType":"TRANSACTIONAL"}
{"messageId":"e","applicationId":"shop","channel":"SMS","to":"+14155550123","messageType":"OTP"}
"#;
    let csv = "messageId,applicationId,channel,channels,to,messageType,sentAt,attribute.campaign,Attribute.price.eur\n\
               a,shop,SMS,,+14155550123,TRANSACTIONAL,,,\n\
               b,shop,SMS,,+14155550123,PROMOTIONAL,2026-03-01T22:30:00+01:00,,\n\
               c,shop,,RCS|SMS,+14155550123,PROMOTIONAL,,C1,0.05\n\
               d,shop,,RCS | SMS,+493012345678,TRANSACTIONAL,,,\n\
               e,shop,SMS,,+14155550123,OTP,,,\n";
    folder.write("m.jsonl", json);
    folder.write("m.csv", csv);
    let ran = run(&mut folder.resolve(&["m.jsonl"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines = ran.lines();
    let senders: Vec<&str> = lines.iter().map(|line| line["senderId"].as_str().unwrap_or("-")).collect();
    assert_eq!(senders, ["T", "P", "AGENT", "T", "-"]);
    assert_eq!((&lines[2]["channel"], &lines[3]["channel"]), (&"RCS".into(), &"SMS".into()));
    assert_eq!(lines[2]["fallbacks"][0]["senderId"], "P");
    assert_eq!(lines[3]["fallbacks"], serde_json::json!([]));
    assert!(lines[0].get("channel").is_none() && lines[0].get("fallbacks").is_none());
    let table = run(&mut folder.resolve(&["m.csv"]));
    assert_eq!((table.code, &table.out), (0, &ran.out), "{}", table.err);
}

#[test]
fn what_is_wrong_with_them_is_named() {
    let folder = Folder::with_catalog();
    let long = "x".repeat(256);
    let many: Vec<String> = (0..33).map(|index| format!("\"a{index}\":\"\"")).collect();
    for (fields, fault) in [
        (r#""channels":[]"#.to_owned(), "`channels`: is empty"),
        (r#""channels":["RCS","SMS","RCS"]"#.to_owned(), "`channels`: has RCS twice"),
        (r#""channels":["FAX"]"#.to_owned(), "`channels`: unknown channel \"FAX\""),
        (r#""channel":"SMS","channels":["RCS"]"#.to_owned(), "`channels`: stands beside `channel`"),
        (
            r#""channel":"SMS","messageType":"promotional""#.to_owned(),
            "`messageType`: \"promotional\" is written \"PROMOTIONAL\"",
        ),
        (r#""channel":"SMS","messageType":"two words""#.to_owned(), "`messageType`: \"two words\" is no message type"),
        (r#""channel":"SMS","sentAt":"tomorrow""#.to_owned(), "`sentAt`: \"tomorrow\" is not a time since 1970"),
        (r#""channel":"SMS","sentAt":"1969-12-31T23:59:59Z""#.to_owned(), "`sentAt`: "),
        (r#""channel":"SMS","attributes":{"a":"1","a":"2"}"#.to_owned(), "`attributes.a`: is given twice"),
        (r#""channel":"SMS","attributes":{"a b":"1"}"#.to_owned(), "`attributes.a b`: \"a b\" is no name"),
        (format!(r#""channel":"SMS","attributes":{{"a":"{long}"}}"#), "`attributes.a`: has 256 characters"),
        (format!(r#""channel":"SMS","attributes":{{{}}}"#, many.join(",")), "`attributes`: has 33 attributes"),
        (r#""channel":"SMS","attributes":{"a":1}"#.to_owned(), "invalid type: integer `1`, expected a string"),
        (r#""to":"1""#.to_owned(), "duplicate field `to`"),
    ] {
        let line = format!("{{\"to\":\"+14155550123\",{fields}}}\n");
        let ran = feed(&mut folder.resolve(&[]), line.as_bytes());
        assert_eq!(ran.code, 1, "{line}");
        let message = ran.lines()[0]["refusal"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(fault), "{fields}: {message}");
    }
    for (header, fault) in [
        ("to,channel,attribute.a,attribute.a", "column `attribute.a`: is given twice"),
        ("to,channel,attribute.a b", "column `attribute.a b`: \"a b\" is no name of an attribute"),
        ("to,messageType", "column `channel` is missing"),
        ("to,channels,channels", "unknown column \"channels\""),
    ] {
        let ran = feed(&mut folder.resolve(&["--format", "csv"]), format!("{header}\n").as_bytes());
        assert_eq!(ran.code, 2, "{header}");
        assert!(ran.err.contains(fault), "{header}: {}", ran.err);
    }
}
