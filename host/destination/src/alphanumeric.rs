//! Which countries take alphanumeric senders.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::channel::Channel;
use crate::country::Country;
use crate::table_error::{MAX_TABLE_FAULTS, TableError, TableFault};
use crate::table_file;

/// The longest file of countries that is read, in bytes.
pub const MAX_ALPHANUMERIC_BYTES: u64 = 64 * 1024;

const COUNTRY: &str = "country";
const ALPHANUMERIC: &str = "alphanumeric";
const SOURCE: &str = "source";
const COLUMNS: [&str; 3] = [COUNTRY, ALPHANUMERIC, SOURCE];

/// The countries whose networks take no alphanumeric sender: they replace a name by a number, or drop the message. A table that
/// is immutable and shared.
///
/// The standard table is `data/alphanumeric.csv`; `data/README.md` has its sources. It has only countries of which these agree;
/// what networks take changes, and some take a name that was registered, so the standard table only makes
/// `Catalog::warnings`. An operator's file of the same columns corrects it, and makes decisions follow it, as soon as it has
/// its first line:
///
/// ```
/// use callsign_destination::{AlphanumericCountries, Channel, Country};
///
/// let standard = AlphanumericCountries::standard();
/// assert!(standard.none().contains(&Country::US) && standard.take(Channel::Sms, Country::US));
/// let own = standard.with_csv(b"country,alphanumeric\nCA,yes\nBE,no\n")?;
/// assert!(!own.take(Channel::Sms, Country::US) && own.take(Channel::Sms, Country::CA));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlphanumericCountries {
    /// Those that take none, ascending.
    none: Box<[Country]>,
    /// Whether decisions follow the table; else it only warns.
    decides: bool,
}

impl AlphanumericCountries {
    /// The table of this release.
    pub fn standard() -> &'static Arc<AlphanumericCountries> {
        static STANDARD: LazyLock<Arc<AlphanumericCountries>> = LazyLock::new(|| {
            let nobody = AlphanumericCountries { none: Box::default(), decides: false };
            // A test reads the table, so it has no fault.
            let read = nobody.with_csv(include_bytes!("../data/alphanumeric.csv")).unwrap_or(nobody);
            Arc::new(AlphanumericCountries { decides: false, ..read })
        });
        &STANDARD
    }

    /// This table with the rows of a CSV file over it: `country`, two letters, and `alphanumeric`, `yes` where networks take
    /// alphanumeric senders and `no` where they do not. A third column, `source`, is for people.
    ///
    /// # Errors
    /// Every fault of the file, with its line: at most [`MAX_TABLE_FAULTS`] of them.
    pub fn with_csv(&self, csv: &[u8]) -> Result<AlphanumericCountries, TableError> {
        table_file::check_length(csv, MAX_ALPHANUMERIC_BYTES)?;
        let mut faults = Vec::new();
        let mut lines_of: BTreeMap<Country, u64> = BTreeMap::new();
        let mut none = Vec::from(self.none.clone());
        for line in &table_file::lines(csv, &COLUMNS)? {
            let mut fault = |column: &'static str, message: String| {
                faults.push(TableFault { line: line.number, column: Some(column), message });
            };
            let text = line.field(COUNTRY);
            let takes = match line.field(ALPHANUMERIC).to_ascii_lowercase().as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                other => {
                    fault(ALPHANUMERIC, format!("{other:?} is neither yes nor no"));
                    None
                }
            };
            let Some(country) = Country::parse(text) else {
                let expected = "expected two upper-case letters of ISO 3166-1, such as US";
                fault(COUNTRY, format!("{text:?} is no country; {expected}"));
                continue;
            };
            if let Some(first) = lines_of.insert(country, line.number) {
                fault(COUNTRY, format!("{country} is on line {first} too; keep one of them"));
            }
            none.retain(|known| *known != country);
            if takes == Some(false) {
                none.push(country);
            }
        }
        faults.truncate(MAX_TABLE_FAULTS);
        none.sort_unstable();
        if faults.is_empty() { Ok(Self { none: none.into(), decides: true }) } else { Err(TableError::Faults(faults)) }
    }

    /// The standard table with the rows of a file over it, as [`AlphanumericCountries::with_csv`] reads them.
    ///
    /// # Errors
    /// The file cannot be read, is longer than [`MAX_ALPHANUMERIC_BYTES`], or has faults.
    pub fn load(path: impl AsRef<Path>) -> Result<AlphanumericCountries, TableError> {
        Self::standard().with_csv(&table_file::read(path.as_ref(), MAX_ALPHANUMERIC_BYTES)?)
    }

    /// Whether decisions send alphanumeric senders to a country on a channel: always by the standard table, which only warns.
    /// Only SMS and MMS have the limit: RCS shows the name of an agent.
    #[inline]
    pub fn take(&self, channel: Channel, country: Country) -> bool {
        !self.decides || channel == Channel::Rcs || self.none.binary_search(&country).is_err()
    }

    /// The countries that take none, ascending.
    pub fn none(&self) -> &[Country] {
        &self.none
    }

    /// The countries in which this table differs from the standard one, ascending, and whether they take alphanumeric senders
    /// here.
    pub fn own(&self) -> impl Iterator<Item = (Country, bool)> {
        let standard = &Self::standard().none;
        let added = self.none.iter().filter(|country| !standard.contains(country)).map(|country| (*country, false));
        let removed = standard.iter().filter(|country| !self.none.contains(country)).map(|country| (*country, true));
        let mut own: Vec<_> = added.chain(removed).collect();
        own.sort_unstable();
        own.into_iter()
    }
}
