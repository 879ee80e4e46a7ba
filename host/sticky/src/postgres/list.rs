//! Pins in pages, and how many there are.

use deadpool_postgres::PoolError;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::Shared;
use super::columns::{Id, key_at, pin_at};
use super::connect::{Lease, judge};
use super::sql::ended;
use crate::bytes::{KEY, parts_of};
use crate::error::StickyError;
use crate::listing::{Filter, Page, PinRecord, Position};
use crate::patience::Attempt;
use crate::recipient::RecipientKey;

/// The columns of a key, in the order of a listing and of what a position is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// By the primary key.
    Key,
    /// By the index of senders.
    Sender,
}

/// Which pins, and in which order. A position holds its number, so that no other filter takes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    number: u8,
    by: By,
    /// The condition on `$1`, and its value.
    condition: &'static str,
    value: Value,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    None,
    Id(Id),
    Sender(i64),
}

impl Listing {
    pub(super) fn of(filter: &Filter<'_>, key: Option<&RecipientKey>) -> Self {
        let (number, by, condition, value) = match filter {
            Filter::All => (0, By::Key, "true", Value::None),
            Filter::Scope(scope) => (1, By::Key, "p.scope = $1", Value::Id(Id(scope.hash().to_be_bytes()))),
            Filter::Sender(sender) => (2, By::Sender, "p.sender = $1", Value::Sender(sender.key.0.cast_signed())),
            Filter::Recipient(recipient) => {
                (3, By::Key, "p.recipient = $1", Value::Id(Id(recipient.under(key).to_bytes())))
            }
        };
        Self { number, by, condition, value }
    }

    /// The value, if there is one, with its type.
    fn values(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        match &self.value {
            Value::None => vec![],
            Value::Id(id) => vec![(id, Type::UUID)],
            Value::Sender(sender) => vec![(sender, Type::INT8)],
        }
    }

    /// The key that a position of this listing was made of.
    pub(super) fn key_of(&self, position: &Position) -> Result<[u8; KEY], StickyError> {
        match position.0.split_first() {
            Some((number, key)) if *number == self.number => key.try_into().ok(),
            _ => None,
        }
        .ok_or_else(|| StickyError::new("the position is not of this store and this filter"))
    }

    fn position_of(&self, key: &[u8; KEY]) -> Position {
        Position([&[self.number], &key[..]].concat().into())
    }
}

/// A page; `most` pins, after a key. What is known of a listing is put into the statement: it is planned for it.
pub(super) async fn list(
    shared: &Shared,
    listing: &Listing,
    after: Option<[u8; KEY]>,
    most: usize,
) -> Result<Page, StickyError> {
    let order = match listing.by {
        By::Key => "p.scope, p.channel, p.recipient",
        By::Sender => "p.recipient, p.scope, p.channel",
    };
    let mut values = listing.values();
    let start = after.map(|key| {
        let (mut scope, mut recipient) = ([0; 16], [0; 16]);
        scope.copy_from_slice(&key[..16]);
        recipient.copy_from_slice(&key[17..]);
        (Id(scope), i16::from(key[16]), Id(recipient))
    });
    let mut after = String::new();
    if let Some((scope, channel, recipient)) = &start {
        let n = values.len();
        let (scope, channel, recipient): (_, (&(dyn ToSql + Sync), _), _) =
            ((scope as _, Type::UUID), (channel, Type::INT2), (recipient as _, Type::UUID));
        values.extend(match listing.by {
            By::Key => [scope, channel, recipient],
            By::Sender => [recipient, scope, channel],
        });
        after = format!("AND ({order}) > (${}, ${}, ${})", n + 1, n + 2, n + 3);
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
    let rows = ask(shared, &sql, &values).await?;
    let records: Result<Vec<_>, _> = rows.iter().map(record).collect();
    let mut page = Page { pins: records?, next: None };
    if let Some(last) = rows.last().filter(|_| rows.len() >= most) {
        page.next = Some(listing.position_of(&key_at(last, 0).map_err(unreadable)?));
    }
    page.pins.shrink_to_fit();
    Ok(page)
}

/// How many there are.
pub(super) async fn count(shared: &Shared, listing: &Listing) -> Result<u64, StickyError> {
    let sql = format!("SELECT count(*) FROM pins p WHERE {}", listing.condition);
    let rows = ask(shared, &sql, &listing.values()).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(unreadable)?;
    Ok(count.cast_unsigned())
}

/// Not prepared: a plan is made for these values, and thrown away.
async fn ask(shared: &Shared, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StickyError> {
    let background = &shared.background;
    let attempt = async || {
        let lease = Lease::of(&background.pool).await?;
        let rows = lease.query_typed(sql, values).await?;
        lease.done();
        Ok::<_, PoolError>(rows)
    };
    background
        .call(|_| async {
            match attempt().await {
                Ok(rows) => Attempt::Done(rows),
                Err(error) => judge(&error),
            }
        })
        .await
}

fn record(row: &Row) -> Result<PinRecord, StickyError> {
    let key = key_at(row, 0).map_err(unreadable)?;
    let (_, channel, recipient) =
        parts_of(&key).ok_or_else(|| StickyError::new(format!("a pin that cannot be read: {key:02x?}")))?;
    let pin = pin_at(row, 3).map_err(unreadable)?;
    let has_scope: bool = row.try_get(7).map_err(unreadable)?;
    let sender: Option<&str> = row.try_get(10).map_err(unreadable)?;
    let Some((sender, true)) = sender.map(|sender| (sender, has_scope)) else {
        // Names are written before pins and never go; somebody else took them.
        return Err(StickyError::new("a pin whose names are missing in the tables `scopes` and `senders`"));
    };
    Ok(PinRecord {
        application: row.try_get::<_, &str>(8).map_err(unreadable)?.into(),
        entity: row.try_get::<_, Option<&str>>(9).map_err(unreadable)?.map(Into::into),
        channel,
        recipient,
        sender: sender.into(),
        pin,
    })
}

fn unreadable(error: tokio_postgres::Error) -> StickyError {
    StickyError::new(format!("an answer that cannot be read: {error}"))
}
