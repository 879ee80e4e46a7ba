//! Insert if absent, and replace: many keys in one statement.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::PoolError;
use tokio_postgres::types::Type;

use super::Shared;
use super::columns::{Keys, column, key_at, pin_at, stored_key};
use super::connect::{classify, was_refused};
use super::names::Names;
use super::sql::{ended, now, pin_of_key, query};
use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;
use crate::pin::{Pin, Write};
use crate::retry::Attempt;

/// `seen` is the pin of each key when the statement begins. A pin that is neither expected nor ended is the answer for
/// its key, and nothing is locked or written for it. The other keys are written, unless another writer came first: such
/// a key is in neither part of the answer, and is tried again.
const WRITE: &str = concat!(
    "WITH seen AS (
       SELECT k.*, p.sender AS held_by, p.first_used AS held_from, p.last_used AS held_to, p.idle_days AS held_days,
         (p.sender IS NULL OR coalesce(p.sender = k.expected, false) OR ",
    ended!(),
    ") AS free
       FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[])
         WITH ORDINALITY AS k (scope, channel, recipient, sender, expected, idle_days, first_used, last_used, n)
       LEFT JOIN LATERAL ",
    pin_of_key!(),
    " ON true
     ), written AS (
       INSERT INTO pins AS p (scope, channel, recipient, sender, replaced, idle_days, first_used, last_used)
       SELECT scope, channel, recipient, sender, expected, idle_days, coalesce(first_used, ",
    now!(),
    "), coalesce(last_used, ",
    now!(),
    ")
       FROM seen WHERE free ORDER BY n
       ON CONFLICT (scope, channel, recipient) DO UPDATE
         SET sender = excluded.sender, replaced = excluded.replaced, idle_days = excluded.idle_days,
           first_used = excluded.first_used, last_used = excluded.last_used
         WHERE p.sender = excluded.replaced OR ",
    ended!(),
    "  RETURNING scope, channel, recipient
     )
     SELECT scope, channel, recipient, held_by, held_from, held_to, held_days FROM seen WHERE NOT free
     UNION ALL SELECT scope, channel, recipient, NULL, NULL, NULL, NULL FROM written",
);

/// How often writes are tried whose keys change at the same time.
const ROUNDS: usize = 10;

/// A write as the columns of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteRow {
    pub(super) key: [u8; KEY_LEN],
    sender: i64,
    expected: Option<i64>,
    idle_days: i32,
    used: Option<(i64, i64)>,
}

impl WriteRow {
    pub(super) fn of(write: &Write<'_>, shared: &Shared) -> Self {
        Self {
            key: stored_key(&write.key, shared.recipient_key.as_ref()),
            sender: write.sender.key.0.cast_signed(),
            expected: write.expected.map(|sender| sender.0.cast_signed()),
            idle_days: i32::from(write.idle_days),
            used: write.used.map(|(first, last)| (column(first), column(last))),
        }
    }
}

/// Writes distinct keys, which are sorted. The answer for each is `None` if it was written, else its current pin.
pub(super) async fn write(
    shared: &Shared,
    wanted: &[WriteRow],
    names: &Names,
) -> Result<Vec<Option<Pin>>, StickyError> {
    // Whether an earlier attempt may have written although its answer was lost.
    let unsure = AtomicBool::new(false);
    shared
        .decisions
        .call(|_| async {
            match attempt(shared, wanted, names, &unsure).await {
                Ok(answers) => answers,
                Err(error) => {
                    shared.written.forget();
                    classify(&error)
                }
            }
        })
        .await
}

async fn attempt(
    shared: &Shared,
    wanted: &[WriteRow],
    names: &Names,
    unsure: &AtomicBool,
) -> Result<Attempt<Vec<Option<Pin>>>, PoolError> {
    names.write(shared).await?;
    let mut answers = vec![None; wanted.len()];
    let mut open: Vec<usize> = (0..wanted.len()).collect();
    let was_unsure = unsure.load(Ordering::Relaxed);
    for number in 0..ROUNDS {
        // This stays so after the round: if a later one fails, the keys that this one wrote are tried again too.
        unsure.store(true, Ordering::Relaxed);
        let answered = round(shared, wanted, &open).await;
        if number == 0 && answered.as_ref().is_err_and(was_refused) {
            unsure.store(was_unsure, Ordering::Relaxed);
        }
        let answered = answered?;
        open.retain(|&place| {
            let Some(pin) = answered.get(&wanted[place].key) else { return true };
            // The key has the wanted sender, so the attempt whose answer was lost has won as far as anybody can tell.
            let ours = |pin: &Pin| was_unsure && pin.sender.0.cast_signed() == wanted[place].sender;
            answers[place] = pin.filter(|pin| !ours(pin));
            false
        });
        if open.is_empty() {
            return Ok(Attempt::Done(answers));
        }
    }
    Ok(Attempt::Retry(StickyError::new("other writers change the pin faster than it can be written")))
}

/// Runs one statement. Keys without an answer have to be tried again.
async fn round(
    shared: &Shared,
    wanted: &[WriteRow],
    open: &[usize],
) -> Result<HashMap<[u8; KEY_LEN], Option<Pin>>, PoolError> {
    let wanted = || open.iter().map(|&place| &wanted[place]);
    let keys: Keys = wanted().map(|write| write.key).collect();
    let senders: Vec<i64> = wanted().map(|write| write.sender).collect();
    let expected: Vec<Option<i64>> = wanted().map(|write| write.expected).collect();
    let idle_days: Vec<i32> = wanted().map(|write| write.idle_days).collect();
    let first_used: Vec<Option<i64>> = wanted().map(|write| write.used.map(|(first, _)| first)).collect();
    let last_used: Vec<Option<i64>> = wanted().map(|write| write.used.map(|(_, last)| last)).collect();
    let [scopes, channels, recipients] = keys.values();
    let values: super::sql::Values<'_> = &[
        scopes,
        channels,
        recipients,
        (&senders, Type::INT8_ARRAY),
        (&expected, Type::INT8_ARRAY),
        (&idle_days, Type::INT4_ARRAY),
        (&first_used, Type::INT8_ARRAY),
        (&last_used, Type::INT8_ARRAY),
    ];
    let rows = query(&shared.decisions.connections, WRITE, values).await?;
    let mut answers = HashMap::with_capacity(rows.len());
    for row in &rows {
        let held = row.try_get::<_, Option<i64>>(3)?.is_some();
        answers.insert(key_at(row, 0)?, if held { Some(pin_at(row, 3)?) } else { None });
    }
    Ok(answers)
}
