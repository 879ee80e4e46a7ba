//! The area codes of North America: the country and the states or provinces of each, which overlay which, and those that an
//! operator adds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use self::rows::Row;
use crate::country::Country;
use crate::destination::{Destination, of_number, parse_with};
use crate::error::DestinationError;
use crate::number::{AreaCode, Number};
use crate::table_error::TableError;
use crate::table_file;
use crate::zone::Zone;

mod rows;
mod zones;

/// The longest file of area codes that is read, in bytes: six times what all 800 codes need.
pub const MAX_AREA_CODES_BYTES: u64 = 256 * 1024;

/// The lowest area code, which the table begins with.
const FIRST: u16 = 200;
const CODES: usize = 800;

/// The geographic area codes in service. A table that is immutable and shared.
///
/// The standard table has the 454 codes of `data/nanp.csv`, from the NANPA's public report. An operator adds codes to it, or
/// corrects it, with a file of the same columns, so that a new area code needs no new release:
///
/// ```
/// use callsign_destination::AreaCodes;
///
/// let own = "npa,country,regions,overlays,time_zone\n\
///            988,US,NY,212 332 646 917,E\n";
/// let codes = AreaCodes::standard().with_csv(own.as_bytes())?;
/// let destination = codes.parse("+1 988 555 0123")?;
/// assert_eq!(destination.country.as_str(), "US");
/// assert_eq!(codes.overlays(988), [212, 332, 646, 917]);
/// assert!(codes.overlays(212).contains(&988), "overlaying is mutual");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaCodes {
    /// By code, from [`FIRST`].
    areas: Box<[Option<Area>]>,
    /// The codes that differ from the standard table, ascending.
    own: Vec<AreaCode>,
}

/// What is known of an area code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Area {
    country: Country,
    regions: Vec<Box<str>>,
    overlays: Vec<u16>,
    same_region: Vec<u16>,
    origin: AreaCodeOrigin,
    /// Of a code that is not in the standard table.
    zones: Vec<Zone>,
}

/// Where the knowledge of an area code is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AreaCodeOrigin {
    /// The table of this release, alone.
    Standard,
    /// The operator, who added it.
    Added,
    /// The operator, who corrected the table of this release. Another code that the operator gave may be the reason: one that
    /// overlays this one.
    Corrected,
}

impl AreaCodeOrigin {
    /// `STANDARD`, `ADDED` or `CORRECTED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            AreaCodeOrigin::Standard => "STANDARD",
            AreaCodeOrigin::Added => "ADDED",
            AreaCodeOrigin::Corrected => "CORRECTED",
        }
    }
}

/// An area code with what is known of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AreaCodeFacts<'a> {
    /// The code.
    pub code: AreaCode,
    /// Its country.
    pub country: Country,
    /// For the United States and Canada, the postal codes of the states or provinces that it serves.
    pub regions: &'a [Box<str>],
    /// The codes that directly overlay it, ascending.
    pub overlays: &'a [u16],
    /// Where this is from.
    pub origin: AreaCodeOrigin,
}

