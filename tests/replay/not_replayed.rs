//! What cannot be replayed is counted by its reason.

use std::fs;
use std::sync::Arc;

use callsign::log::{Attributes, LogKey};
use callsign::sticky::{Filter, Page, Pin, PinKey, Position, Release, StickyError, StickyStore, Touch, Write};
use callsign::{Catalog, CompiledCache, Gateway, Message, MessageAttributes};
use callsign_replay::{FileSources, PassOptions, PassProgress, Reason, ReplayReport, Sources, catalog_name, replay};
use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, sms};
use serde_json::json;

use crate::recorded::{Recorded, policy, standard};

const TO: &str = "+14155550123";

fn platform() -> Platform {
    Platform::new()
        .long("S1", "+12125550100")
        .long("S2", "+12125550101")
        .associate("shop", &["S1", "S2"])
        .associate("care", &["S2"])
        .strategy("A", "shop", json!({"useStickySender": true}))
        .strategy("B", "care", json!({}))
}

fn catalog() -> Catalog {
    platform().catalog()
}

/// Asserts that of all records this many were not replayed, for one reason, and the rest were the same.
fn assert_only(report: &ReplayReport, reason: Reason, records: u64, replayed: u64) {
    assert_eq!(report.not_replayed.iter().collect::<Vec<_>>(), [(reason, records)], "{report}");
    assert_eq!((report.replayed, report.different), (replayed, 0), "{report}");
}

#[test]
fn a_module_that_is_gone() {
    let mut recorded = Recorded::new();
    let gateway =
        recorded.gateway("one", catalog(), Arc::new(policy(&Component::new("own", "1.0.0").deciding(0).build())));
    drop(gateway.resolve(&sms("shop", TO)));
    // No policy is asked about a message that names its sender.
    drop(gateway.resolve(&sms("shop", TO).from("+12125550100")));
    let report = recorded.replay();
    assert_only(&report, Reason::ModuleGone, 1, 1);
    assert!(report.missing[0].contains("own@1.0.0"), "{report}");
}

#[test]
fn a_module_with_another_byte_is_another_module() {
    let mut recorded = Recorded::new();
    let bytes = Component::new("own", "1.0.0").deciding(0).build();
    let gateway = recorded.gateway("one", catalog(), Arc::new(policy(&bytes)));
    drop(gateway.resolve(&sms("shop", TO)));
    let other = Component::new("own", "1.0.0").deciding(1).build();
    assert_eq!(bytes.iter().zip(&other).filter(|(one, other)| one != other).count(), 1);
    recorded.sources.add_module(&other);
    assert_only(&recorded.replay(), Reason::ModuleGone, 1, 0);
    recorded.sources.add_module(&bytes);
    let report = recorded.replay();
    assert_eq!((report.replayed, report.different), (1, 0), "{report}");
}

#[test]
fn a_revision_that_is_gone() {
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("one", catalog(), standard());
    drop(gateway.resolve(&sms("shop", TO)));
    gateway.replace_catalog(catalog().named("two")).unwrap();
    drop(gateway.resolve(&sms("shop", TO)));
    let report = recorded.replay();
    assert_only(&report, Reason::RevisionGone, 1, 1);
    assert_eq!(report.missing, ["no catalog two"]);
}

#[test]
fn a_key_that_is_missing_or_another_one() {
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("one", catalog(), standard());
    drop(gateway.resolve(&sms("shop", TO)));
    let (log, options) = (recorded.log(), PassOptions::default());
    for key in [None, Some(LogKey::new([7; 32]))] {
        let report = replay(&log, &recorded.sources, key.as_ref(), &standard(), &options, &PassProgress::new());
        assert_only(&report, Reason::KeyMissing, 1, 0);
    }
    assert_eq!(recorded.replay().replayed, 1);
}

#[test]
fn a_recipient_that_is_no_number_and_was_hashed() {
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("one", catalog(), standard());
    drop(gateway.resolve(&sms("shop", "nobody")));
    assert_only(&recorded.replay(), Reason::RecipientHashed, 1, 0);

    let mut plain = Recorded::with(|options| options.recipients = callsign::log::Recipients::Plain);
    let gateway = plain.gateway("one", catalog(), standard());
    drop(gateway.resolve(&sms("shop", "nobody")));
    let report = plain.replay();
    assert_eq!((report.replayed, report.different), (1, 0), "{report}");
}

#[test]
fn an_attribute_that_the_log_must_not_have_and_a_policy_that_reads_attributes() {
    let reads = Component::new("reads", "1.0.0")
        .import("attributes", "message-key", "(param i32 i64) (result i64)")
        .deciding(0)
        .build();
    for (bytes, reason) in
        [(reads, Some(Reason::AttributeNotRecorded)), (Component::new("own", "1.0.0").deciding(0).build(), None)]
    {
        let mut recorded = Recorded::with(|options| options.attributes = Attributes::Only(vec!["kept".into()]));
        recorded.sources.add_module(&bytes);
        let gateway = recorded.gateway("one", catalog(), Arc::new(policy(&bytes)));
        for (name, value) in [("kept", "a"), ("secret", "b")] {
            let pairs = [(name, value)];
            let attributes = MessageAttributes::new(&pairs).unwrap();
            drop(gateway.resolve(&sms("shop", TO).attributes(attributes)));
        }
        let report = recorded.replay();
        match reason {
            Some(reason) => assert_only(&report, reason, 1, 1),
            None => assert_eq!((report.replayed, report.different), (2, 0), "{report}"),
        }
    }
}

