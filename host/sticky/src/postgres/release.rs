//! Removing pins, many in one statement.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::PoolError;
use tokio_postgres::types::Type;

use super::Shared;
use super::columns::{Keys, pin_at, stored_key};
use super::connect::{classify, was_refused};
use super::sql::{ended, query};
use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;
use crate::pin::{Pin, Release};
use crate::retry::Attempt;

/// Rows are locked in the order of keys, as in writes, so that statements cannot deadlock.
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

/// A release as the columns of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReleaseRow {
    pub(super) key: [u8; KEY_LEN],
    expected: Option<i64>,
}

impl ReleaseRow {
    pub(super) fn of(release: &Release<'_>, shared: &Shared) -> Self {
        let key = stored_key(&release.key, shared.recipient_key.as_ref());
        Self { key, expected: release.expected.map(|sender| sender.0.cast_signed()) }
    }
}

/// Releases distinct keys, which are sorted. The answer for each is the removed pin.
pub(super) async fn release(
    shared: &Shared,
    going: &[ReleaseRow],
) -> Result<Vec<Result<Option<Pin>, StickyError>>, StickyError> {
    let keys: Keys = going.iter().map(|release| release.key).collect();
    let expected: Vec<Option<i64>> = going.iter().map(|release| release.expected).collect();
    // Whether an earlier attempt may have removed pins although its answer was lost.
    let unsure = AtomicBool::new(false);
    let attempt = async || {
        let was_unsure = unsure.swap(true, Ordering::Relaxed);
        let [scopes, channels, recipients] = keys.values();
        let values: super::sql::Values<'_> = &[scopes, channels, recipients, (&expected, Type::INT8_ARRAY)];
        let rows = query(&shared.decisions.connections, RELEASE, values).await;
        if rows.as_ref().is_err_and(was_refused) {
            unsure.store(was_unsure, Ordering::Relaxed);
        }
        let none = || match was_unsure {
            false => Ok(None),
            true => Err(StickyError::new("the pin is gone, perhaps removed by an attempt whose answer was lost")),
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
                Err(error) => classify(&error),
            }
        })
        .await
}
