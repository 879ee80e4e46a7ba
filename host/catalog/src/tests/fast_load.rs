//! Files that are large enough for several threads.

use std::collections::HashSet;
use std::fmt::Write;

use super::faults;
use crate::{Catalog, check};

const SENDERS: usize = 30_000;

/// A file of many senders with one association each; what is `last` comes behind them in its list.
fn large(last_sender: &str, last_association: &str, last_strategy: &str) -> String {
    let mut text =
        String::from(r#"{"applications":[{"applicationId":"shop"}],"entities":[{"entityId":"acme"}],"senders":["#);
    for index in 0..SENDERS {
        let countries = [r#""*""#, r#"["US","CA"]"#, r#"["CA","US"]"#, r#"["DE"]"#][index % 4];
        write!(
            text,
            r#"{}{{"senderId":"s{index}","sender":"{}","senderType":"SHORT_CODE","coverage":[{{"channel":"SMS","countries":{countries}}}]}}"#,
            if index == 0 { "" } else { "," },
            10_000 + index,
        )
        .expect("a string");
    }
    write!(text, r#"{last_sender}],"associations":["#).expect("a string");
    for index in 0..SENDERS {
        let channel = if index % 3 == 0 { "WHATSAPP" } else { "SMS" };
        let entity = if index % 2 == 0 { "null" } else { r#""acme""# };
        write!(
            text,
            r#"{}{{"resourceType":"NUMBER","channel":"{channel}","applicationId":"shop","entityId":{entity},"resourceId":"s{index}"}}"#,
            if index == 0 { "" } else { "," },
        )
        .expect("a string");
    }
    write!(
        text,
        r#"{last_association}],"sendingStrategies":[{{"sendingStrategyId":"A","platform":{{"applicationId":"shop"}}}}{last_strategy}]}}"#
    )
    .expect("a string");
    text
}

#[test]
fn a_large_file_is_what_its_elements_one_by_one_are() {
    let text = large("", "", "");
    let catalog = Catalog::from_json(&text).expect("sound");
    assert_eq!(catalog, check::catalog_one_by_one(&text).expect("sound"));
    catalog.assert_ids_found();
    assert_eq!(catalog.senders().len(), SENDERS);
    assert_eq!((catalog.associations().len(), catalog.ignored_associations()), (SENDERS / 3 * 2, SENDERS / 3));
    let coverages: HashSet<usize> = catalog.senders().iter().map(|sender| sender.coverage.address()).collect();
    assert_eq!(coverages.len(), 3, "equal coverages are one, whoever read them");
}

#[test]
fn what_is_wrong_with_a_large_file_is_said() {
    let found = |text: &str| {
        let faults = faults(text);
        let found: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect();
        found.join("; ")
    };
    let sender = r#",{"senderId":"s7","sender":"12345","senderType":"SHORT_CODE","coverage":[]}"#;
    assert!(found(&large(sender, "", "")).starts_with("$.senders[30000].senderId: \"s7\" is the id of $.senders[7]"));
    let association = |channel: &str| {
        format!(
            r#",{{"resourceType":"NUMBER","channel":"{channel}","applicationId":"shop","entityId":null,"resourceId":"s6"}}"#
        )
    };
    assert!(Catalog::from_json(&large("", &association("SMS"), "")).is_ok());
    let same = found(&large("", &association("WHATSAPP"), ""));
    assert!(same.starts_with("$.associations[30000]: says the same as $.associations[6]"), "{same}");
    let strategy = r#",{"sendingStrategyId":"B","platform":{"applicationId":"shop"}}"#;
    let ties = found(&large("", "", strategy));
    assert!(ties.starts_with("$.sendingStrategies[1]: ties with"), "{ties}");
}
