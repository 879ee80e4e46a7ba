//! The report before it is Markdown or a page.

use crate::input::Inputs;
use crate::plot::Plot;
use crate::section::{
    change, decision, engines, instructions, languages, lines, machine, start, storm, targets, threads,
};
use crate::table::Table;

/// The report.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) title: &'static str,
    pub(crate) sections: Vec<Section>,
}

/// A part of the report.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug)]
pub(crate) enum Block {
    /// A paragraph.
    Text(String),
    /// Markdown that was written by hand.
    Markdown(String),
    Table(Table),
    Plot(Plot),
}

impl Document {
    /// Makes the report of what there is.
    ///
    /// # Errors
    /// A plot that cannot be drawn.
    pub(crate) fn new(inputs: &Inputs) -> anyhow::Result<Self> {
        let mut sections = Vec::from_iter(inputs.machine.as_ref().map(machine::section));
        sections.push(targets::section(inputs));
        if let Some(rows) = &inputs.decision {
            sections.push(decision::section(rows)?);
        }
        sections.extend(engines::section(inputs.policy.as_deref(), inputs.peers.as_deref())?);
        sections.extend(inputs.change.as_ref().map(change::section));
        if let Some(rows) = &inputs.threads {
            sections.push(threads::section(rows)?);
        }
        if let Some(rows) = &inputs.storm {
            sections.push(storm::section(rows)?);
        }
        sections.extend(inputs.start.as_deref().map(start::section));
        sections.extend(inputs.lines.as_ref().map(lines::section));
        sections.extend(inputs.languages.as_deref().map(languages::section));
        sections.extend(inputs.instructions.as_deref().map(instructions::section));
        sections.extend(missing(&inputs.missing));
        Ok(Self { title: "Callsign: what it costs", sections })
    }

    /// Every plot in it.
    pub(crate) fn plots(&self) -> impl Iterator<Item = &Plot> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Plot(plot) => Some(plot),
            _ => None,
        })
    }
}

fn missing(benches: &[&str]) -> Option<Section> {
    let words = format!("These benches have not run: {}.", benches.join(", "));
    (!benches.is_empty()).then(|| Section { title: "Not in this report", blocks: vec![Block::Text(words)] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{html, markdown, sample};

    #[test]
    fn everything_is_in_a_report_of_everything() {
        let document = Document::new(&sample::inputs()).expect("a report");
        let text = markdown::render(&document);
        for title in ["What must hold", "A decision", "Other engines", "A change", "Threads", "A storm", "Instructions"]
        {
            assert!(text.contains(&format!("## {title}")), "{title}\n{text}");
        }
        assert!(!text.contains("Not in this report"));
        let files: Vec<String> = document.plots().map(Plot::file).collect();
        assert_eq!(files, ["latency.svg", "engines.svg", "threads.svg", "storm.svg"]);
    }

    #[test]
    fn what_was_not_measured_is_left_out_and_said() {
        let inputs = Inputs { missing: vec!["decision", "change"], ..Inputs::default() };
        let document = Document::new(&inputs).expect("a report");
        for text in [markdown::render(&document), html::render(&document)] {
            assert!(text.contains("Not in this report") && text.contains("decision, change"), "{text}");
            assert!(text.contains("not measured") && !text.contains("A decision"), "{text}");
        }
    }
}
