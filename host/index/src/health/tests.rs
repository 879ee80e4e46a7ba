use callsign_catalog::Catalog;

use super::*;
use crate::signals::{Health, SignalBoard, SignalSource, SignalsBuilder};

const SENDERS: usize = 200;

/// A scope of many senders and one of few.
fn revision() -> Revision {
    let (mut senders, mut associations) = (Vec::new(), Vec::new());
    for number in 0..SENDERS {
        senders.push(format!(
            r#"{{"senderId": "S{number}", "sender": "+1415555{number:04}", "senderType": "VIRTUAL_LONG_NUMBER",
                 "coverage": [{{"channel": "SMS", "countries": ["US"]}}]}}"#
        ));
        for application in if number < 3 { &["shop", "care"][..] } else { &["shop"] } {
            associations.push(format!(
                r#"{{"resourceType": "NUMBER", "channel": "SMS", "applicationId": "{application}", "entityId": null,
                     "resourceId": "S{number}"}}"#
            ));
        }
    }
    let text = format!(
        r#"{{"applications": [{{"applicationId": "shop"}}, {{"applicationId": "care"}}],
             "senders": [{}], "associations": [{}]}}"#,
        senders.join(","),
        associations.join(",")
    );
    Revision::new(Catalog::from_json(&text).expect("sound")).expect("senders that differ")
}

/// Signals in which these senders are unhealthy.
fn reported(senders: impl IntoIterator<Item = usize>, load: f64) -> SignalsBuilder {
    let mut signals = Signals::builder();
    for number in senders {
        signals.health(&format!("S{number}"), None, None, Health::Unhealthy { since: 7 });
    }
    signals.number("S1", "load", load);
    signals
}

fn scope<'a>(revision: &'a Revision, application: &str) -> &'a Scope {
    revision.scope(revision.scope_of(Some(application), None)).expect("a scope")
}

#[test]
fn the_health_of_a_scope_is_found_once_while_the_epoch_stands() {
    let (revision, board) = (revision(), SignalBoard::new());
    let find = |application: &str| {
        let scope = scope(&revision, application);
        revision.unhealthy(scope, &board.current(), Channel::Sms, Country::US)
    };
    board.set(reported([1], 0.0));
    let found = find("shop");
    assert_eq!(found.senders.len(), 1);
    let others = find("care");
    for turn in 0..1_000 {
        // Reports that say the same, and other numbers.
        board.set(reported([1], f64::from(turn)));
        assert!(Arc::ptr_eq(&found, &find("shop")) && Arc::ptr_eq(&others, &find("care")));
    }
    board.set(reported([1, 2], 0.0));
    assert!(!Arc::ptr_eq(&found, &find("shop")));
    assert_eq!(find("shop").senders.len(), 2);
}

#[test]
fn both_ways_to_find_the_unhealthy_senders_of_a_scope_find_the_same() {
    let revision = revision();
    for unhealthy in [0, 1, 2, 5, 150, SENDERS] {
        // Fewer than the senders of the one scope, and more than those of the other.
        let signals = reported((0..unhealthy).map(|at| at * 7 % SENDERS), 0.0).build();
        for application in ["shop", "care"] {
            let scope = scope(&revision, application);
            let found = revision.unhealthy(scope, &signals, Channel::Sms, Country::US);
            for (handle, member) in (0..).zip(&scope.members) {
                let key = revision.keys()[member.sender as usize];
                let since = signals.unhealthy_since(key, Channel::Sms, Country::US);
                assert_eq!(found.since(handle), since, "{application} {handle} of {unhealthy}");
            }
        }
    }
}
