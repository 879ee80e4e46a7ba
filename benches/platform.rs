//! Platforms of any size, the same on every run: many customers of very different sizes.

use std::fmt::Write;

/// How many applications there are, each with its share of the entities.
pub(crate) const APPLICATIONS: usize = 50;

const AREA_CODES: [u32; 10] = [212, 213, 305, 312, 404, 415, 512, 617, 702, 206];

const COVERAGES: [&str; 4] = [
    r#"[{"channel":"SMS","countries":["US","CA"]}]"#,
    r#"[{"channel":"SMS","countries":["US","CA"]},{"channel":"MMS","countries":["US"]}]"#,
    r#"[{"channel":"SMS","countries":["US","CA","MX","GB","DE","FR","ES","IT","NL","BE","AT","CH","SE","NO","DK","FI"]}]"#,
    r#"[{"channel":"SMS","countries":"*"},{"channel":"RCS","countries":["US"]}]"#,
];

/// How large a platform is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) senders: usize,
    pub(crate) associations: usize,
    pub(crate) entities: usize,
    pub(crate) strategies: usize,
}

/// A small generator of numbers that are the same on every run (xorshift).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// A sender as the file has it.
pub(crate) fn sender(index: usize, status: &str) -> String {
    let coverage = COVERAGES[index % COVERAGES.len()];
    let (kind, address) = match index % 20 {
        0 => ("ALPHANUMERIC", format!("Brand {}", index % 977)),
        1 => ("SHORT_CODE", format!("{}", 10_000 + index)),
        2 => ("TOLL_FREE_NUMBER", format!("+1800{:07}", 2_000_000 + index)),
        _ => {
            let area_code = AREA_CODES[index % AREA_CODES.len()];
            ("VIRTUAL_LONG_NUMBER", format!("+1{area_code}{:07}", 2_000_000 + index))
        }
    };
    format!(
        r#"{{"senderId":"SND{index:08}","sender":"{address}","senderType":"{kind}","coverage":{coverage},"status":"{status}"}}"#
    )
}

/// An association of a sender with an entity of its application.
pub(crate) fn association(sender: usize, entity: usize) -> String {
    let kind = if sender.is_multiple_of(20) { "ALPHA" } else { "NUMBER" };
    format!(
        r#"{{"resourceType":"{kind}","channel":"SMS","applicationId":"{}","entityId":"{}","resourceId":"SND{sender:08}"}}"#,
        application(entity),
        self::entity(entity)
    )
}

pub(crate) fn application(entity: usize) -> String {
    format!("APP{:02}", entity % APPLICATIONS)
}

pub(crate) fn entity(index: usize) -> String {
    format!("ENT{index:06}")
}

/// The entity that a sender is with: few have thousands, most have some.
pub(crate) fn entity_of(index: usize, entities: usize) -> usize {
    let mut numbers = Numbers::of(index as u64 + 1);
    numbers.below(1_000);
    let place = numbers.below(1 << 24) as f64 / (1 << 24) as f64;
    (place * place * entities as f64) as usize
}

/// The sender that is somebody's own with this number.
pub(crate) fn own(number: usize) -> usize {
    number / 9 * 10 + number % 9
}

/// The file of a platform.
pub(crate) fn text(size: Size) -> String {
    let mut text = String::with_capacity(size.senders * 200 + size.associations * 140 + size.strategies * 200);
    let mut list = |name: &str, elements: &mut dyn Iterator<Item = String>| {
        text += if text.is_empty() { "{" } else { "]," };
        write!(text, "\"{name}\":[").unwrap();
        for (index, element) in elements.enumerate() {
            text += if index == 0 { "" } else { "," };
            text += &element;
        }
    };
    list("applications", &mut (0..APPLICATIONS).map(|index| format!(r#"{{"applicationId":"APP{index:02}"}}"#)));
    list("entities", &mut (0..size.entities).map(|index| format!(r#"{{"entityId":"{}"}}"#, entity(index))));
    list("senders", &mut (0..size.senders).map(|index| sender(index, "ACTIVE")));
    // A tenth are of senders that many share and that are nobody's own.
    let associations = (0..size.associations).map(|index| match index % 10 {
        9 => association(index / 10 % 50 * 10 + 9, index / 10 % size.entities),
        _ => association(index, entity_of(index, size.entities)),
    });
    list("associations", &mut associations.into_iter());
    let strategies = (0..size.strategies).map(|index| match index.checked_sub(APPLICATIONS) {
        None => format!(
            r#"{{"sendingStrategyId":"STR{index:06}","platform":{{"applicationId":"APP{index:02}"}},"useGeolocatedSender":true}}"#
        ),
        Some(index) => {
            let entity_index = index * 2 % size.entities;
            format!(
                r#"{{"sendingStrategyId":"OWN{index:06}","platform":{{"applicationId":"{}","entityId":"{}"}},"destinationCountryCodes":["US","CA"],"useGeolocatedSender":{},"useStickySender":{},"priorities":[{{"senderType":"VIRTUAL_LONG_NUMBER","priority":1}}]}}"#,
                application(entity_index),
                entity(entity_index),
                index % 2 == 0,
                index % 4 == 0,
            )
        }
    });
    list("sendingStrategies", &mut strategies.into_iter());
    list(
        "defaultSenders",
        &mut (0..APPLICATIONS).map(|index| {
            let sender = 3 + index * 20;
            format!(r#"{{"platform":{{"applicationId":"APP{index:02}"}},"senderId":"SND{sender:08}"}}"#)
        }),
    );
    text + "]}"
}
