//! The health of senders in SQLite.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::Sqlite;
use crate::store::StoreError;
use crate::store::sender_health::{Changed, Counting, Row, Stored, forgotten, read_row};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS health_head (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);
    INSERT OR IGNORE INTO health_head VALUES (1, 0);
    CREATE TABLE IF NOT EXISTS health (
        sender TEXT NOT NULL, channel TEXT NOT NULL, country TEXT NOT NULL, origin TEXT NOT NULL,
        version INTEGER NOT NULL, at INTEGER NOT NULL, ends INTEGER, body TEXT,
        PRIMARY KEY (sender, channel, country, origin)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS health_version ON health (version);
    CREATE TABLE IF NOT EXISTS receipts (
        sender TEXT NOT NULL, channel TEXT NOT NULL, country TEXT NOT NULL, keep_until INTEGER NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (sender, channel, country)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS receipts_keep_until ON receipts (keep_until);
";

impl Sqlite {
    pub(crate) async fn report_health(&self, now: u64, rows: Vec<Row>) -> Result<Stored, StoreError> {
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for row in rows.iter().filter(|row| row.body.is_some()) {
                if !has_sender(&transaction, &row.sender)? {
                    return Ok(Stored::NoSender(row.sender.clone()));
                }
            }
            let version = put(&transaction, now, &rows)?;
            transaction.commit()?;
            Ok(Stored::Done(version))
        })
        .await
    }

    pub(crate) async fn health_since(&self, version: u64) -> Result<Changed, StoreError> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            let head: i64 = transaction.query_row("SELECT version FROM health_head", [], |row| row.get(0))?;
            let mut changed = Changed { version: head as u64, reports: Vec::new() };
            if changed.version == version {
                return Ok(changed);
            }
            let sql = "SELECT sender, channel, country, origin, body FROM health WHERE version > ? ORDER BY version";
            let mut select = transaction.prepare_cached(sql)?;
            // A store that was put back to an earlier state is read anew.
            let after = if changed.version < version { 0 } else { version };
            let mut rows = select.query([after as i64])?;
            while let Some(row) = rows.next()? {
                let (channel, country, origin): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
                let body: Option<String> = row.get(4)?;
                changed.reports.push(read_row((row.get(0)?, &channel, &country, &origin), body.as_deref())?);
            }
            Ok(changed)
        })
        .await
    }

    pub(crate) async fn count_receipts(&self, counting: Counting) -> Result<usize, StoreError> {
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM receipts WHERE keep_until < ?", [counting.now as i64])?;
            let mut reports = Vec::new();
            for (at, (key, _)) in counting.receipts.iter().enumerate() {
                if !has_sender(&transaction, &key.sender)? {
                    continue;
                }
                let (channel, country) = (key.channel.as_str(), key.country.as_str());
                let sql = "SELECT body FROM receipts WHERE sender = ? AND channel = ? AND country = ?";
                let mut select = transaction.prepare_cached(sql)?;
                let found = select.query_row(params![key.sender, channel, country], |row| row.get::<_, String>(0));
                let (body, keep_until, report) = counting.count(at, found.optional()?.as_deref())?;
                let sql = "INSERT INTO receipts VALUES (?, ?, ?, ?, ?) ON CONFLICT (sender, channel, country)
                     DO UPDATE SET keep_until = excluded.keep_until, body = excluded.body";
                let mut put = transaction.prepare_cached(sql)?;
                put.execute(params![key.sender, channel, country, keep_until, body])?;
                reports.extend(report);
            }
            if !reports.is_empty() {
                put(&transaction, counting.now, &reports)?;
            }
            transaction.commit()?;
            Ok(reports.len())
        })
        .await
    }
}

/// Withdraws the reports of senders that are removed, and forgets their receipts.
pub(super) fn forget(transaction: &Transaction<'_>, now: u64, senders: &[&str]) -> Result<(), StoreError> {
    let mut reports = Vec::new();
    for sender in senders {
        let mut select = transaction.prepare_cached(
            "SELECT channel, country, origin, body FROM health WHERE sender = ? AND body IS NOT NULL",
        )?;
        let mut rows = select.query([sender])?;
        while let Some(row) = rows.next()? {
            let (channel, country, origin): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (key, _) = read_row(((*sender).to_owned(), &channel, &country, &origin), None)?;
            reports.push(Row::withdrawn(&key));
        }
        transaction.prepare_cached("DELETE FROM receipts WHERE sender = ?")?.execute([sender])?;
    }
    if !reports.is_empty() {
        put(transaction, now, &reports)?;
    }
    Ok(())
}

/// Puts rows as the next version, which is returned.
fn put(transaction: &Transaction<'_>, now: u64, rows: &[Row]) -> Result<u64, StoreError> {
    let sql = "UPDATE health_head SET version = version + 1 RETURNING version";
    let version: i64 = transaction.query_row(sql, [], |row| row.get(0))?;
    let sql = "INSERT INTO health VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sender, channel, country, origin)
         DO UPDATE SET version = excluded.version, at = excluded.at, ends = excluded.ends, body = excluded.body";
    let mut put = transaction.prepare_cached(sql)?;
    for row in rows {
        let Row { sender, channel, country, origin, ends, body } = row;
        put.execute(params![sender, channel, country, origin, version, now as i64, ends, body])?;
    }
    let sql = "DELETE FROM health WHERE (body IS NULL AND at < ?1) OR ends < ?1";
    transaction.prepare_cached(sql)?.execute([forgotten(now)])?;
    Ok(version as u64)
}

fn has_sender(transaction: &Transaction<'_>, sender: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM elements WHERE kind = 'sender' AND key = ?)";
    Ok(transaction.prepare_cached(sql)?.query_row([sender], |row| row.get(0))?)
}
