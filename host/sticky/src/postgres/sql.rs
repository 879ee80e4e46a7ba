//! Fragments that statements share, and running a statement.

use deadpool_postgres::{Pool, PoolError};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::Lease;

/// Seconds since 1970 by the server's clock, the same for all processes. Evaluated once in a statement.
macro_rules! now {
    () => {
        "(SELECT floor(extract(epoch FROM now()))::bigint)"
    };
}

/// Whether the pin `p` has ended.
macro_rules! ended {
    () => {
        concat!(
            "(p.idle_days > 0 AND p.last_used + p.idle_days * 86400::bigint <= ",
            $crate::postgres::sql::now!(),
            ")"
        )
    };
}

/// The pin `p` of the key `k`. The limit makes the planner look up the primary key once for each key.
macro_rules! pin_of_key {
    () => {
        "(SELECT * FROM pins WHERE pins.scope = k.scope AND pins.channel = k.channel AND pins.recipient = k.recipient \
         LIMIT 1) AS p"
    };
}

pub(super) use {ended, now, pin_of_key};

/// The values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Runs a statement, which each connection prepares once.
pub(super) async fn query(pool: &Pool, sql: &str, values: Values<'_>) -> Result<Vec<Row>, PoolError> {
    let lease = Lease::of(pool).await?;
    let statement = lease.prepare_cached(sql).await?;
    let rows = lease.query(&statement, values).await?;
    lease.done();
    Ok(rows)
}
