//! The decision log.

use std::sync::PoisonError;
use std::time::Duration;

use callsign::log::{Attributes, LogKey, LogOptions, Promise, Recipients, Recorder};
use serde::Deserialize;
use serde_json::json;

use crate::abi::{ErrorHandle, GatewayHandle, OutputHandle, Status, Text};
use crate::boundary::call;
use crate::failure::{Failure, Outcome};
use crate::handles::{self, Gateway};
use crate::limits::CALLSIGN_MAX_PATH;
use crate::memory::Memory;
use crate::{options, output};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct LogOptionsJson {
    promise: Option<PromiseJson>,
    recipients: Option<RecipientsJson>,
    /// The names of attributes that are written down; all by default.
    attributes: Option<Vec<Box<str>>>,
    key: Option<String>,
    segment_bytes: Option<u64>,
    segment_seconds: Option<u64>,
    keep_seconds: Option<u64>,
    keep_bytes: Option<u64>,
    parquet: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PromiseJson {
    Drop,
    Keep,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RecipientsJson {
    Sealed,
    Plain,
}

impl LogOptionsJson {
    fn to_options(&self) -> Outcome<LogOptions> {
        let mut options = LogOptions::default();
        options.promise = match self.promise {
            Some(PromiseJson::Keep) => Promise::Keep,
            Some(PromiseJson::Drop) | None => Promise::Drop,
        };
        options.recipients = match self.recipients {
            Some(RecipientsJson::Plain) => Recipients::Plain,
            Some(RecipientsJson::Sealed) | None => Recipients::Sealed,
        };
        if let Some(names) = &self.attributes {
            options.attributes = if names.is_empty() { Attributes::None } else { Attributes::Only(names.clone()) };
        }
        if let Some(key) = &self.key {
            let wrong = || Failure::at(Status::Options, "options.key", "is not 64 hexadecimal digits");
            options.key = Some(LogKey::parse(key).ok_or_else(wrong)?);
        }
        options.segment_bytes = self.segment_bytes.unwrap_or(options.segment_bytes);
        options.segment_age = self.segment_seconds.map_or(options.segment_age, Duration::from_secs);
        options.keep_age = self.keep_seconds.map(Duration::from_secs);
        options.keep_bytes = self.keep_bytes.or(options.keep_bytes);
        options.parquet = self.parquet.unwrap_or(options.parquet);
        Ok(options)
    }
}

/// Records every decision of a gateway from now on in the log in a folder, which is made if there is none. It replaces the log before, if
/// there was one; decisions under way finish as they began.
///
/// `options` is JSON, and may be left out: `{"promise": "DROP" or "KEEP", "recipients": "SEALED" or "PLAIN", "attributes": [NAME],
/// "key": HEX, "segmentBytes": N, "segmentSeconds": N, "keepSeconds": N, "keepBytes": N, "parquet": true}`. With `DROP`, the default,
/// a decision waits for nothing, and what the log cannot take is dropped and counted. With `KEEP` it is given once its record is on disk,
/// and refused with `LOG_UNAVAILABLE` if that cannot be. Recipients are sealed with `key` (64 hexadecimal digits), or with one that
/// the folder has. Without `attributes` all of them are written down, with `[]` none. A segment is finished with 128 MiB or after an
/// hour, and the oldest are removed once the log has more than 20 GiB.
///
/// Any thread may call it, also while others decide. It takes 0.2 s the first time in a process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn callsign_gateway_record_to(
    gateway: GatewayHandle,
    folder: Text,
    options: Text,
    error: ErrorHandle,
) -> Status {
    // SAFETY: the pointers are those of the caller.
    call(error, unsafe { Memory::of_caller() }, |memory| {
        let folder = memory.needed(folder, CALLSIGN_MAX_PATH, "folder")?;
        let options: LogOptionsJson = options::read(memory, options, "options")?;
        let options = options.to_options()?;
        handles::with::<Gateway, _>(gateway.id, |open| {
            let recorder = Recorder::open(folder, options).map_err(|error| Failure::of(Status::Log, &error))?;
            open.gateway.record_to(recorder.clone());
            *open.recorder.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorder);
            Ok(())
        })
    })
}

/// Records no further decisions of a gateway. What was recorded is written, and the log is closed, before it returns.
///
/// Any thread may call it, also while others decide.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_gateway_stop_recording(gateway: GatewayHandle, error: ErrorHandle) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| {
        handles::with::<Gateway, _>(gateway.id, |open| {
            open.gateway.stop_recording();
            if let Some(recorder) = open.recorder.lock().unwrap_or_else(PoisonError::into_inner).take() {
                recorder.close();
            }
            Ok(())
        })
    })
}

/// Writes what the log of a gateway has done to an output, as JSON: `{"recorded": N, "dropped": N, "bytes": N, "segments": N,
/// "failingSince": SECONDS or null}`. If no log is open the output is empty.
///
/// Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn callsign_gateway_recorded(
    gateway: GatewayHandle,
    output: OutputHandle,
    error: ErrorHandle,
) -> Status {
    // SAFETY: no pointer is given.
    call(error, unsafe { Memory::of_caller() }, |_| {
        let counters = handles::with::<Gateway, _>(gateway.id, |open| {
            Ok(open.recorder.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|log| log.counters()))
        })?;
        let text = counters.map_or_else(String::new, |counters| {
            json!({
                "recorded": counters.recorded, "dropped": counters.dropped, "bytes": counters.bytes,
                "segments": counters.segments, "failingSince": counters.failing_since,
            })
            .to_string()
        });
        output::put(output, text)
    })
}
