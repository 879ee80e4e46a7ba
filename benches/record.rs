//! What benches leave for the report besides criterion's estimates: JSON files in `target/bench`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|above| above.join("benches").is_dir());
    folder.expect("the folder of the workspace").join("target/bench")
}

/// Writes a file of it, unless criterion only lists the benches or tries each of them once.
pub(crate) fn write(name: &str, value: &Value) {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    if has("--bench") && !has("--test") && !has("--list") {
        fs::create_dir_all(folder()).unwrap();
        fs::write(folder().join(name), value.to_string() + "\n").unwrap();
    }
}