impl AreaCodes {
    /// The table of this release.
    pub fn standard() -> &'static Arc<AreaCodes> {
        static STANDARD: LazyLock<Arc<AreaCodes>> = LazyLock::new(|| {
            let rows = rows::read(include_bytes!("../data/nanp.csv"), None);
            // A test reads the table, so it has no fault.
            Arc::new(AreaCodes::of(rows.unwrap_or_default(), None))
        });
        &STANDARD
    }

    /// This table with the rows of a CSV file over it, which has the columns of `data/nanp.csv`: `npa`, `country`, `regions`,
    /// `overlays`, `time_zone`, in any order. A row is all that is known of its code: it replaces what the table had.
    ///
    /// - `npa`: the code, 200 to 999, each once; toll-free codes serve no area.
    /// - `country`: a country of calling code 1, two letters.
    /// - `regions`: the states or provinces that it serves, as their postal codes, separated by blanks; for the United States and
    ///   Canada alone, and not empty there.
    /// - `overlays`: the codes that directly overlay it, separated by blanks. Each is in the table or the file, and in the same
    ///   country. Overlaying is mutual: a code that is named here overlays this one too, whether its own row says so or not.
    /// - `time_zone`: for a code that is not in the table, `A`, `E`, `C`, `M`, `P`, `N`, `AK` or `H` as the NANPA writes them, several
    ///   together, or names of the IANA database separated by blanks. Letters say nothing outside of the United States and
    ///   Canada. Empty: the zones of the codes that it
    ///   overlays, or else of its country. Of a code in the table the zones are known, and the column is not read.
    ///
    /// # Errors
    /// Every fault of the file, with its line: at most [`MAX_TABLE_FAULTS`](crate::MAX_TABLE_FAULTS) of them.
    pub fn with_csv(&self, csv: &[u8]) -> Result<AreaCodes, TableError> {
        table_file::check_length(csv, MAX_AREA_CODES_BYTES)?;
        let rows = rows::read(csv, Some(self))?;
        Ok(Self::of(rows, Some(self)))
    }

    /// The standard table with the rows of a file over it, as [`AreaCodes::with_csv`] reads them.
    ///
    /// # Errors
    /// The file cannot be read, is longer than [`MAX_AREA_CODES_BYTES`], or has faults.
    pub fn load(path: impl AsRef<std::path::Path>) -> Result<AreaCodes, TableError> {
        Self::standard().with_csv(&table_file::read(path.as_ref(), MAX_AREA_CODES_BYTES)?)
    }

    /// A table of rows, which were checked, over another one.
    fn of(rows: Vec<Row>, before: Option<&AreaCodes>) -> AreaCodes {
        let mut areas = match before {
            Some(before) => before.areas.clone(),
            None => vec![None; CODES].into_boxed_slice(),
        };
        let given: BTreeSet<u16> = rows.iter().map(|row| row.code.get()).collect();
        for row in rows {
            let known = areas[index(row.code.get())].as_ref();
            let zones = match known {
                Some(known) => known.zones.clone(),
                None => row.zones,
            };
            let (country, regions, overlays) = (row.country, row.regions, row.overlays);
            let (same_region, origin) = (Vec::new(), AreaCodeOrigin::Standard);
            areas[index(row.code.get())] = Some(Area { country, regions, overlays, same_region, origin, zones });
        }
        make_mutual(&mut areas, &given);
        join_regions(&mut areas);
        let mut codes = AreaCodes { areas, own: Vec::new() };
        if before.is_some() {
            codes.compare(AreaCodes::standard());
            codes.find_zones();
        }
        codes
    }

    /// Notes what differs from the standard table.
    fn compare(&mut self, standard: &AreaCodes) {
        for (place, (area, standard)) in self.areas.iter_mut().zip(&standard.areas).enumerate() {
            let Some(area) = area else { continue };
            let same = |standard: &Area| {
                (area.country, &area.regions, &area.overlays)
                    == (standard.country, &standard.regions, &standard.overlays)
            };
            area.origin = match standard {
                Some(standard) if same(standard) => AreaCodeOrigin::Standard,
                Some(_) => AreaCodeOrigin::Corrected,
                None => AreaCodeOrigin::Added,
            };
            if area.origin != AreaCodeOrigin::Standard {
                self.own.extend(AreaCode::new(FIRST + place as u16));
            }
        }
    }

    /// Gives codes that libphonenumber does not know, and whose row has no zone, those of the codes that they overlay, or else of
    /// their country.
    fn find_zones(&mut self) {
        for &code in &self.own.clone() {
            let Some(area) = self.area(code.get()) else { continue };
            if area.origin != AreaCodeOrigin::Added || !area.zones.is_empty() {
                continue;
            }
            let of_overlays: BTreeSet<Zone> = area.overlays.iter().flat_map(|&code| zones::of_code(code)).collect();
            let zones = match of_overlays.is_empty() {
                false => of_overlays,
                true => {
                    zones::of_codes(self.iter().filter(|known| known.country == area.country).map(|known| known.code))
                }
            };
            if let Some(area) = &mut self.areas[index(code.get())] {
                area.zones = zones.into_iter().collect();
            }
        }
    }

    fn area(&self, code: u16) -> Option<&Area> {
        self.areas.get(usize::from(code.checked_sub(FIRST)?))?.as_ref()
    }

    /// This area code alone; none for a number that is no area code.
    #[inline]
    pub fn same(code: u16) -> &'static [u16] {
        static ALL: [u16; CODES] = {
            let mut all = [0; CODES];
            let mut place = 0;
            while place < CODES {
                all[place] = FIRST + place as u16;
                place += 1;
            }
            all
        };
        let place = usize::from(code.wrapping_sub(FIRST));
        ALL.get(place..place + 1).unwrap_or(&[])
    }

    /// The area codes that directly overlay this one, ascending; none for a code that is not in the table.
    #[inline]
    pub fn overlays(&self, code: u16) -> &[u16] {
        self.area(code).map_or(&[], |area| &area.overlays)
    }

    /// The area codes that share a state or province with this one, itself included, ascending; none for a code outside the
    /// United States and Canada.
    #[inline]
    pub fn same_region(&self, code: u16) -> &[u16] {
        self.area(code).map_or(&[], |area| &area.same_region)
    }

    /// The country of a geographic area code.
    pub fn country(&self, code: u16) -> Option<Country> {
        self.area(code).map(|area| area.country)
    }

    /// The time zones of a number: as [`Number::zones`], but for codes that an operator added.
    pub fn zones(&self, number: Number) -> &[Zone] {
        let own = || self.area(number.area_code()?.get()).filter(|area| !area.zones.is_empty());
        match self.own.is_empty() {
            true => number.zones(),
            false => own().map_or_else(|| number.zones(), |area| &area.zones),
        }
    }

    /// Parses a destination as [`Destination::parse`] does, with the countries of this table: a number of ten digits after
    /// calling code 1 whose area code an operator added or corrected, and whose fourth digit is 2 to 9, has the country of the
    /// code.
    ///
    /// # Errors
    /// As [`Destination::parse`].
    #[inline]
    pub fn parse(&self, text: &str) -> Result<Destination, DestinationError> {
        if self.own.is_empty() {
            return Destination::parse(text);
        }
        parse_with(text, |code, national| self.own_country(code, national))
    }

    /// The destination with a number that was read before, as [`AreaCodes::parse`] found it; none if no country has the number.
    ///
    /// It is not what the text of the number is read as: few numbers look as if they had a national prefix that is to be taken
    /// off, and from this one nothing is.
    pub fn destination(&self, number: Number) -> Option<Destination> {
        of_number(number, |code, national| if self.own.is_empty() { None } else { self.own_country(code, national) })
    }

    /// The country of national digits under calling code 1, if an operator gave their area code.
    #[cold]
    pub(crate) fn own_country(&self, code: AreaCode, national: &[u8]) -> Option<Country> {
        let in_use = national.len() == 10 && national.get(3).is_some_and(|digit| (b'2'..=b'9').contains(digit));
        let area = self.area(code.get()).filter(|area| in_use && area.origin != AreaCodeOrigin::Standard)?;
        Some(area.country)
    }

    /// All codes, ascending.
    pub fn iter(&self) -> impl Iterator<Item = AreaCodeFacts<'_>> {
        (FIRST..).zip(&self.areas).filter_map(|(code, area)| {
            let (code, area) = (AreaCode::new(code)?, area.as_ref()?);
            let (country, regions, overlays, origin) = (area.country, &*area.regions, &*area.overlays, area.origin);
            Some(AreaCodeFacts { code, country, regions, overlays, origin })
        })
    }

    /// The codes that an operator added or corrected, ascending.
    pub fn own(&self) -> impl Iterator<Item = AreaCodeFacts<'_>> {
        self.iter().filter(|known| known.origin != AreaCodeOrigin::Standard)
    }
}

