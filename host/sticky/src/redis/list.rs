//! Listing and counting, slot after slot, since the cluster has no index of pins.
//!
//! All keys of a slot are read at once and sorted, so that a page can end after any of them, and the next page can
//! begin there even if another server has the slot by then.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::sync::{Arc, PoisonError};

use redis::{Cmd, Pipeline, Value};
use siphasher::sip::SipHasher13;

use crate::error::StickyError;
use crate::key_bytes::{KEY_LEN, key_parts};
use crate::listing::{Page, PinRecord, Position};
use crate::pin::{Pin, SenderKey};
use crate::recipient::Recipient;
use crate::redis::Inner;
use crate::redis::cluster::Outcome;
use crate::redis::command::Reply;
use crate::redis::layout::SLOTS;
use crate::redis::names::NameId;
use crate::redis::node::{Lane, Node};
use crate::retry::Attempt;
use callsign_destination::Channel;

/// A filter on the keys and values of pins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PinFilter {
    All,
    Scope(u128),
    Sender(SenderKey),
    Recipient(Recipient),
}

/// A key with its slot. Listings are in this order.
type SlotKey = (u16, [u8; KEY_LEN]);

/// Keys that were read already and come after the last page; the next page begins with them.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    keys: VecDeque<SlotKey>,
    /// The first slot that was not read.
    slot: u16,
    /// How many slots to read next.
    slots: u16,
}

/// About how many keys one read returns.
const KEYS_AT_ONCE: i64 = 20_000;

/// How many slots the first read takes, and how many any read takes at most.
const FEWEST_SLOTS: u16 = 64;
const MOST_SLOTS: u16 = 4_096;

/// How many pins one read takes.
const PINS_AT_ONCE: usize = 1_000;

impl PinFilter {
    fn has_key(self, key: &[u8; KEY_LEN]) -> bool {
        match self {
            PinFilter::Scope(hash) => key[..16] == hash.to_be_bytes(),
            PinFilter::Recipient(recipient) => key[17..] == recipient.to_bytes(),
            PinFilter::All | PinFilter::Sender(_) => true,
        }
    }

    fn has_pin(self, pin: &Pin) -> bool {
        !matches!(self, PinFilter::Sender(sender) if sender != pin.sender)
    }

    /// Identifies the filter in positions, so that another filter refuses them.
    fn tag(self) -> [u8; 8] {
        let mut hasher = SipHasher13::new_with_keys(0, 3);
        match self {
            PinFilter::All => hasher.write(b"a"),
            PinFilter::Scope(hash) => hasher.write(&[b"c", &hash.to_be_bytes()[..]].concat()),
            PinFilter::Sender(key) => hasher.write(&[b"s", &key.0.to_be_bytes()[..]].concat()),
            PinFilter::Recipient(recipient) => hasher.write(&[b"r", &recipient.to_bytes()[..]].concat()),
        }
        hasher.finish().to_be_bytes()
    }

    fn position(self, (slot, key): SlotKey) -> Position {
        Position([&self.tag()[..], &slot.to_be_bytes(), &key].concat().into())
    }

    fn place(self, position: &Position) -> Result<SlotKey, StickyError> {
        let read = || {
            let rest = position.0.strip_prefix(&self.tag())?;
            let (slot, key) = rest.split_first_chunk()?;
            let slot = u16::from_be_bytes(*slot);
            (slot < SLOTS).then_some((slot, key.try_into().ok()?))
        };
        read().ok_or_else(|| StickyError::new("the position is not of this store and this filter"))
    }
}

impl Inner {
    /// A page of pins.
    pub(crate) async fn page(
        &self,
        wanted: PinFilter,
        after: Option<&Position>,
        most: usize,
    ) -> Result<Page, StickyError> {
        let most = most.clamp(1, 10_000);
        let mut ahead = self.resume(wanted, after).await?;
        let mut found: Vec<(SlotKey, Pin)> = Vec::new();
        while found.len() < most {
            let at_once = match wanted {
                PinFilter::Sender(_) => PINS_AT_ONCE,
                _ => PINS_AT_ONCE.min(most - found.len()),
            };
            let keys = self.some(&mut ahead, wanted, at_once).await?;
            if keys.is_empty() {
                break;
            }
            for (place, pin) in keys.iter().zip(self.pins(&keys).await?) {
                if let Some(pin) = pin.filter(|pin| wanted.has_pin(pin)) {
                    found.push((*place, pin));
                }
            }
        }
        // Pins beyond this page begin the next one.
        for (place, _) in found.drain(most.min(found.len())..).rev() {
            ahead.keys.push_front(place);
        }
        let is_last = ahead.keys.is_empty() && ahead.slot == SLOTS;
        let next = found.last().filter(|_| !is_last).map(|(place, _)| wanted.position(*place));
        if let Some(next) = &next {
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some((next.clone(), ahead));
        }
        Ok(Page { pins: self.records(found).await?, next })
    }

