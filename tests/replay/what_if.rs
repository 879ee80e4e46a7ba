//! Recorded traffic on something else, and the report of it.

use std::sync::Arc;

use callsign::Catalog;
use callsign_replay::{Change, Condition, Instead, InsteadError, WhatIfReport};
use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, sms};
use serde_json::{Value, json};

use crate::recorded::{Recorded, policy, standard};

fn platform() -> Platform {
    Platform::new()
        .long("S1", "+12125550100")
        .long("S2", "+12125550101")
        .associate("shop", &["S1", "S2"])
        .associate("care", &["S1"])
        .strategy("A", "shop", json!({}))
        .strategy("B", "care", json!({}))
}

/// Records messages of two applications to so many recipients each.
fn recorded(policy: Arc<callsign::Policy>, catalog: Catalog, recipients: usize) -> Recorded {
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("one", catalog, policy);
    for index in 0..recipients {
        let (to, id) = (format!("+1415555{index:04}"), format!("m{index}"));
        drop(gateway.resolve(&sms("shop", &to).id(&id)));
        drop(gateway.resolve(&sms("care", &to)));
    }
    recorded
}

fn of(report: &WhatIfReport) -> [u64; 5] {
    Change::ALL.map(|change| report.of_change(change))
}

#[test]
fn nothing_else_changes_nothing() {
    let recorded = recorded(standard(), platform().catalog(), 20);
    let report = recorded.what_if(&Instead::nothing().with_catalog(platform().catalog(), "the same").unwrap());
    assert_eq!((report.compared, report.changed, of(&report)), (40, 0, [0; 5]), "{report}");
    assert!(report.examples.is_empty() && report.is_complete);
}

#[test]
fn one_byte_of_a_module_changes_what_that_byte_decides() {
    // Both applications have the first sender, and one has a second.
    let [first, second] = [0, 1].map(|sender| Component::new("always", "1.0.0").deciding(sender).build());
    assert_eq!(first.iter().zip(&second).filter(|(one, other)| one != other).count(), 1);
    let mut recorded = recorded(Arc::new(policy(&first)), platform().catalog(), 30);
    recorded.sources.add_module(&first);
    let report = recorded.what_if(&Instead::nothing().with_policy(policy(&second), "another byte"));
    assert_eq!((report.compared, of(&report)), (60, [30, 30, 0, 0, 0]), "{report}");
    let failed = report.refusals.iter().find(|one| one.code == "POLICY_FAILED").unwrap();
    assert_eq!((failed.before, failed.after, failed.new), (0, 30, 30));
    let back = recorded.what_if(&Instead::nothing().with_policy(policy(&first), "the same bytes"));
    assert_eq!(back.changed, 0, "{back}");
}

#[test]
fn a_catalog_needs_no_recorded_one_and_a_strategy_does() {
    let mut recorded = recorded(standard(), platform().catalog(), 10);
    recorded.sources.catalogs.clear();
    let without = platform().suspended("S1").catalog();
    let report = recorded.what_if(&Instead::nothing().with_catalog(without, "S1 suspended").unwrap());
    assert_eq!(report.compared, 20, "{report}");
    // `care` has no other sender.
    assert_eq!(report.of_change(Change::NewRefusal), 10, "{report}");
    let refused = report.examples.iter().find(|one| one.change == Change::NewRefusal).unwrap();
    assert_eq!(refused.after.refusal.as_deref(), Some("NO_ELIGIBLE_SENDER"));
    assert!(refused.explanation_before.is_none() && refused.explanation_after.is_some());

    let strategy = serde_json::value::to_raw_value(&json!({"sendingStrategyId": "A", "senderIds": ["S2"],
                                                          "platform": {"applicationId": "shop"}}));
    let instead = Instead::nothing().with_strategy(strategy.unwrap(), "S2 alone").unwrap();
    let report = recorded.what_if(&instead);
    assert_eq!((report.compared, report.not_compared.total()), (0, 20), "{report}");
}

#[test]
fn a_strategy_that_does_not_fit_is_an_error_with_a_catalog_and_a_reason_without() {
    let strategy = || {
        let strategy = json!({"sendingStrategyId": "A", "senderIds": ["S9"], "platform": {"applicationId": "shop"}});
        serde_json::value::to_raw_value(&strategy).unwrap()
    };
    let on_catalog = Instead::nothing().with_catalog(platform().catalog(), "the same").unwrap();
    let error = on_catalog.with_strategy(strategy(), "S9 alone").unwrap_err();
    assert!(matches!(error, InsteadError::Strategy(_)) && error.to_string().contains("S9"), "{error}");

    let recorded = recorded(standard(), platform().catalog(), 1);
    let report = recorded.what_if(&Instead::nothing().with_strategy(strategy(), "S9 alone").unwrap());
    assert_eq!(report.compared, 0);
    assert!(report.missing[0].contains("S9"), "{report}");
}

