//! Where values stand on a plot, and which of them are written there.

use super::ruler::Ruler;
use crate::figure::whole;

/// An axis.
pub(crate) struct Axis {
    pub(crate) name: &'static str,
    scale: Scale,
    label: fn(f64) -> String,
}

#[derive(Clone, Copy)]
enum Scale {
    /// From 0.
    Linear,
    /// Whole numbers, each of them written where they are few.
    Counted,
    Logarithmic,
    /// 90, 99 and 99.9 per cent are as far from each other.
    Nines,
}

impl Axis {
    pub(crate) fn linear(name: &'static str, label: fn(f64) -> String) -> Self {
        Self { name, scale: Scale::Linear, label }
    }

    pub(crate) fn counted(name: &'static str) -> Self {
        Self { name, scale: Scale::Counted, label: whole }
    }

    pub(crate) fn logarithmic(name: &'static str, label: fn(f64) -> String) -> Self {
        Self { name, scale: Scale::Logarithmic, label }
    }

    pub(crate) fn percentiles(name: &'static str) -> Self {
        Self { name, scale: Scale::Nines, label: |per_cent| format!("{per_cent} %") }
    }

    /// The axis of these values.
    pub(super) fn ruler(&self, values: impl Iterator<Item = f64> + Clone) -> Ruler {
        let range = self.range(values);
        Ruler { range, ticks: self.ticks(range).into_iter().map(|place| (place, self.text(place))).collect() }
    }

    /// The place of a value.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear | Scale::Counted => value,
            Scale::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
            Scale::Nines => -(1.0 - value.min(99.9999) / 100.0).log10(),
        }
    }

    /// From where to where the axis of these values goes, by their places.
    fn range(&self, values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let least = values.clone().map(|value| self.place(value)).fold(f64::INFINITY, f64::min);
        let most = values.map(|value| self.place(value)).fold(f64::NEG_INFINITY, f64::max);
        if !least.is_finite() {
            return (0.0, 1.0);
        }
        match self.scale {
            Scale::Linear => (0.0, most.max(f64::MIN_POSITIVE) * 1.1),
            Scale::Counted => (least, most.max(least + 1.0)),
            // Whole decades.
            Scale::Logarithmic => (least.floor(), most.ceil().max(least.floor() + 1.0)),
            Scale::Nines => (0.0, most.max(1.0)),
        }
    }

    /// The places in a range that are written.
    fn ticks(&self, (from, to): (f64, f64)) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = step(to - from);
                (0..).map(|index| f64::from(index) * step).take_while(|&place| place <= to).collect()
            }
            Scale::Counted if to - from > 9.0 => {
                let step = step(to - from).max(1.0);
                let first = (from / step).ceil() as i64;
                (first..).map(|index| index as f64 * step).take_while(|&place| place <= to).collect()
            }
            // What 99.99 per cent comes to is a little less than 4.
            _ => (from.ceil() as i64..=(to + 1e-6).floor() as i64).map(|place| place as f64).collect(),
        }
    }

    /// What is written at a place.
    fn text(&self, place: f64) -> String {
        (self.label)(match self.scale {
            Scale::Linear | Scale::Counted => place,
            Scale::Logarithmic => 10f64.powf(place),
            // Rounded, because 99.9 is not exactly what comes out.
            Scale::Nines => ((1.0 - 10f64.powf(-place)) * 1e6).round() / 1e4,
        })
    }
}

/// A round number of which a range has four to eight.
fn step(range: f64) -> f64 {
    let least = range / 8.0;
    let decade = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|round| round * decade).into_iter().find(|&step| step >= least).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, values: &[f64]) -> Vec<String> {
        axis.ruler(values.iter().copied()).ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn what_is_written_is_round() {
        assert_eq!(texts(&Axis::linear("", whole), &[107.0, 391.0]), ["0", "100", "200", "300", "400"]);
        assert_eq!(texts(&Axis::counted(""), &[1.0, 2.0, 4.0]), ["1", "2", "3", "4"]);
        assert_eq!(texts(&Axis::counted(""), &[1.0, 96.0]), ["20", "40", "60", "80"]);
        assert_eq!(
            texts(&Axis::logarithmic("", whole), &[10.0, 100_000.0]),
            ["10", "100", "1,000", "10,000", "100,000"]
        );
        assert_eq!(texts(&Axis::percentiles(""), &[50.0, 99.99]), ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }

    #[test]
    fn nothing_and_one_value_have_axes_too() {
        for values in [&[][..], &[10.0], &[0.0]] {
            for axis in
                [Axis::linear("", whole), Axis::counted(""), Axis::logarithmic("", whole), Axis::percentiles("")]
            {
                let Ruler { range: (from, to), ticks } = axis.ruler(values.iter().copied());
                assert!(from < to && ticks.len() < 10, "{values:?}: {from} to {to}, {ticks:?}");
            }
        }
    }
}
