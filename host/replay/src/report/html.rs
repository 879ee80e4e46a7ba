//! A report as one page, without a script and without anything from elsewhere.

use std::fmt::Write;

use super::plot;
use super::words::{grouped, time_text};
use super::{Example, Part, WhatIfReport, percent};
use crate::change::Change;

/// How many rows of a table are on the page; the JSON form has more.
const ROWS: usize = 50;

const STYLE: &str = "\
:root{color-scheme:light dark;--page:#fcfcfb;--text:#1b1b1a;--soft:#6b6a66;--line:#e4e3df;--card:#f3f2ee;--before:#8a94a6;\
--after:#2a6fd6;--warn:#b4400f}\
@media(prefers-color-scheme:dark){:root{--page:#171716;--text:#ecebe7;--soft:#a3a19b;--line:#33322f;--card:#22211f;\
--before:#7d8798;--after:#6ea3f2;--warn:#f08a5b}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif}\
main{max-width:1000px;margin:0 auto;padding:32px 20px 64px}\
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:40px 0 10px}p{margin:4px 0}\
.soft{color:var(--soft)}.warn{color:var(--warn)}\
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0}\
.card{background:var(--card);border-radius:10px;padding:14px 16px}\
.card b{display:block;font-size:24px;font-variant-numeric:tabular-nums}\
.card span{color:var(--soft);font-size:13px}\
.wide{overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}\
th{font-weight:600;color:var(--soft);font-size:13px}\
th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;overflow-wrap:anywhere}\
svg{display:block;width:100%;height:auto;margin-top:8px}\
svg text{fill:var(--text);font-size:12px}svg .value{fill:var(--soft);font-size:11px}\
.before{fill:var(--before)}.after{fill:var(--after)}.grid{stroke:var(--line);stroke-width:1}\
.key i{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 6px 0 14px}\
.key i:first-child{margin-left:0}.key .b{background:var(--before)}.key .a{background:var(--after)}\
details{border-bottom:1px solid var(--line);padding:7px 0}summary{cursor:pointer;overflow-wrap:anywhere}\
.two{display:grid;grid-template-columns:1fr 1fr;gap:14px}.two>div{min-width:0}\
@media(max-width:720px){.two{grid-template-columns:1fr}}\
pre{background:var(--card);border-radius:8px;padding:10px 12px;overflow-x:auto;font:12px/1.45 ui-monospace,monospace}";

impl WhatIfReport {
    /// The report as one page of HTML, for light and dark screens. It has no script and refers to nothing outside.
    pub fn to_html(&self) -> String {
        let mut page = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        page.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        page.push_str("<title>What if: recorded decisions</title><style>");
        page.push_str(STYLE);
        page.push_str("</style></head><body><main>\n");
        self.head(&mut page);
        self.cards(&mut page);
        self.plots(&mut page);
        self.kinds(&mut page);
        self.steps_table(&mut page);
        parts(&mut page, "By channel", &self.channels);
        parts(&mut page, "By country", &self.countries);
        parts(&mut page, "By entity", &self.entities);
        self.refusals_table(&mut page);
        self.senders_table(&mut page);
        self.examples_list(&mut page);
        page.push_str("</main></body></html>\n");
        page
    }

    fn head(&self, page: &mut String) {
        page.push_str("<h1>What if</h1>\n");
        for line in &self.instead {
            let _ = writeln!(page, "<p>{}</p>", escaped(line));
        }
        if let Some((first, last)) = self.period {
            let (first, last) = (time_text(first), time_text(last));
            let _ = writeln!(page, "<p class=\"soft\">Decisions recorded from {first} to {last}</p>");
        }
        if !self.is_complete {
            page.push_str("<p class=\"warn\">Only a part of the log was read.</p>\n");
        }
        for (reason, records) in self.not_compared.iter() {
            let (records, words) = (grouped(records), reason.words());
            let _ = writeln!(page, "<p class=\"warn\">{records} records not compared: {words}</p>");
        }
        for line in self.missing.iter().chain(&self.faults) {
            let _ = writeln!(page, "<p class=\"warn\">{}</p>", escaped(line));
        }
    }

    fn cards(&self, page: &mut String) {
        page.push_str("<div class=\"cards\">");
        for (number, words) in [
            (grouped(self.compared), "decisions compared".to_owned()),
            (format!("{:.2} %", percent(self.changed, self.compared)), format!("{} change", grouped(self.changed))),
            (grouped(self.of_change(Change::NewRefusal)), "newly refused".to_owned()),
            (grouped(self.of_change(Change::RefusalGone)), "no longer refused".to_owned()),
            (
                grouped(self.pins.moved.decisions),
                format!("pins that would move, of {} recipients", grouped(self.pins.moved.recipients)),
            ),
        ] {
            let _ = write!(page, "<div class=\"card\"><b>{number}</b><span>{words}</span></div>");
        }
        page.push_str("</div>\n");
    }

    fn plots(&self, page: &mut String) {
        if let Some(svg) = plot::over_time(self) {
            let _ = writeln!(page, "<h2>Changes over time</h2>\n{svg}");
        }
        if let Some(svg) = plot::loads(self) {
            page.push_str(
                "<h2>Load of senders</h2>\n<p class=\"key soft\"><i class=\"b\"></i>before<i class=\"a\"></i>after; \
                           those with the greatest difference</p>\n",
            );
            let _ = writeln!(page, "{svg}");
        }
    }

