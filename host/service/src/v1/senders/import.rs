//! The import of many senders: all of them in one revision, or none.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use callsign::{Catalog, CatalogError, Revision, Sender, input};
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::changes;
use super::export::Format;
use super::merge::{completed, count_changes, keep_other_attributes};
use super::rows;
use crate::change::raw;
use crate::fault::{Fault, Violation};
use crate::http::{Answer, Caller, Json, Parameters, Problems, plain, quoted};
use crate::service::{Plan, Service, View};

/// The most faults that are reported.
const MOST_FAULTS: usize = 100;

/// The most senders that a dry run lists.
const MOST_PREVIEWED: usize = 1_000;

/// The result of an import.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::v1) struct Imported {
    /// How many senders are new.
    created: usize,
    /// How many replaced a sender with the same id, changed or not.
    replaced: usize,
    /// Of how many of these each field has changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    changed: BTreeMap<&'static str, usize>,
    /// With `dryRun=true`: the first 1,000 senders that would be new or change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    preview: Vec<PreviewedSender>,
}

/// A sender that an import would make or change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PreviewedSender {
    sender_id: String,
    /// The line of the import.
    line: u64,
    /// The fields that would change; none of a new sender.
    fields: Vec<&'static str>,
}

/// Senders that were read, each with its line.
struct Lines {
    catalog: Catalog,
    lines: Vec<u64>,
    /// Those that leave something out which their senders have, by their places.
    partial: HashSet<usize>,
    /// What that was taken from.
    known: Arc<Revision>,
}

/// The state of reading.
struct Reading {
    known: Arc<Revision>,
    /// `{"senders":[` and what comes after it.
    text: String,
    lines: Vec<u64>,
    partial: HashSet<usize>,
    faults: Vec<(u64, Violation)>,
}

impl Reading {
    fn row(&mut self, line: u64, row: &RawValue) {
        self.text.push(if self.lines.is_empty() { ' ' } else { ',' });
        match completed(self.known.catalog(), row) {
            Some(whole) => {
                self.partial.insert(self.lines.len());
                self.text.push_str(whole.get());
            }
            None => self.text.push_str(row.get()),
        }
        self.lines.push(line);
    }

    /// A row of a table that has columns for some attributes.
    fn table_row(&mut self, line: u64, mut row: Map<String, Value>, columns: &[String]) {
        if keep_other_attributes(self.known.catalog(), &mut row, columns) {
            self.partial.insert(self.lines.len());
        }
        self.row(line, &raw(&row));
    }

    /// Checks all senders together, as a catalog file.
    fn finish(mut self) -> Result<Lines, Fault> {
        match Catalog::from_json(&format!("{{\"senders\":[{}]}}", self.text)) {
            Ok(catalog) if self.faults.is_empty() => {
                let Self { lines, partial, known, .. } = self;
                return Ok(Lines { catalog, lines, partial, known });
            }
            Ok(_) => {}
            Err(CatalogError::Faults(found)) => {
                for fault in &found {
                    let (line, property) = self.place(&fault.path);
                    // The client knows the other sender by its line.
                    let message = match &fault.earlier {
                        Some(earlier) => fault.message.replace(earlier, &format!("line {}", self.place(earlier).0)),
                        None => fault.message.clone(),
                    };
                    self.faults.push((line, Violation::new(property, message)));
                }
            }
            Err(error) => self.faults.push((1, Violation::new("", error.to_string()))),
        }
        // Faults of one line stay in the order in which they were found.
        self.faults.sort_by_key(|(line, _)| *line);
        let faults = self.faults.into_iter().take(MOST_FAULTS).map(|(line, Violation { property, violation })| {
            let property =
                if property.is_empty() { format!("line {line}") } else { format!("line {line}: {property}") };
            Violation { property, violation }
        });
        Err(Fault::invalid(faults.collect()))
    }

    /// The line and the rest of a path such as `$.senders[3].coverage`.
    fn place(&self, path: &str) -> (u64, String) {
        let inside = path.strip_prefix("$.senders[").and_then(|rest| rest.split_once(']'));
        let Some((index, rest)) = inside else { return (1, path.to_owned()) };
        let line = index.parse::<usize>().ok().and_then(|index| self.lines.get(index)).copied();
        (line.unwrap_or(1), rest.trim_start_matches('.').to_owned())
    }
}

