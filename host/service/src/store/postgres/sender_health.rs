//! The health of senders in PostgreSQL. Writers lock the row of `callsign_health_head` one after the other, so a version that
//! is seen has all before it. Statements have no names, so that a pool of connections may stand in between.

use std::collections::HashMap;

use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::{CHANNEL, LONG_PATIENCE, PATIENCE, Postgres};
use crate::store::StoreError;
use crate::store::sender_health::{Changed, Counting, Row, Stored, forgotten, read_row};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS callsign_health_head (one int PRIMARY KEY CHECK (one = 1), version bigint NOT NULL);
    INSERT INTO callsign_health_head VALUES (1, 0) ON CONFLICT DO NOTHING;
    CREATE TABLE IF NOT EXISTS callsign_health (
        sender text NOT NULL, channel text NOT NULL, country text NOT NULL, origin text NOT NULL,
        version bigint NOT NULL, at bigint NOT NULL, ends bigint, body text,
        PRIMARY KEY (sender, channel, country, origin)
    );
    CREATE INDEX IF NOT EXISTS callsign_health_version ON callsign_health (version);
    CREATE TABLE IF NOT EXISTS callsign_receipts (
        sender text NOT NULL, channel text NOT NULL, country text NOT NULL, keep_until bigint NOT NULL,
        body text NOT NULL, PRIMARY KEY (sender, channel, country)
    );
    CREATE INDEX IF NOT EXISTS callsign_receipts_keep_until ON callsign_receipts (keep_until);
";

/// The columns of rows, each as a list.
#[derive(Default)]
struct Columns<'a> {
    senders: Vec<&'a str>,
    channels: Vec<&'a str>,
    countries: Vec<&'a str>,
    origins: Vec<&'a str>,
    ends: Vec<Option<i64>>,
    bodies: Vec<Option<&'a str>>,
}

impl Postgres {
    pub(crate) async fn report_health(&self, now: u64, rows: Vec<Row>) -> Result<Stored, StoreError> {
        self.transact(PATIENCE, async |transaction| {
            lock(transaction).await?;
            let put: Vec<&str> = rows.iter().filter(|row| row.body.is_some()).map(|row| &*row.sender).collect();
            let there = senders(transaction, &put).await?;
            if let Some(gone) = put.iter().find(|sender| !there.iter().any(|there| there == *sender)) {
                return Ok(Stored::NoSender((*gone).to_owned()));
            }
            let version = put_rows(transaction, now, &rows).await?;
            notify(transaction).await?;
            Ok(Stored::Done(version))
        })
        .await
    }

    pub(crate) async fn health_since(&self, version: u64) -> Result<Changed, StoreError> {
        let (head, rows) = self
            .transact(LONG_PATIENCE, async |transaction| {
                let head = transaction.query_typed_one("SELECT version FROM callsign_health_head", &[]).await?;
                let head = head.get::<_, i64>(0) as u64;
                if head == version {
                    return Ok((head, Vec::new()));
                }
                // What is committed between the two statements is read now, and once more the next time. A store that was put
                // back to an earlier state is read anew.
                let after = if head < version { 0 } else { version as i64 };
                let sql = "SELECT sender, channel, country, origin, body FROM callsign_health WHERE version > $1 \
                     ORDER BY version";
                Ok((head, transaction.query_typed(sql, &[(&after, Type::INT8)]).await?))
            })
            .await?;
        let read = |row: &tokio_postgres::Row| read_row((row.get(0), row.get(1), row.get(2), row.get(3)), row.get(4));
        Ok(Changed { version: head, reports: rows.iter().map(read).collect::<Result<_, _>>()? })
    }

