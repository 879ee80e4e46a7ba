//! Keys and pins as columns of PostgreSQL.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::key_bytes::{KEY_LEN, key_bytes};
use crate::pin::{Pin, PinKey, SenderKey};
use crate::recipient::RecipientKey;

/// The hash of a scope, or a recipient: 16 bytes in a column of type `uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(pub(super) [u8; 16]);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}

/// The bytes of a key, with its recipient as the store keeps it.
pub(super) fn stored_key(key: &PinKey<'_>, recipient_key: Option<&RecipientKey>) -> [u8; KEY_LEN] {
    key_bytes(&PinKey { recipient: key.recipient.under(recipient_key), ..*key })
}

/// The keys of a statement, an array for each column.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) scopes: Vec<Id>,
    pub(super) channels: Vec<i16>,
    pub(super) recipients: Vec<Id>,
}

impl Keys {
    pub(super) fn len(&self) -> usize {
        self.scopes.len()
    }

    /// The columns as the first three values of a statement.
    pub(super) fn values(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [(&self.scopes, Type::UUID_ARRAY), (&self.channels, Type::INT2_ARRAY), (&self.recipients, Type::UUID_ARRAY)]
    }
}

impl FromIterator<[u8; KEY_LEN]> for Keys {
    fn from_iter<I: IntoIterator<Item = [u8; KEY_LEN]>>(keys: I) -> Self {
        let mut columns = Keys::default();
        for key in keys {
            let (mut scope, mut recipient) = ([0; 16], [0; 16]);
            scope.copy_from_slice(&key[..16]);
            recipient.copy_from_slice(&key[17..]);
            columns.scopes.push(Id(scope));
            columns.channels.push(i16::from(key[16]));
            columns.recipients.push(Id(recipient));
        }
        columns
    }
}

/// Reads a key from the columns of a row from `column` on: scope, channel, recipient.
pub(super) fn key_at(row: &Row, column: usize) -> Result<[u8; KEY_LEN], tokio_postgres::Error> {
    let (Id(scope), channel, Id(recipient)): (Id, i16, Id) =
        (row.try_get(column)?, row.try_get(column + 1)?, row.try_get(column + 2)?);
    let mut key = [0; KEY_LEN];
    key[..16].copy_from_slice(&scope);
    // An unknown channel stays unknown: no channel has the number 255.
    key[16] = u8::try_from(channel).unwrap_or(u8::MAX);
    key[17..].copy_from_slice(&recipient);
    Ok(key)
}

/// Reads a pin from the columns of a row from `column` on: sender, first used, last used, idle days.
pub(super) fn pin_at(row: &Row, column: usize) -> Result<Pin, tokio_postgres::Error> {
    let sender = SenderKey(row.try_get::<_, i64>(column)?.cast_unsigned());
    let idle_days: i32 = row.try_get(column + 3)?;
    let mut pin = Pin::new(sender, seconds(row.try_get(column + 1)?), u16::try_from(idle_days).unwrap_or(u16::MAX));
    pin.last_used = seconds(row.try_get(column + 2)?);
    Ok(pin)
}

fn seconds(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

/// Seconds since 1970 as a column.
pub(super) fn column(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
