use callsign_policy::senders;
use serde_json::json;

use super::*;
use crate::signals::{Health, SignalsBuilder};
use crate::testing::{Platform, US};

const BAD: Health = Health::Unhealthy { since: 7 };

fn platform(senders: usize) -> Revision {
    let numbers = (0..senders).map(|index| (format!("S{index}"), format!("+1415{:07}", 5_550_000 + index)));
    let add = |platform: Platform, (id, number): (String, String)| platform.sender(&id, &number, json!({}));
    numbers.fold(Platform::default(), add).revision()
}

/// Signals by which these senders are unhealthy everywhere.
fn unhealthy(ids: &[&str]) -> Signals {
    let mut signals = Signals::builder();
    ids.iter().for_each(|id| signals.health(id, None, None, BAD));
    signals.build()
}

fn pools(revision: &Revision) -> (senders::Pool, senders::Pool) {
    let all = revision.pool_of_shop();
    (all, senders::Pool { healthy: true, ..all })
}

/// `signals.health-of` of the pool of `shop`.
fn health_of(revision: &Revision, signals: &Signals) -> u64 {
    revision.pool_health(&revision.pool_of_shop(), &revision.view(), signals).map_or(0, |health| health.number)
}

#[test]
fn unhealthy_senders_of_the_scope_are_found_in_either_way() {
    for senders in [3, 100] {
        let revision = platform(senders);
        let signals = unhealthy(&["S1", "another", "S2", "one more"]);
        let found = revision.unhealthy_in_shop(&signals);
        assert_eq!(revision.ids(found.senders.iter().map(|&(handle, _)| handle)), ["S1", "S2"]);
        assert_eq!(found.since(found.senders[0].0), Some(7));
    }
}

#[test]
fn what_was_found_is_remembered_until_the_health_changes() {
    let revision = platform(3);
    let signals = unhealthy(&["S1"]);
    let found = revision.unhealthy_in_shop(&signals);
    assert!(Arc::ptr_eq(&found, &revision.unhealthy_in_shop(&signals)), "the same signals");
    let mut elsewhere = SignalsBuilder::default();
    elsewhere.health("S1", Some(Channel::Mms), None, BAD);
    let elsewhere = elsewhere.build();
    assert!(revision.unhealthy_in_shop(&elsewhere).is_empty(), "for another channel");
    let (_, shop) = revision.shop();
    assert!(!revision.unhealthy(shop, &elsewhere, Channel::Mms, US).is_empty());
}

#[test]
fn a_healthy_pool_is_the_pool_without_unhealthy_senders() {
    let revision = platform(4);
    let (all, healthy) = pools(&revision);
    let signals = unhealthy(&["S1", "S3"]);
    assert_eq!(revision.candidates(&all, Some(&signals)), ["S0", "S1", "S2", "S3"]);
    assert_eq!(revision.candidates(&healthy, Some(&signals)), ["S0", "S2"]);
    assert_eq!(revision.candidates(&healthy, Some(&unhealthy(&[]))), ["S0", "S1", "S2", "S3"]);
    assert_eq!(revision.candidates(&healthy, None), ["S0", "S1", "S2", "S3"]);
    assert_eq!(revision.candidates(&healthy, Some(&unhealthy(&["S0", "S1", "S2", "S3"]))), [""; 0]);
    let once = revision.pool_once(&healthy, Some(&signals)).expect("a pool");
    assert_eq!(revision.ids(once.pool.candidates().iter().map(|candidate| candidate.sender)), ["S0", "S2"]);
}

#[test]
fn the_number_of_a_health_is_0_for_none_and_the_same_as_long_as_the_same_senders_are_unhealthy() {
    let revision = platform(4);
    let one = health_of(&revision, &unhealthy(&["S1"]));
    assert_eq!(health_of(&revision, &unhealthy(&[])), 0);
    assert_eq!(health_of(&revision, &unhealthy(&["another"])), 0);
    assert_ne!(one, 0);
    assert_eq!(health_of(&revision, &unhealthy(&["another", "S1"])), one, "other signals, the same senders");
    let two = health_of(&revision, &unhealthy(&["S1", "S2"]));
    assert!(two != 0 && two != one);
    assert_eq!(health_of(&revision, &unhealthy(&["S2", "S1"])), two);
    assert_eq!(health_of(&platform(4), &unhealthy(&["S1"])), one, "in every revision");
}

#[test]
fn the_view_of_healthy_senders_is_kept_while_the_same_are_unhealthy() {
    let revision = platform(4);
    let (_, healthy) = pools(&revision);
    let view = |signals: &Signals| revision.pool(&healthy, Some(signals)).expect("a pool");
    let first = view(&unhealthy(&["S1"]));
    let again = view(&unhealthy(&["another", "S1"]));
    assert!(Arc::ptr_eq(&first, &again), "other signals, the same senders");
    assert!(!Arc::ptr_eq(&first, &view(&unhealthy(&["S2"]))));
    assert!(Arc::ptr_eq(&view(&unhealthy(&[])), &revision.view()), "none: it is the pool itself");
}

#[test]
fn unhealthy_senders_come_in_the_order_of_the_pool() {
    let revision = platform(40);
    let ids: Vec<String> = (0..40).step_by(3).map(|index| format!("S{index}")).collect();
    let signals = unhealthy(&ids.iter().map(|id| &**id).collect::<Vec<_>>());
    let view = revision.view();
    let health = revision.pool_health(&revision.pool_of_shop(), &view, &signals).expect("some are");
    let candidates = view.pool.candidates().iter().map(|candidate| candidate.sender);
    let expected: Vec<u32> =
        candidates.filter(|&sender| ids.iter().any(|id| *id == *revision.ids([sender])[0])).collect();
    assert!(health.senders().eq(expected.iter().copied()) && expected.len() == ids.len());
}
