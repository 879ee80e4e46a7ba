//! Senders as the file has them.

use std::borrow::Cow;

use super::{ATTRIBUTES, Read, SENDER_ID, written};
use crate::{
    attributes::Attributes,
    coverage::{Coverage, CoverageEntry, Coverages, ListedCountries},
    json_path::{Path, ValueAt},
    kind::{Channel, Registration, SenderType, Status},
    message_types::{MAX_MESSAGE_TYPES, MessageTypes, check_message_type},
    model::Sender,
    reader::{Field, Reader},
    rule::{self, quoted},
};

pub(super) const SENDER: &[Field; 8] = &[
    Field::required_by_rule(SENDER_ID, rule::id_shape),
    Field::required("sender", "the number, the code or the name that messages come from"),
    Field::required_word::<SenderType>("senderType"),
    Field::required("coverage", "a list of {\"channel\", \"countries\"}"),
    Field::optional("status"),
    Field::optional("messageTypes"),
    Field::optional("weight"),
    Field::optional(ATTRIBUTES),
];

const COVERAGE_CHANNEL: &str = "channel";

const COVERAGE: &[Field; 3] = &[
    Field::required_word::<Channel>(COVERAGE_CHANNEL),
    Field::required("countries", "\"*\" for every country, or a list of country codes"),
    Field::optional("status"),
];

