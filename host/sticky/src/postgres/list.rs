//! Listing and counting.

use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::Shared;
use super::columns::{Id, key_at, pin_at};
use super::connect::classify;
use super::sql::{Values, ended, query_once};
use crate::error::StickyError;
use crate::key_bytes::{KEY_LEN, key_parts};
use crate::listing::{Filter, Page, PinRecord, Position};
use crate::recipient::RecipientKey;
use crate::retry::Attempt;

/// A column of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Scope,
    Channel,
    Recipient,
}

use Column::{Channel, Recipient, Scope};

impl Column {
    fn name(self) -> &'static str {
        match self {
            Scope => "p.scope",
            Channel => "p.channel",
            Recipient => "p.recipient",
        }
    }
}

/// The condition and the order of a listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// The number of the filter. A position contains it, so that a listing with another filter refuses the position.
    number: u8,
    /// The condition on `$1`, and its value.
    condition: &'static str,
    value: Value,
    /// The order of an index without the columns that the condition fixes. With such a column in the comparison the
    /// server would read every page from the beginning of the index.
    order: &'static [Column],
}

#[derive(Debug, Clone, Copy)]
enum Value {
    None,
    Id(Id),
    Sender(i64),
}

impl Listing {
    pub(super) fn of(filter: &Filter<'_>, key: Option<&RecipientKey>) -> Self {
        match filter {
            Filter::All => {
                Self { number: 0, condition: "true", value: Value::None, order: &[Scope, Channel, Recipient] }
            }
            Filter::Scope(scope) => Self {
                number: 1,
                condition: "p.scope = $1",
                value: Value::Id(Id(scope.hash().to_be_bytes())),
                order: &[Channel, Recipient],
            },
            Filter::Sender(sender) => Self {
                number: 2,
                condition: "p.sender = $1",
                value: Value::Sender(sender.key.0.cast_signed()),
                order: &[Recipient, Scope, Channel],
            },
            Filter::Recipient(recipient) => Self {
                number: 3,
                condition: "p.recipient = $1 AND uuid_hash_extended(p.recipient, 0) = uuid_hash_extended($1, 0)",
                value: Value::Id(Id(recipient.under(key).to_bytes())),
                order: &[Scope, Channel],
            },
        }
    }

    /// The value of `$1` with its type, if there is one.
    fn values(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        match &self.value {
            Value::None => vec![],
            Value::Id(id) => vec![(id, Type::UUID)],
            Value::Sender(sender) => vec![(sender, Type::INT8)],
        }
    }

    /// The key at a position of this listing.
    pub(super) fn key_of_position(&self, position: &Position) -> Result<[u8; KEY_LEN], StickyError> {
        match position.0.split_first() {
            Some((number, key)) if *number == self.number => key.try_into().ok(),
            _ => None,
        }
        .ok_or_else(|| StickyError::new("the position is not of this store and this filter"))
    }

    fn position_of(&self, key: &[u8; KEY_LEN]) -> Position {
        Position([&[self.number], &key[..]].concat().into())
    }
}

/// A page of at most `most` pins after a key. The statement is built for the listing, so that the server can use an
/// index.
pub(super) async fn list(
    shared: &Shared,
    listing: &Listing,
    after: Option<[u8; KEY_LEN]>,
    most: usize,
) -> Result<Page, StickyError> {
    let order = listing.order.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
    let mut values = listing.values();
    let start = after.map(|key| {
        let (mut scope, mut recipient) = ([0; 16], [0; 16]);
        scope.copy_from_slice(&key[..16]);
        recipient.copy_from_slice(&key[17..]);
        (Id(scope), i16::from(key[16]), Id(recipient))
    });
    let mut after = String::new();
    if let Some((scope, channel, recipient)) = &start {
        let first = values.len() + 1;
        values.extend(listing.order.iter().map(|column| -> (&(dyn ToSql + Sync), Type) {
            match column {
                Scope => (scope, Type::UUID),
                Channel => (channel, Type::INT2),
                Recipient => (recipient, Type::UUID),
            }
        }));
        let places: Vec<String> = (first..=values.len()).map(|place| format!("${place}")).collect();
        after = format!("AND ({order}) > ({})", places.join(", "));
    }
    let sql = format!(
        "SELECT p.scope, p.channel, p.recipient, p.sender, p.first_used, p.last_used, p.idle_days,
           o.scope IS NOT NULL, o.application, o.entity, s.id
         FROM (SELECT * FROM pins p WHERE {} {after} AND NOT {} ORDER BY {order} LIMIT {most}) p
         LEFT JOIN scopes o ON o.scope = p.scope LEFT JOIN senders s ON s.sender = p.sender
         ORDER BY {order}",
        listing.condition,
        ended!(),
    );
    let rows = query(shared, &sql, &values).await?;
    let records: Result<Vec<_>, _> = rows.iter().map(record).collect();
    let mut page = Page { pins: records?, next: None };
    if let Some(last) = rows.last().filter(|_| rows.len() >= most) {
        page.next = Some(listing.position_of(&key_at(last, 0).map_err(unreadable)?));
    }
    page.pins.shrink_to_fit();
    Ok(page)
}

/// The number of pins.
pub(super) async fn count(shared: &Shared, listing: &Listing) -> Result<u64, StickyError> {
    let sql = format!("SELECT count(*) FROM pins p WHERE {}", listing.condition);
    let rows = query(shared, &sql, &listing.values()).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(unreadable)?;
    Ok(count.cast_unsigned())
}

async fn query(shared: &Shared, sql: &str, values: Values<'_>) -> Result<Vec<Row>, StickyError> {
    let background = &shared.background;
    background
        .call(|_| async {
            match query_once(&background.connections, sql, values).await {
                Ok(rows) => Attempt::Done(rows),
                Err(error) => classify(&error),
            }
        })
        .await
}

fn record(row: &Row) -> Result<PinRecord, StickyError> {
    let key = key_at(row, 0).map_err(unreadable)?;
    let (scope, channel, recipient) =
        key_parts(&key).ok_or_else(|| StickyError::new(format!("a pin has a key that cannot be read: {key:02x?}")))?;
    let pin = pin_at(row, 3).map_err(unreadable)?;
    let has_scope: bool = row.try_get(7).map_err(unreadable)?;
    let sender: Option<&str> = row.try_get(10).map_err(unreadable)?;
    let Some((sender, true)) = sender.map(|sender| (sender, has_scope)) else {
        // Names are written before pins and never removed, so somebody else removed them.
        return Err(StickyError::new("the names of a pin are missing in the tables `scopes` and `senders`"));
    };
    Ok(PinRecord {
        application: row.try_get::<_, &str>(8).map_err(unreadable)?.into(),
        entity: row.try_get::<_, Option<&str>>(9).map_err(unreadable)?.map(Into::into),
        scope,
        channel,
        recipient,
        sender: sender.into(),
        pin,
    })
}

fn unreadable(error: tokio_postgres::Error) -> StickyError {
    StickyError::new(format!("an answer of the server cannot be read: {error}"))
}