    pub(crate) async fn count_receipts(&self, counting: Counting) -> Result<usize, StoreError> {
        let mut damaged = None;
        let done = self
            .transact(PATIENCE, async |transaction| {
                lock(transaction).await?;
                let now = counting.now as i64;
                let sql = "DELETE FROM callsign_receipts WHERE keep_until < $1";
                transaction.execute_typed(sql, &[(&now, Type::INT8)]).await?;
                let ids: Vec<&str> = counting.receipts.iter().map(|(key, _)| &*key.sender).collect();
                let there = senders(transaction, &ids).await?;
                let places = counting.receipts.iter().map(|(key, _)| (key.channel.as_str(), key.country.as_str()));
                let (channels, countries): (Vec<&str>, Vec<&str>) = places.unzip();
                let sql = "SELECT sender, channel, country, body FROM callsign_receipts \
                     JOIN unnest($1::text[], $2::text[], $3::text[]) AS told (sender, channel, country) \
                     USING (sender, channel, country)";
                let told: [(&(dyn ToSql + Sync), Type); 3] =
                    [(&ids, Type::TEXT_ARRAY), (&channels, Type::TEXT_ARRAY), (&countries, Type::TEXT_ARRAY)];
                let rows = transaction.query_typed(sql, &told).await?;
                let stored: HashMap<(&str, &str, &str), &str> =
                    rows.iter().map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3))).collect();
                let (mut columns, mut keep, mut states, mut reports) =
                    (Columns::default(), Vec::new(), Vec::new(), Vec::new());
                for (at, (key, _)) in counting.receipts.iter().enumerate() {
                    if there.binary_search_by(|there| (**there).cmp(&*key.sender)).is_err() {
                        continue;
                    }
                    let (channel, country) = (key.channel.as_str(), key.country.as_str());
                    match counting.count(at, stored.get(&(&*key.sender, channel, country)).copied()) {
                        Ok((state, keep_until, report)) => {
                            columns.senders.push(&key.sender);
                            columns.channels.push(channel);
                            columns.countries.push(country);
                            keep.push(keep_until);
                            states.push(state);
                            reports.extend(report);
                        }
                        Err(error) => damaged = Some(error),
                    }
                }
                let sql = "INSERT INTO callsign_receipts (sender, channel, country, keep_until, body) \
                     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) \
                     ON CONFLICT (sender, channel, country) \
                     DO UPDATE SET keep_until = excluded.keep_until, body = excluded.body";
                transaction
                    .execute_typed(
                        sql,
                        &[
                            (&columns.senders, Type::TEXT_ARRAY),
                            (&columns.channels, Type::TEXT_ARRAY),
                            (&columns.countries, Type::TEXT_ARRAY),
                            (&keep, Type::INT8_ARRAY),
                            (&states, Type::TEXT_ARRAY),
                        ],
                    )
                    .await?;
                if !reports.is_empty() {
                    put_rows(transaction, counting.now, &reports).await?;
                    notify(transaction).await?;
                }
                Ok(reports.len())
            })
            .await?;
        damaged.map_or(Ok(done), Err)
    }
}

/// Withdraws the reports of senders that are removed, and forgets their receipts.
pub(super) async fn forget(
    transaction: &Transaction<'_>,
    now: u64,
    senders: &[&str],
) -> Result<(), tokio_postgres::Error> {
    lock(transaction).await?;
    let sql = "DELETE FROM callsign_receipts WHERE sender = ANY($1)";
    transaction.execute_typed(sql, &[(&senders, Type::TEXT_ARRAY)]).await?;
    let sql = "UPDATE callsign_health SET body = NULL, ends = NULL, at = $2, \
         version = (SELECT version + 1 FROM callsign_health_head) WHERE sender = ANY($1) AND body IS NOT NULL";
    let withdrawn =
        transaction.execute_typed(sql, &[(&senders, Type::TEXT_ARRAY), (&(now as i64), Type::INT8)]).await?;
    if withdrawn > 0 {
        transaction.execute_typed("UPDATE callsign_health_head SET version = version + 1", &[]).await?;
    }
    Ok(())
}

/// Waits for the writers before this one.
async fn lock(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    transaction.query_typed_one("SELECT version FROM callsign_health_head FOR UPDATE", &[]).await.map(drop)
}

async fn notify(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    let sql = "SELECT pg_notify($1, 'health')";
    transaction.query_typed(sql, &[(&CHANNEL, Type::TEXT)]).await.map(drop)
}

/// Those of some senders that exist, in their order.
async fn senders(transaction: &Transaction<'_>, ids: &[&str]) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = "SELECT key FROM callsign_elements WHERE kind = 'sender' AND key = ANY($1)";
    let rows = transaction.query_typed(sql, &[(&ids, Type::TEXT_ARRAY)]).await?;
    let mut found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    found.sort_unstable();
    Ok(found)
}

/// Puts rows as the next version, which is returned. The caller holds the lock.
async fn put_rows(transaction: &Transaction<'_>, now: u64, rows: &[Row]) -> Result<u64, tokio_postgres::Error> {
    let sql = "UPDATE callsign_health_head SET version = version + 1 RETURNING version";
    let version: i64 = transaction.query_typed_one(sql, &[]).await?.get(0);
    let mut columns = Columns::default();
    for row in rows {
        columns.senders.push(&row.sender);
        columns.channels.push(row.channel);
        columns.countries.push(row.country);
        columns.origins.push(row.origin);
        columns.ends.push(row.ends);
        columns.bodies.push(row.body.as_deref());
    }
    let sql = "INSERT INTO callsign_health (sender, channel, country, origin, ends, body, version, at) \
         SELECT *, $7::bigint, $8::bigint FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], \
         $6::text[]) ON CONFLICT (sender, channel, country, origin) \
         DO UPDATE SET version = excluded.version, at = excluded.at, ends = excluded.ends, body = excluded.body";
    transaction
        .execute_typed(
            sql,
            &[
                (&columns.senders, Type::TEXT_ARRAY),
                (&columns.channels, Type::TEXT_ARRAY),
                (&columns.countries, Type::TEXT_ARRAY),
                (&columns.origins, Type::TEXT_ARRAY),
                (&columns.ends, Type::INT8_ARRAY),
                (&columns.bodies, Type::TEXT_ARRAY),
                (&version, Type::INT8),
                (&(now as i64), Type::INT8),
            ],
        )
        .await?;
    let sql = "DELETE FROM callsign_health WHERE (body IS NULL AND at < $1) OR ends < $1";
    transaction.execute_typed(sql, &[(&forgotten(now), Type::INT8)]).await?;
    Ok(version as u64)
}
