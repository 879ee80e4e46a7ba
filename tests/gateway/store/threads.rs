//! Several threads at once. Several processes are in `tests/cli/module/processes.rs`.

use std::sync::Barrier;
use std::thread;

use callsign::{Module, StoreError};

use callsign_tests::modules::{Folder, module, other};

const THREADS: usize = 4;

/// What each thread gets that adds its bytes at the same time as the others.
fn add_at_once(folder: &Folder, components: [Vec<u8>; THREADS]) -> Vec<Result<Module, StoreError>> {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads = components.map(|component| {
            let barrier = &barrier;
            scope.spawn(move || {
                let store = folder.store();
                barrier.wait();
                store.add(&component)
            })
        });
        threads.map(|thread| thread.join().unwrap()).into_iter().collect()
    })
}

#[test]
fn threads_that_add_the_same_module_add_one() {
    let folder = Folder::new();
    let bytes = module("acme", "1.0.0");
    let added = add_at_once(&folder, [(); THREADS].map(|()| bytes.clone()));
    let added: Vec<Module> = added.into_iter().map(Result::unwrap).collect();
    assert!(added.iter().all(|module| *module == added[0]), "{added:?}");
    assert_eq!(folder.store().list().unwrap(), added[..1]);
    assert_eq!(folder.files().len(), 3);
}

#[test]
fn of_threads_that_add_different_modules_of_one_name_and_version_one_succeeds() {
    for round in 0..3 {
        let folder = Folder::new();
        let components: [Vec<u8>; THREADS] =
            std::array::from_fn(|thread| other("acme", "1.0.0", &format!("{round} {}", thread % 2)));
        let results = add_at_once(&folder, components);
        let [winner] = &folder.store().list().unwrap()[..] else { panic!("{results:?}") };
        for (thread, result) in results.iter().enumerate() {
            match result {
                Ok(module) => assert_eq!(module, winner),
                Err(StoreError::Taken { digest, .. }) => assert_eq!(digest, winner.digest()),
                Err(error) => panic!("thread {thread}: {error}"),
            }
        }
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2, "two threads had the bytes that won");
        assert_eq!(folder.files().len(), 3);
    }
}
