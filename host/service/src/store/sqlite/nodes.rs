//! The nodes of a fleet in SQLite: all of them are on one machine.

use rusqlite::{TransactionBehavior, params};

use super::Sqlite;
use crate::change::now;
use crate::store::StoreError;
use crate::store::nodes::{MOST, NodeReport, NodeRow, TOLD};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS nodes (
        node TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, revision INTEGER NOT NULL, began INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS serving (
        node TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (node, target)
    ) WITHOUT ROWID;
";

impl Sqlite {
    pub(crate) async fn tell_node(&self, report: NodeReport) -> Result<bool, StoreError> {
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (now, revision) = (now() as i64, report.revision as i64);
            if report.is_first {
                let values = params![report.node, report.name, report.version, revision, report.began as i64, now];
                transaction.execute("INSERT OR IGNORE INTO nodes VALUES (?, ?, ?, ?, ?, ?)", values)?;
            }
            let sql = "UPDATE nodes SET revision = ?, at = ? WHERE node = ?";
            if transaction.execute(sql, params![revision, now, report.node])? == 0 {
                return Ok(false);
            }
            for (target, body) in &report.serving {
                match body {
                    None => transaction
                        .prepare_cached("DELETE FROM serving WHERE node = ? AND target = ?")?
                        .execute(params![report.node, target])?,
                    Some(body) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO serving VALUES (?, ?, ?)")?
                        .execute(params![report.node, target, body])?,
                };
            }
            if transaction.execute("DELETE FROM nodes WHERE at < ?", [now - TOLD])? > 0 {
                transaction.execute("DELETE FROM serving WHERE node NOT IN (SELECT node FROM nodes)", [])?;
            }
            transaction.commit()?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn nodes(&self, target: &str) -> Result<Vec<NodeRow>, StoreError> {
        let target = target.to_owned();
        self.with(move |connection| {
            let sql = "SELECT node, name, version, revision, began, at, \
                 (SELECT body FROM serving WHERE serving.node = nodes.node AND target = ?) \
                 FROM nodes WHERE at >= ? ORDER BY at DESC LIMIT ?";
            let now = now();
            let mut select = connection.prepare_cached(sql)?;
            let rows = select.query_map(params![target, now as i64 - TOLD, MOST], |row| {
                Ok(NodeRow {
                    node: row.get(0)?,
                    name: row.get(1)?,
                    version: row.get(2)?,
                    revision: row.get::<_, i64>(3)? as u64,
                    began: row.get::<_, i64>(4)? as u64,
                    age: now.saturating_sub(row.get::<_, i64>(5)? as u64),
                    serving: row.get(6)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub(crate) async fn forget_node(&self, node: &str) -> Result<(), StoreError> {
        let node = node.to_owned();
        self.with(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM serving WHERE node = ?", [&node])?;
            transaction.execute("DELETE FROM nodes WHERE node = ?", [&node])?;
            transaction.commit()?;
            Ok(())
        })
        .await
    }
}
