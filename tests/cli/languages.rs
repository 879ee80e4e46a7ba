//! Policies in JavaScript and Python, as their authors write them. What needs tools of registries is in `with_tools`.

mod with_tools;

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::run::PATIENT;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(folder: &Path, command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } =
        command.current_dir(folder).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().expect("no signal"), out: text(stdout), err: text(stderr) }
}

fn callsign<S: AsRef<OsStr>>(folder: &Path, arguments: &[S]) -> Ran {
    run(folder, Command::new(env!("CARGO_BIN_EXE_callsign")).args(arguments).env(PATIENT.0, PATIENT.1))
}

/// A folder that begins empty.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Builds on a path with nothing on it.
fn build_without_programs(folder: &Path) -> Ran {
    let nowhere = folder.join("nowhere");
    run(folder, Command::new(env!("CARGO_BIN_EXE_callsign")).args(["policy", "build"]).env("PATH", nowhere))
}

#[test]
fn the_spread_of_the_other_languages_is_held_against_what_the_rust_sdk_chooses() {
    let sets: Value =
        serde_json::from_str(&fs::read_to_string(format!("{ROOT}/guest/spread-choices.json")).unwrap()).unwrap();
    let key = |value: &Value| u64::from_str_radix(value.as_str().unwrap(), 16).unwrap();
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let mut choices = 0;
    for set in sets.as_array().unwrap() {
        let members = set["members"].as_array().unwrap().iter();
        let members =
            members.map(|member| (key(&member[0]), u16::try_from(number(&member[1])).unwrap(), number(&member[2])));
        let spread = callsign_policy::spread::Spread::new(members);
        for choice in set["choices"].as_array().unwrap() {
            assert_eq!(spread.choose(key(&choice[0])), (!choice[1].is_null()).then(|| number(&choice[1])), "{choice}");
            choices += 1;
        }
    }
    assert!(choices > 300, "{choices}");
}

