//! Fragments that statements share, and running a statement.

use deadpool_postgres::PoolError;
use futures_util::future::join3;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connect::{Connections, Lease};

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

/// The values of a statement, each with its type.
pub(super) type Values<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// Runs a statement, which each connection prepares once.
pub(super) async fn query(connections: &Connections, sql: &str, values: Values<'_>) -> Result<Vec<Row>, PoolError> {
    if !connections.prepares {
        return query_once(connections, sql, values).await;
    }
    let lease = Lease::of(connections).await?;
    let statement = lease.prepare_cached(sql).await?;
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| *value).collect();
    let rows = lease.query(&statement, &values).await?;
    lease.done();
    Ok(rows)
}

/// Runs a statement without preparing it: the server plans it for these values.
pub(super) async fn query_once(
    connections: &Connections,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<Row>, PoolError> {
    let lease = Lease::of(connections).await?;
    let rows = if connections.prepares {
        lease.query_typed(sql, values).await?
    } else {
        // Polled in this order, so they are sent one after the other and cost one round trip together.
        let (begun, rows, ended) = join3(
            lease.batch_execute(&connections.begin),
            lease.query_typed(sql, values),
            lease.batch_execute("COMMIT"),
        )
        .await;
        begun?;
        let rows = rows?;
        ended?;
        rows
    };
    lease.done();
    Ok(rows)
}
