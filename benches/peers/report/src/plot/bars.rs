//! Bars from the left, over a logarithmic axis.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::ruler::Ruler;
use super::{INK, Plot, SERIES, svg, text};

/// A plot of bars.
pub(crate) struct BarPlot {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What is written beside a bar.
    pub(crate) label: fn(f64) -> String,
    /// Bars whose name begins with this are what it is about.
    pub(crate) marked: &'static str,
    /// From the top.
    pub(crate) bars: Vec<Bar>,
}

/// One bar.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
}

const WIDTH: u32 = 820;
const HEAD: u32 = 40;
const BAR: u32 = 30;
/// Below the bars: what the axis says.
const FOOT: u32 = 60;
const NAMES: u32 = 250;

impl BarPlot {
    pub(crate) fn draw(&self) -> anyhow::Result<Plot> {
        let mut drawn = String::new();
        let size = (WIDTH, HEAD + BAR * self.bars.len() as u32 + FOOT);
        self.draw_on(&SVGBackend::with_string(&mut drawn, size).into_drawing_area())?;
        Ok(Plot { name: self.name, title: self.title, svg: svg::finish(&drawn, self.title) })
    }

    fn draw_on(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> anyhow::Result<()> {
        let axis = Axis::logarithmic("a decision; every line is ten times the one before", self.label);
        let across = axis.ruler(self.bars.iter().map(|bar| bar.value));
        let (from, _) = across.range;
        // The first bar is at the top.
        let bars = || (0..).map(|index| f64::from(index) + 0.5).zip(self.bars.iter().rev());
        let names = Ruler {
            range: (0.0, self.bars.len() as f64),
            ticks: bars().map(|(middle, bar)| (middle, bar.name.clone())).collect(),
        };
        let (head, body) = area.split_vertically(HEAD);
        head.draw(&Text::new(self.title, (12, 10), text(20)))?;
        let mut chart = ChartBuilder::on(&body)
            .margin_right(84)
            .margin_bottom(8)
            .x_label_area_size(FOOT - 16)
            .y_label_area_size(NAMES)
            .build_cartesian_2d(across, names)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .max_light_lines(0)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.4))
            .label_style(text(15))
            .axis_desc_style(text(15))
            .x_desc(axis.name)
            .draw()?;
        let beside = text(15).pos(Pos::new(HPos::Left, VPos::Center));
        for (middle, bar) in bars() {
            let color = if bar.name.starts_with(self.marked) { SERIES[0] } else { SERIES[5] };
            let end = axis.place(bar.value);
            chart.draw_series([Rectangle::new([(from, middle - 0.32), (end, middle + 0.32)], color.filled())])?;
            let label = Text::new((self.label)(bar.value), (6, 0), beside.clone());
            chart.draw_series([EmptyElement::at((end, middle)) + label])?;
        }
        area.present()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_has_its_name_and_its_figure() {
        let bar = |name: &str, value| Bar { name: name.into(), value };
        let bars = vec![bar("Callsign, single", 210.0), bar("LuaJIT, indexed", 1_050.0)];
        let plot = BarPlot { name: "engines", title: "Engines", label: crate::figure::time, marked: "Callsign", bars };
        let svg = plot.draw().expect("a plot").svg;
        for part in ["Callsign, single", "LuaJIT, indexed", "210 ns", "1.05 us", "#3B82F6", "#8B949E"] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
    }
}
