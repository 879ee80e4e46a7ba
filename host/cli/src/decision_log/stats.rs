//! `callsign log stats`: decisions counted.

use std::collections::BTreeMap;

use callsign_log::{Statistics, count as count_log};
use serde_json::{Value, json};

use super::StatsArguments;
use super::listing::{exit, unreadable};
use crate::exit::{Exit, Stop, print};
use crate::table;

pub(super) fn count(arguments: &StatsArguments) -> Result<Exit, Stop> {
    let mut query = arguments.log.query()?;
    if let Some(application) = &arguments.application {
        query = query.application(application);
    }
    let found = count_log(&arguments.log.log, &query).map_err(unreadable)?;
    print(&if arguments.json { as_json(&found, arguments.top) } else { as_words(&found, arguments.top) })?;
    Ok(exit(&found.faults, found.decisions == 0))
}

/// Those with the most decisions; of those that have as many, the first by name.
fn top(counts: &BTreeMap<Box<str>, u64>, most: usize) -> Vec<(&str, u64)> {
    let mut counts: Vec<(&str, u64)> = counts.iter().map(|(name, &count)| (&**name, count)).collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    counts.truncate(most);
    counts
}

fn as_json(found: &Statistics, most: usize) -> String {
    let counts = |counts, name: &str| -> Value {
        top(counts, most).into_iter().map(|(value, count)| json!({name: value, "decisions": count})).collect()
    };
    let holes: Value = (found.holes.iter())
        .map(|hole| {
            json!({
                "records": hole.records, "from": callsign_log::rfc3339(hole.from), "until": callsign_log::rfc3339(hole.until),
                "reason": hole.reason.as_str(),
            })
        })
        .collect();
    let value = json!({
        "decisions": found.decisions,
        "first": found.times.map(|(first, _)| callsign_log::rfc3339(first)),
        "last": found.times.map(|(_, last)| callsign_log::rfc3339(last)),
        "steps": counts(&found.steps, "step"),
        "refusals": counts(&found.refusals, "code"),
        "senders": counts(&found.senders, "senderId"),
        "policies": counts(&found.policies, "policy"),
        "segments": found.segments,
        "parquetFiles": found.parquet_files,
        "bytes": found.bytes,
        "missingRecords": found.missing(),
        "holes": holes,
    });
    value.to_string() + "\n"
}

fn as_words(found: &Statistics, most: usize) -> String {
    let mut text = match found.times {
        Some((first, last)) => format!(
            "{} decisions from {} to {}\n",
            found.decisions,
            callsign_log::rfc3339(first),
            callsign_log::rfc3339(last)
        ),
        None => "no decisions\n".to_owned(),
    };
    text += &format!(
        "{} bytes on the disk in {} files, {} of them Parquet\n",
        found.bytes,
        found.segments + found.parquet_files,
        found.parquet_files
    );
    match found.missing() {
        0 => text += "no holes\n",
        missing => text += &format!("{missing} decisions are missing in {} holes\n", found.holes.len()),
    }
    for (head, counts) in
        [("STEP", &found.steps), ("REFUSAL", &found.refusals), ("SENDER", &found.senders), ("POLICY", &found.policies)]
    {
        if counts.is_empty() {
            continue;
        }
        let all: u64 = counts.values().sum();
        let rows = top(counts, most).into_iter().map(|(name, count)| {
            let share = count as f64 * 100.0 / all as f64;
            [name.to_owned(), count.to_string(), format!("{share:.1} %")]
        });
        text.push('\n');
        text += &table::text([head, "DECISIONS", "SHARE"], rows);
        let rest = counts.len().saturating_sub(most);
        if rest > 0 {
            text += &format!("and {rest} more\n");
        }
    }
    text
}