    /// The number of pins.
    pub(crate) async fn count(&self, wanted: PinFilter) -> Result<u64, StickyError> {
        let mut ahead = self.resume(wanted, None).await?;
        let mut number = 0;
        loop {
            let keys = self.some(&mut ahead, wanted, KEYS_AT_ONCE as usize).await?;
            if keys.is_empty() {
                return Ok(number);
            }
            // A key contains its scope. The value has to be read for the sender, and to see which of the possible keys
            // of a recipient exist.
            number += match wanted {
                PinFilter::All | PinFilter::Scope(_) => keys.len() as u64,
                PinFilter::Sender(_) | PinFilter::Recipient(_) => {
                    let mut number = 0;
                    for keys in keys.chunks(PINS_AT_ONCE) {
                        let pins = self.pins(keys).await?;
                        number += pins.iter().flatten().filter(|pin| wanted.has_pin(pin)).count();
                    }
                    number as u64
                }
            };
        }
    }

    /// The keys after a position.
    async fn resume(&self, wanted: PinFilter, after: Option<&Position>) -> Result<ReadAhead, StickyError> {
        let place = after.map(|after| wanted.place(after)).transpose()?;
        let kept = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        match kept {
            Some((position, ahead)) if Some(&position) == after => return Ok(ahead),
            _ => {}
        }
        if let PinFilter::Recipient(recipient) = wanted {
            return self.keys_of(recipient, place).await;
        }
        let slot = place.map_or(0, |(slot, _)| slot);
        let mut ahead = ReadAhead { keys: VecDeque::new(), slot, slots: FEWEST_SLOTS };
        if let Some(place) = place {
            self.fetch(&mut ahead).await?;
            ahead.keys.retain(|key| *key > place);
        }
        Ok(ahead)
    }

    /// The possible keys of a recipient: one for each scope that was ever used and each channel.
    async fn keys_of(&self, recipient: Recipient, after: Option<SlotKey>) -> Result<ReadAhead, StickyError> {
        self.names.read_all(&self.cluster, "scopes").await?;
        let mut keys = VecDeque::new();
        for scope in self.names.cache.scopes() {
            for channel in Channel::ALL {
                let mut key = [0; KEY_LEN];
                key[..16].copy_from_slice(&scope.to_be_bytes());
                key[16] = channel as u8;
                key[17..].copy_from_slice(&recipient.to_bytes());
                keys.push_back((self.keys.slot(&key), key));
            }
        }
        keys.retain(|(_, key)| after.is_none_or(|(_, after)| *key > after));
        Ok(ReadAhead { keys, slot: SLOTS, slots: 0 })
    }

    /// The next keys that the filter takes; empty at the end.
    async fn some(&self, ahead: &mut ReadAhead, wanted: PinFilter, most: usize) -> Result<Vec<SlotKey>, StickyError> {
        let mut some = Vec::new();
        loop {
            while some.len() < most
                && let Some(place) = ahead.keys.pop_front()
            {
                if wanted.has_key(&place.1) {
                    some.push(place);
                }
            }
            if !some.is_empty() || ahead.slot == SLOTS {
                return Ok(some);
            }
            self.fetch(ahead).await?;
        }
    }

    /// Reads the keys of the next slots; fewer slots if they have many keys.
    async fn fetch(&self, ahead: &mut ReadAhead) -> Result<(), StickyError> {
        loop {
            let (mut keys, slot) = self.fetch_once(ahead.slot, ahead.slots).await?;
            // The keys are complete only if the map of slots did not change meanwhile.
            if self.cluster.topology.refresh().await? {
                continue;
            }
            keys.sort_unstable();
            keys.dedup();
            ahead.keys.extend(keys);
            ahead.slots = (2 * (slot - ahead.slot)).min(MOST_SLOTS);
            ahead.slot = slot;
            return Ok(());
        }
    }

    async fn fetch_once(&self, first: u16, slots: u16) -> Result<(Vec<SlotKey>, u16), StickyError> {
        let map = self.cluster.topology.map();
        let mut end = SLOTS.min(first + slots);
        if let Some(slot) = (first..end).find(|&slot| map.node(slot).is_none()) {
            return Err(StickyError::new(format!("no server of the cluster has slot {slot}")));
        }
        let theirs = |slot: u16| map.nodes.get(map.number(slot)).cloned();
        let owners: Vec<(Arc<Node>, u16)> = (first..end).filter_map(|slot| Some((theirs(slot)?, slot))).collect();
        let counts = self.ask_slots("COUNTKEYSINSLOT", &owners).await?;
        let (mut total, mut full) = (0, Vec::new());
        for ((node, slot), count) in owners.into_iter().zip(counts) {
            let Value::Int(count) = count else { return Err(odd_slot(slot)) };
            if total > 0 && total + count > KEYS_AT_ONCE {
                end = slot;
                break;
            }
            total += count;
            if count > 0 {
                full.push((node, slot));
            }
        }
        let mut keys = Vec::with_capacity(usize::try_from(total).unwrap_or_default());
        self.keys_in(&full, &mut keys).await?;
        // A slot that is moving has keys on two servers. The source was read before the target, so that no key is
        // missed while it moves.
        let mut others: Vec<(Arc<Node>, u16)> = Vec::new();
        for slot in first..end {
            let nodes = map.nodes.iter().enumerate().filter(|(number, _)| *number != map.number(slot));
            others.extend(nodes.map(|(_, node)| (Arc::clone(node), slot)));
        }
        let counts = self.ask_slots("COUNTKEYSINSLOT", &others).await?;
        let moving = others.into_iter().zip(counts).filter(|(_, count)| *count != Value::Int(0));
        let moving: Vec<(Arc<Node>, u16)> = moving.map(|(slot, _)| slot).collect();
        self.keys_in(&moving, &mut keys).await?;
        Ok((keys, end))
    }