#[test]
fn a_policy_that_had_failed() {
    let mut recorded = Recorded::new();
    // The second sender is not one of `care`.
    let bytes = Component::new("own", "1.0.0").deciding(1).build();
    recorded.sources.add_module(&bytes);
    let gateway = recorded.gateway("one", catalog(), Arc::new(policy(&bytes)));
    drop(gateway.resolve(&sms("care", TO)));
    drop(gateway.resolve(&sms("shop", TO)));
    assert_only(&recorded.replay(), Reason::PolicyHadFailed, 1, 1);
}

/// A store of pins that is away.
struct Away;

impl StickyStore for Away {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        keys.iter().map(|_| Err(StickyError::new("away"))).collect()
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        writes.iter().map(|_| Err(StickyError::new("away"))).collect()
    }

    fn touch(&self, _: &[Touch<'_>]) -> Result<(), StickyError> {
        Err(StickyError::new("away"))
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        releases.iter().map(|_| Err(StickyError::new("away"))).collect()
    }

    fn list(&self, _: &Filter<'_>, _: Option<&Position>, _: usize) -> Result<Page, StickyError> {
        Err(StickyError::new("away"))
    }

    fn count(&self, _: &Filter<'_>) -> Result<u64, StickyError> {
        Err(StickyError::new("away"))
    }
}

#[test]
fn pins_that_were_away() {
    let mut recorded = Recorded::new();
    let gateway = Gateway::with(recorded.catalog("one", catalog()), standard(), Arc::new(Away)).unwrap();
    gateway.record_to(Arc::clone(&recorded.recorder));
    drop(gateway.resolve(&sms("shop", TO)));
    drop(gateway.resolve(&sms("care", TO)));
    assert_only(&recorded.replay(), Reason::PinsWereAway, 1, 1);
}

#[test]
fn a_log_that_was_away() {
    let mut recorded = Recorded::with(|options| options.promise = callsign::log::Promise::Keep);
    let gateway = recorded.gateway("one", catalog(), standard());
    drop(gateway.resolve(&sms("shop", TO)));
    let before = recorded.log();
    recorded.recorder.close();
    let refused = gateway.resolve(&sms("shop", TO));
    assert_eq!(refused.get().refusal().map(|refusal| refusal.code()), Some("LOG_UNAVAILABLE"));
    let (key, options) = (recorded.key(), PassOptions::default());
    let report = replay(&before, &recorded.sources, key.as_ref(), &standard(), &options, &PassProgress::new());
    // Nothing was answered that is not in the log.
    assert_eq!((report.records, report.replayed, report.different), (1, 1, 0), "{report}");
}

#[test]
fn a_pass_that_is_cancelled_or_out_of_time_says_that_it_is_not_complete() {
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("one", catalog(), standard());
    drop(gateway.resolve(&sms("shop", TO)));
    let (log, key) = (recorded.log(), recorded.key());
    let progress = PassProgress::new();
    progress.cancel();
    let cancelled = replay(&log, &recorded.sources, key.as_ref(), &standard(), &PassOptions::default(), &progress);
    assert!(!cancelled.is_complete && cancelled.records == 0, "{cancelled}");
    let mut options = PassOptions::default();
    options.time = Some(std::time::Duration::ZERO);
    let late = replay(&log, &recorded.sources, key.as_ref(), &standard(), &options, &PassProgress::new());
    assert!(!late.is_complete && late.records == 0, "{late}");
    let progress = PassProgress::new();
    let whole = replay(&log, &recorded.sources, key.as_ref(), &standard(), &PassOptions::default(), &progress);
    assert!(whole.is_complete, "{whole}");
    assert_eq!((progress.bytes().0, progress.records()), (progress.bytes().1, 1));
}

#[test]
fn records_of_another_time_application_or_entity_are_left_out() {
    let mut recorded = Recorded::new();
    let gateway = recorded.gateway("one", catalog(), standard());
    for scope in ["shop", "shop/acme", "care", "care/acme"] {
        drop(gateway.resolve(&sms(scope, TO)));
    }
    let records = |recorded: &mut Recorded, change: &dyn Fn(&mut PassOptions)| {
        recorded.options = PassOptions::default();
        change(&mut recorded.options);
        recorded.replay().records
    };
    assert_eq!(records(&mut recorded, &|_| {}), 4);
    assert_eq!(records(&mut recorded, &|options| options.application = Some("shop".into())), 2);
    assert_eq!(records(&mut recorded, &|options| options.entity = Some("acme".into())), 2);
    assert_eq!(records(&mut recorded, &|options| options.range.until = 1), 0);
}

#[test]
fn a_catalog_file_is_found_by_its_bytes_and_not_if_they_have_changed() {
    let folder = Recorded::new();
    let path = folder.folder().join("catalog.json");
    let bytes = platform().file();
    fs::write(&path, &bytes).unwrap();
    let mut sources = FileSources::new(CompiledCache::of_user());
    sources.add_catalog(&path).unwrap();
    let name = catalog_name(bytes.as_bytes());
    assert_eq!(sources.catalog(&name).unwrap().senders().len(), 2);
    assert!(sources.catalog("sha256:00").is_err() && sources.catalog("revision:1").is_err());
    fs::write(&path, "{}").unwrap();
    let error = sources.catalog(&name).unwrap_err().to_string();
    assert!(error.contains("has changed"), "{error}");
    assert!(sources.add_catalog(&folder.folder().join("none.json")).is_err());
}

#[test]
fn a_message_of_the_default_application_is_replayed_as_one() {
    let mut recorded = Recorded::new();
    let platform =
        Platform::new().long("S1", "+12125550100").associate("default", &["S1"]).strategy("D", "default", json!({}));
    let gateway = recorded.gateway("one", platform.catalog(), standard());
    drop(gateway.resolve(&Message::new(callsign::Channel::Sms, TO)));
    recorded.options.application = Some("default".into());
    let report = recorded.replay();
    assert_eq!((report.replayed, report.different), (1, 0), "{report}");
}
