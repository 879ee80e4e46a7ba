//! The import of many senders: all of them in one revision, or none.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use callsign::{Catalog, CatalogError, Sender, input};
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::super::element::members;
use super::changes;
use super::export::Format;
use super::merge::{Given, count_changes, merged};
use super::rows;
use crate::fault::{Fault, Violation};
use crate::http::{Answer, Caller, Json, Parameters, Problems, plain, quoted};
use crate::service::{Plan, Service, View};

/// The most faults that are reported.
const MOST_FAULTS: usize = 100;

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
}

/// Senders that were read, each with its line and which fields that has.
struct Lines {
    catalog: Catalog,
    lines: Vec<(u64, Given)>,
    /// The attributes that a table has columns for.
    columns: Option<Vec<String>>,
}

/// The state of reading.
#[derive(Default)]
struct Reading {
    /// `{"senders":[` and what comes after it.
    text: String,
    lines: Vec<(u64, Given)>,
    columns: Option<Vec<String>>,
    faults: Vec<(u64, Violation)>,
}

impl Reading {
    fn row(&mut self, line: u64, json: &str, given: Given) {
        self.text.push(if self.lines.is_empty() { ' ' } else { ',' });
        self.text.push_str(json);
        self.lines.push((line, given));
    }

    /// Checks all senders together, as a catalog file.
    fn finish(mut self) -> Result<Lines, Fault> {
        match Catalog::from_json(&format!("{{\"senders\":[{}]}}", self.text)) {
            Ok(catalog) if self.faults.is_empty() => {
                return Ok(Lines { catalog, lines: self.lines, columns: self.columns });
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
        (line.map_or(1, |(line, _)| line), rest.trim_start_matches('.').to_owned())
    }
}

/// Reads senders.
///
/// # Errors
/// 400, with the first 100 faults, each with its line.
fn read(bytes: &[u8], format: Format) -> Result<Lines, Fault> {
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
    let mut reading = Reading::default();
    match format {
        Format::Csv => {
            let columns = {
                let reading = std::cell::RefCell::new(&mut reading);
                let fault = |line, violation| reading.borrow_mut().faults.push((line, violation));
                rows::read(text, |line, json, given| reading.borrow_mut().row(line, &json, given), fault)
            };
            reading.columns = Some(columns);
        }
        Format::JsonLines => {
            for (line, json) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
                match serde_json::from_str::<&RawValue>(json) {
                    Ok(value) => reading.row(line, value.get(), given(value)),
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

/// Which of the fields that may be left out a JSON line has.
fn given(line: &RawValue) -> Given {
    let members = members(line);
    let has = |name: &str| members.contains_key(name);
    Given {
        status: has("status"),
        weight: has("weight"),
        message_types: has("messageTypes"),
        attributes: has("attributes"),
    }
}

/// Registers senders, one a line: JSON objects, or CSV (`Content-Type: text/csv`) with the columns `senderId`,
/// `sender`, `senderType`, `coverage` (written as `SMS:US|CA;SMS:SG:PENDING;MMS:*`), and perhaps `status`,
/// `messageTypes` (written as `OTP|TRANSACTIONAL`), `weight`, and `attribute.NAME` for attributes.
///
/// All of them take effect in one revision, or none. With `mode=insert` none may exist already; otherwise existing ones
/// are replaced. Columns and fields that are not there change nothing: a sender that is suspended stays so in an import
/// without `status`. The answer counts the fields that changed.
#[utoipa::path(post, path = "/v1/senders/import", tag = "senders",
    params(("mode" = Option<String>, Query, description = "`upsert`, the default, or `insert`")),
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
    let format = Format::of(&headers, header::CONTENT_TYPE);
    let read = tokio::task::spawn_blocking(move || read(&body, format)).await;
    let lines = read.map_err(Fault::internal)??;
    let plan = move |view: &View| {
        let there: HashMap<&str, &Sender> =
            view.catalog().senders().iter().map(|sender| (&*sender.id, sender)).collect();
        let mut all = Vec::new();
        let mut imported = Imported { created: 0, replaced: 0, changed: BTreeMap::new() };
        let mut exist = Vec::new();
        let mut wrong = Vec::new();
        for (sender, (line, given)) in lines.catalog.senders().iter().zip(&lines.lines) {
            let before = there.get(&*sender.id).copied();
            match before {
                None => {
                    imported.created += 1;
                    all.extend(changes(None, sender));
                }
                Some(_) if is_insert && exist.len() < MOST_FAULTS => {
                    let text = format!("the sender {} exists already", quoted(&sender.id));
                    exist.push(Violation::new(format!("line {line}: senderId"), text));
                }
                Some(there) => {
                    imported.replaced += 1;
                    match merged(there, sender, *given, lines.columns.as_deref()) {
                        Ok(sender) => {
                            count_changes(there, &sender, &mut imported.changed);
                            all.extend(changes(before, &sender));
                        }
                        Err(error) if wrong.len() < MOST_FAULTS => {
                            wrong.push(Violation::new(format!("line {line}: attributes"), error.to_string()));
                        }
                        Err(_) => {}
                    }
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Fault::invalid(wrong));
        }
        if !exist.is_empty() {
            let fault = Fault::invalid(exist);
            return Err(Fault { violations: fault.violations, ..Fault::conflict(fault.text) });
        }
        Ok(Plan::new(all, Json(imported)))
    };
    service.change(caller.author(), plan).await
}
