//! What `cargo publish` would send to a registry: every package holds what it is built from.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    let ran = command.current_dir(ROOT).args(arguments).arg("--offline").output().expect("cargo starts");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("UTF-8")
}

#[test]
fn a_package_has_its_licence_its_words_and_every_file_that_it_names() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let published: Vec<&Value> = packages.iter().filter(|package| package["publish"].is_null()).collect();
    assert!(published.len() > 10, "{}", published.len());
    let names: Vec<&str> = published.iter().filter_map(|package| package["name"].as_str()).collect();
    for package in published {
        let name = package["name"].as_str().expect("a name");
        for field in ["description", "license", "readme", "documentation"] {
            assert!(package[field].is_string(), "{name} has no {field}");
        }
        for field in ["keywords", "categories"] {
            assert!(package[field].as_array().is_some_and(|words| !words.is_empty()), "{name} has no {field}");
        }
        // A registry takes no dependency that is a path alone.
        for dependency in package["dependencies"].as_array().expect("a list") {
            let is_for_tests = dependency["kind"] == "dev";
            let needs = dependency["name"].as_str().expect("a name");
            assert!(is_for_tests || dependency["req"] != "*", "{name}: {needs} has no version");
            let is_own = dependency["path"].is_string();
            assert!(is_for_tests || !is_own || names.contains(&needs), "{name} needs {needs}, which is not published");
        }
        let files = cargo(&["package", "--list", "--allow-dirty", "--package", name]);
        for file in ["Cargo.toml", "README.md", "LICENSE"] {
            assert!(files.lines().any(|own| own == file), "{name} has no {file}");
        }
        let folder = Path::new(package["manifest_path"].as_str().expect("a path")).parent().expect("a folder");
        for file in files.lines().filter(|file| file.ends_with(".rs")) {
            let text = fs::read_to_string(folder.join(file)).expect(file);
            for (start, what) in [
                ("include_str!(\"", ".str"),
                ("files!(\"", ".str"),
                ("include_bytes!(\"", ".bytes"),
                ("path: \"", ".wit"),
            ] {
                for (_, rest) in text.match_indices(start).map(|(at, _)| text.split_at(at + start.len())) {
                    let named = rest.split('"').next().unwrap_or_default();
                    let from = if what == ".wit" {
                        folder.to_owned()
                    } else {
                        folder.join(file).parent().expect("a folder").to_owned()
                    };
                    let depth = from.strip_prefix(folder).expect("inside").components().count();
                    let up = named.split('/').take_while(|step| *step == "..").count();
                    assert!(up <= depth, "{name}: {file} names {named}, which is in no package");
                }
            }
        }
    }
}

#[test]
fn the_contract_the_tables_and_the_component_are_in_the_packages_that_need_them() {
    for (package, file, source) in [
        ("callsign-policy", "wit/policy.wit", "wit/policy.wit"),
        ("callsign-policy", "data/nanp.csv", "data/nanp.csv"),
        ("callsign-destination", "data/nanp.csv", "data/nanp.csv"),
        ("callsign-destination", "data/alphanumeric.csv", "data/alphanumeric.csv"),
        ("callsign-engine", "wit/policy.wit", "wit/policy.wit"),
        ("callsign-cli", "wit/policy.wit", "wit/policy.wit"),
        ("callsign-engine", "component/standard.wasm", "guest/component/standard.wasm"),
    ] {
        let files = cargo(&["package", "--list", "--allow-dirty", "--package", package]);
        assert!(files.lines().any(|own| own == file), "{package} has no {file}");
        let folder = match package {
            "callsign-policy" => "guest/sdk",
            "callsign-destination" => "host/destination",
            "callsign-cli" => "host/cli",
            _ => "host/engine",
        };
        let read = |path: &str| fs::read(Path::new(ROOT).join(path)).expect(path);
        assert!(read(&format!("{folder}/{file}")) == read(source), "{folder}/{file} is not {source}");
    }
}
