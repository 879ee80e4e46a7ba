//! The geography of North American area codes, for native tests: which overlay which, and which serve the same state or
//! province. A policy asks the host instead ([`near_codes`](crate::reads::Reads::near_codes)), which may know more of them.
//!
//! Made from `data/nanp.csv`: the 451 geographic area codes in service on 2025-11-26, from the NANPA's public area code
//! report. Overlaying is direct and symmetric, and not transitive.

struct Area {
    overlays: &'static [u16],
    region: &'static [u16],
}

include!(concat!(env!("OUT_DIR"), "/areas.rs"));

fn area(code: u16) -> Option<&'static Area> {
    AREAS.get(usize::from(code.checked_sub(FIRST)?))
}

/// The area codes that directly overlay this one, ascending; none for a code that is not a geographic area code.
pub fn overlays(code: u16) -> &'static [u16] {
    area(code).map_or(&[], |area| area.overlays)
}

/// The area codes that share a state or province with this one, itself included, ascending; none for a code outside the
/// United States and Canada.
pub fn same_region(code: u16) -> &'static [u16] {
    area(code).map_or(&[], |area| area.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlays_are_direct_symmetric_and_not_transitive() {
        assert!(overlays(212).contains(&917));
        assert!(overlays(917).contains(&718));
        assert!(!overlays(212).contains(&718));
        for code in 200..1000 {
            for &other in overlays(code) {
                assert!(overlays(other).contains(&code), "{code} and {other}");
                assert_ne!(code, other);
            }
        }
    }

    #[test]
    fn a_code_may_serve_two_provinces() {
        assert_eq!(same_region(902), [782, 902]);
        assert!(same_region(212).contains(&716), "New York City and Buffalo");
        assert!(same_region(787).is_empty(), "Puerto Rico is neither a state nor a province");
        assert!(same_region(800).is_empty() && same_region(0).is_empty() && same_region(1000).is_empty());
    }
}
