//! Parts that statements share, and how one is asked.

use deadpool_postgres::{Pool, PoolError};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::Lease;

/// Seconds since 1970 by the server's clock, which is one for all processes. Asked once for a statement.
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

/// The pin `p` of the key `k`. A limit keeps the planner from anything but one look at the primary key for each.
macro_rules! pin_of_key {
    () => {
        "(SELECT * FROM pins WHERE pins.scope = k.scope AND pins.channel = k.channel AND pins.recipient = k.recipient \
         LIMIT 1) AS p"
    };
}

pub(super) use {ended, now, pin_of_key};

/// The values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The rows of a statement, which is prepared once for each connection.
pub(super) async fn query(pool: &Pool, sql: &str, values: Values<'_>) -> Result<Vec<Row>, PoolError> {
    let lease = Lease::of(pool).await?;
    let statement = lease.prepare_cached(sql).await?;
    let rows = lease.query(&statement, values).await?;
    lease.done();
    Ok(rows)
}
