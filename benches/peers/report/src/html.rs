//! The report as a page that stands alone: its style and its plots are in it, and there are no scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{Event, Parser};

use crate::document::{Block, Document, Section};
use crate::table::Table;

pub(crate) fn render(document: &Document) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                main {
                    h1 { (document.title) }
                    @for part in &document.sections { (section(part)) }
                }
            }
        }
    };
    page.into_string()
}

fn section(section: &Section) -> Markup {
    html! {
        section {
            h2 { (section.title) }
            @for block in &section.blocks {
                @match block {
                    Block::Text(text) => p { (text) },
                    Block::Markdown(text) => (markdown(text)),
                    Block::Table(table) => (render_table(table)),
                    Block::Plot(plot) => figure { (PreEscaped(plot.inline())) },
                }
            }
        }
    }
}

fn render_table(table: &Table) -> Markup {
    let class = |column: usize| if column < table.words { "words" } else { "figure" };
    html! {
        div.scrolls {
            table {
                thead { tr { @for (column, cell) in table.head.iter().enumerate() { th class=(class(column)) { (cell) } } } }
                tbody {
                    @for row in &table.rows {
                        tr class=[row.last().filter(|last| VERDICTS.contains(&last.as_str()))] {
                            @for (column, cell) in row.iter().enumerate() { td class=(class(column)) { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// Last cells by which a row is coloured.
const VERDICTS: [&str; 2] = ["held", "missed"];

/// Markdown without the HTML that may be in it: it becomes text.
fn markdown(text: &str) -> Markup {
    let events = Parser::new(text).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        event => event,
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, events);
    PreEscaped(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn what_comes_from_files_is_text() {
        let mut table = Table::new(1, ["engine", "ns"]);
        table.row(["<script>alert(1)</script> & more", "1"]);
        let row = render_table(&table).into_string();
        assert!(row.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"), "{row}");
        let notes = markdown("*why* <script>alert(1)</script>").into_string();
        assert_eq!(notes, "<p><em>why</em> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
    }

    #[test]
    fn the_page_stands_alone() {
        let page = render(&Document::new(&sample::inputs()).expect("a report"));
        // The namespace of SVG is the only address.
        assert_eq!(page.replace("http://www.w3.org/2000/svg", "").find("http"), None);
        for no in ["<script", "<link", "src=", "url("] {
            assert!(!page.contains(no), "{no}");
        }
        assert!(page.contains("prefers-color-scheme: dark") && page.contains("<tr class=\"missed\">"));
    }
}
