//! `callsign replay` and `callsign what-if`, on what `callsign resolve --log` has recorded.

use std::fs;

use serde_json::{Value, json};

use super::run::{Folder, Ran, catalog, run, standard_component};

/// A folder with a catalog and the log `decisions` of 200 messages on it.
fn recorded() -> Folder {
    let folder = Folder::with_catalog();
    let messages: String = (0..200)
        .map(|index| {
            let entity = if index % 4 == 0 { json!("acme") } else { Value::Null };
            let message = json!({"messageId": format!("m{index}"), "applicationId": "shop", "entityId": entity,
                                 "channel": "SMS", "to": format!("+1310555{index:04}")});
            format!("{message}\n")
        })
        .collect();
    folder.write("messages.jsonl", messages);
    let ran = run(&mut folder.resolve(&["--log", "decisions", "messages.jsonl"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    folder
}

fn ran(folder: &Folder, arguments: &[&str]) -> Ran {
    run(&mut folder.callsign(arguments))
}

fn report(folder: &Folder, arguments: &[&str]) -> Value {
    let ran = ran(folder, arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn a_run_is_replayed_on_its_catalog_and_not_without_it() {
    let folder = recorded();
    let whole = report(&folder, &["replay", "decisions", "--catalog", "catalog.json", "--json"]);
    assert_eq!((&whole["records"], &whole["replayed"], &whole["different"]), (&json!(200), &json!(200), &json!(0)));
    assert_eq!(whole["isComplete"], true);

    let without = report(&folder, &["replay", "decisions", "--json"]);
    assert_eq!((&without["replayed"], &without["notReplayed"]), (&json!(0), &json!({"REVISION_GONE": 200})));

    fs::rename(folder.path("decisions/key"), folder.path("key")).unwrap();
    let sealed = report(&folder, &["replay", "decisions", "--catalog", "catalog.json", "--json"]);
    assert_eq!(sealed["notReplayed"], json!({"KEY_MISSING": 200}));
    let ran = ran(&folder, &["replay", "decisions", "--catalog", "catalog.json", "--key", "key"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let words: Vec<&str> = ran.out.split_whitespace().collect();
    assert!(words.windows(2).any(|two| two == ["different", "0"]), "{}", ran.out);
}

#[test]
fn a_gate_fails_on_what_its_conditions_say() {
    let folder = recorded();
    let mut next = catalog();
    // One of two numbers of `acme` is suspended: the messages that it carried change, and nobody else's.
    next["senders"][0]["status"] = "SUSPENDED".into();
    next["associations"].as_array_mut().unwrap().remove(0);
    folder.write("next.json", next.to_string());
    let base = ["what-if", "decisions", "--catalog", "next.json", "--recorded-catalog", "catalog.json"];
    let found = report(&folder, &[&base[..], &["--json"]].concat());
    let changed = found["changed"].as_u64().unwrap();
    assert!(changed > 0 && found["compared"] == 200, "{found}");
    assert!(found["examples"][0]["explanationBefore"].as_str().unwrap().contains("L1"), "{found}");

    for (conditions, code) in [
        (&["--fail-on", "changed>100%"][..], 0),
        (&["--fail-on", "changed>0"], 1),
        (&["--fail-on", "new-refusals>0"], 0),
        (&["--fail-on", "new-refusals>0", "--fail-on", "compared<201"], 1),
    ] {
        let ran = ran(&folder, &[&base[..], conditions].concat());
        assert_eq!(ran.code, code, "{conditions:?}: {}", ran.err);
        assert_eq!(ran.err.contains("is so"), code == 1, "{}", ran.err);
        assert!(ran.out.contains("compared"), "{}", ran.out);
    }
}

#[test]
fn a_strategy_and_a_policy_are_put_in_place_of_what_decided() {
    let folder = recorded();
    folder.write(
        "strategy.json",
        json!({"sendingStrategyId": "STICKY", "platform": {"applicationId": "shop"}, "senderIds": ["L4"]}).to_string(),
    );
    let base = ["what-if", "decisions", "--recorded-catalog", "catalog.json", "--json"];
    let found = report(&folder, &[&base[..], &["--strategy", "strategy.json", "--html", "report.html"]].concat());
    // Every message of the application goes out from L4, and none is pinned any more.
    assert!(found["changed"].as_u64().unwrap() > 0, "{found}");
    assert_eq!(found["pins"]["gone"]["decisions"], 150, "{found}");
    let sender = found["senders"].as_array().unwrap().iter().find(|one| one["senderId"] == "L4").unwrap();
    assert_eq!(sender["after"], 150, "{found}");
    let page = fs::read_to_string(folder.path("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("</html>") && !page.contains("<script"));

    let component = standard_component().to_str().unwrap();
    let same = report(&folder, &[&base[..], &["--policy", component]].concat());
    assert_eq!((&same["compared"], &same["changed"]), (&json!(200), &json!(0)));
}

#[test]
fn bad_input_says_what_would_be_right() {
    let folder = recorded();
    folder.write("strategy.json", r#"{"sendingStrategyId": "STICKY", "platform": {"applicationId": "nobody"}}"#);
    folder.write("empty.json", "{}");
    for (arguments, code, words) in [
        (&["replay"][..], 2, "LOG"),
        (&["replay", "nowhere"], 2, "nowhere"),
        (&["replay", "catalog.json"], 3, "catalog.json"),
        (&["replay", "decisions", "--catalog", "none.json"], 2, "none.json"),
        (&["replay", "decisions", "--module", "none.wasm"], 2, "none.wasm"),
        (&["replay", "decisions", "--data", "."], 2, "no modules"),
        (&["replay", "decisions", "--key", "catalog.json"], 2, "catalog.json"),
        (&["replay", "decisions", "--since", "yesterday"], 2, "--since"),
        (&["what-if", "decisions"], 2, "--strategy"),
        (&["what-if", "decisions", "--catalog", "none.json"], 2, "none.json"),
        (&["what-if", "decisions", "--settings", "none.json"], 2, "none.json"),
        (&["what-if", "decisions", "--policy", "catalog.json"], 2, "catalog.json"),
        (&["what-if", "decisions", "--catalog", "empty.json", "--strategy", "strategy.json"], 2, "nobody"),
        (&["what-if", "decisions", "--catalog", "empty.json", "--fail-on", "changes>1%"], 2, "changed"),
        (&["what-if", "decisions", "--catalog", "empty.json", "--fail-on", "changed>x"], 2, "0.5%"),
    ] {
        let ran = ran(&folder, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
        assert!(format!("{}{}", ran.out, ran.err).contains(words), "{arguments:?}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn a_damaged_segment_is_named_with_its_place_and_what_is_whole_is_replayed() {
    let folder = recorded();
    let segment = fs::read_dir(folder.path("decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "log"))
        .unwrap();
    let whole = fs::read(&segment).unwrap();
    fs::write(segment.with_file_name("decisions-99999999999999999999.log"), b"no log at all").unwrap();
    let mut bytes = whole.clone();
    bytes.extend([7; 100]);
    fs::write(&segment, bytes).unwrap();
    let ran = ran(&folder, &["replay", segment.to_str().unwrap(), "--catalog", "catalog.json"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(&format!("byte {}", whole.len())), "{}", ran.out);
    let words: Vec<&str> = ran.out.split_whitespace().collect();
    assert!(words.windows(2).any(|two| two == ["replayed", "200"]), "{}", ran.out);
}