#[test]
fn a_new_project_has_the_contract_the_sdk_and_the_pinned_tool_inside() {
    let folder = empty_folder("new");
    for (language, files) in [
        (
            "javascript",
            &["package.json", "src/policy.js", "test/policy.test.js", "callsign/index.d.ts", "callsign/host.js"][..],
        ),
        (
            "python",
            &[
                "pyproject.toml",
                "requirements.txt",
                "policy.py",
                "callsign/callsign_policy/rules.py",
                "callsign/wit_world/imports/types.py",
            ],
        ),
        ("rust", &["Cargo.toml", "src/lib.rs"]),
    ] {
        let ran = callsign(&folder, &["policy", "new", language, "--language", language]);
        assert_eq!((ran.code, ran.out), (0, format!("{language}\n")), "{}", ran.err);
        for file in files.iter().chain(&["cases.json", "README.md"]) {
            assert!(folder.join(language).join(file).is_file(), "{language} without {file}");
        }
        let contract = fs::read_to_string(folder.join(language).join("wit/policy.wit")).ok();
        let own = (language != "rust").then(|| fs::read_to_string(format!("{ROOT}/wit/policy.wit")).unwrap());
        assert_eq!(contract, own);
    }
    let pinned = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    assert!(pinned("javascript/package.json").contains(r#""componentize-qjs": "0.4.5""#));
    assert_eq!(pinned("python/requirements.txt"), "componentize-py==0.25.1\n");
    let ran = callsign(&folder, &["policy", "new", "other", "--language", "python", "--sdk", ROOT]);
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("--sdk is for Rust"), "{}", ran.err);
}

#[test]
fn a_tool_that_is_missing_is_named_with_how_to_install_it() {
    let folder = empty_folder("missing");
    for (language, words) in [
        ("javascript", ["Node.js, which runs componentize-qjs, is not installed", "https://nodejs.org"]),
        (
            "python",
            [
                "componentize-py 0.25.1, which builds the policy, is not installed",
                ".venv/bin/pip install --requirement",
            ],
        ),
    ] {
        assert_eq!(callsign(&folder, &["policy", "new", language, "--language", language]).code, 0);
        let ran = build_without_programs(&folder.join(language));
        assert_eq!((ran.code, &*ran.out), (3, ""), "{language}");
        for word in words {
            assert!(ran.err.contains(word), "without {word}: {}", ran.err);
        }
    }
}

#[test]
#[cfg(unix)]
fn a_tool_of_another_version_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = empty_folder("version");
    let program = |path: PathBuf, says: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        // A process that another test has just started may have the file open for writing: nobody runs it until then.
        let is_busy =
            |ran: std::io::Result<Output>| ran.is_err_and(|error| error.kind() == ErrorKind::ExecutableFileBusy);
        while is_busy(Command::new(&path).output()) {
            std::thread::yield_now();
        }
    };
    assert_eq!(callsign(&folder, &["policy", "new", "py", "--language", "python"]).code, 0);
    program(folder.join("py/.venv/bin/componentize-py"), "componentize-py 0.1.0");
    assert_eq!(callsign(&folder, &["policy", "new", "js", "--language", "javascript"]).code, 0);
    program(folder.join("bin/node"), "v20.0.0");
    program(folder.join("js/node_modules/.bin/componentize-qjs"), "");
    fs::create_dir_all(folder.join("js/node_modules/componentize-qjs")).unwrap();
    fs::write(folder.join("js/node_modules/componentize-qjs/package.json"), r#"{"version": "0.4.4"}"#).unwrap();
    for (project, words) in [
        ("py", "componentize-py 0.1.0 is installed, and policies are built with componentize-py 0.25.1"),
        ("js", "componentize-qjs 0.4.4 is installed, and policies are built with componentize-qjs 0.4.5"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
        let path = format!("{}:/usr/bin:/bin", folder.join("bin").display());
        let ran = run(&folder.join(project), command.args(["policy", "build"]).env("PATH", path));
        assert_eq!((ran.code, &*ran.out), (3, ""), "{}", ran.err);
        assert!(ran.err.contains(words) && ran.err.contains("Install that version: "), "{}", ran.err);
    }
}

#[test]
fn a_manifest_says_the_name_the_version_and_where_the_policy_is() {
    let folder = empty_folder("manifest");
    let sound = r#"{"name": "one", "version": "1.0.0"}"#;
    let (javascript, python) = ("package.json", "pyproject.toml");
    for (file, text, words) in [
        (javascript, "{", "package.json: EOF"),
        (javascript, "{}", "it gives no name"),
        (javascript, r#"{"name": "@a/b", "version": "1.0.0"}"#, "lower-case letters"),
        (javascript, r#"{"name": "one"}"#, "it gives no version"),
        (javascript, r#"{"name": "one", "version": "1"}"#, "\"1\" is no version"),
        (javascript, r#"{"name": "one", "version": "1.0.0", "callsign": {"main": "x"}}"#, "unknown field `main`"),
        (javascript, sound, "the SDK is not in callsign"),
        (python, "[project", "pyproject.toml: TOML"),
        (python, "", "it gives no name"),
        (python, "[project]\nname = \"one\"\n", "it gives no version"),
        (python, "[project]\nname = \"one\"\nversion = \"1.0.0\"\n", "the SDK is not in callsign"),
        (python, "[project]\nname = \"one\"\nversion = \"1.0.0\"\n[tool.callsign]\nmain = 1\n", "unknown field `main`"),
    ] {
        let _ = fs::remove_file(folder.join(javascript));
        let _ = fs::remove_file(folder.join(python));
        fs::write(folder.join(file), text).unwrap();
        let ran = callsign(&folder, &["policy", "build"]);
        assert_eq!((ran.code, &*ran.out), (2, ""), "{text}");
        assert!(ran.err.contains(words), "without {words}: {}", ran.err);
    }
    fs::create_dir_all(folder.join("callsign")).unwrap();
    for (policy, words) in [("policy", "has no policy.py"), ("a;b", "has no a;b.py")] {
        let text = format!("[project]\nname = \"one\"\nversion = \"1.0.0\"\n[tool.callsign]\npolicy = {policy:?}\n");
        fs::write(folder.join(python), text).unwrap();
        let ran = callsign(&folder, &["policy", "build"]);
        assert_eq!((ran.code, &*ran.out), (2, ""));
        assert!(ran.err.contains(words) && ran.err.contains("class `Policy`"), "{}", ran.err);
    }
}

/// What `componentize-qjs` makes, as far as it matters: the policy inside, with an import of others than the contract, and an
/// engine that hands over values.
const WRAPPED: &str = r#"(component
    (import "callsign:policy/settings@1.0.0" (instance (export "json" (func (result string)))))
    (component
        (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "code" u32)))))
        (import "callsign:policy/settings@1.0.0" (instance (export "json" (func (result string)))))
        (core module $engine
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
            (func (export "wit_dylib_push_string") (param i32 i32 i32))
            (func (export "wit_dylib_pop_string") (param i32 i32) (result i32) i32.const 0)
            (func (export "wit_dylib_push_u64") (param i32 i64))
            (func (export "wit_dylib_pop_u64") (param i32) (result i64) i64.const 0))
        (core instance $engine (instantiate $engine))
        (alias core export $engine "memory" (core memory $memory))
        (core func $exit (canon lower (func $exit "exit")))
        (core module $program
            (import "env" "wit_dylib_push_u64" (func (param i32 i64)))
            (import "env" "wit_dylib_pop_u64" (func (param i32) (result i64)))
            (import "exit" "exit" (func (param i32))))
        (core instance $env
            (export "cabi_realloc" (func $engine "cabi_realloc"))
            (export "wit_dylib_push_string" (func $engine "wit_dylib_push_string"))
            (export "wit_dylib_pop_string" (func $engine "wit_dylib_pop_string"))
            (export "wit_dylib_push_u64" (func $engine "wit_dylib_push_u64"))
            (export "wit_dylib_pop_u64" (func $engine "wit_dylib_pop_u64")))
        (core instance (instantiate $program
            (with "env" (instance $env))
            (with "exit" (instance (export "exit" (func $exit))))))))"#;

