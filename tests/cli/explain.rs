//! `callsign explain`.

use serde_json::Value;

use super::run::{Folder, Ran, feed, run};

fn explain(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.callsign(&["explain", "--catalog", "catalog.json"]);
    run(command.args(arguments))
}

#[test]
fn the_explanation_ends_in_the_decision_of_resolve() {
    let folder = Folder::with_catalog();
    let message = br#"{"applicationId":"shop","entityId":"acme","channel":"SMS","to":"+14155550123"}"#;
    let decision = &feed(&mut folder.resolve(&[]), message).lines()[0];
    let arguments = ["--to", "+14155550123", "--application", "shop", "--entity", "acme"];
    let ran = explain(&folder, &arguments);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    for field in ["senderId", "step", "strategyId", "policy"] {
        assert!(ran.out.contains(decision[field].as_str().expect("a text")), "{field}: {}", ran.out);
    }
    assert!(ran.out.ends_with('\n') && !ran.out.ends_with("\n\n"));

    let ran = explain(&folder, &[&arguments[..], &["--json"]].concat());
    assert_eq!((ran.code, &*ran.err), (0, ""));
    let explanation: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(explanation.to_string().contains(&format!("\"senderId\":{}", decision["senderId"])), "{explanation}");
}

#[test]
fn a_refusal_is_explained_too() {
    let folder = Folder::with_catalog();
    for (arguments, code) in [
        (&["--to", "junk"][..], "INVALID_DESTINATION"),
        (&["--to", "-1"], "INVALID_DESTINATION"),
        (&["--to", "+14155550123"], "NO_STRATEGY"),
        (&["--to", "+14155550123", "--application", "shop", "--from", "Nobody"], "SENDER_NOT_REGISTERED"),
        (&["--to", "+14155550123", "--application", "shop", "--from", "Shop"], "SENDER_NOT_CAPABLE"),
        (&["--to", "+14155550123", "--application", "shop", "--channel", "rcs"], "NO_ELIGIBLE_SENDER"),
        (&["--to", "+442079460018", "--application", "shop", "--entity", "acme"], "COUNTRY_NOT_ALLOWED"),
    ] {
        for json in [&[][..], &["--json"]] {
            let ran = explain(&folder, &[arguments, json].concat());
            assert_eq!((ran.code, &*ran.err), (0, ""), "{arguments:?}");
            assert!(ran.out.contains(code), "{arguments:?}: {}", ran.out);
        }
    }
}

#[test]
fn arguments_that_make_no_message_are_refused() {
    let folder = Folder::with_catalog();
    let long = "x".repeat(256);
    for arguments in [
        &[][..],
        &["--to"],
        &["--to", "+14155550123", "--channel", "FAX"],
        &["--to", "+14155550123", "--application", ""],
        &["--to", "+14155550123", "--entity", &long],
        &["--to", "+14155550123", "--from", ""],
    ] {
        let ran = explain(&folder, arguments);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{arguments:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn a_message_to_explain_may_have_a_type_attributes_and_channels() {
    let folder = Folder::with_catalog();
    let base = ["--to", "+14155550123", "--application", "shop", "--entity", "acme"];
    let ran = explain(
        &folder,
        &[&base[..], &["--channels", "RCS,sms", "--message-type", "OTP", "--attribute", "a=b=c"]].concat(),
    );
    assert_eq!((ran.code, &*ran.err), (0, ""));
    for part in ["--- RCS", "--- SMS", "message type OTP", "attribute    a \"b=c\""] {
        assert!(ran.out.contains(part), "{part} in {}", ran.out);
    }
    for (wrong, fault) in [
        (&["--channels", "SMS,SMS"][..], "--channels has SMS twice"),
        (&["--channels", "SMS", "--channel", "RCS"], "cannot be used with"),
        (&["--message-type", "Transactional"], "is written \"TRANSACTIONAL\""),
        (&["--attribute", "a"], "give NAME=VALUE"),
        (&["--attribute", "a=1", "--attribute", "a=2"], "--attribute a: is given twice"),
    ] {
        let ran = explain(&folder, &[&base[..], wrong].concat());
        assert_eq!(ran.code, 2, "{wrong:?}: {}", ran.out);
        assert!(ran.err.contains(fault), "{wrong:?}: {}", ran.err);
    }
}