    async fn keys_in(&self, slots: &[(Arc<Node>, u16)], keys: &mut Vec<SlotKey>) -> Result<(), StickyError> {
        let answers = self.ask_slots("GETKEYSINSLOT", slots).await?;
        for ((_, slot), answer) in slots.iter().zip(answers) {
            let Value::Array(found) = answer else { return Err(odd_slot(*slot)) };
            for key in found {
                let Value::BulkString(key) = key else { return Err(odd_slot(*slot)) };
                keys.extend(self.keys.strip(&key).map(|key| (*slot, key)));
            }
        }
        Ok(())
    }

    /// Sends a `CLUSTER` command for each slot to its server, all servers at the same time. The answers are in order.
    async fn ask_slots(&self, what: &'static str, slots: &[(Arc<Node>, u16)]) -> Result<Vec<Value>, StickyError> {
        let mut nodes: Vec<(Arc<Node>, Pipeline, Vec<usize>)> = Vec::new();
        for (index, (node, slot)) in slots.iter().enumerate() {
            let mut cmd = Cmd::new();
            cmd.arg("CLUSTER").arg(what).arg(*slot);
            if what == "GETKEYSINSLOT" {
                cmd.arg(i32::MAX);
            }
            let known = nodes.iter().position(|(known, ..)| Arc::ptr_eq(known, node));
            let number = known.unwrap_or_else(|| {
                nodes.push((Arc::clone(node), Pipeline::new(), Vec::new()));
                nodes.len() - 1
            });
            nodes[number].1.add_command(cmd);
            nodes[number].2.push(index);
        }
        let mut answers = vec![Value::Nil; slots.len()];
        let asked: Vec<_> = nodes
            .into_iter()
            .map(|(node, pipeline, places)| {
                let retrier = Arc::clone(&self.listing);
                let ask = async move {
                    let ask = async |_| match node.send(Lane::Admin, &pipeline).await {
                        Ok(answers) => match answers.iter().find(|answer| matches!(answer, Value::ServerError(_))) {
                            Some(error) => Attempt::Failed(StickyError::new(format!("{}: {error:?}", node.address()))),
                            None => Attempt::Done(answers),
                        },
                        Err(error) => Attempt::Retry(error),
                    };
                    retrier.call(ask).await
                };
                (tokio::spawn(ask), places)
            })
            .collect();
        for (asked, places) in asked {
            let given = asked.await.unwrap_or_else(|_| Err(StickyError::new("the call was broken off")))?;
            for (place, answer) in places.into_iter().zip(given) {
                answers[place] = answer;
            }
        }
        Ok(answers)
    }

    /// The pins of keys.
    async fn pins(&self, keys: &[SlotKey]) -> Result<Vec<Option<Pin>>, StickyError> {
        let reads = keys.iter().map(|(_, key)| self.read_command(key)).collect();
        let pin = |outcome: Outcome| match outcome? {
            Reply::Pin(pin) => Ok(pin),
            _ => Ok(None),
        };
        self.cluster.run(Lane::Admin, reads).await.into_iter().map(pin).collect()
    }

    async fn records(&self, found: Vec<(SlotKey, Pin)>) -> Result<Vec<PinRecord>, StickyError> {
        let mut names = Vec::with_capacity(2 * found.len());
        for ((_, key), pin) in &found {
            names.extend(key_parts(key).map(|(scope, ..)| NameId::Scope(scope)));
            names.push(NameId::Sender(pin.sender));
        }
        self.names.read(&self.cluster, names).await?;
        let record = |((_, key), pin): &(SlotKey, Pin)| {
            let (scope, channel, recipient) = key_parts(key)?;
            let (application, entity) = self.names.cache.scope(scope)?;
            Some(PinRecord {
                application,
                entity,
                scope,
                channel,
                recipient,
                sender: self.names.cache.sender(pin.sender)?,
                pin: *pin,
            })
        };
        let total = found.len();
        let records: Vec<PinRecord> = found.iter().filter_map(record).collect();
        if records.len() < total {
            log::warn!(
                "{} pins are not listed: a failover lost the names of their applications or senders, which are written \
                 again when they are next used",
                total - records.len()
            );
        }
        Ok(records)
    }
}

fn odd_slot(slot: u16) -> StickyError {
    StickyError::new(format!("the keys of slot {slot} cannot be listed"))
}