#[test]
fn a_javascript_policy_comes_out_of_its_wrapping_without_imports_of_others() {
    let policy = callsign_componentize::javascript::unwrap(&wat::parse_str(WRAPPED).unwrap()).unwrap();
    let inspection = callsign::Inspection::of(&policy).unwrap();
    let imports: Vec<&str> = inspection.imports.iter().map(|import| &*import.name).collect();
    assert_eq!(imports, ["callsign:policy/settings@1.0.0"]);
    // It is sound code with one memory: all that it lacks is the exports of a policy.
    let refused = callsign::Policy::from_bytes(&policy).unwrap_err();
    assert!(matches!(refused, callsign::PolicyError::Exports { .. }), "{refused}");
}

#[test]
fn what_another_version_of_the_tool_makes_is_refused() {
    let unwrap = |text: &str| {
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
        callsign_componentize::javascript::unwrap(&bytes).unwrap_err().to_string()
    };
    for (text, words) in [
        (
            WRAPPED.replace("wit_dylib_push_u64", "wit_dylib_push_long"),
            "does not hand over values as the pinned version",
        ),
        (WRAPPED.replace("wit_dylib_pop_string", "wit_dylib_pop_text"), "it has no wit_dylib_pop_string"),
        (
            WRAPPED.replace("callsign:policy/settings@1.0.0", "other:policy/settings@1.0.0"),
            "beside an import of callsign:policy/",
        ),
        (
            WRAPPED.replace("callsign:policy/settings@1.0.0", "callsign:policy/log@1.0.0"),
            "does not import the contract's settings",
        ),
    ] {
        let refused = unwrap(&text);
        assert!(refused.contains(words), "without {words}: {refused}");
    }
    let refused = callsign_componentize::javascript::unwrap(b"no component").unwrap_err();
    assert!(refused.to_string().contains("not a component"), "{refused}");
}
