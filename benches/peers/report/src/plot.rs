//! Plots as SVG, drawn by plotters, in the colours of the page that they are on.

pub(crate) mod axis;
pub(crate) mod bars;
pub(crate) mod lines;
mod ruler;
mod svg;

use plotters::style::{FontFamily, IntoFont, RGBColor, TextStyle};

/// A drawn plot.
#[derive(Debug)]
pub(crate) struct Plot {
    /// What its file is called.
    name: &'static str,
    pub(crate) title: &'static str,
    svg: String,
}

impl Plot {
    /// The file of its own.
    pub(crate) fn file(&self) -> String {
        format!("{}.svg", self.name)
    }

    /// As a part of a page, which says the colour of text.
    pub(crate) fn inline(&self) -> &str {
        &self.svg
    }

    /// As a file, which follows whoever looks at it.
    pub(crate) fn standalone(&self) -> String {
        svg::standalone(&self.svg)
    }
}

/// Text, axes and grid: it becomes the colour of the page's text.
const INK: RGBColor = RGBColor(1, 1, 1);

/// Series: each can be told apart on light and on dark ground.
const SERIES: [RGBColor; 6] = [
    RGBColor(0x3b, 0x82, 0xf6),
    RGBColor(0xe8, 0x86, 0x0c),
    RGBColor(0x22, 0xa0, 0x6b),
    RGBColor(0xa8, 0x55, 0xf7),
    RGBColor(0xe5, 0x48, 0x4d),
    RGBColor(0x8b, 0x94, 0x9e),
];

/// The style of text.
fn text(size: i32) -> TextStyle<'static> {
    TextStyle::from((FontFamily::Name("system-ui, sans-serif"), size).into_font()).color(&INK)
}