    fn kinds(&self, page: &mut String) {
        let row = |words: &str, decisions: u64| {
            vec![words.to_owned(), grouped(decisions), format!("{:.3} %", percent(decisions, self.compared))]
        };
        let mut rows: Vec<_> = self.changes.iter().map(|count| row(count.change.words(), count.decisions)).collect();
        for (words, count) in [
            ("pins that would move", self.pins.moved),
            ("pins that would be new", self.pins.new),
            ("pins that would not be made", self.pins.gone),
        ] {
            rows.push(row(words, count.decisions));
        }
        table(page, "What changes", &["", "decisions", "share"], rows);
    }

    fn steps_table(&self, page: &mut String) {
        let rows = self.steps.iter().filter(|flow| flow.before != flow.after).take(ROWS).map(|flow| {
            vec![
                format!("{} → {}", flow.before, flow.after),
                grouped(flow.decisions),
                format!("{:.3} %", percent(flow.decisions, self.compared)),
            ]
        });
        table(page, "By step", &["from and to", "decisions", "share"], rows.collect());
    }

    fn refusals_table(&self, page: &mut String) {
        let rows = self.refusals.iter().take(ROWS).map(|one| {
            let counts = [one.before, one.after, one.new, one.gone].map(grouped);
            [one.code.clone()].into_iter().chain(counts).collect()
        });
        let head = ["code", "before", "after", "newly refused", "no longer refused"];
        table(page, "Refusals", &head, rows.collect());
    }

    fn senders_table(&self, page: &mut String) {
        let all_before: u64 = self.senders.iter().map(|sender| sender.before).sum();
        let all_after: u64 = self.senders.iter().map(|sender| sender.after).sum();
        let rows = self.senders.iter().take(ROWS).map(|sender| {
            let name = match &sender.sender {
                Some(shown) if *shown != sender.sender_id => format!("{} ({shown})", sender.sender_id),
                _ => sender.sender_id.clone(),
            };
            let per_weight = sender.weight.map(|weight| grouped(sender.after / u64::from(weight.max(1))));
            vec![
                name,
                sender.weight.map_or("–".to_owned(), |weight| weight.to_string()),
                grouped(sender.before),
                format!("{:.2} %", percent(sender.before, all_before)),
                grouped(sender.after),
                format!("{:.2} %", percent(sender.after, all_after)),
                per_weight.unwrap_or_else(|| "–".to_owned()),
            ]
        });
        let head = ["sender", "weight", "before", "share", "after", "share", "after, for each unit of weight"];
        table(page, "Load of each sender", &head, rows.collect());
        let shown = self.senders.len().min(ROWS) as u64;
        if self.senders_in_all > shown {
            let (shown, all) = (grouped(shown), grouped(self.senders_in_all));
            let _ = writeln!(page, "<p class=\"soft\">{shown} of {all} senders, the greatest difference first</p>");
        }
    }

    fn examples_list(&self, page: &mut String) {
        for count in &self.changes {
            let mut examples = self.examples.iter().filter(|one| one.change == count.change).peekable();
            if examples.peek().is_some() {
                let _ = writeln!(page, "<h2>Examples: {}</h2>", count.change.words());
            }
            examples.for_each(|one| example(page, one));
        }
    }
}

fn example(page: &mut String, example: &Example) {
    let scope = match &example.entity_id {
        Some(entity) => format!("{} / {entity}", example.application_id),
        None => example.application_id.clone(),
    };
    let id = example.message_id.as_deref().unwrap_or("message");
    let country = example.country.map(|country| format!(" ({country})")).unwrap_or_default();
    let head = format!(
        "{id}, {scope}, {} to {}{country}: {} → {}",
        example.channel, example.to, example.before, example.after
    );
    let _ =
        write!(page, "<details><summary>{}</summary><p class=\"soft\">{}</p>", escaped(&head), time_text(example.time));
    page.push_str("<div class=\"two\">");
    for (title, answer, explanation) in [
        ("before", &example.before, &example.explanation_before),
        ("after", &example.after, &example.explanation_after),
    ] {
        let words = explanation.as_deref().unwrap_or("The catalog or the module is not there to explain it.");
        let _ = write!(
            page,
            "<div><p><b>{title}</b>: {}</p><pre>{}</pre></div>",
            escaped(&answer.to_string()),
            escaped(words)
        );
    }
    page.push_str("</div></details>\n");
}

fn parts(page: &mut String, title: &str, parts: &[Part]) {
    let rows = parts.iter().take(ROWS).map(|part| {
        vec![
            part.name.clone(),
            grouped(part.compared),
            grouped(part.changed),
            format!("{:.3} %", percent(part.changed, part.compared)),
        ]
    });
    table(page, title, &["", "compared", "changed", "share"], rows.collect());
}

/// A table, unless it has no row.
fn table(page: &mut String, title: &str, head: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "<h2>{title}</h2><div class=\"wide\"><table><tr>");
    head.iter().for_each(|cell| page.push_str(&format!("<th>{cell}</th>")));
    page.push_str("</tr>");
    for row in rows {
        page.push_str("<tr>");
        row.iter().for_each(|cell| page.push_str(&format!("<td>{}</td>", escaped(cell))));
        page.push_str("</tr>");
    }
    page.push_str("</table></div>\n");
}

/// A text for a page: nothing in it is markup, and no control character is hidden in it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            // Marks of direction turn the text after them around.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}
