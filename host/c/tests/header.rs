//! The header, which is made of the source.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, Language, RenameRule, Style};

/// The files in the order in which a reader wants them.
const FILES: [&str; 14] = [
    "limits",
    "abi",
    "words",
    "error",
    "output",
    "catalog",
    "policy",
    "gateway",
    "resolve",
    "explain",
    "bindings",
    "signals",
    "events",
    "recording",
];

const NAMES: [(&str, &str); 15] = [
    ("Status", "callsign_status"),
    ("Text", "callsign_text"),
    ("ErrorHandle", "callsign_error"),
    ("OutputHandle", "callsign_output"),
    ("CatalogHandle", "callsign_catalog"),
    ("PolicyHandle", "callsign_policy"),
    ("GatewayHandle", "callsign_gateway"),
    ("Attribute", "callsign_attribute"),
    ("Message", "callsign_message"),
    ("Decision", "callsign_decision"),
    ("Target", "callsign_target"),
    ("Fault", "callsign_fault"),
    ("ChannelNumber", "callsign_channel"),
    ("SenderTypeNumber", "callsign_sender_type"),
    ("StepNumber", "callsign_step"),
];

const HEAD: &str = "\
/*
 * Callsign for programs in C, and in any language that calls C: from which sender should a message go out?
 *
 * This file is made of the source by `make header`.
 *
 * What holds for every function:
 *
 * - It returns a status, and writes what it has to give where a pointer says. What went wrong in words, and where, is kept in the error
 *   that it was given, if it was given one that is open; {0} stands for none.
 * - A handle is a number. One that was closed, that never was open or that is of another kind is CALLSIGN_STATUS_HANDLE, and never
 *   the handle of something else. Closing what is in use on another thread is allowed: calls under way end as they would.
 * - A text is a pointer and a length in UTF-8. Nothing is kept of a text, or of any other pointer, after the call.
 * - Texts that are given are copied into memory of the caller, which may be used and freed as the caller likes.
 * - Null pointers, wrong sizes, lengths out of bounds and texts that are not UTF-8 are an error. A pointer that is not null must have as
 *   much memory behind it as its type or length says, and no other thread may change that memory during the call.
 * - Structs begin with their size, which the caller sets.
 * - No exception and no panic comes out. Nothing is global: two parts of a program that use the library do not see each other.
 * - After fork() the child cannot use the library if the parent did before: every function is CALLSIGN_STATUS_FORKED there. Open it in
 *   the child, or start programs with posix_spawn or exec.
 */";

fn header() -> String {
    let mut names: HashMap<String, String> = NAMES.into_iter().map(|(rust, c)| (rust.into(), c.into())).collect();
    names.insert("RefusalNumber".into(), "callsign_refusal".into());
    let numbers = ["ChannelNumber", "SenderTypeNumber", "StepNumber", "RefusalNumber"];
    let config = Config {
        language: Language::C,
        header: Some(HEAD.into()),
        include_guard: Some("CALLSIGN_H".into()),
        cpp_compat: true,
        style: Style::Both,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::C,
        line_length: 120,
        export: ExportConfig { include: numbers.map(str::to_owned).into(), rename: names, ..ExportConfig::default() },
        enumeration: EnumConfig { rename_variants: RenameRule::QualifiedScreamingSnakeCase, ..EnumConfig::default() },
        ..Config::default()
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let builder = FILES.iter().fold(Builder::new().with_config(config), |builder, file| {
        builder.with_src(source.join(file).with_extension("rs"))
    });
    let mut written = Vec::new();
    builder.generate().unwrap().write(&mut written);
    String::from_utf8(written).unwrap()
}

/// `make header` sets `CALLSIGN_HEADER=renew`.
#[test]
fn the_header_is_that_of_the_source() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/callsign.h");
    let header = header();
    if std::env::var("CALLSIGN_HEADER").as_deref() == Ok("renew") {
        fs::write(&path, &header).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == header, "{} is not made of this source: `make header` makes it anew", path.display());
    for file in FILES {
        let source =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file).with_extension("rs"));
        for line in source.unwrap().lines().filter(|line| line.contains("extern \"C\" fn ")) {
            let name = line.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            assert!(header.contains(&format!(" {name}(")) || header.contains(&format!("*{name}(")), "{name}");
        }
    }
}
