//! The report as Markdown.

use std::fmt::Write;

use crate::document::{Block, Document};
use crate::table::Table;

pub(crate) fn render(document: &Document) -> String {
    let mut out = format!("# {}\n", document.title);
    for section in &document.sections {
        let _ = write!(out, "\n## {}\n", section.title);
        for block in &section.blocks {
            out.push('\n');
            match block {
                Block::Text(text) => out.push_str(&escape(text)),
                Block::Markdown(text) => out.push_str(text.trim_end()),
                Block::Table(table) => out.push_str(render_table(table).trim_end()),
                Block::Plot(plot) => {
                    let _ = write!(out, "![{}]({})", escape(plot.title), plot.file());
                }
            }
            out.push('\n');
        }
    }
    out
}

fn render_table(table: &Table) -> String {
    let line =
        |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| escape(cell)).collect::<Vec<_>>().join(" | "));
    let rule: Vec<&str> =
        (0..table.head.len()).map(|column| if column < table.words { "---" } else { "---:" }).collect();
    let mut out = line(&table.head);
    let _ = writeln!(out, "| {} |", rule.join(" | "));
    table.rows.iter().for_each(|row| out.push_str(&line(row)));
    out
}

/// Words that come from a file, so that they are words and not marks.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' => out.extend(['\\', character]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_to_the_right_and_words_stay_words() {
        let mut table = Table::new(1, ["engine", "ns"]);
        table.row(["a|b <i>*x*</i>", "1,000"]);
        assert_eq!(render_table(&table), "| engine | ns |\n| --- | ---: |\n| a\\|b &lt;i>\\*x\\*&lt;/i> | 1,000 |\n");
    }
}
