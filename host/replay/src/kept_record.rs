//! A record that owns its texts, with what it names: to be looked at when its segment is gone.

use std::sync::Arc;

use callsign_log::{
    Answer, AttributesRead, CatalogContext, PolicyContext, Recipient, Record, SignalsContext, SignalsId,
};

/// What a record names.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) catalog: Arc<CatalogContext>,
    /// None where no policy was asked.
    pub(crate) policy: Option<Arc<PolicyContext>>,
    pub(crate) signals: Option<(SignalsId, Arc<SignalsContext>)>,
}

/// A record that owns its texts.
#[derive(Debug, Clone)]
pub(crate) struct KeptRecord {
    pub(crate) named: Named,
    /// Without what it borrows.
    bare: Record<'static>,
    message_id: Option<Box<str>>,
    application: Option<Box<str>>,
    entity: Option<Box<str>>,
    recipient: Option<Box<str>>,
    from: Option<Box<str>>,
    message_type: Option<Box<str>>,
    attributes: Box<[(Box<str>, Box<str>)]>,
}

impl KeptRecord {
    pub(crate) fn of(record: &Record<'_>, named: &Named) -> Self {
        let kept = |text: Option<&str>| text.map(Into::into);
        let (AttributesRead::All(attributes) | AttributesRead::Some(attributes)) = record.attributes;
        let (recipient, text) = match record.recipient {
            Recipient::Text(text) => (Recipient::Text(""), Some(text)),
            Recipient::Number(number) => (Recipient::Number(number), None),
            Recipient::Sealed(sealed) => (Recipient::Sealed(sealed), None),
        };
        Self {
            named: named.clone(),
            bare: Record {
                message_id: None,
                application: None,
                entity: None,
                recipient,
                from: None,
                message_type: None,
                attributes: match record.attributes {
                    AttributesRead::All(_) => AttributesRead::All(&[]),
                    AttributesRead::Some(_) => AttributesRead::Some(&[]),
                },
                answer: Answer::Refused { code: "" },
                time: record.time,
                took: record.took,
                trace_id: record.trace_id,
                channel: record.channel,
                is_fallback: record.is_fallback,
                country: record.country,
                area_code: record.area_code,
                sent_at: record.sent_at,
                catalog: record.catalog,
                policy: record.policy,
                told_unhealthy: record.told_unhealthy,
                signals: record.signals,
                pin_read: record.pin_read,
                pin_write: record.pin_write,
            },
            message_id: kept(record.message_id),
            application: kept(record.application),
            entity: kept(record.entity),
            recipient: kept(text),
            from: kept(record.from),
            message_type: kept(record.message_type),
            attributes: attributes.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
        }
    }

    /// Its attributes, for [`KeptRecord::get`].
    pub(crate) fn attributes(&self) -> Vec<(&str, &str)> {
        self.attributes.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// The record, with its [`KeptRecord::attributes`], but without its answer.
    pub(crate) fn get<'a>(&'a self, attributes: &'a [(&'a str, &'a str)]) -> Record<'a> {
        Record {
            message_id: self.message_id.as_deref(),
            application: self.application.as_deref(),
            entity: self.entity.as_deref(),
            recipient: match &self.recipient {
                Some(text) => Recipient::Text(text),
                None => self.bare.recipient,
            },
            from: self.from.as_deref(),
            message_type: self.message_type.as_deref(),
            attributes: match self.bare.attributes {
                AttributesRead::All(_) => AttributesRead::All(attributes),
                AttributesRead::Some(_) => AttributesRead::Some(attributes),
            },
            ..self.bare
        }
    }
}