fn index(code: u16) -> usize {
    usize::from(code - FIRST)
}

/// Makes overlaying mutual. What a given row names overlays its code too; another code that is not given loses a given one that
/// does not name it any more.
fn make_mutual(areas: &mut [Option<Area>], given: &BTreeSet<u16>) {
    let mut pairs: BTreeSet<(u16, u16)> = BTreeSet::new();
    for (code, area) in (FIRST..).zip(areas.iter()) {
        for &other in area.iter().flat_map(|area| &area.overlays) {
            if given.contains(&code) || !given.contains(&other) {
                pairs.extend([(code, other), (other, code)]);
            }
        }
    }
    for (code, area) in (FIRST..).zip(areas.iter_mut()) {
        if let Some(area) = area {
            area.overlays = pairs.range((code, 0)..=(code, u16::MAX)).map(|&(_, other)| other).collect();
        }
    }
}

/// Finds the codes that share a state or province.
fn join_regions(areas: &mut [Option<Area>]) {
    let mut codes_of: BTreeMap<(Country, Box<str>), Vec<u16>> = BTreeMap::new();
    for (code, area) in (FIRST..).zip(areas.iter()) {
        let Some(area) = area else { continue };
        for region in &area.regions {
            codes_of.entry((area.country, region.clone())).or_default().push(code);
        }
    }
    for area in areas.iter_mut().flatten() {
        let served = area.regions.iter().filter_map(|region| codes_of.get(&(area.country, region.clone())));
        let same: BTreeSet<u16> = served.flatten().copied().collect();
        area.same_region = same.into_iter().collect();
    }
}
