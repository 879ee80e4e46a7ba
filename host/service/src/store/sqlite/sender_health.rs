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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::sync::Arc;

    use callsign::{Channel, Country};
    use serde_json::json;

    use super::*;
    use crate::change::{Change, Draft, Kind};
    use crate::config::Health as Rules;
    use crate::sender_health::{Counts, Origin, ReceiptKey, Report, ReportKey, Status};
    use crate::store::{Committed, Operator, Store};

    async fn commit(store: &Store, revision: u64, changes: Vec<Change>) {
        let draft = Draft { changes, ..Draft::default() };
        assert_eq!(store.commit(revision, &Arc::from([draft])).await.unwrap(), Committed::Done(revision + 1));
    }

    fn report(sender: &str, country: Country, until: Option<u64>) -> (ReportKey, Option<Report>) {
        let key = ReportKey { sender: sender.into(), channel: None, country: Some(country), origin: Origin::Hand };
        let report = Report { status: Status::Unhealthy, since: 1, at: 1, until, reason: None, by: None };
        (key, Some(report))
    }

    fn receipts(sender: &str, now: u64) -> Counting {
        let key = ReceiptKey { sender: sender.into(), channel: Channel::Sms, country: Country::US };
        let counts = Counts { undelivered: 30, ..Counts::default() };
        Counting { now, rules: Rules::default(), receipts: vec![(key, counts)] }
    }

    /// Rows of health, those of them that are withdrawn, and rows of receipts.
    async fn rows(store: &Store) -> (i64, i64, i64) {
        let Store::Sqlite(store) = store else { panic!("another store") };
        let count = |connection: &mut rusqlite::Connection| {
            let sql = "SELECT (SELECT count(*) FROM health), (SELECT count(*) FROM health WHERE body IS NULL),
                              (SELECT count(*) FROM receipts)";
            Ok(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
        };
        store.with(count).await.unwrap()
    }

    #[tokio::test]
    async fn rows_are_bounded_by_what_they_are_about_and_go_with_their_sender() {
        let folder = std::env::temp_dir().join(format!("callsign-health-rows-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let address = folder.join("catalog.sqlite").to_str().unwrap().parse().unwrap();
        let store = Store::open(&address, Operator::Service).await.unwrap();
        let begin = crate::change::now();
        let sender = |id: &str| Change::put(Kind::Sender, id, &json!({ "senderId": id }));
        commit(&store, 0, vec![sender("S1"), sender("S2")]).await;
        for turn in 0..10 {
            let given = [report("S1", Country::US, None), report("S1", Country::CA, Some(begin + 1_000))];
            let version = if turn == 0 { 1 } else { turn + 2 };
            assert_eq!(store.report_health(begin + turn, &given).await.unwrap(), Stored::Done(version));
            let fell = store.count_receipts(receipts("S2", begin + turn)).await.unwrap();
            assert_eq!(fell, usize::from(turn == 0), "it falls once, as the second version");
            assert_eq!(rows(&store).await, (3, 0, 1));
        }
        let given = [report("S1", Country::US, None), report("S3", Country::US, None)];
        assert_eq!(store.report_health(begin, &given).await.unwrap(), Stored::NoSender("S3".into()));
        assert_eq!(store.count_receipts(receipts("S3", begin)).await.unwrap(), 0);
        assert_eq!(rows(&store).await, (3, 0, 1));
        assert_eq!(store.health_since(0).await.unwrap().reports.len(), 3);
        assert_eq!(store.health_since(10).await.unwrap().reports.len(), 2, "what changed since");
        assert_eq!(store.health_since(11).await.unwrap().reports, []);
        assert_eq!(store.health_since(12).await.unwrap().reports.len(), 3, "all of a store that was put back");

        // What replaces a sender keeps its health; what removes it does not, and all nodes are told.
        commit(&store, 1, vec![Change::remove(Kind::Sender, "S1"), sender("S1")]).await;
        assert_eq!(rows(&store).await, (3, 0, 1));
        commit(&store, 2, vec![Change::remove(Kind::Sender, "S2")]).await;
        assert_eq!(rows(&store).await, (3, 1, 0));
        let told = store.health_since(11).await.unwrap();
        assert_eq!((told.version, told.reports.len(), &told.reports[0].1), (12, 1, &None));

        // Later neither what was withdrawn nor what has ended is kept.
        let later = begin + 700_000;
        store.report_health(later, &[report("S1", Country::US, None)]).await.unwrap();
        assert_eq!(rows(&store).await, (1, 0, 0));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
