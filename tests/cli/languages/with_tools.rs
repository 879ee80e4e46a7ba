//! From an empty folder to a component, with the tools of the registries: `make languages`. An author does the same.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{ROOT, Ran, callsign, empty_folder, run};

/// Runs a program that must succeed.
fn sound(folder: &Path, program: &str, arguments: &[&str]) -> Ran {
    let ran = run(folder, Command::new(program).args(arguments));
    assert_eq!(ran.code, 0, "{program} {arguments:?}:\n{}{}", ran.out, ran.err);
    ran
}

/// Installs the tool of a project, as its README.md says.
fn install(project: &Path) {
    if project.join("package.json").is_file() {
        sound(project, "npm", &["install", "--no-audit", "--no-fund"]);
    } else {
        sound(project, "python3", &["-m", "venv", ".venv"]);
        sound(
            project,
            ".venv/bin/pip",
            &["install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt"],
        );
    }
}

/// Builds a project: the path of its component.
fn build(project: &Path) -> PathBuf {
    let ran = callsign(project, &["policy", "build"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    project.join(ran.out.trim())
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What an author does in both languages: begin, install, test, build, test, inspect, and change the policy under watch.
fn walk_through(language: &str, tests: &[&str], file: &str, [before, after]: [&str; 2]) {
    let folder = empty_folder(&format!("walk-{language}"));
    let ran = callsign(&folder, &["policy", "new", "no-britain", "--language", language]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let project = folder.join("no-britain");
    let ran = callsign(&project, &["policy", "build"]);
    assert_eq!(ran.code, 3, "no tool yet: {}", ran.err);
    install(&project);
    let mut command = Command::new(tests[0]);
    let ran = run(&project, command.args(&tests[1..]).env("PYTHONPATH", "callsign"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);

    let component = build(&project);
    assert!(component.ends_with("target/no-britain-0.1.0.wasm"), "{}", component.display());
    let component = component.to_str().unwrap();
    let ran = callsign(&project, &["policy", "test", component, "cases.json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for words in ["ok      a closed country", "2 of 2 cases", "instructions", "memory"] {
        assert!(ran.out.contains(words), "without {words}:\n{}", ran.out);
    }
    println!("{language}:\n{}", ran.out);
    let ran = callsign(&project, &["policy", "inspect", component, "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let is = ["name", "version", "interface"].map(|field| report[field].as_str().unwrap());
    assert_eq!(is, ["no-britain", "0.1.0", "1.0.0"]);
    assert_eq!([&report["fits"], &report["explains"]], [true, true]);
    for import in report["imports"].as_array().unwrap() {
        assert!(import["name"].as_str().unwrap().starts_with("callsign:policy/"), "{import}");
    }

    // A change of the policy under watch: another code of its refusal, which the cases notice.
    let mut watch = Command::new(env!("CARGO_BIN_EXE_callsign"));
    let watch = watch.args(["policy", "build", "--watch"]).current_dir(&project).stdout(Stdio::piped());
    let mut watch = Running(watch.stderr(File::create(folder.join("watch.log")).unwrap()).spawn().unwrap());
    let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    let mut wait_for = |words: &str| {
        let found = lines.by_ref().map(Result::unwrap).find(|line| line.contains(words));
        assert!(found.is_some(), "without {words}:\n{}", fs::read_to_string(folder.join("watch.log")).unwrap());
    };
    wait_for("2 of 2 cases");
    let path = project.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(before));
    fs::write(&path, text.replace(before, after)).unwrap();
    wait_for("1 of 2 cases");
    fs::write(&path, text).unwrap();
    wait_for("2 of 2 cases");
}

#[test]
#[ignore = "installs tools from registries: `make languages`"]
fn an_author_of_a_javascript_policy_begins_in_an_empty_folder() {
    walk_through(
        "javascript",
        &["npm", "test"],
        "src/policy.js",
        ["return { code: \"COUNTRY_CLOSED\"", "return { code: \"CLOSED\""],
    );
}

#[test]
#[ignore = "installs tools from registries: `make languages`"]
fn an_author_of_a_python_policy_begins_in_an_empty_folder() {
    walk_through(
        "python",
        &["python3", "-m", "unittest"],
        "policy.py",
        ["return \"COUNTRY_CLOSED\"", "return \"CLOSED\""],
    );
}

/// Builds an example of another language, out of a copy of its SDK: its component is `target/languages/NAME.wasm`, for the other
/// tests of `make languages`.
fn example(language: &str, name: &str, tests: Option<[&str; 2]>) -> PathBuf {
    let copy = empty_folder(&format!("example-{language}-{name}")).join(language);
    let from = Path::new(ROOT).join("guest").join(language);
    sound(Path::new("/"), "cp", &["-r", from.to_str().unwrap(), copy.to_str().unwrap()]);
    let project = copy.join("examples").join(name);
    let _ = fs::remove_dir_all(project.join("node_modules"));
    if let Some([program, file]) = tests {
        sound(&project, program, &[file]);
    }
    install(&project);
    let component = build(&project);
    let kept = Path::new(ROOT).join("target/languages").join(format!("{name}-{language}.wasm"));
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::copy(&component, &kept).unwrap();
    kept
}

/// Every case of `campaigns` as the Rust policy decides it.
fn campaigns(component: &Path) {
    let cases = Path::new(ROOT).join("guest/examples/campaigns/cases.json");
    let ran = callsign(Path::new("/"), &["policy", "test", component.to_str().unwrap(), cases.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    println!("{}\n{}", component.display(), ran.out);
}

#[test]
#[ignore = "installs tools from registries: `make languages`"]
fn campaigns_in_javascript_are_as_the_cases_of_campaigns_in_rust_say() {
    campaigns(&example("javascript", "campaigns", Some(["node", "test/policy.test.js"])));
    example("javascript", "standard", None);
}

#[test]
#[ignore = "installs tools from registries: `make languages`"]
fn campaigns_in_python_are_as_the_cases_of_campaigns_in_rust_say() {
    campaigns(&example("python", "campaigns", Some(["python3", "test_policy.py"])));
}
