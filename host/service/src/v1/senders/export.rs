//! The export of all senders, in the format of an import.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, header};

use super::{json, rows};
use crate::http::{Answer, Caller, Parameters, Problems};
use crate::service::Service;

/// How many senders are written at a time: a platform may have a million, too many to have the export in memory.
const AT_ONCE: usize = 1_000;

/// The format of senders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object a line.
    JsonLines,
    Csv,
}

impl Format {
    /// The format of a media type, or of a list of media types.
    pub(super) fn of(headers: &HeaderMap, name: header::HeaderName) -> Self {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut types = value.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
        match types.any(|kind| kind.eq_ignore_ascii_case(rows::TYPE)) {
            true => Self::Csv,
            false => Self::JsonLines,
        }
    }
}

/// All senders, one a line, as `POST /v1/senders/import` takes them.
///
/// The format is that of `format`, `jsonl` or `csv`, else that of `Accept`, else `jsonl`. A table has a column
/// `attribute.NAME` for each attribute that any sender has; an attribute whose value is empty is in JSON lines alone.
#[utoipa::path(get, path = "/v1/senders/export", tag = "senders",
    params(("format" = Option<String>, Query, description = "`jsonl` or `csv`")),
    responses((status = 200, content((String = "application/x-ndjson"), (String = "text/csv"))), Problems))]
pub(in crate::v1) async fn export(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    headers: HeaderMap,
) -> Answer<Response> {
    let format = match parameters.word("format", &["jsonl", "csv"])? {
        Some("csv") => Format::Csv,
        Some(_) => Format::JsonLines,
        None => Format::of(&headers, header::ACCEPT),
    };
    let view = service.view();
    // All that the key sees, by index; `None` means all.
    let seen = view.sight(&caller).senders(None);
    let all = view.catalog().senders();
    let table = match (format, &seen) {
        (Format::JsonLines, _) => None,
        (Format::Csv, None) => Some(rows::Table::of(all.iter())?),
        (Format::Csv, Some(seen)) => Some(rows::Table::of(seen.iter().map(|&at| &all[at as usize]))?),
    };
    let first = table.as_ref().map_or_else(String::new, rows::Table::header);
    // The whole export is of one revision, whatever changes meanwhile.
    let revision = Arc::clone(&view.revision);
    let start = (revision, seen, table, 0, Some(first));
    let parts = stream::unfold(start, move |(revision, seen, table, at, first)| async move {
        if let Some(first) = first.filter(|first| !first.is_empty()) {
            return Some((Bytes::from(first), (revision, seen, table, at, None)));
        }
        let senders = revision.catalog().senders();
        // Without a list of what is seen, by slot: some are empty.
        let total = seen.as_ref().map_or(senders.slots().len(), Vec::len);
        if at >= total {
            return None;
        }
        let until = total.min(at + AT_ONCE);
        let some = (at..until).filter_map(|at| senders.get(seen.as_ref().map_or(at, |seen| seen[at] as usize)));
        let mut lines = Vec::new();
        match &table {
            None => {
                for sender in some {
                    lines.extend_from_slice(json(sender).get().as_bytes());
                    lines.push(b'\n');
                }
            }
            Some(table) => {
                let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(lines);
                some.for_each(|sender| table.write(&mut writer, sender));
                lines = writer.into_inner().unwrap_or_default();
            }
        }
        Some((Bytes::from(lines), (revision, seen, table, until, None)))
    });
    let parts = futures_util::StreamExt::map(parts, Ok::<Bytes, Infallible>);
    let mut response = Body::from_stream(parts).into_response();
    let (kind, file) = match format {
        Format::JsonLines => ("application/x-ndjson", "attachment; filename=\"senders.jsonl\""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"senders.csv\""),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(file));
    Ok(response)
}