/// Reads senders.
///
/// # Errors
/// 400, with the first 100 faults, each with its line.
fn read(bytes: &[u8], format: Format, known: Arc<Revision>) -> Result<Lines, Fault> {
    if let Some(found) = input::not_text(bytes) {
        let right = match found.command {
            Some(command) => format!("send what `{command} FILE` writes"),
            None => "send the sheet as CSV".to_owned(),
        };
        return Err(Fault::property("line 1", format!("is {found}; expected text in UTF-8: {right}")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Fault::property(format!("line {line}"), "is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reading =
        Reading { known, text: String::new(), lines: Vec::new(), partial: HashSet::new(), faults: Vec::new() };
    match format {
        Format::Csv => {
            let reading = std::cell::RefCell::new(&mut reading);
            let fault = |line, violation| reading.borrow_mut().faults.push((line, violation));
            rows::read(text, |line, row, columns| reading.borrow_mut().table_row(line, row, columns), fault);
        }
        Format::JsonLines => {
            for (line, json) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
                match serde_json::from_str::<&RawValue>(json) {
                    Ok(value) => reading.row(line, value),
                    Err(error) => {
                        let text = format!("is not JSON: {} at column {}", plain(&error), error.column());
                        reading.faults.push((line, Violation::new("", text)));
                    }
                }
            }
        }
    }
    reading.finish()
}

/// Registers senders, one a line: JSON objects, or CSV (`Content-Type: text/csv`) with the columns `senderId`,
/// `sender`, `senderType`, `status`, `coverage` (written as `SMS:US|CA;SMS:SG:PENDING;MMS:*`), `messageTypes` (written as
/// `OTP|TRANSACTIONAL`), `weight`, and `attribute.NAME` for attributes.
///
/// All of them take effect in one revision, or none. With `mode=insert` none may exist already; otherwise existing ones
/// get the fields and columns that are there: what is left out stays as it is, so a sender that is suspended stays
/// suspended in an import without `status`. The answer counts what changed, by field. With `dryRun=true` nothing is changed,
/// and the answer says what would be.
#[utoipa::path(post, path = "/v1/senders/import", tag = "senders",
    params(("mode" = Option<String>, Query, description = "`upsert`, the default, or `insert`"),
        ("dryRun" = Option<bool>, Query)),
    request_body(content((String = "application/x-ndjson"), (String = "text/csv"))),
    responses((status = 200, body = Imported), Problems))]
pub(in crate::v1) async fn import(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Json<Imported>> {
    let is_insert = parameters.word("mode", &["upsert", "insert"])? == Some("insert");
    let is_dry_run = parameters.word("dryRun", &["true", "false"])? == Some("true");
    let format = Format::of(&headers, header::CONTENT_TYPE);
    let known = service.revision();
    let read = tokio::task::spawn_blocking(move || read(&body, format, known)).await;
    let lines = read.map_err(Fault::internal)??;
    let plan = move |view: &View| {
        let there: HashMap<&str, &Sender> =
            view.catalog().senders().iter().map(|sender| (&*sender.id, sender)).collect();
        let mut all = Vec::new();
        let mut imported = Imported { created: 0, replaced: 0, changed: BTreeMap::new(), preview: Vec::new() };
        let mut exist = Vec::new();
        for (place, (sender, line)) in lines.catalog.senders().iter().zip(&lines.lines).enumerate() {
            let before = there.get(&*sender.id).copied();
            if lines.partial.contains(&place)
                && before != lines.known.catalog().sender(&sender.id).map(|(_, known)| known)
            {
                let text = format!("the sender {} was changed meanwhile: send the import again", quoted(&sender.id));
                return Err(Fault::conflict(text));
            }
            let mut fields = BTreeMap::new();
            match before {
                None => imported.created += 1,
                Some(_) if is_insert && exist.len() < MOST_FAULTS => {
                    let text = format!("the sender {} exists already", quoted(&sender.id));
                    exist.push(Violation::new(format!("line {line}: senderId"), text));
                }
                Some(before) => {
                    imported.replaced += 1;
                    count_changes(before, sender, &mut fields);
                }
            }
            for field in fields.keys() {
                *imported.changed.entry(field).or_default() += 1;
            }
            if is_dry_run && imported.preview.len() < MOST_PREVIEWED && (before.is_none() || !fields.is_empty()) {
                let fields = fields.into_keys().collect();
                imported.preview.push(PreviewedSender { sender_id: sender.id.to_string(), line: *line, fields });
            }
            all.extend(changes(before, sender));
        }
        if !exist.is_empty() {
            let fault = Fault::invalid(exist);
            return Err(Fault { violations: fault.violations, ..Fault::conflict(fault.text) });
        }
        if is_dry_run {
            all.clear();
        }
        Ok(Plan::new(all, Json(imported)))
    };
    service.change(caller.author().alone(), plan).await
}