#[test]
fn settings_are_given_to_the_modules_that_decided() {
    // Settings with an even number of bytes are not accepted.
    let bytes = Component::new("picky", "1.0.0").deciding(0).build();
    let mut recorded = recorded(Arc::new(policy(&bytes)), platform().catalog(), 3);
    recorded.sources.add_module(&bytes);
    let report = recorded.what_if(&Instead::nothing().with_settings(r#"{"a":1}"#, "other settings"));
    assert_eq!((report.compared, report.changed), (6, 0), "{report}");
}

#[test]
fn examples_are_twenty_of_each_kind_with_both_explanations() {
    let recorded = recorded(standard(), platform().catalog(), 60);
    let changed = platform().suspended("S1").catalog();
    let report = recorded.what_if(&Instead::nothing().with_catalog(changed, "S1 suspended").unwrap());
    for change in [Change::OtherSender, Change::NewRefusal] {
        let examples: Vec<_> = report.examples.iter().filter(|one| one.change == change).collect();
        assert_eq!(examples.len(), 20.min(report.of_change(change) as usize), "{report}");
        for example in examples {
            assert_eq!(example.before.sender_id.as_deref(), Some("S1"));
            let (before, after) =
                (example.explanation_before.as_ref().unwrap(), example.explanation_after.as_ref().unwrap());
            assert!(before.contains("S1") && after.contains("suspended"), "{before}\n{after}");
            assert!(before.contains(&example.to), "{before}");
        }
    }
    // The sample does not depend on the threads.
    let mut again = recorded;
    again.options.threads = 3;
    let changed = platform().suspended("S1").catalog();
    let several = again.what_if(&Instead::nothing().with_catalog(changed, "S1 suspended").unwrap());
    let ids = |report: &WhatIfReport| {
        report.examples.iter().map(|one| (one.change, one.time, one.message_id.clone())).collect::<Vec<_>>()
    };
    assert_eq!(ids(&report), ids(&several));
}

#[test]
fn conditions_are_met_by_what_a_report_says() {
    let recorded = recorded(standard(), platform().catalog(), 50);
    let changed = platform().suspended("S1").catalog();
    let report = recorded.what_if(&Instead::nothing().with_catalog(changed, "S1 suspended").unwrap());
    let met = |text: &str| !report.met(&[text.parse::<Condition>().unwrap()]).is_empty();
    assert!(met("changed>1%") && met("new-refusals>49") && met("compared<101"));
    assert!(!met("changed>99%") && !met("new-refusals>50") && !met("compared<100") && !met("not-compared>0"));
    assert!(!met("pins-moved>0") && !met("refusals-gone>0") && !met("other-refusals>0") && met("other-senders>0"));
}

#[test]
fn a_report_is_one_page_without_a_script_and_without_anything_from_elsewhere() {
    // Texts of others come into the page: ids may have markup.
    let hostile = "<script>alert(1)</script>&\"";
    let platform = platform().long(hostile, "+12125550102").associate("shop", &[hostile]);
    let recorded = recorded(standard(), platform.catalog(), 60);
    let report =
        recorded.what_if(&Instead::nothing().with_catalog(platform.suspended("S1").catalog(), hostile).unwrap());
    assert!(report.senders.iter().any(|sender| sender.sender_id == hostile), "{report}");
    let page = report.to_html();
    for absent in ["<script", "http:", "https:", "src=", "@import", "url(", " on", "href"] {
        let found = page.to_ascii_lowercase().find(absent).map(|at| &page[at..(at + 60).min(page.len())]);
        // ` on` is a word of explanations, and an attribute only after a tag's name.
        assert!(found.is_none() || absent == " on" && !page.contains("=\"alert"), "{absent}: {found:?}");
    }
    assert!(page.contains("&lt;script&gt;"));
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme:dark"));
    let json: Value = serde_json::to_value(&report).unwrap();
    assert_eq!(json["changes"][0]["change"], "OTHER_SENDER");
    assert_eq!(json["compared"], 120);
}

#[test]
fn examples_of_eight_catalogs_are_explained_and_twenty_things_that_are_gone_are_named() {
    let mut recorded = recorded(standard(), platform().catalog(), 0);
    let gateway = recorded.gateway("first", platform().catalog(), standard());
    for index in 0..25 {
        gateway.replace_catalog(recorded.catalog(&format!("catalog:{index:02}"), platform().catalog())).unwrap();
        drop(gateway.resolve(&sms("care", "+14155550123")));
    }
    let suspended = || platform().suspended("S1").catalog();
    let report = recorded.what_if(&Instead::nothing().with_catalog(suspended(), "S1 suspended").unwrap());
    assert_eq!((report.of_change(Change::NewRefusal), report.examples.len()), (25, 20), "{report}");
    let explained = report.examples.iter().filter(|one| one.explanation_before.is_some());
    assert_eq!(explained.count(), 8, "each is of a catalog of its own");

    recorded.sources.catalogs.clear();
    let gone = recorded.replay();
    assert_eq!((gone.not_replayed.total(), gone.missing.len()), (25, 20), "{gone}");
}
