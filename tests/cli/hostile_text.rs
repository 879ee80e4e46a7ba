//! Text that somebody else wrote, as the command prints it: nothing of it reaches the terminal that is not seen.

use serde_json::Value;

use callsign::escape::is_escaped;
use callsign_tests::component::Component;

use super::run::{Folder, Ran, feed, run};

/// Characters that move a cursor, turn text around, or are not seen.
const HIDDEN: &str = "\u{1b}[2J\u{9b}\u{202e}\u{2066}\u{200b}\u{200f}\u{61c}\u{feff}\u{2060}\u{e0041}\u{7f}";

fn assert_clean(ran: &Ran) {
    for text in [&ran.out, &ran.err] {
        let seen = text.chars().find(|c| is_escaped(*c) && *c != '\n' && *c != '\t');
        assert_eq!(seen, None, "{text}");
    }
}

/// A policy that exports more, under a name that is as long as a line.
fn exporting(name: &str) -> Vec<u8> {
    let mut component = Component::new("acme", "1.0.0").build();
    // A module beside it that imports a function of the contract under this name: that is what is listed.
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let section = |into: &mut Vec<u8>, id: u8, content: &[u8]| {
        into.push(id);
        into.push(content.len() as u8);
        into.extend_from_slice(content);
    };
    section(&mut module, 1, &[1, 0x60, 0, 0]);
    let interface = "callsign:policy/types@1.0.0";
    let mut import = vec![1, interface.len() as u8];
    import.extend_from_slice(interface.as_bytes());
    import.push(name.len() as u8);
    import.extend_from_slice(name.as_bytes());
    import.extend_from_slice(&[0, 0]);
    section(&mut module, 2, &import);
    component.push(1);
    let mut length = module.len();
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        component.push(if length == 0 { byte } else { byte | 0x80 });
        if length == 0 {
            break;
        }
    }
    component.extend_from_slice(&module);
    component
}

#[test]
fn inspect_shows_names_of_functions_without_their_controls() {
    let folder = Folder::new();
    folder.write("policy.wasm", exporting(&format!("f{HIDDEN}\nname       forged")));
    let ran = run(&mut folder.callsign(&["policy", "inspect", "policy.wasm"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_clean(&ran);
    assert!(ran.out.contains("f\\u{1b}[2J\\u{9b}\\u{202e}"), "{}", ran.out);
    assert!(!ran.out.lines().any(|line| line.starts_with("name       forged")), "{}", ran.out);
    // For programs the name is as it is, in JSON that says the same.
    let ran = run(&mut folder.callsign(&["policy", "inspect", "--json", "policy.wasm"]));
    assert_clean(&ran);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let name = format!("f{HIDDEN}\nname       forged");
    let functions =
        report["imports"].as_array().unwrap().iter().flat_map(|import| import["functions"].as_array().unwrap());
    assert_eq!(functions.filter(|function| **function == *name).count(), 1, "{report}");
}

#[test]
fn a_component_whose_name_is_not_seen_as_it_is_is_refused() {
    let folder = Folder::new();
    for name in ["acme\u{202e}", "ac\u{200b}me", "acme\u{e0041}"] {
        folder.write("policy.wasm", Component::new(name, "1.0.0").build());
        let ran = run(&mut folder.callsign(&["policy", "inspect", "policy.wasm"]));
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("without control or format characters"), "{}", ran.err);
        assert_clean(&ran);
    }
}

#[test]
fn faults_of_a_catalog_and_of_messages_are_printed_without_their_controls() {
    let folder = Folder::with_catalog();
    let hidden = serde_json::to_string(HIDDEN).unwrap();
    folder
        .write("bad.json", format!(r#"{{"applications": [{{"applicationId": {hidden}, {hidden}: 1}}], {hidden}: 2}}"#));
    let ran = run(&mut folder.callsign(&["check", "--catalog", "bad.json"]));
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_clean(&ran);
    let path = format!("no{HIDDEN}thing.json");
    let ran = run(&mut folder.callsign(&["check", "--catalog", &path]));
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_clean(&ran);
    let ran = run(&mut folder.callsign(&["explain", "--catalog", "catalog.json", "--to", &format!("+1415{HIDDEN}")]));
    assert_clean(&ran);
}

#[test]
fn a_policy_cannot_refuse_as_if_a_line_were_no_message() {
    let folder = Folder::with_catalog();
    let policy = Component::new("acme", "1.0.0")
        .item(r#"(data (i32.const 300) "INVALID_MESSAGE")"#)
        .resolve("(call $refuse (i32.const 7))")
        .refusal_text("(call $words (i32.const 300) (i32.const 15) (i32.const 112) (i32.const 12)) (i32.const 2048)");
    folder.write("policy.wasm", policy.build());
    let message = br#"{"messageId":"a","applicationId":"shop","channel":"SMS","to":"+14155550123"}"#;
    let ran = feed(&mut folder.resolve(&["--policy", "policy.wasm", "-"]), message);
    assert_eq!((ran.code, ran.codes()), (0, vec!["POLICY_REFUSED".to_owned()]), "{ran:?}");
}
