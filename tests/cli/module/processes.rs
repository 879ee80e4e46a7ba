//! Several processes at once, through the command.

use std::process::{Command, Stdio};
use std::thread;

use callsign_tests::modules::{Folder, module, names, other};

#[test]
fn of_processes_that_add_different_modules_of_one_name_and_version_one_succeeds() {
    let folder = Folder::new();
    let store = folder.path().join("store");
    let processes: Vec<_> = (0..4)
        .map(|number| {
            let file = folder.path().join(format!("{number}.wasm"));
            std::fs::write(&file, other("acme", "1.0.0", &(number % 2).to_string())).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
            command.args(["module", "add", "--store"]).arg(&store).arg(&file);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ended: Vec<_> = processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect();
    let store = callsign::ModuleStore::open(&store).unwrap();
    let [winner] = &store.list().unwrap()[..] else { panic!("{ended:?}") };
    let mut codes = Vec::new();
    for output in &ended {
        codes.push(output.status.code().unwrap());
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(String::from_utf8(said).unwrap().contains(&winner.digest().to_string()), "{output:?}");
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 2, 2]);
    store.load(winner).unwrap();
}

#[test]
fn a_process_that_is_killed_while_it_adds_leaves_a_module_or_none() {
    let folder = Folder::new();
    let store = folder.path().join("store");
    let file = folder.path().join("acme.wasm");
    std::fs::write(&file, module("acme", "1.0.0")).unwrap();
    // Compiled once, so that what is interrupted is the writing.
    let compiled = callsign::ModuleStore::open(&store).unwrap();
    compiled.remove(compiled.add(&module("acme", "1.0.0")).unwrap().digest()).unwrap();
    let add = |turns: u32| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callsign"));
        command.args(["module", "add", "--store"]).arg(&store).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut turn = 0;
        while turn < turns && process.try_wait().unwrap().is_none() {
            thread::yield_now();
            turn += 1;
        }
        let _ = process.kill();
        process.wait().unwrap();
        turn
    };
    // How long it takes when nobody interrupts it, counted in looks at it.
    let whole = add(u32::MAX);
    compiled.remove(compiled.list().unwrap()[0].digest()).unwrap();
    let (mut interrupted, mut lasted, mut left) = (0, 0, 0);
    for attempt in 0..60 {
        // A little later with each attempt.
        add(whole / 40 * attempt);
        let store = callsign::ModuleStore::open(&store).unwrap();
        left += names(&store.folder().join("modules")).iter().filter(|name| !name.ends_with(".json")).count();
        match &store.list().unwrap()[..] {
            [] => interrupted += 1,
            [module] => {
                store.load(module).unwrap();
                store.remove(module.digest()).unwrap();
                lasted += 1;
            }
            more => panic!("{more:?}"),
        }
    }
    println!("{interrupted} ended before the record was there, {lasted} after; {left} components were written");
    let store = callsign::ModuleStore::open(&store).unwrap();
    store.add(&module("acme", "1.0.0")).unwrap();
    assert_eq!(store.list().unwrap().len(), 1);
}
