//! Stores in folders of their own, and modules to put into them: the standard policy under other names and versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use callsign::ModuleStore;
use wasm_encoder::{ComponentSection, CustomSection, Encode};

/// A folder that lasts as long as its test.
pub struct Folder(PathBuf);

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("callsign-modules-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // Of a process with the same number that did not come to its end.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn store(&self) -> ModuleStore {
        ModuleStore::open(&self.0).unwrap()
    }

    /// Every file in it, by its path from here, but for compiled code and the lock.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for folder in ["modules", "names"] {
            walk(&self.0.join(folder), &mut files);
        }
        let mut files: Vec<String> =
            files.iter().map(|path| path.strip_prefix(&self.0).unwrap().to_str().unwrap().to_owned()).collect();
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// The names of the files of a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The standard policy as this name and version.
pub fn module(name: &str, version: &str) -> Vec<u8> {
    described(Some(name), Some(version))
}

/// The same with other bytes.
pub fn other(name: &str, version: &str, difference: &str) -> Vec<u8> {
    with_section(module(name, version), "difference", difference)
}

/// The standard policy with this metadata only.
pub fn described(name: Option<&str>, version: Option<&str>) -> Vec<u8> {
    let mut component = without_section(callsign::standard_component(), "version");
    match name {
        Some(name) => {
            let mut metadata = wasm_metadata::AddMetadata::default();
            metadata.name = wasm_metadata::AddMetadataField::Set(name.into());
            component = metadata.to_wasm(&component).unwrap();
        }
        None => component = without_section(&component, "component-name"),
    }
    match version {
        Some(version) => with_section(component, "version", version),
        None => component,
    }
}

pub fn with_section(mut component: Vec<u8>, name: &str, data: &str) -> Vec<u8> {
    let section = CustomSection { name: name.into(), data: data.as_bytes().into() };
    component.push(section.id());
    section.encode(&mut component);
    component
}

/// Without the custom sections of this name.
fn without_section(component: &[u8], name: &str) -> Vec<u8> {
    let named = [&[name.len() as u8], name.as_bytes()].concat();
    let (mut kept, mut rest) = (component[..8].to_vec(), &component[8..]);
    while let [id, after @ ..] = rest {
        // The size, seven bits a byte.
        let digits = after.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let size = after[..digits].iter().rev().fold(0, |size, byte| (size << 7) | usize::from(byte & 0x7f));
        let (section, next) = rest.split_at(1 + digits + size);
        if *id != 0 || !section[1 + digits..].starts_with(&named) {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    kept
}
