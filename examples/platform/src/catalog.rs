//! The catalog file: one JSON object, each element of its lists on a line of its own.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    application::Application, association, default_sender, entity::Entity, platform::Platform, sender::Sender, strategy,
};

/// How many elements each list of a catalog has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) applications: usize,
    pub(crate) entities: usize,
    pub(crate) senders: usize,
    pub(crate) associations: usize,
    pub(crate) strategies: usize,
    pub(crate) default_senders: usize,
}

/// Writes the catalog of a platform.
///
/// # Errors
///
/// `out` fails.
pub(crate) fn write(platform: &Platform, out: &mut impl Write) -> io::Result<Counts> {
    out.write_all(b"{")?;
    let applications = Application::ALL.into_iter().map(Application::element);
    let entities = (0..platform.entities.len()).map(Entity::element);
    let senders = platform.senders.iter().map(Sender::element);
    let counts = Counts {
        applications: list(out, "applications", applications)?,
        entities: next_list(out, "entities", entities)?,
        senders: next_list(out, "senders", senders)?,
        associations: next_list(out, "associations", association::elements(platform))?,
        strategies: next_list(out, "sendingStrategies", strategy::elements(platform))?,
        default_senders: next_list(out, "defaultSenders", default_sender::elements(platform))?,
    };
    out.write_all(b"}\n")?;
    Ok(counts)
}

fn next_list(out: &mut impl Write, name: &str, elements: impl Iterator<Item = impl Serialize>) -> io::Result<usize> {
    out.write_all(b",")?;
    list(out, name, elements)
}

fn list(out: &mut impl Write, name: &str, elements: impl Iterator<Item = impl Serialize>) -> io::Result<usize> {
    write!(out, "\n\"{name}\": [")?;
    let mut count = 0;
    for element in elements {
        out.write_all(if count == 0 { b"\n  " } else { b",\n  " })?;
        serde_json::to_writer(&mut *out, &element)?;
        count += 1;
    }
    out.write_all(b"\n]")?;
    Ok(count)
}
