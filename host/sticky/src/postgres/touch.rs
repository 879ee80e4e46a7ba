//! Noting that pins were used, many in one statement.

use tokio_postgres::types::Type;

use super::Shared;
use super::columns::{Keys, stored_key};
use super::connect::classify;
use super::sql::{ended, now, query};
use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;
use crate::pin::Touch;
use crate::retry::Attempt;

/// Rows that another statement has locked are skipped: the pin is in use, and its next use makes up for it.
const TOUCH: &str = concat!(
    "WITH used AS (
       SELECT p.scope, p.channel, p.recipient, k.idle_days
       FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::bigint[], $5::integer[])
         AS k (scope, channel, recipient, sender, idle_days)
       JOIN pins p ON p.scope = k.scope AND p.channel = k.channel AND p.recipient = k.recipient AND p.sender = k.sender
       WHERE NOT ",
    ended!(),
    "  FOR NO KEY UPDATE OF p SKIP LOCKED
     )
     UPDATE pins p SET last_used = ",
    now!(),
    ", idle_days = k.idle_days
     FROM used k WHERE p.scope = k.scope AND p.channel = k.channel AND p.recipient = k.recipient",
);

/// A touch as the columns of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct TouchRow {
    key: [u8; KEY_LEN],
    sender: i64,
    idle_days: i32,
}

impl TouchRow {
    pub(super) fn of(touch: &Touch<'_>, shared: &Shared) -> Self {
        let key = stored_key(&touch.key, shared.recipient_key.as_ref());
        Self { key, sender: touch.sender.0.cast_signed(), idle_days: i32::from(touch.idle_days) }
    }
}

/// Writes touches; of several for one key the last counts.
pub(super) async fn touch(shared: &Shared, mut used: Vec<TouchRow>) -> Result<(), StickyError> {
    // The sort is stable: after `reverse` the last touch of a key comes first, and `dedup` keeps it.
    used.sort_by_key(|touch| touch.key);
    used.reverse();
    used.dedup_by_key(|touch| touch.key);
    let keys: Keys = used.iter().map(|touch| touch.key).collect();
    let senders: Vec<i64> = used.iter().map(|touch| touch.sender).collect();
    let idle_days: Vec<i32> = used.iter().map(|touch| touch.idle_days).collect();
    shared
        .decisions
        .call(|_| async {
            let [scopes, channels, recipients] = keys.values();
            let values: super::sql::Values<'_> =
                &[scopes, channels, recipients, (&senders, Type::INT8_ARRAY), (&idle_days, Type::INT4_ARRAY)];
            match query(&shared.decisions.connections, TOUCH, values).await {
                Ok(_) => Attempt::Done(()),
                Err(error) => classify(&error),
            }
        })
        .await
}
