//! One application with a pool of any size, the same on every run, and messages for it: what a decision costs is measured
//! on it, in time, instructions and allocations.

use callsign::{Catalog, Channel, Message};

/// A platform with one application whose pool has this many senders, half of them long numbers of 100 area codes, and
/// with a strategy that is geolocated and, if wanted, sticky.
pub fn catalog(senders: usize, sticky: bool) -> Catalog {
    const NPAS: [u16; 10] = [212, 213, 305, 312, 404, 415, 512, 617, 702, 206];
    let mut text =
        String::from(r#"{"applications":[{"applicationId":"shop"}],"entities":[{"entityId":"acme"}],"senders":["#);
    for index in 0..senders {
        let number = format!("+1{}{:07}", NPAS[index % NPAS.len()], 2_000_000 + index);
        text += &format!(
            r#"{}{{"senderId":"S{index:08}","sender":"{number}","senderType":"VIRTUAL_LONG_NUMBER","coverage":[{{"channel":"SMS","countries":["US","CA"]}}]}}"#,
            if index == 0 { "" } else { "," }
        );
    }
    text += r#"],"associations":["#;
    for index in 0..senders {
        text += &format!(
            r#"{}{{"resourceType":"NUMBER","channel":"SMS","applicationId":"shop","entityId":null,"resourceId":"S{index:08}"}}"#,
            if index == 0 { "" } else { "," }
        );
    }
    text += &format!(
        r#"],"sendingStrategies":[{{"sendingStrategyId":"GENERAL","platform":{{"applicationId":"shop"}},"useGeolocatedSender":true,"useStickySender":{sticky}}}]}}"#
    );
    Catalog::from_json(&text).expect("a valid catalog")
}

/// Recipients of the area codes that the pool has and of others.
pub fn recipients(count: usize) -> Vec<String> {
    const NPAS: [u16; 8] = [212, 213, 415, 646, 628, 718, 303, 503];
    (0..count).map(|index| format!("+1{}{:07}", NPAS[index % NPAS.len()], 2_345_678 + index * 97 % 7_000_000)).collect()
}

/// Messages to recipients.
pub fn messages(recipients: &[String]) -> Vec<Message<'_>> {
    recipients.iter().map(|to| Message::new(Channel::Sms, to).application("shop")).collect()
}
