//! Listing and counting.

use std::ops::Bound;

use fjall::{Guard, Iter};

use super::Shared;
use super::tables::{failed, pin_of, sender_entry};
use crate::error::StickyError;
use crate::key_bytes::{KEY_LEN, key_parts};
use crate::listing::{Filter, Page, PinRecord, Position};
use crate::pin::{Pin, SenderKey};
use callsign_destination::Channel;

/// The greatest number of pins on a page.
pub(super) const MOST: usize = 10_000;

/// A page of the pins of a filter, after a position.
pub(super) fn list(
    shared: &Shared,
    filter: &Filter<'_>,
    after: Option<&Position>,
    most: usize,
) -> Result<Page, StickyError> {
    let after = match after {
        None => None,
        Some(position) => Some(<[u8; KEY_LEN]>::try_from(&*position.0).map_err(|_| {
            StickyError::new(format!("{position} is not a position of this store: pass the one of the page before"))
        })?),
    };
    let fits = |after: &[u8; KEY_LEN]| match filter {
        Filter::Scope(scope) => after[..16] == scope.hash().to_be_bytes(),
        Filter::Recipient(recipient) => after[17..] == recipient.to_bytes(),
        _ => true,
    };
    if after.is_some_and(|after| !fits(&after)) {
        return Err(StickyError::new("the position is of another list: pass the one of the page before"));
    }
    let now = shared.now();
    let (mut pins, mut last) = (Vec::new(), None);
    for found in found(shared, filter, after) {
        let (key, pin) = found?;
        if pin.has_ended(now) {
            continue;
        }
        if pins.len() == most {
            return Ok(Page { pins, next: last.map(|key: [u8; KEY_LEN]| Position(key.into())) });
        }
        pins.push(record(shared, &key, pin)?);
        last = Some(key);
    }
    Ok(Page { pins, next: None })
}

pub(super) fn count(shared: &Shared, filter: &Filter<'_>) -> Result<u64, StickyError> {
    let counted = |entries: Iter| {
        let mut count = 0;
        for entry in entries {
            entry.key().map_err(failed)?;
            count += 1;
        }
        Ok(count)
    };
    match filter {
        Filter::All => counted(shared.tables.pins.iter()),
        Filter::Scope(scope) => counted(shared.tables.pins.prefix(scope.hash().to_be_bytes())),
        Filter::Sender(sender) => counted(shared.tables.by_sender.prefix(sender.key.0.to_be_bytes())),
        Filter::Recipient(_) => found(shared, filter, None).try_fold(0, |count, found| found.map(|_| count + 1)),
    }
}

type Found = Result<([u8; KEY_LEN], Pin), StickyError>;

fn found<'a>(
    shared: &'a Shared,
    filter: &Filter<'_>,
    after: Option<[u8; KEY_LEN]>,
) -> Box<dyn Iterator<Item = Found> + 'a> {
    let tables = &shared.tables;
    let begins = |key: Option<[u8; KEY_LEN]>| key.map_or(Bound::Unbounded, Bound::Excluded);
    match filter {
        Filter::All => Box::new(tables.pins.range::<[u8; KEY_LEN], _>((begins(after), Bound::Unbounded)).map(entry_of)),
        Filter::Scope(scope) => {
            let prefix = scope.hash().to_be_bytes();
            let entries: Iter = match after {
                None => tables.pins.prefix(prefix),
                Some(after) => tables.pins.range::<[u8; KEY_LEN], _>((begins(Some(after)), Bound::Unbounded)),
            };
            let within = move |found: &Found| found.as_ref().map_or(true, |(key, _)| key[..16] == prefix);
            Box::new(entries.map(entry_of).take_while(within))
        }
        Filter::Sender(sender) => Box::new(of_sender(shared, sender.key, after)),
        Filter::Recipient(recipient) => {
            let recipient = recipient.to_bytes();
            let keys = shared.names.cache.scopes().into_iter().flat_map(move |scope| {
                Channel::ALL.map(|channel| {
                    let mut key = [0; KEY_LEN];
                    key[..16].copy_from_slice(&scope.to_be_bytes());
                    key[16] = channel as u8;
                    key[17..].copy_from_slice(&recipient);
                    key
                })
            });
            let keys = keys.filter(move |key| after.is_none_or(|after| *key > after));
            Box::new(keys.filter_map(|key| Some(shared.tables.pin(&key).transpose()?.map(|pin| (key, pin)))))
        }
    }
}

fn of_sender(shared: &Shared, sender: SenderKey, after: Option<[u8; KEY_LEN]>) -> impl Iterator<Item = Found> {
    let prefix = sender.0.to_be_bytes();
    let entries: Iter = match after {
        None => shared.tables.by_sender.prefix(prefix),
        Some(after) => shared
            .tables
            .by_sender
            .range::<[u8; 8 + KEY_LEN], _>((Bound::Excluded(sender_entry(sender, &after)), Bound::Unbounded)),
    };
    let keys = entries.map(move |entry| {
        let entry = entry.key().map_err(failed)?;
        let key = entry.strip_prefix(&prefix).map(<[u8; KEY_LEN]>::try_from);
        key.transpose().map_err(|_| StickyError::new("an entry of the table `by-sender` cannot be read"))
    });
    let keys = keys.take_while(|key| !matches!(key, Ok(None)));
    keys.filter_map(move |key| match key {
        Ok(Some(key)) => match shared.tables.pin(&key) {
            // A pin that changed while the list is read may have another sender by now.
            Ok(pin) => pin.filter(|pin| pin.sender == sender).map(|pin| Ok((key, pin))),
            Err(error) => Some(Err(error)),
        },
        Ok(None) => None,
        Err(error) => Some(Err(error)),
    })
}

fn entry_of(entry: Guard) -> Found {
    let (key, value) = entry.into_inner().map_err(failed)?;
    let key = key[..].try_into().map_err(|_| StickyError::new("the key of a pin on the disk cannot be read"))?;
    Ok((key, pin_of(&value)?))
}

fn record(shared: &Shared, key: &[u8; KEY_LEN], pin: Pin) -> Result<PinRecord, StickyError> {
    let record = || {
        let (scope, channel, recipient) = key_parts(key)?;
        let (application, entity) = shared.names.cache.scope(scope)?;
        let sender = shared.names.cache.sender(pin.sender)?;
        Some(PinRecord { application, entity, scope, channel, recipient, sender, pin })
    };
    record().ok_or_else(|| StickyError::new("the names of a pin are not on the disk"))
}
