//! The area codes of the United States, Canada, Puerto Rico and the Dominican Republic.

use crate::{country::Country, random::Random};

/// A state or province, with the area codes that serve it.
#[derive(Debug)]
struct Area {
    country: &'static str,
    /// About its people, in hundreds of thousands.
    weight: u64,
    codes: &'static [u16],
}

/// A state or province, as its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u8);

/// Area codes that opened lately: in service, with few numbers yet.
const NEW: [u16; 10] = [357, 436, 457, 621, 624, 679, 729, 837, 861, 924];

impl State {
    /// A state or province of the country, by its people; none where the country has no area codes.
    pub(crate) fn draw(random: &mut Random, country: Country) -> Option<State> {
        let code = country.code();
        let weights = AREAS.iter().map(|area| if area.country == code { area.weight } else { 0 });
        if weights.clone().all(|weight| weight == 0) {
            return None;
        }
        Some(State(random.weighted_index(weights) as u8))
    }

    /// One of the state's area codes.
    pub(crate) fn area_code(self, random: &mut Random) -> u16 {
        let codes = AREAS[usize::from(self.0)].codes;
        let code = *random.pick(codes);
        if NEW.contains(&code) && !random.chance(120) { *random.pick(codes) } else { code }
    }
}

/// The country that an area code serves.
#[cfg(test)]
pub(crate) fn country_of(area_code: u16) -> Option<&'static str> {
    let area = AREAS.iter().find(|area| area.codes.contains(&area_code))?;
    Some(area.country)
}

const fn us(weight: u64, codes: &'static [u16]) -> Area {
    area("US", weight, codes)
}

const fn ca(weight: u64, codes: &'static [u16]) -> Area {
    area("CA", weight, codes)
}

const fn area(country: &'static str, weight: u64, codes: &'static [u16]) -> Area {
    Area { country, weight, codes }
}

