//! Contexts as bytes in a segment.

use std::sync::Arc;

use callsign_destination::{Channel, Country};

use crate::context::{CatalogContext, HealthReport, NumberOfSender, PolicyContext, SignalsContext};
use crate::varint::{Bytes, put, put_counted};

const CATALOG: u8 = 1;
const POLICY: u8 = 2;
const SIGNALS: u8 = 3;

const HAS_CHANNEL: u8 = 1;
const HAS_COUNTRY: u8 = 2;
const IS_UNHEALTHY: u8 = 4;

/// A context of a segment, with its id there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ContextEntry {
    Catalog(u32, CatalogContext),
    Policy(u32, PolicyContext),
    Signals(u64, SignalsContext),
}

pub(crate) fn put_catalog(out: &mut Vec<u8>, id: u32, catalog: &CatalogContext) {
    out.push(CATALOG);
    put(out, u64::from(id));
    put_counted(out, catalog.name.as_bytes());
}

pub(crate) fn put_policy(out: &mut Vec<u8>, id: u32, policy: &PolicyContext) {
    out.push(POLICY);
    put(out, u64::from(id));
    out.extend_from_slice(&policy.module);
    put_counted(out, policy.label.as_bytes());
    out.extend_from_slice(&policy.settings_digest);
    put_counted(out, policy.settings.as_bytes());
}

/// Writes signals as what differs from others of the segment, or as a whole.
pub(crate) fn put_signals(out: &mut Vec<u8>, id: u64, signals: &SignalsContext, base: Option<(u64, &SignalsContext)>) {
    let empty = SignalsContext::default();
    let (base_id, base) = base.map_or((0, &empty), |(id, base)| (id.wrapping_add(1), base));
    out.push(SIGNALS);
    put(out, id);
    put(out, base_id);
    let between = put_difference(out, &base.health, &signals.health, |one, other| one == other);
    for report in &signals.health[between] {
        out.extend_from_slice(&report.sender.to_le_bytes());
        let has = |is: bool, bit| if is { bit } else { 0 };
        out.push(
            has(report.channel.is_some(), HAS_CHANNEL)
                | has(report.country.is_some(), HAS_COUNTRY)
                | has(report.unhealthy_since.is_some(), IS_UNHEALTHY),
        );
        if let Some(channel) = report.channel {
            out.push(channel as u8);
        }
        if let Some(country) = report.country {
            out.extend_from_slice(country.as_str().as_bytes());
        }
        if let Some(since) = report.unhealthy_since {
            put(out, since);
        }
    }
    // By their bits, so that a NaN is what it was.
    let same = |one: &NumberOfSender, other: &NumberOfSender| {
        (one.sender, one.name, one.value.to_bits()) == (other.sender, other.name, other.value.to_bits())
    };
    let between = put_difference(out, &base.numbers, &signals.numbers, same);
    for number in &signals.numbers[between] {
        out.extend_from_slice(&number.sender.to_le_bytes());
        out.extend_from_slice(&number.name.to_le_bytes());
        out.extend_from_slice(&number.value.to_le_bytes());
    }
}

/// Writes how many elements both lists begin with, how many they end with, and how many of the new list are between; which these
/// are.
fn put_difference<T>(
    out: &mut Vec<u8>,
    base: &[T],
    new: &[T],
    same: impl Fn(&T, &T) -> bool,
) -> std::ops::Range<usize> {
    let start = base.iter().zip(new).take_while(|(one, other)| same(one, other)).count();
    let (base, rest) = (&base[start..], &new[start..]);
    let end = base.iter().rev().zip(rest.iter().rev()).take_while(|(one, other)| same(one, other)).count();
    let between = rest.len() - end;
    [start, end, between].into_iter().for_each(|count| put(out, count as u64));
    start..start + between
}

/// Reads a frame of contexts. `base` finds signals that were read before, in this frame too.
pub(crate) fn read(
    payload: &[u8],
    base: impl Fn(u64) -> Option<Arc<SignalsContext>>,
    mut found: impl FnMut(ContextEntry),
) -> Result<(), &'static str> {
    let mut bytes = Bytes(payload);
    while let Some(kind) = bytes.byte() {
        found(match kind {
            CATALOG => read_catalog(&mut bytes).ok_or("a catalog")?,
            POLICY => read_policy(&mut bytes).ok_or("a policy")?,
            SIGNALS => {
                let id = bytes.varint().ok_or("the id of signals")?;
                let base = match bytes.varint().ok_or("the base of signals")? {
                    0 => Arc::default(),
                    from => base(from - 1).ok_or("signals differ from others that are not in the segment")?,
                };
                ContextEntry::Signals(id, read_signals(&mut bytes, &base).ok_or("signals")?)
            }
            _ => return Err("a context of an unknown kind"),
        });
    }
    Ok(())
}

fn read_catalog(bytes: &mut Bytes<'_>) -> Option<ContextEntry> {
    let id = bytes.small()?;
    Some(ContextEntry::Catalog(id, CatalogContext { name: bytes.text()?.into() }))
}

fn read_policy(bytes: &mut Bytes<'_>) -> Option<ContextEntry> {
    let id = bytes.small()?;
    let (module, label) = (bytes.array()?, bytes.text()?.into());
    let (settings_digest, settings) = (bytes.array()?, bytes.text()?.into());
    Some(ContextEntry::Policy(id, PolicyContext { module, label, settings_digest, settings }))
}

fn read_signals(bytes: &mut Bytes<'_>, base: &SignalsContext) -> Option<SignalsContext> {
    let health = read_difference(bytes, &base.health, 9, |bytes| {
        let sender = u64::from_le_bytes(bytes.array()?);
        let has = bytes.byte()?;
        let channel = if has & HAS_CHANNEL == 0 { None } else { Some(Channel::from_number(bytes.byte()?)?) };
        let country = match has & HAS_COUNTRY {
            0 => None,
            _ => Some(Country::from_bits(u16::from_be_bytes(bytes.array()?))?),
        };
        let unhealthy_since = if has & IS_UNHEALTHY == 0 { None } else { Some(bytes.varint()?) };
        Some(HealthReport { sender, channel, country, unhealthy_since })
    })?;
    let numbers = read_difference(bytes, &base.numbers, 24, |bytes| {
        let [sender, name, value] = [bytes.array()?, bytes.array()?, bytes.array()?];
        let [sender, name] = [sender, name].map(u64::from_le_bytes);
        Some(NumberOfSender { sender, name, value: f64::from_le_bytes(value) })
    })?;
    Some(SignalsContext { health, numbers })
}

/// Reads a list that differs from another; each element takes so many bytes at least.
fn read_difference<T: Clone>(
    bytes: &mut Bytes<'_>,
    base: &[T],
    least: usize,
    mut read: impl FnMut(&mut Bytes<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let [start, end, between]: [usize; 3] = [bytes.small()?, bytes.small()?, bytes.small()?];
    if start.checked_add(end)? > base.len() || between > bytes.0.len() / least {
        return None;
    }
    let mut list = Vec::with_capacity(start + between + end);
    list.extend_from_slice(&base[..start]);
    for _ in 0..between {
        list.push(read(bytes)?);
    }
    list.extend_from_slice(&base[base.len() - end..]);
    Some(list)
}
