//! `[log]`: what the process says on standard error, and where its decisions are recorded.

use std::path::PathBuf;
use std::time::Duration;

use callsign_log::{Attributes, LogOptions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The most characters of the name of an attribute, as for messages.
const LONGEST_NAME: usize = 64;

/// What is logged: lines on standard error, and each decision in a folder of its own if `directory` is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,callsign_service=debug`.
    pub level: String,
    /// Text, or one JSON object per line.
    pub format: LogFormat,
    /// The folder of the decision log, made if it is missing. Each node needs its own. Without it decisions are not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub directory: Option<PathBuf>,
    /// `drop`: decisions never wait for the log, and what it cannot take is dropped and counted. `keep`: a decision is
    /// answered once it is on the disk, and refused with `LOG_UNAVAILABLE` if that cannot be.
    pub promise: Promise,
    /// `sealed`: recipients are in the log under its key. `plain`: as they are.
    pub recipients: Recipients,
    /// Which attributes of messages are in the log: `all`, `none`, or names with commas between them. A decision of a policy
    /// that read another one cannot be replayed.
    pub attributes: String,
    /// A segment of so many bytes is finished: compressed further, and not written to any more. 65,536 to 2^40.
    pub segment_bytes: u64,
    /// A segment that is so old is finished. 1 to 10,080.
    pub segment_minutes: u64,
    /// How many days the decision log goes back; 0 is no bound.
    pub keep_days: u64,
    /// How many bytes the decision log has at most; 0 is no bound.
    pub keep_bytes: u64,
    /// A file with the key that recipients are sealed with, 64 hexadecimal digits. Without it the log has a key of its own,
    /// in the file `key` of its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub key_file: Option<PathBuf>,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// What is done with a decision that cannot be recorded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Promise {
    /// It is answered, and missing in the log.
    Drop,
    /// It waits, and is refused if it cannot be recorded.
    Keep,
}

/// How recipients are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Recipients {
    /// Under the key of the log.
    Sealed,
    /// As they are.
    Plain,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: LogFormat::Text,
            directory: None,
            promise: Promise::Drop,
            recipients: Recipients::Sealed,
            attributes: "all".into(),
            segment_bytes: 128 << 20,
            segment_minutes: 60,
            keep_days: 30,
            keep_bytes: 20 << 30,
            key_file: None,
        }
    }
}

impl Log {
    /// Checks ranges, and values that depend on each other.
    pub(super) fn check(&self) -> Result<(), String> {
        let ranges = [
            ("segment_bytes", self.segment_bytes, 64 << 10, 1 << 40),
            ("segment_minutes", self.segment_minutes, 1, 7 * 24 * 60),
            ("keep_days", self.keep_days, 0, 36_500),
        ];
        if let Some((name, value, least, most)) =
            ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value))
        {
            return Err(format!("log.{name} is {value}, and not {least} to {most}"));
        }
        if self.keep_bytes > 0 && self.keep_bytes < self.segment_bytes {
            return Err(format!(
                "log.keep_bytes is {}, and less than a segment, log.segment_bytes: {}",
                self.keep_bytes, self.segment_bytes
            ));
        }
        let names = self.attribute_names().map_err(|name| {
            format!(
                "log.attributes is `all`, `none`, or names with commas between them, and {name:?} is no name: it has 1 to \
                 {LONGEST_NAME} letters, digits, `_`, `.` and `-`"
            )
        })?;
        match (names, &self.key_file, self.recipients) {
            (_, Some(_), Recipients::Plain) => {
                Err("log.key_file seals recipients, and log.recipients is plain: keep one of the two".into())
            }
            _ => Ok(()),
        }
    }

    /// Which attributes are recorded.
    ///
    /// # Errors
    /// The name that is none.
    fn attribute_names(&self) -> Result<Attributes, &str> {
        match self.attributes.trim() {
            "all" => Ok(Attributes::All),
            "none" => Ok(Attributes::None),
            names => {
                let is_name = |name: &&str| {
                    (1..=LONGEST_NAME).contains(&name.len())
                        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
                };
                let names = names.split(',').map(str::trim);
                let names = names.map(|name| Some(name).filter(is_name).map(Into::into).ok_or(name));
                names.collect::<Result<_, _>>().map(Attributes::Only)
            }
        }
    }

    /// How the decision log is written, but for its key and who is told of it.
    pub(crate) fn options(&self) -> LogOptions {
        let mut options = LogOptions::default();
        options.promise = match self.promise {
            Promise::Drop => callsign_log::Promise::Drop,
            Promise::Keep => callsign_log::Promise::Keep,
        };
        options.recipients = match self.recipients {
            Recipients::Sealed => callsign_log::Recipients::Sealed,
            Recipients::Plain => callsign_log::Recipients::Plain,
        };
        // Checked before.
        options.attributes = self.attribute_names().unwrap_or_default();
        options.segment_bytes = self.segment_bytes;
        options.segment_age = Duration::from_secs(60 * self.segment_minutes);
        // Checked before: it does not overflow.
        options.keep_age = (self.keep_days > 0).then(|| DAY * self.keep_days as u32);
        options.keep_bytes = (self.keep_bytes > 0).then_some(self.keep_bytes);
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_log_cannot_be_is_refused_with_what_it_can() {
        let log = Log::default();
        assert_eq!(log.check(), Ok(()));
        for (wrong, reason) in [
            (Log { segment_bytes: 1, ..log.clone() }, "log.segment_bytes is 1, and not 65536 to 1099511627776"),
            (Log { segment_minutes: 0, ..log.clone() }, "log.segment_minutes is 0, and not 1 to 10080"),
            (Log { keep_days: 36_501, ..log.clone() }, "log.keep_days is 36501, and not 0 to 36500"),
            (Log { keep_bytes: 1 << 20, ..log.clone() }, "less than a segment"),
            (Log { attributes: "campaign,,brand".into(), ..log.clone() }, "\"\" is no name"),
            (Log { attributes: "a b".into(), ..log.clone() }, "\"a b\" is no name"),
            (Log { recipients: Recipients::Plain, key_file: Some("key".into()), ..log.clone() }, "keep one of the two"),
        ] {
            let refused = wrong.check().expect_err(reason);
            assert!(refused.contains(reason), "{refused}");
        }
        assert_eq!(Log { keep_bytes: 0, keep_days: 0, ..log }.check(), Ok(()));
    }

    #[test]
    fn the_writer_gets_what_the_configuration_says() {
        let log = Log {
            promise: Promise::Keep,
            recipients: Recipients::Plain,
            attributes: "campaign, brand.name".into(),
            segment_minutes: 2,
            keep_days: 3,
            keep_bytes: 0,
            ..Log::default()
        };
        let options = log.options();
        assert_eq!(
            (options.promise, options.recipients),
            (callsign_log::Promise::Keep, callsign_log::Recipients::Plain)
        );
        assert_eq!(options.attributes, Attributes::Only(vec!["campaign".into(), "brand.name".into()]));
        assert_eq!(options.segment_age, Duration::from_secs(120));
        assert_eq!((options.keep_age, options.keep_bytes), (Some(DAY * 3), None));
        assert_eq!(Log { attributes: "none".into(), ..log }.options().attributes, Attributes::None);
    }
}
