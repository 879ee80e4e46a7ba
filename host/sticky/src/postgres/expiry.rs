//! Expiry: pins whose time to live is over are removed in the background.
//!
//! They are found by reading the tables from front to back, some pages at a time. An index by the end of pins would
//! find them faster, but then every touch would have to write to all indexes.

use std::time::Duration;

use deadpool_postgres::PoolError;
use tokio_postgres::types::Type;

use super::Shared;
use super::connect::{Lease, classify};
use super::sql::ended;
use crate::error::StickyError;
use crate::retry::Attempt;

/// Pages of 8 KiB in one transaction: about 11,000 pins, and about 10 ms if all of them are removed.
const PAGES: i64 = 128;

/// Transactions in one interval: 8 MiB of pages. With the default interval a billion pins are searched in a day.
const STEPS: usize = 8;

/// The number of partitions, as in `migrations/1_pins.sql`.
const PARTITIONS: i16 = 16;

/// No row while another process searches, or if one did within the interval.
const BEGIN: &str = "SELECT partition, page FROM sweep
    WHERE swept_at <= extract(epoch FROM now())::double precision - $1 FOR UPDATE SKIP LOCKED";

const GO_ON: &str = "UPDATE sweep SET partition = $1, page = $2,
    swept_at = CASE WHEN $3 THEN extract(epoch FROM now())::double precision ELSE swept_at END";

/// Searches for ever, once in each interval for all processes together.
pub(super) async fn run(shared: &Shared, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        // A failure can wait for the next interval: reads and writes check themselves whether a pin has ended.
        if let Err(error) = sweep(shared, interval).await {
            log::warn!("ended pins were not looked for: {error}");
        }
    }
}

/// One search; how many pins were removed.
pub(super) async fn sweep(shared: &Shared, interval: Duration) -> Result<u64, StickyError> {
    let background = &shared.background;
    background
        .call(|_| async {
            let mut taken_off = 0;
            for step in 0..STEPS {
                match step_on(shared, interval, step + 1 == STEPS).await {
                    Ok(Some(Step { pins, at_end: false })) => taken_off += pins,
                    Ok(Some(Step { pins, at_end: true })) => return Attempt::Done(taken_off + pins),
                    Ok(None) => break,
                    Err(error) => return classify(&error),
                }
            }
            Attempt::Done(taken_off)
        })
        .await
}

struct Step {
    pins: u64,
    /// Whether the last page of the last partition was reached.
    at_end: bool,
}

/// Searches some pages of a partition, or a few small partitions. `None` if it is not our turn.
async fn step_on(shared: &Shared, interval: Duration, last: bool) -> Result<Option<Step>, PoolError> {
    let connections = &shared.background.connections;
    // If it is not done, the lease closes its connection, which ends the transaction.
    let lease = Lease::of(connections).await?;
    lease.batch_execute(&connections.begin).await?;
    let Some(row) = lease.query_typed_opt(BEGIN, &[(&interval.as_secs_f64(), Type::FLOAT8)]).await? else {
        lease.batch_execute("ROLLBACK").await?;
        lease.done();
        return Ok(None);
    };
    let (mut partition, mut page): (i16, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (mut left, mut pins, mut at_end) = (PAGES, 0, false);
    while left > 0 && !at_end {
        let table = format!("pins_{partition:02}");
        let to = page + left;
        // The condition is checked again by the delete: the pin may have been used in between.
        let sql = format!(
            "DELETE FROM {table} p WHERE ctid = ANY (ARRAY(
               SELECT ctid FROM {table} p WHERE ctid >= '({page},0)' AND ctid < '({to},0)' AND {ended}
               FOR UPDATE SKIP LOCKED)) AND {ended}",
            ended = ended!(),
        );
        pins += lease.execute_typed(&sql, &[]).await?;
        let size = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint";
        let pages: i64 = lease.query_typed_one(size, &[(&table, Type::TEXT)]).await?.try_get(0)?;
        left -= (pages - page).clamp(1, left);
        page = to;
        if page >= pages {
            (partition, page) = ((partition + 1) % PARTITIONS, 0);
            at_end = partition == 0;
        }
    }
    let swept = last || at_end;
    lease.execute_typed(GO_ON, &[(&partition, Type::INT2), (&page, Type::INT8), (&swept, Type::BOOL)]).await?;
    lease.batch_execute("COMMIT").await?;
    lease.done();
    Ok(Some(Step { pins, at_end }))
}
