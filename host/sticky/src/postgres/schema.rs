//! The tables: created, migrated and checked when a store is opened.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Error, GenericClient};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::describe;
use crate::error::OpenError;
use crate::recipient::RecipientKey;

/// The SQL of each version, from 1. Released entries never change; new ones are appended.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/1_pins.sql")];

/// The newest version that this build knows.
const KNOWN: i32 = MIGRATIONS.len() as i32;

/// The advisory lock for migrations: processes that open a new database create its tables one after the other. The
/// number is arbitrary.
const LOCK: i64 = 0x63_616c_6c73_6967;

/// The time to connect to a host when a store is opened. Later connections count towards the attempt.
const CONNECTING: Duration = Duration::from_secs(5);

/// A database, and how it is reached.
pub(super) struct Database {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    /// For messages.
    pub(super) place: String,
}

/// Migrates the tables to the newest version, and checks or decides how recipients are kept.
pub(super) async fn prepare(database: Database, schema: &str, key: Option<&RecipientKey>) -> Result<(), OpenError> {
    let Database { mut config, tls, place } = database;
    let unreachable = |error: Error| OpenError::Unreachable { place: place.clone(), reason: describe(&error) };
    let (mut client, connection) = config.connect_timeout(CONNECTING).connect(tls).await.map_err(unreachable)?;
    let connection = tokio::spawn(connection);
    let prepared = async {
        // The version is read first: a role without the right to create tables can open a store that another role
        // created.
        let mut found = version(&client, schema).await.map_err(unreachable)?;
        if found < KNOWN {
            found = migrate(&mut client, schema).await.map_err(unreachable)?;
        }
        if found > KNOWN {
            let (found, known) = (found.cast_unsigned(), KNOWN.cast_unsigned());
            return Err(OpenError::Newer { place: place.clone(), found, known });
        }
        let fingerprint = key.map(RecipientKey::fingerprint).unwrap_or_default();
        let kept = recipients(&client, schema, &fingerprint).await.map_err(unreachable)?;
        wrong_key(&kept, &fingerprint).map_or(Ok(()), |reason| Err(OpenError::Key { place: place.clone(), reason }))
    };
    let prepared = prepared.await;
    connection.abort();
    prepared
}

/// The version of the tables; 0 if there are none.
async fn version(client: &impl GenericClient, schema: &str) -> Result<i32, Error> {
    let found =
        client.query_typed_one(&format!("SELECT coalesce(max(version), 0) FROM {schema}.migrations"), &[]).await;
    match found {
        Ok(row) => row.try_get(0),
        Err(error) if matches!(error.code(), Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)) => {
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

/// Applies missing migrations in one transaction. Returns the version afterwards, which another process may have
/// reached meanwhile.
async fn migrate(client: &mut Client, schema: &str) -> Result<i32, Error> {
    let transaction = client.transaction().await?;
    transaction.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)]).await?;
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
        transaction.execute_typed("INSERT INTO migrations (version) VALUES ($1)", &[(&found, Type::INT4)]).await?;
    }
    transaction.commit().await?;
    Ok(found)
}

/// The fingerprint of the recipient key, empty for numbers. The first process to ask decides.
async fn recipients(client: &Client, schema: &str, fingerprint: &str) -> Result<String, Error> {
    let kept = format!("SELECT fingerprint FROM {schema}.recipients");
    if let Some(row) = client.query_typed_opt(&kept, &[]).await? {
        return row.try_get(0);
    }
    let settle = format!("INSERT INTO {schema}.recipients VALUES (true, $1) ON CONFLICT DO NOTHING");
    client.execute_typed(&settle, &[(&fingerprint, Type::TEXT)]).await?;
    client.query_typed_one(&kept, &[]).await?.try_get(0)
}

fn wrong_key(kept: &str, given: &str) -> Option<String> {
    match (kept, given) {
        _ if kept == given => None,
        ("", _) => Some("its recipients are kept as numbers; open it without a key".into()),
        (_, "") => Some(format!("its recipients are hashed with the key of fingerprint {kept}; open it with that key")),
        _ => {
            Some(format!("its recipients are hashed with the key of fingerprint {kept}, and the given key has {given}"))
        }
    }
}

/// Whether a schema of this name needs no quotes in SQL.
pub(super) fn is_name(schema: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=63).contains(&schema.len())
        && schema.bytes().next().is_some_and(letter)
        && schema.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}
