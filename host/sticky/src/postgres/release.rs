//! Pins that go, and pins that are used.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::PoolError;

use super::Shared;
use super::columns::{Keys, kept, pin_at};
use super::connect::{judge, was_refused};
use super::sql::{ask, ended, now};
use crate::bytes::KEY;
use crate::error::StickyError;
use crate::patience::Attempt;
use crate::pin::{Pin, Release, Touch};

/// Locked in the order of keys, as writes are: nobody waits for each other.
const RELEASE: &str = concat!(
    "WITH going AS (
       SELECT k.n, p.scope, p.channel, p.recipient
       FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::bigint[]) WITH ORDINALITY
         AS k (scope, channel, recipient, expected, n)
       JOIN pins p ON p.scope = k.scope AND p.channel = k.channel AND p.recipient = k.recipient
         AND (k.expected IS NULL OR p.sender = k.expected)
       ORDER BY k.n FOR UPDATE OF p
     )
     DELETE FROM pins p USING going k
     WHERE p.scope = k.scope AND p.channel = k.channel AND p.recipient = k.recipient
     RETURNING k.n, p.sender, p.first_used, p.last_used, p.idle_days, ",
    ended!(),
);

/// A pin that another statement is at is passed over: it is in use, and its next use makes up for it.
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

/// A release as the database is asked for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Going {
    pub(super) key: [u8; KEY],
    expected: Option<i64>,
}

impl Going {
    pub(super) fn of(release: &Release<'_>, shared: &Shared) -> Self {
        let key = kept(&release.key, shared.recipient_key.as_ref());
        Self { key, expected: release.expected.map(|sender| sender.0.cast_signed()) }
    }
}

/// Releases whose keys differ, sorted by them: the pin that was taken off, for each.
pub(super) async fn release(
    shared: &Shared,
    going: &[Going],
) -> Result<Vec<Result<Option<Pin>, StickyError>>, StickyError> {
    let keys: Keys = going.iter().map(|release| release.key).collect();
    let expected: Vec<Option<i64>> = going.iter().map(|release| release.expected).collect();
    // Whether an attempt may have taken pins off without its answer being read.
    let unsure = AtomicBool::new(false);
    let attempt = async || {
        let was_unsure = unsure.swap(true, Ordering::Relaxed);
        let values: super::sql::Values<'_> = &[&keys.scopes, &keys.channels, &keys.recipients, &expected];
        let rows = ask(&shared.decisions.pool, RELEASE, values).await;
        if rows.as_ref().is_err_and(was_refused) {
            unsure.store(was_unsure, Ordering::Relaxed);
        }
        let none = || match was_unsure {
            false => Ok(None),
            true => {
                Err(StickyError::new("there is no such pin now, and an attempt whose answer was lost may have had it"))
            }
        };
        let mut answers: Vec<_> = going.iter().map(|_| none()).collect();
        for row in &rows? {
            let place = usize::try_from(row.try_get::<_, i64>(0)? - 1).ok();
            let Some(answer) = place.and_then(|place| answers.get_mut(place)) else { continue };
            let ended: bool = row.try_get(5)?;
            *answer = if ended { Ok(None) } else { Ok(Some(pin_at(row, 1)?)) };
        }
        Ok::<_, PoolError>(answers)
    };
    shared
        .decisions
        .call(|_| async {
            match attempt().await {
                Ok(answers) => Attempt::Done(answers),
                Err(error) => judge(&error),
            }
        })
        .await
}

/// A touch without its texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    key: [u8; KEY],
    sender: i64,
    idle_days: i32,
}

impl Used {
    pub(super) fn of(touch: &Touch<'_>, shared: &Shared) -> Self {
        let key = kept(&touch.key, shared.recipient_key.as_ref());
        Self { key, sender: touch.sender.0.cast_signed(), idle_days: i32::from(touch.idle_days) }
    }
}

/// Notes that pins were used; of several touches of a key the last one counts.
pub(super) async fn touch(shared: &Shared, mut used: Vec<Used>) -> Result<(), StickyError> {
    // Sorting keeps the order of touches for one key.
    used.sort_by_key(|touch| touch.key);
    used.reverse();
    used.dedup_by_key(|touch| touch.key);
    let Keys { scopes, channels, recipients } = &used.iter().map(|touch| touch.key).collect();
    let senders: Vec<i64> = used.iter().map(|touch| touch.sender).collect();
    let idle_days: Vec<i32> = used.iter().map(|touch| touch.idle_days).collect();
    shared
        .decisions
        .call(|_| async {
            match ask(&shared.decisions.pool, TOUCH, &[scopes, channels, recipients, &senders, &idle_days]).await {
                Ok(_) => Attempt::Done(()),
                Err(error) => judge(&error),
            }
        })
        .await
}
