//! The selection that `benches/peers` holds against other engines, as a Callsign policy: the standard policy's strategy
//! and candidates, but one nearness, and a remainder in place of the spread.
#![forbid(unsafe_code)]

mod table;

use callsign_policy::cache::Cache;
use callsign_policy::reads::Reads;
use callsign_policy::types::Answer;
use callsign_policy::{Call, NoSettings, Policy};

use table::Table;

/// How many senders are kept at most, of all scopes together.
const MOST_KEPT: usize = 500_000;

/// The policy.
#[derive(Debug)]
pub struct Selection {
    tables: Cache<Table>,
}

impl Policy for Selection {
    type Settings = NoSettings;

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self { tables: Cache::up_to_weight(MOST_KEPT) })
    }

    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        let make = || {
            let table = Table::new(call);
            let weight = table.weight();
            (table, weight)
        };
        self.tables.with(call.request, make, |table| table.decide(call))
    }
}

callsign_policy::policy!(Selection);

#[cfg(test)]
mod tests;