/// The states and provinces, each with its postal code beside it; a code that serves several stands with the first.
#[rustfmt::skip]
const AREAS: &[Area] = &[
    us(7, &[907]), // AK
    us(51, &[205, 251, 256, 334, 659, 938]), // AL
    us(31, &[327, 479, 501, 870]), // AR
    us(75, &[480, 520, 602, 623, 928]), // AZ
    us(394, &[
        209, 213, 279, 310, 323, 341, 350, 357, 369, 408, 415, 424, 442, 510, 530, 559, 562, 619, 626, 628, 650,
        657, 661, 669, 707, 714, 738, 747, 760, 805, 818, 820, 831, 837, 840, 858, 909, 916, 925, 949, 951,
    ]), // CA
    us(59, &[303, 719, 720, 748, 970, 983]), // CO
    us(37, &[203, 475, 860, 959]), // CT
    us(7, &[202, 771]), // DC
    us(10, &[302]), // DE
    us(234, &[
        239, 305, 321, 324, 352, 386, 407, 448, 561, 645, 656, 689, 727, 728, 754, 772, 786, 813, 850, 863, 904,
        941, 954,
    ]), // FL
    us(111, &[229, 404, 470, 478, 678, 706, 762, 770, 912, 943]), // GA
    us(14, &[808]), // HI
    us(32, &[319, 515, 563, 641, 712]), // IA
    us(20, &[208, 986]), // ID
    us(127, &[217, 224, 309, 312, 331, 447, 464, 618, 630, 708, 730, 773, 779, 815, 847, 861, 872]), // IL
    us(69, &[219, 260, 317, 463, 574, 765, 812, 930]), // IN
    us(30, &[316, 620, 785, 913]), // KS
    us(46, &[270, 364, 502, 606, 859]), // KY
    us(46, &[225, 318, 337, 457, 504, 985]), // LA
    us(71, &[339, 351, 413, 508, 617, 774, 781, 857, 978]), // MA
    us(63, &[227, 240, 301, 410, 443, 667]), // MD
    us(14, &[207]), // ME
    us(101, &[231, 248, 269, 313, 517, 586, 616, 679, 734, 810, 906, 947, 989]), // MI
    us(58, &[218, 320, 507, 612, 651, 763, 924, 952]), // MN
    us(62, &[235, 314, 417, 557, 573, 636, 660, 816, 975]), // MO
    us(29, &[228, 601, 662, 769]), // MS
    us(11, &[406]), // MT
    us(110, &[252, 336, 472, 704, 743, 828, 910, 919, 980, 984]), // NC
    us(8, &[701]), // ND
    us(20, &[308, 402, 531]), // NE
    us(14, &[603]), // NH
    us(95, &[201, 551, 609, 640, 732, 848, 856, 862, 908, 973]), // NJ
    us(21, &[505, 575]), // NM
    us(33, &[702, 725, 775]), // NV
    us(199, &[
        212, 315, 329, 332, 347, 363, 516, 518, 585, 607, 624, 631, 646, 680, 716, 718, 838, 845, 914, 917, 929,
        934,
    ]), // NY
    us(119, &[216, 220, 234, 283, 326, 330, 380, 419, 436, 440, 513, 567, 614, 740, 937]), // OH
    us(41, &[405, 539, 572, 580, 918]), // OK
    us(43, &[458, 503, 541, 971]), // OR
    us(131, &[215, 223, 267, 272, 412, 445, 484, 570, 582, 610, 717, 724, 814, 835, 878]), // PA
    us(11, &[401]), // RI
    us(55, &[803, 821, 839, 843, 854, 864]), // SC
    us(9, &[605]), // SD
    us(72, &[423, 615, 629, 729, 731, 865, 901, 931]), // TN
    us(313, &[
        210, 214, 254, 281, 325, 346, 361, 409, 430, 432, 469, 512, 621, 682, 713, 726, 737, 806, 817, 830, 832,
        903, 915, 936, 940, 945, 956, 972, 979,
    ]), // TX
    us(35, &[385, 435, 801]), // UT
    us(88, &[276, 434, 540, 571, 686, 703, 757, 804, 826, 948]), // VA
    us(6, &[802]), // VT
    us(80, &[206, 253, 360, 425, 509, 564]), // WA
    us(60, &[262, 274, 353, 414, 534, 608, 715, 920]), // WI
    us(18, &[304, 681]), // WV
    us(6, &[307]), // WY
    ca(49, &[368, 403, 587, 780, 825]), // AB
    ca(57, &[236, 250, 257, 604, 672, 778]), // BC
    ca(15, &[204, 431, 584]), // MB
    ca(9, &[428, 506]), // NB
    ca(5, &[709, 879]), // NL
    ca(13, &[782, 902]), // NS
    ca(1, &[867]), // NT
    ca(161, &[226, 249, 289, 343, 365, 382, 416, 437, 519, 548, 613, 647, 683, 705, 742, 753, 807, 905, 942]), // ON
    ca(91, &[263, 354, 367, 418, 438, 450, 468, 514, 579, 581, 819, 873]), // QC
    ca(12, &[306, 474, 639]), // SK
    area("DO", 1, &[809, 829, 849]),
    area("PR", 1, &[787, 939]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn every_area_code_is_there_once() {
        let mut codes: Vec<u16> = AREAS.iter().flat_map(|area| area.codes).copied().collect();
        assert_eq!(codes.len(), 369 + 55 + 2 + 3);
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 369 + 55 + 2 + 3);
    }

    #[test]
    fn new_area_codes_are_rare() {
        let mut random = Random::stream(1, Purpose::Messages, 0);
        let mut is_new = || {
            let state = State::draw(&mut random, Country::named("US"));
            state.is_some_and(|state| NEW.contains(&state.area_code(&mut random)))
        };
        let new = (0..20_000).filter(|_| is_new()).count();
        assert!((20..260).contains(&new), "{new}");
    }
}
