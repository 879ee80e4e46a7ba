//! The examples of programs that embed the library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{compiled, folder, here, library, run};

fn examples() -> PathBuf {
    here().join("../../examples/embed").canonicalize().unwrap()
}

/// What both examples print of their platform.
const PRINTED: &str = "\
+14155550123: N415 (+14155550100), step AREA_CODE
+442079460018: refused, COUNTRY_NOT_ALLOWED: none of the sending strategies that count allows GB
+12125550123: N212 (+12125550100), step AREA_CODE
";

#[test]
fn the_example_in_c_runs() {
    let program = compiled(&examples().join("c/embed.c"));
    assert_eq!(run(Command::new(program).arg(examples().join("catalog.json")), ""), PRINTED);
}

/// Runs where Go is installed; elsewhere it says so.
#[test]
fn the_example_in_go_runs() {
    let Ok(version) = Command::new("go").arg("version").output() else {
        eprintln!("not run: there is no `go` here; Debian has it in the package golang-go");
        return;
    };
    assert!(version.status.success());
    let (folder, library) = (folder("go"), library().display());
    let program = folder.join("embed");
    let mut build = Command::new("go");
    build.current_dir(examples().join("go")).args(["build", "-o"]).arg(&program).arg(".");
    build.env("CGO_ENABLED", "1").env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("GOCACHE", cache());
    build.env("CGO_CFLAGS", format!("-I{} -Wall -Werror", here().join("include").display()));
    build.env("CGO_LDFLAGS", format!("-L{library} -Wl,-rpath,{library}"));
    let built = build.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert_eq!(run(Command::new(program).arg(examples().join("catalog.json")), ""), PRINTED);
}

/// What Go has compiled, kept from one run to the next.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache")
}
