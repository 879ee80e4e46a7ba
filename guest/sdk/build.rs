//! Turns the area codes of `data/nanp.csv` into tables, so that a fresh instance starts with them in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// The rows of the tables start at this code.
const FIRST: u16 = 200;

fn main() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/nanp.csv");
    println!("cargo:rerun-if-changed={}", source.display());
    println!("cargo:rerun-if-changed=build.rs");
    let text = fs::read_to_string(&source).expect("data/nanp.csv is in the package");

    let mut overlays = BTreeMap::<u16, BTreeSet<u16>>::new();
    let mut regions = BTreeMap::<u16, BTreeSet<&str>>::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [code, _country, served, overlaying, _zone] = fields[..] else { panic!("five fields: {line}") };
        let code = code.parse().expect("an area code");
        overlays.insert(code, overlaying.split(' ').filter_map(|code| code.parse().ok()).collect());
        regions.insert(code, served.split(' ').filter(|region| !region.is_empty()).collect());
    }

    let mut out = String::new();
    let _ = writeln!(out, "const FIRST: u16 = {FIRST};");
    let _ = writeln!(out, "static AREAS: [Area; {}] = [", 1000 - FIRST);
    for code in FIRST..1000 {
        let overlay = overlays.get(&code).cloned().unwrap_or_default();
        let own = regions.get(&code).cloned().unwrap_or_default();
        let region: BTreeSet<u16> =
            regions.iter().filter(|(_, served)| !own.is_disjoint(served)).map(|(&code, _)| code).collect();
        let (overlay, region) = (Vec::from_iter(overlay), Vec::from_iter(region));
        let _ = writeln!(out, "    Area {{ overlays: &{overlay:?}, region: &{region:?} }},");
    }
    let _ = writeln!(out, "];");
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("areas.rs");
    fs::write(target, out).expect("OUT_DIR can be written");
}
