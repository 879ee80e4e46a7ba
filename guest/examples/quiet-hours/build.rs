//! Turns the time zones of `data/nanp.csv` into a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../data/nanp.csv");
    println!("cargo:rerun-if-changed={}", source.display());
    println!("cargo:rerun-if-changed=build.rs");
    let text = fs::read_to_string(&source).expect("data/nanp.csv is in the repository");
    let mut areas = BTreeMap::<u16, Vec<(i32, bool)>>::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [code, country, regions, _, zones] = fields[..] else { panic!("five fields: {line}") };
        let offsets = offsets(zones).unwrap_or_else(|| panic!("unknown time zone: {line}"));
        let daylight = has_daylight_time(country, regions);
        areas.insert(
            code.parse().expect("an area code"),
            offsets.into_iter().map(|offset| (offset, daylight)).collect(),
        );
    }
    let mut out = String::from("static ZONES: &[(u16, &[Zone])] = &[\n");
    for (code, zones) in areas {
        let _ = write!(out, "    ({code}, &[");
        for (offset, daylight) in zones {
            let _ = write!(out, "Zone {{ offset: {offset}, daylight: {daylight} }}, ");
        }
        let _ = writeln!(out, "]),");
    }
    out.push_str("];\n");
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("zones.rs");
    fs::write(target, out).expect("OUT_DIR can be written");
}

/// The standard times of an area code in minutes from UTC: several where it lies in several zones.
fn offsets(zones: &str) -> Option<Vec<i32>> {
    Some(match zones {
        "N" => vec![-210],
        "A" => vec![-240],
        "AK" => vec![-540],
        "(UTC-10)" => vec![-600],
        "UTC-11" => vec![-660],
        "(UTC+10)" => vec![600],
        "PT/MT only for W Wendover" => vec![-480, -420],
        zones => {
            let letter = |zone| match zone {
                'E' => Some(-300),
                'C' => Some(-360),
                'M' => Some(-420),
                'P' => Some(-480),
                _ => None,
            };
            zones.chars().map(letter).collect::<Option<Vec<_>>>().filter(|offsets| !offsets.is_empty())?
        }
    })
}

/// Whether clocks are put forward in summer, by the rule of the United States.
fn has_daylight_time(country: &str, regions: &str) -> bool {
    match country {
        "US" | "CA" => !matches!(regions, "AZ" | "HI" | "SK"),
        "BM" | "BS" | "TC" => true,
        _ => false,
    }
}
