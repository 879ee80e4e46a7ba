use callsign_sticky::{
    Channel, Filter, MemoryStore, PinKey, PinRecord, PinScope, StickyStore, Write, each_pin, import, migrate,
};

use crate::conformance::{key, number, sender};

fn exported(store: &dyn StickyStore) -> Vec<String> {
    let mut lines = Vec::new();
    each_pin(store, &Filter::All, |record| {
        lines.push(record.to_json());
        Ok(())
    })
    .unwrap();
    lines
}

fn filled() -> MemoryStore {
    let store = MemoryStore::new();
    for index in 0..2_500 {
        let scope = PinScope::new("shop", (index % 2 == 0).then_some("acme"));
        let key = PinKey::new(scope, Channel::Sms, number(index));
        let id = format!("n{}", index % 10);
        let write = Write::insert(key, sender(&id)).idle_days((index % 3) as u16 * 30);
        store.write_one(&Write { used: Some((1_700_000_000, 4_000_000_000)), ..write }).unwrap();
    }
    store
}

#[test]
fn what_was_exported_is_imported_whole() {
    let store = filled();
    let lines = exported(&store);
    assert_eq!(lines.len(), 2_500);
    let other = MemoryStore::new();
    let text = lines.join("\n");
    let imported = import(&other, text.as_bytes(), |_| ()).unwrap();
    assert_eq!((imported.written, imported.known, imported.kept), (2_500, 0, 0));
    assert_eq!(exported(&other), lines);
    // Again it changes nothing; and what is pinned already stays.
    let again = import(&other, text.as_bytes(), |_| ()).unwrap();
    assert_eq!((again.written, again.known, again.kept), (0, 2_500, 0));
    let moved = text.replace("\"n1\"", "\"other\"");
    let kept = import(&other, moved.as_bytes(), |_| ()).unwrap();
    assert_eq!((kept.written, kept.known, kept.kept), (0, 2_250, 250));
    assert_eq!(exported(&other), lines);
}

#[test]
fn a_line_is_a_pin_for_people_too() {
    let store = MemoryStore::new();
    let write = Write::insert(key("shop", 1), sender("n1")).idle_days(90);
    store.write_one(&Write { used: Some((1_700_000_000, 4_000_000_000)), ..write }).unwrap();
    assert_eq!(
        exported(&store),
        [
            r#"{"applicationId":"shop","channel":"SMS","recipient":"+14150000001","senderId":"n1","firstUsed":"2023-11-14T22:13:20Z","lastUsed":"2096-10-02T07:06:40Z","idleDays":90}"#
        ]
    );
}

#[test]
fn times_in_seconds_are_read_as_earlier_versions_wrote_them() {
    let line = exported(&filled()).remove(0);
    let earlier =
        line.replace("\"2023-11-14T22:13:20Z\"", "1700000000").replace("\"2096-10-02T07:06:40Z\"", "4000000000");
    assert_ne!(earlier, line);
    assert_eq!(PinRecord::from_json(&earlier).unwrap(), PinRecord::from_json(&line).unwrap());
}

#[test]
fn a_wrong_line_is_named_by_its_number() {
    let good = exported(&filled()).remove(0);
    let long = format!("{{\"applicationId\":\"{}", "x".repeat(20_000));
    for (wrong, expected) in [
        ("nonsense", "expected"),
        ("{}", "missing field"),
        (&good.replace("SMS", "FAX"), "channel \"FAX\" is not SMS, MMS or RCS"),
        (&good.replace("+1415", "x"), "recipient"),
        (&good.replace("shop", ""), "applicationId is not 1 to 255 characters"),
        (&good.replace("\"firstUsed\"", "\"more\":1,\"firstUsed\""), "unknown field `more`"),
        (&good.replace("2096-10-02T07:06:40Z", "2020-09-13T12:26:40Z"), "lastUsed is before firstUsed"),
        (&good.replace("2096-10-02T07:06:40Z", "yesterday"), "expected a time since 1970"),
        (&good.replace("\"recipient\":\"", "\"recipientHash\":\"00\",\"recipient\":\""), "exactly one"),
        (&long, "more than 16384 bytes"),
    ] {
        let store = MemoryStore::new();
        let text = format!("{good}\n\n{wrong}\n{good}\n");
        let error = import(&store, text.as_bytes(), |_| ()).unwrap_err().to_string();
        assert!(error.starts_with("line 3: ") && error.contains(expected), "{error} for {wrong:.80}");
    }
}

#[test]
fn a_migration_moves_every_pin_of_a_sender() {
    let store = filled();
    let mut told = Vec::new();
    assert_eq!(migrate(&store, sender("n3"), sender("n4"), |moved| told.push(moved)).unwrap(), 250);
    assert_eq!(told.last(), Some(&250));
    assert_eq!(store.count(&Filter::Sender(sender("n3"))).unwrap(), 0);
    assert_eq!(store.count(&Filter::Sender(sender("n4"))).unwrap(), 500);
    assert_eq!(store.len(), 2_500);
    assert_eq!(migrate(&store, sender("n3"), sender("n4"), |_| ()).unwrap(), 0);
    assert_eq!(migrate(&store, sender("n4"), sender("n4"), |_| ()).unwrap(), 0);
    let line = exported(&store).into_iter().find(|line| line.contains("\"n4\"")).unwrap();
    let record = PinRecord::from_json(&line).unwrap();
    assert_eq!((record.pin.first_used, record.pin.last_used), (1_700_000_000, 4_000_000_000));
}
