//! The model's own reading of the area codes: which overlay each other and which share a state or province.

/// One line of the area code table.
struct AreaCode {
    npa: u16,
    regions: Vec<String>,
    overlays: Vec<u16>,
}

/// The area codes of the North American Numbering Plan.
pub(super) struct Geography {
    area_codes: Vec<AreaCode>,
}

impl Geography {
    /// Reads the table, `data/nanp.csv`.
    pub(super) fn read() -> Self {
        let table = include_str!("../../../../data/nanp.csv");
        Self { area_codes: table.lines().skip(1).map(AreaCode::read).collect() }
    }

    /// Whether both serve the same area: direct and symmetric, never by way of a third.
    ///
    /// Looks in both lines, so that a table with a one-sided entry means the same.
    pub(super) fn overlay(&self, one: u16, other: u16) -> bool {
        let lists = |npa, wanted| self.area_codes.iter().any(|area| area.npa == npa && area.overlays.contains(&wanted));
        lists(one, other) || lists(other, one)
    }

    /// Whether the two have a state or province in common. An area code may serve several (902: NS and PE), and one
    /// without any (a territory, a toll-free code) shares none, not even with itself.
    pub(super) fn same_region(&self, one: u16, other: u16) -> bool {
        let theirs = self.regions(other);
        self.regions(one).iter().any(|region| theirs.contains(region))
    }

    fn regions(&self, npa: u16) -> &[String] {
        self.area_codes.iter().find(|area| area.npa == npa).map_or(&[], |area| &area.regions)
    }
}

impl AreaCode {
    fn read(line: &str) -> Self {
        let columns: Vec<&str> = line.split(',').collect();
        let [npa, _country, regions, overlays, _time_zone] = columns[..] else {
            panic!("nanp.csv: five columns expected in {line:?}");
        };
        let number =
            |text: &str| text.parse().unwrap_or_else(|_| panic!("nanp.csv: {text:?} is no area code in {line:?}"));
        Self {
            npa: number(npa),
            regions: regions.split_whitespace().map(str::to_owned).collect(),
            overlays: overlays.split_whitespace().map(number).collect(),
        }
    }
}
