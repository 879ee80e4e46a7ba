//! Lines over two axes.

use plotters::prelude::*;

use super::axis::Axis;
use super::{INK, Plot, SERIES, svg, text};

/// A plot of lines.
pub(crate) struct LinePlot {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
}

/// One line.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (820, 420);
/// Above the lines: the title, and what each line is.
const HEAD: u32 = 64;

impl LinePlot {
    pub(crate) fn draw(&self) -> anyhow::Result<Plot> {
        let mut drawn = String::new();
        self.draw_on(&SVGBackend::with_string(&mut drawn, SIZE).into_drawing_area())?;
        Ok(Plot { name: self.name, title: self.title, svg: svg::finish(&drawn, self.title) })
    }

    fn draw_on(&self, area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> anyhow::Result<()> {
        let Self { title, x, y, lines, .. } = self;
        let points = || lines.iter().flat_map(|line| &line.points);
        let across = x.ruler(points().map(|point| point.0));
        let up = y.ruler(points().map(|point| point.1));
        let (head, body) = area.split_vertically(HEAD);
        head.draw(&Text::new(*title, (12, 10), text(20)))?;
        let mut left = 12;
        for (line, color) in lines.iter().zip(SERIES.iter().cycle()) {
            head.draw(&PathElement::new([(left, 48), (left + 20, 48)], color.stroke_width(3)))?;
            head.draw(&Text::new(line.name.as_str(), (left + 26, 40), text(16)))?;
            // The width of text is not known: letters are about half as wide as they are high.
            left += 26 + line.name.chars().count() as i32 * 7 + 20;
        }
        let mut chart = ChartBuilder::on(&body)
            .margin(12)
            .margin_right(28)
            .x_label_area_size(46)
            .y_label_area_size(84)
            .build_cartesian_2d(across, up)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(INK.mix(0.12))
            .axis_style(INK.mix(0.4))
            .label_style(text(15))
            .axis_desc_style(text(15))
            .x_desc(x.name)
            .y_desc(y.name)
            .draw()?;
        for (line, color) in lines.iter().zip(SERIES.iter().cycle()) {
            let places: Vec<(f64, f64)> =
                line.points.iter().map(|&(at, value)| (x.place(at), y.place(value))).collect();
            chart.draw_series(LineSeries::new(places.iter().copied(), color.stroke_width(3)))?;
            chart.draw_series(places.into_iter().map(|place| Circle::new(place, 4, color.filled())))?;
        }
        area.present()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(lines: Vec<Line>) -> Plot {
        let x = Axis::logarithmic("senders", crate::figure::whole);
        let y = Axis::linear("a decision", crate::figure::time);
        LinePlot { name: "latency", title: "Latency & more", x, y, lines }.draw().expect("a plot")
    }

    #[test]
    fn a_plot_has_its_lines_and_the_ink_of_the_page() {
        let line = |name: &str| Line { name: name.into(), points: vec![(10.0, 100.0), (1_000.0, 120.0)] };
        let svg = plot(vec![line("native <b>"), line("single")]).svg;
        for part in
            ["<title>Latency &amp; more</title>", "native &lt;b&gt;", "1,000", "100 ns", "#3B82F6", "currentColor"]
        {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
        assert!(!svg.contains("#010101"));
    }

    #[test]
    fn a_file_follows_who_looks_at_it_and_a_page_says_itself() {
        let plot = plot(Vec::new());
        assert!(plot.standalone().contains("prefers-color-scheme") && !plot.inline().contains("<style"));
    }
}