impl<'a> Reader<'_, 'a> {
    /// A sender and its id.
    pub(crate) fn sender(&mut self, at: &ValueAt<'a, '_>, coverages: &mut Coverages<'a>) -> Read<Cow<'a, str>, Sender> {
        self.element(at, SENDER, |reader, object| {
            let [id, address, kind, coverage, status, message_types, weight, attributes] = object.fields();
            let kind = reader.word::<SenderType>(kind.value());
            let address_at = address.value();
            let address = reader.text(address_at);
            let mut number = None;
            if let (Some(at), Some(kind), Some(text)) = (address_at, kind, &address) {
                match rule::address(kind, text) {
                    Ok(digits) => number = digits,
                    Err(message) => reader.fault(&at, || message),
                }
            }
            let coverage_at = coverage.value();
            let coverage = coverage_at.and_then(|at| reader.coverage(at, coverages));
            if kind == Some(SenderType::RcsAgent)
                && let (Some(at), Some(coverage)) = (coverage_at, &coverage)
            {
                reader.only_rcs(&at, coverage);
            }
            let status = reader.word(status.value());
            let message_types = reader.message_types(message_types.value(), coverages);
            let weight = reader.weight(weight.value());
            let attributes = reader.shared_attributes(attributes.value(), coverages);
            let key = reader.id(&id);
            let complete = key.as_deref().zip(address).zip(kind).zip(coverage);
            let element = complete.map(|(((id, address), kind), coverage)| Sender {
                id: id.into(),
                address: address.into(),
                kind,
                number,
                coverage,
                suspended: status == Some(Status::Suspended),
                weight,
                message_types,
                attributes,
            });
            Read { key, element }
        })
    }

    /// A coverage. Most senders share the text of theirs with another one, and it is read once.
    fn coverage(&mut self, at: ValueAt<'a, '_>, coverages: &mut Coverages<'a>) -> Option<Coverage> {
        if let Some(known) = coverages.with_text(at.json) {
            return Some(known);
        }
        let faults_before = self.fault_count();
        let mut entries = Vec::new();
        self.each(Some(at), |reader, at| entries.extend(reader.coverage_entry(at)));
        (self.fault_count() == faults_before).then(|| coverages.add(at.json, entries))
    }

    fn coverage_entry(&mut self, at: &ValueAt<'a, '_>) -> Option<CoverageEntry> {
        let object = self.object(at, COVERAGE)?;
        let [channel, countries, status] = object.fields();
        let channel = self.word(channel.value());
        let registration = self.word(status.value()).unwrap_or(Registration::Active);
        let countries = self.coverage_countries(countries.value()?)?;
        Some(CoverageEntry { channel: channel?, countries, registration })
    }

    /// Notes the entries of an RCS agent's coverage that are not of RCS.
    fn only_rcs(&mut self, at: &ValueAt<'a, '_>, coverage: &Coverage) {
        if !Channel::ALL.into_iter().any(|channel| channel != Channel::Rcs && coverage.has_channel(channel)) {
            return;
        }
        self.each(Some(*at), |reader, entry| {
            let channel = entry.json.member(COVERAGE_CHANNEL);
            let Some((json, text)) = channel.and_then(|json| Some((json, json.text()?))) else { return };
            if text != Channel::Rcs.as_str() {
                let at = ValueAt { json, path: Path::Key { of: &entry.path, key: COVERAGE_CHANNEL } };
                reader.fault(&at, || format!("must be RCS, not {text}: an RCS_AGENT carries RCS alone"));
            }
        });
    }

    fn coverage_countries(&mut self, at: ValueAt<'a, '_>) -> Option<ListedCountries> {
        if at.json.is_list() {
            let mut list = Vec::new();
            self.each(Some(at), |reader, at| list.extend(reader.country(Some(*at))));
            return Some(ListedCountries::Only(list));
        }
        if !at.json.is_string() {
            self.wrong_type(&at, "\"*\" or a list of country codes");
            return None;
        }
        let text = self.text(Some(at))?;
        if text == rule::EVERY_COUNTRY {
            return Some(ListedCountries::All);
        }
        self.fault(&at, || format!("{} is neither \"*\" nor a list; put country codes in a list", quoted(&text)));
        None
    }

    /// The message types of a sender; all if the value is absent.
    fn message_types(&mut self, at: Option<ValueAt<'a, '_>>, coverages: &mut Coverages<'a>) -> MessageTypes {
        let Some(at) = at else {
            return MessageTypes::default();
        };
        if let Some(known) = coverages.message_types.with_text(at.json.as_str()) {
            return known;
        }
        let faults_before = self.fault_count();
        self.not_empty(Some(at));
        let mut types: Vec<Box<str>> = Vec::new();
        self.each(Some(at), |reader, at| {
            let Some(text) = reader.text(Some(*at)) else { return };
            if let Err(error) = check_message_type(&text) {
                reader.fault(at, || error.to_string());
            } else if types.iter().any(|earlier| **earlier == *text) {
                reader.fault(at, || format!("{} is there twice; keep one of them", quoted(&text)));
            } else if types.len() == MAX_MESSAGE_TYPES {
                reader.fault(at, || format!("is one too many; a sender has up to {MAX_MESSAGE_TYPES} message types"));
            } else {
                types.push(text.into());
            }
        });
        let types = MessageTypes::of_checked(types);
        if self.fault_count() == faults_before {
            coverages.message_types.add(at.json.as_str(), &types);
        }
        types
    }

    /// The weight of a sender; 1 if the value is absent.
    fn weight(&mut self, at: Option<ValueAt<'a, '_>>) -> u16 {
        let Some(at) = at else {
            return rule::DEFAULT_WEIGHT;
        };
        let weight = at.json.as_str().parse().ok().filter(|weight| rule::WEIGHTS.contains(weight));
        if weight.is_none() {
            self.fault(&at, || format!("must be {}, not {}", rule::weight_shape(), written(at.json)));
        }
        weight.unwrap_or(rule::DEFAULT_WEIGHT)
    }

    /// Attributes that other senders may have as well.
    fn shared_attributes(&mut self, at: Option<ValueAt<'a, '_>>, coverages: &mut Coverages<'a>) -> Attributes {
        let text = at.map(|at| at.json.as_str());
        if let Some(known) = text.and_then(|text| coverages.attributes.with_text(text)) {
            return known;
        }
        let faults_before = self.fault_count();
        let attributes = self.attributes(at);
        if let Some(text) = text
            && self.fault_count() == faults_before
        {
            coverages.attributes.add(text, &attributes);
        }
        attributes
    }
}
