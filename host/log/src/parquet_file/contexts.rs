//! The contexts of a Parquet file: what its records share, in texts of its metadata.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::parquet::errors::ParquetError;

use crate::context::{CatalogContext, CatalogId, PolicyContext, PolicyId, SignalsContext, SignalsId};
use crate::context_frame::{self, ContextEntry, put_catalog, put_policy, put_signals};
use crate::frame::MAX_CONTEXT_BYTES;
use crate::names::hex;

/// Bytes that stand before a row of the file, by that row. As text `ROW:HEX ROW:HEX …`.
pub(super) type Marks = Vec<(u64, Vec<u8>)>;

/// Collects the contexts of a file that is being written. Ids are those of the reader of its segment.
#[derive(Default)]
pub(super) struct ContextsBuilder {
    catalogs: HashMap<CatalogId, Arc<CatalogContext>>,
    policies: HashMap<PolicyId, Arc<PolicyContext>>,
    /// Catalogs and policies.
    bytes: Vec<u8>,
    named: HashSet<SignalsId>,
    signals: Marks,
    last: Option<(SignalsId, Arc<SignalsContext>)>,
}

impl ContextsBuilder {
    pub(super) fn add_catalog(&mut self, id: CatalogId, catalog: Arc<CatalogContext>) {
        put_catalog(&mut self.bytes, id.0, &catalog);
        self.catalogs.insert(id, catalog);
    }

    pub(super) fn add_policy(&mut self, id: PolicyId, policy: Arc<PolicyContext>) {
        put_policy(&mut self.bytes, id.0, &policy);
        self.policies.insert(id, policy);
    }

    /// Signals that a row is the first to name.
    pub(super) fn add_signals(&mut self, row: u64, id: SignalsId, signals: Arc<SignalsContext>) {
        let mut bytes = Vec::new();
        put_signals(&mut bytes, id.0, &signals, self.last.as_ref().map(|(id, base)| (id.0, &**base)));
        self.signals.push((row, bytes));
        self.named.insert(id);
        self.last = Some((id, signals));
    }

    pub(super) fn catalog(&self, id: CatalogId) -> Option<Arc<CatalogContext>> {
        self.catalogs.get(&id).cloned()
    }

    pub(super) fn policy(&self, id: PolicyId) -> Option<Arc<PolicyContext>> {
        self.policies.get(&id).cloned()
    }

    pub(super) fn has_signals(&self, id: SignalsId) -> bool {
        self.named.contains(&id)
    }

    /// The texts of the metadata: catalogs and policies, and signals.
    pub(super) fn finish(self) -> Result<(String, String), ParquetError> {
        let bytes: usize = self.signals.iter().map(|(_, bytes)| bytes.len()).sum();
        if bytes + self.bytes.len() > MAX_CONTEXT_BYTES as usize {
            return Err(ParquetError::General(format!(
                "its contexts have {bytes} bytes; {MAX_CONTEXT_BYTES} are possible"
            )));
        }
        Ok((hex(&zstd::bulk::compress(&self.bytes, 3)?), marks_to_text(&self.signals)?))
    }
}

/// The contexts of a file.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    /// Catalogs and policies, as a frame of a segment has them.
    pub(crate) frame: Vec<u8>,
    catalogs: Vec<(CatalogId, CatalogContext)>,
    policies: Vec<PolicyWords>,
}

/// A policy, and how the columns of a row name it.
#[derive(Debug)]
struct PolicyWords {
    id: PolicyId,
    module: String,
    settings: String,
    policy: PolicyContext,
}

/// Finds contexts by the words of rows: those of the row before are the most likely.
pub(super) struct Names<'a> {
    contexts: &'a Contexts,
    catalog: usize,
    policy: usize,
}

impl Contexts {
    /// Reads the text of the metadata.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn read(text: &str) -> Result<Self, ParquetError> {
        let wrong = |reason: &str| ParquetError::General(format!("its contexts cannot be read: {reason}"));
        let compressed = bytes_of_hex(text).ok_or_else(|| wrong("they are not hexadecimal"))?;
        let mut contexts = Self { frame: decompress(&compressed)?, ..Self::default() };
        let (catalogs, policies) = (&mut contexts.catalogs, &mut contexts.policies);
        let read = context_frame::read(
            &contexts.frame,
            |_| None,
            |entry| match entry {
                ContextEntry::Catalog(id, catalog) => catalogs.push((CatalogId(id), catalog)),
                ContextEntry::Policy(id, policy) => policies.push(PolicyWords {
                    id: PolicyId(id),
                    module: hex(&policy.module),
                    settings: hex(&policy.settings_digest),
                    policy,
                }),
                ContextEntry::Signals(..) => {}
            },
        );
        read.map_err(wrong)?;
        Ok(contexts)
    }

    pub(crate) fn catalog(&self, id: CatalogId) -> Option<&CatalogContext> {
        self.catalogs.iter().find(|(known, _)| *known == id).map(|(_, catalog)| catalog)
    }

    pub(crate) fn policy(&self, id: PolicyId) -> Option<&PolicyContext> {
        self.policies.iter().find(|known| known.id == id).map(|known| &known.policy)
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names { contexts: self, catalog: 0, policy: 0 }
    }
}

impl Names<'_> {
    pub(super) fn catalog(&mut self, name: &str) -> Option<CatalogId> {
        let all = &self.contexts.catalogs;
        let is_it = |(_, known): &(CatalogId, CatalogContext)| *known.name == *name;
        if !all.get(self.catalog).is_some_and(is_it) {
            self.catalog = all.iter().position(is_it)?;
        }
        Some(all[self.catalog].0)
    }

    pub(super) fn policy(&mut self, label: &str, module: &str, settings: &str) -> Option<PolicyId> {
        let all = &self.contexts.policies;
        let is_it =
            |known: &PolicyWords| *known.policy.label == *label && known.module == module && known.settings == settings;
        if !all.get(self.policy).is_some_and(is_it) {
            self.policy = all.iter().position(is_it)?;
        }
        Some(all[self.policy].id)
    }
}

/// Marks as text; what is long is compressed.
pub(super) fn marks_to_text(marks: &[(u64, Vec<u8>)]) -> Result<String, ParquetError> {
    let one = |(row, bytes): &(u64, Vec<u8>)| Ok(format!("{row}:{}", hex(&zstd::bulk::compress(bytes, 3)?)));
    Ok(marks.iter().map(one).collect::<Result<Vec<_>, ParquetError>>()?.join(" "))
}

/// The marks of such a text; `None` if it is none.
pub(super) fn marks_of_text(text: &str) -> Option<Marks> {
    let one = |mark: &str| {
        let (row, bytes) = mark.split_once(':')?;
        let bytes = decompress(&bytes_of_hex(bytes)?).ok()?;
        Some((row.parse().ok()?, bytes))
    };
    text.split_ascii_whitespace().map(one).collect()
}

/// What was compressed, with no more memory than it has.
fn decompress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let size = size.filter(|&size| size <= u64::from(MAX_CONTEXT_BYTES)).ok_or(std::io::ErrorKind::InvalidData)?;
    zstd::bulk::decompress(bytes, size as usize)
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}
