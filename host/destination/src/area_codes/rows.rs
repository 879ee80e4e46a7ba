//! Reads the rows of a file of area codes.

use std::collections::{BTreeMap, BTreeSet};

use super::{AreaCodes, zones};
use crate::country::Country;
use crate::number::AreaCode;
use crate::table_error::{MAX_TABLE_FAULTS, TableError, TableFault};
use crate::table_file::{self, Line};
use crate::zone::Zone;

const NPA: &str = "npa";
const COUNTRY: &str = "country";
const REGIONS: &str = "regions";
const OVERLAYS: &str = "overlays";
const TIME_ZONE: &str = "time_zone";
const COLUMNS: [&str; 5] = [NPA, COUNTRY, REGIONS, OVERLAYS, TIME_ZONE];

/// The codes without a place that callers do not pay for: libphonenumber's pattern of toll-free numbers of calling code 1.
const TOLL_FREE: [u16; 7] = [800, 833, 844, 855, 866, 877, 888];

/// A row that was read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) code: AreaCode,
    pub(super) country: Country,
    pub(super) regions: Vec<Box<str>>,
    pub(super) overlays: Vec<u16>,
    pub(super) zones: Vec<Zone>,
}

/// The rows of a file over a table. The table of the release, which is over none, is not checked.
pub(super) fn read(csv: &[u8], before: Option<&AreaCodes>) -> Result<Vec<Row>, TableError> {
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    let lines = table_file::lines(csv, &COLUMNS)?;
    for line in &lines {
        match row(line, before, &mut faults) {
            Some(row) => rows.push((line.number, row)),
            None if faults.len() >= MAX_TABLE_FAULTS => break,
            None => {}
        }
    }
    if let Some(before) = before
        && faults.is_empty()
    {
        check_together(&rows, before, &mut faults);
    }
    faults.truncate(MAX_TABLE_FAULTS);
    match faults.is_empty() {
        true => Ok(rows.into_iter().map(|(_, row)| row).collect()),
        false => Err(TableError::Faults(faults)),
    }
}

/// One row, or its faults.
fn row(line: &Line, before: Option<&AreaCodes>, faults: &mut Vec<TableFault>) -> Option<Row> {
    let mut fault = |column: &'static str, message: String| {
        faults.push(TableFault { line: line.number, column: Some(column), message });
    };
    let code = code(line.field(NPA)).map_err(|message| fault(NPA, message)).ok();
    if let Some(code) = code
        && TOLL_FREE.contains(&code.get())
    {
        fault(NPA, format!("{code} is toll-free and serves no area; take the line out"));
    }
    let country = country(line.field(COUNTRY), before).map_err(|message| fault(COUNTRY, message)).ok();
    let regions: Vec<Box<str>> = line.field(REGIONS).split_whitespace().map(Box::from).collect();
    if let (Some(country), Some(before)) = (country, before) {
        check_regions(country, &regions, before).unwrap_or_else(|message| fault(REGIONS, message));
    }
    let mut overlays = BTreeSet::new();
    for text in line.field(OVERLAYS).split_whitespace() {
        match self::code(text) {
            Ok(other) if Some(other) == code => fault(OVERLAYS, format!("{other} overlays itself; take it out")),
            Ok(other) => drop(overlays.insert(other.get())),
            Err(message) => fault(OVERLAYS, message),
        }
    }
    let is_new = before.is_some_and(|before| code.is_some_and(|code| before.country(code.get()).is_none()));
    let named = || zones::named(line.field(TIME_ZONE), country.unwrap_or(Country::US));
    let zones = if is_new { named() } else { Some(Vec::new()) };
    if zones.is_none() {
        let text = line.field(TIME_ZONE);
        let expected =
            "A, E, C, M, P, N, AK or H, several letters together, names such as America/New_York, or nothing";
        fault(TIME_ZONE, format!("{text:?} is no time zone; expected {expected}"));
    }
    Some(Row { code: code?, country: country?, regions, overlays: overlays.into_iter().collect(), zones: zones? })
}

fn code(text: &str) -> Result<AreaCode, String> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let code = digits.then(|| text.parse().ok().and_then(AreaCode::new)).flatten();
    code.ok_or_else(|| format!("{text:?} is no area code; expected three digits, from 200 to 999"))
}

/// A country that has area codes.
fn country(text: &str, before: Option<&AreaCodes>) -> Result<Country, String> {
    let known = Country::parse(text).ok_or_else(|| {
        format!("{text:?} is no country; expected two upper-case letters of ISO 3166-1, such as US or CA")
    })?;
    match before.is_none_or(|before| before.iter().any(|area| area.country == known)) {
        true => Ok(known),
        false => Err(format!("{text} does not have calling code 1; expected a country that has, such as US or CA")),
    }
}

/// The states and provinces are those of the table: there are no new ones.
fn check_regions(country: Country, regions: &[Box<str>], before: &AreaCodes) -> Result<(), String> {
    if country != Country::US && country != Country::CA {
        return match regions.is_empty() {
            true => Ok(()),
            false => Err(format!("{country} has no states or provinces here; leave the column empty")),
        };
    }
    if regions.is_empty() {
        return Err(format!(
            "is empty; expected the states or provinces of {country} that the code serves, such as NY"
        ));
    }
    let here = || before.iter().filter(|area| area.country == country);
    let is_known = |region: &str| here().any(|area| area.regions.iter().any(|known| **known == *region));
    match regions.iter().find(|region| !is_known(region)) {
        Some(unknown) => {
            Err(format!("{unknown:?} is no state or province of {country}; expected two letters such as NY"))
        }
        None => Ok(()),
    }
}

/// What rows say of each other and of the table.
fn check_together(rows: &[(u64, Row)], before: &AreaCodes, faults: &mut Vec<TableFault>) {
    let mut given: BTreeMap<u16, (u64, &Row)> = BTreeMap::new();
    for (line, row) in rows {
        if let Some((first, _)) = given.get(&row.code.get()) {
            let message = format!("{} is on line {first} too; keep one of them", row.code);
            faults.push(TableFault { line: *line, column: Some(NPA), message });
        }
        given.entry(row.code.get()).or_insert((*line, row));
    }
    for (line, row) in rows {
        for &other in &row.overlays {
            let known = before.area(other).map(|area| (area.country, &area.regions));
            let Some((country, regions)) = given.get(&other).map(|(_, row)| (row.country, &row.regions)).or(known)
            else {
                let message = format!("{other} is not listed; add a line for it, or take it out");
                faults.push(TableFault { line: *line, column: Some(OVERLAYS), message });
                continue;
            };
            let message = if country != row.country {
                format!("{other} is in {country}, not in {}; a code overlays one of its country", row.country)
            } else if !row.regions.is_empty() && !row.regions.iter().any(|region| regions.contains(region)) {
                format!("{other} serves no state or province of {}; codes that overlay serve one area", row.code)
            } else {
                continue;
            };
            faults.push(TableFault { line: *line, column: Some(OVERLAYS), message });
        }
    }
    faults.sort_by_key(|fault| fault.line);
}
