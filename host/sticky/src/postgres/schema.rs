//! Tables: made, renewed, and checked when a store is opened.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, GenericClient, NoTls};

use super::connect::{describe, place};
use crate::error::OpenError;
use crate::recipient::RecipientKey;

/// The SQL of each version, from 1. What was released never changes; what is new comes behind.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/1_pins.sql")];

/// The newest version that is known.
const KNOWN: i32 = MIGRATIONS.len() as i32;

/// Held while tables are made: two processes that open a new database do so one after the other. The number is any.
const LOCK: i64 = 0x63_616c_6c73_6967;

/// How long a host may take to be connected to when a store is opened; later it is a part of an attempt.
const CONNECTING: Duration = Duration::from_secs(5);

/// Brings the tables to the newest version, and settles how recipients are kept.
pub(super) async fn prepare(config: &Config, schema: &str, key: Option<&RecipientKey>) -> Result<(), OpenError> {
    let unreachable = |error: Error| OpenError::Unreachable { place: place(config), reason: describe(&error) };
    let (mut client, connection) =
        config.clone().connect_timeout(CONNECTING).connect(NoTls).await.map_err(unreachable)?;
    let connection = tokio::spawn(connection);
    let prepared = async {
        // Read first: a role that may only read and write rows can open what another one made.
        let mut found = version(&client, schema).await.map_err(unreachable)?;
        if found < KNOWN {
            found = migrate(&mut client, schema).await.map_err(unreachable)?;
        }
        if found > KNOWN {
            let (found, known) = (found.cast_unsigned(), KNOWN.cast_unsigned());
            return Err(OpenError::Newer { place: place(config), found, known });
        }
        let fingerprint = key.map(RecipientKey::fingerprint).unwrap_or_default();
        let kept = recipients(&client, schema, &fingerprint).await.map_err(unreachable)?;
        wrong_key(&kept, &fingerprint).map_or(Ok(()), |reason| Err(OpenError::Key { place: place(config), reason }))
    };
    let prepared = prepared.await;
    connection.abort();
    prepared
}

/// The version of the tables; 0 where there are none.
async fn version(client: &impl GenericClient, schema: &str) -> Result<i32, Error> {
    let found = client.query_one(&format!("SELECT coalesce(max(version), 0) FROM {schema}.migrations"), &[]).await;
    match found {
        Ok(row) => row.try_get(0),
        Err(error) if matches!(error.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)) => {
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

/// All that is missing, in one transaction; the version that it came to, which another process may have made meanwhile.
async fn migrate(client: &mut Client, schema: &str) -> Result<i32, Error> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction
        .batch_execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {schema};
             SET LOCAL search_path = {schema};
             CREATE TABLE IF NOT EXISTS migrations (
                 version integer PRIMARY KEY,
                 applied_at timestamptz NOT NULL DEFAULT now()
             );"
        ))
        .await?;
    let mut found = version(&transaction, schema).await?;
    for sql in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.batch_execute(sql).await?;
        found += 1;
        transaction.execute("INSERT INTO migrations (version) VALUES ($1)", &[&found]).await?;
    }
    transaction.commit().await?;
    Ok(found)
}

/// How recipients are kept. Settled by the first that asks.
async fn recipients(client: &Client, schema: &str, fingerprint: &str) -> Result<String, Error> {
    let kept = format!("SELECT fingerprint FROM {schema}.recipients");
    if let Some(row) = client.query_opt(&kept, &[]).await? {
        return row.try_get(0);
    }
    let settle = format!("INSERT INTO {schema}.recipients VALUES (true, $1) ON CONFLICT DO NOTHING");
    client.execute(&settle, &[&fingerprint]).await?;
    client.query_one(&kept, &[]).await?.try_get(0)
}

fn wrong_key(kept: &str, given: &str) -> Option<String> {
    match (kept, given) {
        _ if kept == given => None,
        ("", _) => Some("its recipients are kept as numbers; open it without a key".into()),
        (_, "") => Some(format!("its recipients are hashed with the key of fingerprint {kept}; open it with that key")),
        _ => Some(format!("its recipients are hashed with the key of fingerprint {kept}, the one given has {given}")),
    }
}

/// Whether a name can be a schema's without quotes.
pub(super) fn is_name(schema: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=63).contains(&schema.len())
        && schema.bytes().next().is_some_and(letter)
        && schema.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}
