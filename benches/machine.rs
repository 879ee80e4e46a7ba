//! What benchmarks run on.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// What it was measured on.
pub(crate) fn machine() -> Value {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let lock = fs::read_to_string(crate::record::folder().join("../../Cargo.lock")).unwrap_or_default();
    let wasmtime = lock.split("[[package]]").find(|package| package.contains("name = \"wasmtime\"\n"));
    let wasmtime = wasmtime.and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
    json!({
        "cpu": field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "memory_gib": memory.map(|kib| (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0),
        "os": said("uname", &["-sr"]),
        "rustc": said("rustc", &["--version"]).and_then(|text| text.split(' ').nth(1).map(str::to_owned)),
        "wasmtime": wasmtime,
        "callsign": env!("CARGO_PKG_VERSION"),
        "commit": said("git", &["rev-parse", "--short", "HEAD"]),
        "dirty": said("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty()),
        "date": said("date", &["-u", "+%Y-%m-%d"]),
        "quick": std::env::args().any(|argument| argument == "--quick"),
    })
}
