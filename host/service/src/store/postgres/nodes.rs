//! The nodes of a fleet in PostgreSQL, by whose clock their ages are.

use tokio_postgres::types::Type;

use super::{PATIENCE, Postgres, Values};
use crate::store::StoreError;
use crate::store::nodes::{MOST, NodeReport, NodeRow, TOLD};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS callsign_nodes (
        node text PRIMARY KEY, name text NOT NULL, version text NOT NULL, revision bigint NOT NULL, began bigint NOT NULL,
        at bigint NOT NULL
    );
    CREATE TABLE IF NOT EXISTS callsign_serving (
        node text NOT NULL, target text NOT NULL, body text NOT NULL, PRIMARY KEY (node, target)
    );
";

/// The time of the server, in milliseconds since 1970.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

impl Postgres {
    pub(crate) async fn tell_node(&self, report: NodeReport) -> Result<bool, StoreError> {
        let (gone, there): (Vec<_>, Vec<_>) = report.serving.iter().partition(|(_, body)| body.is_none());
        let gone: Vec<&str> = gone.into_iter().map(|(target, _)| &**target).collect();
        let (targets, bodies): (Vec<&str>, Vec<&str>) =
            there.into_iter().filter_map(|(target, body)| Some((&**target, body.as_deref()?))).unzip();
        self.transact(PATIENCE, async |transaction| {
            let (revision, began) = (report.revision as i64, report.began as i64);
            if report.is_first {
                let sql =
                    format!("INSERT INTO callsign_nodes VALUES ($1, $2, $3, $4, $5, {NOW}) ON CONFLICT DO NOTHING");
                let values: Values<'_> = &[
                    (&report.node, Type::TEXT),
                    (&report.name, Type::TEXT),
                    (&report.version, Type::TEXT),
                    (&revision, Type::INT8),
                    (&began, Type::INT8),
                ];
                transaction.execute_typed(&sql, values).await?;
            }
            let sql = format!("UPDATE callsign_nodes SET revision = $2, at = {NOW} WHERE node = $1");
            let values: Values<'_> = &[(&report.node, Type::TEXT), (&revision, Type::INT8)];
            if transaction.execute_typed(&sql, values).await? == 0 {
                return Ok(false);
            }
            if !gone.is_empty() {
                let sql = "DELETE FROM callsign_serving WHERE node = $1 AND target = ANY($2)";
                transaction.execute_typed(sql, &[(&report.node, Type::TEXT), (&gone, Type::TEXT_ARRAY)]).await?;
            }
            if !targets.is_empty() {
                let sql = "INSERT INTO callsign_serving (node, target, body) \
                     SELECT $1, * FROM unnest($2::text[], $3::text[]) \
                     ON CONFLICT (node, target) DO UPDATE SET body = excluded.body";
                let values: Values<'_> =
                    &[(&report.node, Type::TEXT), (&targets, Type::TEXT_ARRAY), (&bodies, Type::TEXT_ARRAY)];
                transaction.execute_typed(sql, values).await?;
            }
            let sql = format!("DELETE FROM callsign_nodes WHERE at < {NOW} - $1");
            if transaction.execute_typed(&sql, &[(&TOLD, Type::INT8)]).await? > 0 {
                let sql = "DELETE FROM callsign_serving WHERE node NOT IN (SELECT node FROM callsign_nodes)";
                transaction.execute_typed(sql, &[]).await?;
            }
            Ok(true)
        })
        .await
    }

    pub(crate) async fn nodes(&self, target: &str) -> Result<Vec<NodeRow>, StoreError> {
        let sql = format!(
            "SELECT node, name, version, revision, began, greatest({NOW} - at, 0), \
             (SELECT body FROM callsign_serving AS serving WHERE serving.node = callsign_nodes.node AND target = $1) \
             FROM callsign_nodes WHERE at >= {NOW} - $2 ORDER BY at DESC LIMIT $3"
        );
        let rows = self.rows(&sql, &[(&target, Type::TEXT), (&TOLD, Type::INT8), (&MOST, Type::INT8)]).await?;
        let node = |row: &tokio_postgres::Row| NodeRow {
            node: row.get(0),
            name: row.get(1),
            version: row.get(2),
            revision: row.get::<_, i64>(3) as u64,
            began: row.get::<_, i64>(4) as u64,
            age: row.get::<_, i64>(5) as u64,
            serving: row.get(6),
        };
        Ok(rows.iter().map(node).collect())
    }

    pub(crate) async fn forget_node(&self, node: &str) -> Result<(), StoreError> {
        self.transact(PATIENCE, async |transaction| {
            for sql in ["DELETE FROM callsign_serving WHERE node = $1", "DELETE FROM callsign_nodes WHERE node = $1"] {
                transaction.execute_typed(sql, &[(&node, Type::TEXT)]).await?;
            }
            Ok(())
        })
        .await
    }
}
