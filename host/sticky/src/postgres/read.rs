//! Reading the pins of many keys in one statement.

use super::Shared;
use super::columns::{Keys, pin_at};
use super::connect::classify;
use super::sql::{ended, pin_of_key, query};
use crate::error::StickyError;
use crate::pin::Pin;
use crate::retry::Attempt;

const READ: &str = concat!(
    "SELECT k.n, p.sender, p.first_used, p.last_used, p.idle_days
     FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) WITH ORDINALITY AS k (scope, channel, recipient, n)
     CROSS JOIN LATERAL ",
    pin_of_key!(),
    " WHERE NOT ",
    ended!(),
);

/// The pins of keys, in the order of the keys.
pub(super) async fn read(shared: &Shared, keys: &Keys) -> Result<Vec<Option<Pin>>, StickyError> {
    shared
        .decisions
        .call(|_| async {
            let rows = query(&shared.decisions.connections, READ, &keys.values()).await;
            let read = rows.and_then(|rows| {
                let mut pins = vec![None; keys.len()];
                for row in &rows {
                    let place = usize::try_from(row.try_get::<_, i64>(0)? - 1).ok();
                    if let Some(pin) = place.and_then(|place| pins.get_mut(place)) {
                        *pin = Some(pin_at(row, 1)?);
                    }
                }
                Ok(pins)
            });
            match read {
                Ok(pins) => Attempt::Done(pins),
                Err(error) => classify(&error),
            }
        })
        .await
}
