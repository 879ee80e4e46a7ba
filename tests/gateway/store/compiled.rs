//! Compiled code: kept, and believed only where nobody else can have written it.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use callsign::{CompiledCache, Limits, Module, ModuleStore};

use callsign_tests::modules::{Folder, module, names};

use super::assert_decides;

/// The file of the only module that was compiled.
fn file(folder: &Path) -> PathBuf {
    let names: Vec<String> = names(folder).into_iter().filter(|name| name.ends_with(".cwasm")).collect();
    let [name] = &names[..] else { panic!("{names:?}") };
    folder.join(name)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What tells a file from one that was written in its place.
fn identity(path: &Path) -> (u64, i64) {
    let found = fs::symlink_metadata(path).unwrap();
    (found.ino(), found.mtime_nsec())
}

/// A store with one module, compiled; and what becomes of its code.
struct Compiled {
    _folder: Folder,
    store: ModuleStore,
    module: Module,
    compiled: PathBuf,
}

impl Compiled {
    fn new() -> Self {
        let folder = Folder::new();
        let store = folder.store();
        let module = store.add(&module("acme", "1.0.0")).unwrap();
        let compiled = folder.path().join("compiled");
        Self { _folder: folder, store, module, compiled }
    }

    fn file(&self) -> PathBuf {
        file(&self.compiled)
    }

    fn load(&self) {
        assert_decides(self.store.load(&self.module).unwrap());
    }

    /// That the code is used as it is.
    fn assert_used(&self, what: &str) {
        let before = identity(&self.file());
        self.load();
        assert_eq!(identity(&self.file()), before, "compiled again: {what}");
    }

    /// That the policy works, that its code was compiled again and written in place of what lay there, and that the new
    /// code is trusted.
    fn assert_rebuilt(&self, what: &str) {
        let before = identity(&self.file());
        self.load();
        assert_ne!(identity(&self.file()), before, "believed: {what}");
        assert_eq!((mode(&self.compiled), mode(&self.file())), (0o700, 0o600), "{what}");
        assert_eq!(mode(&self.compiled.join("key")), 0o600, "{what}");
        self.assert_used(what);
    }
}

#[test]
fn what_was_compiled_is_kept_for_this_user_alone_and_used() {
    let compiled = Compiled::new();
    assert_eq!((mode(&compiled.compiled), mode(&compiled.file())), (0o700, 0o600));
    assert_eq!(mode(&compiled.compiled.join("key")), 0o600);
    assert_eq!(fs::read(compiled.compiled.join("key")).unwrap().len(), 32);
    compiled.assert_used("by the store that wrote it");
    let another = ModuleStore::open(compiled.store.folder()).unwrap();
    let before = identity(&compiled.file());
    assert_decides(another.load(&compiled.module).unwrap());
    assert_eq!(identity(&compiled.file()), before);
}

#[test]
fn code_that_was_lost_is_made_again() {
    let compiled = Compiled::new();
    fs::remove_file(compiled.file()).unwrap();
    compiled.load();
    compiled.assert_used("lost");
    fs::remove_dir_all(&compiled.compiled).unwrap();
    compiled.load();
    compiled.assert_used("folder lost");
}

#[test]
fn code_that_was_tampered_with_is_not_run_but_rebuilt() {
    let compiled = Compiled::new();
    let whole = fs::read(compiled.file()).unwrap();
    for at in [0, 31, 32, 40, whole.len() / 2, whole.len() - 1] {
        let mut tampered = whole.clone();
        tampered[at] ^= 0x40;
        fs::write(compiled.file(), tampered).unwrap();
        compiled.assert_rebuilt(&format!("a bit of byte {at}"));
    }
}

#[test]
fn code_that_was_truncated_or_extended_is_rebuilt() {
    let compiled = Compiled::new();
    let whole = fs::read(compiled.file()).unwrap();
    for end in [0, 31, 32, 33, 4_096, whole.len() - 1] {
        fs::write(compiled.file(), &whole[..end]).unwrap();
        compiled.assert_rebuilt(&format!("cut to {end} bytes"));
    }
    fs::write(compiled.file(), [&whole[..], b"x"].concat()).unwrap();
    compiled.assert_rebuilt("one byte more");
}

#[test]
fn code_of_another_module_or_of_another_secret_is_rebuilt() {
    let (compiled, another) = (Compiled::new(), Compiled::new());
    // The very same module, compiled where there is another secret.
    assert_eq!(compiled.file().file_name(), another.file().file_name());
    fs::copy(another.file(), compiled.file()).unwrap();
    compiled.assert_rebuilt("another secret");
    // This secret, but another module.
    let own = compiled.file();
    let second = compiled.store.add(&module("acme", "2.0.0")).unwrap();
    let names = names(&compiled.compiled);
    let mut of_second = names.iter().map(|name| compiled.compiled.join(name));
    let of_second = of_second.find(|path| path.extension().is_some() && *path != own).unwrap();
    fs::rename(of_second, &own).unwrap();
    compiled.store.remove(second.digest()).unwrap();
    compiled.assert_rebuilt("another module");
}

#[test]
fn code_that_others_may_change_is_rebuilt() {
    let compiled = Compiled::new();
    for wide in [0o602, 0o620, 0o666, 0o777] {
        set_mode(&compiled.file(), wide);
        compiled.assert_rebuilt(&format!("a file of mode {wide:o}"));
    }
    for wide in [0o702, 0o720, 0o777] {
        let secret = fs::read(compiled.compiled.join("key")).unwrap();
        set_mode(&compiled.compiled, wide);
        compiled.assert_rebuilt(&format!("a folder of mode {wide:o}"));
        assert_ne!(fs::read(compiled.compiled.join("key")).unwrap(), secret, "a secret that may be somebody else's");
    }
}

#[test]
fn a_secret_that_others_may_know_is_renewed() {
    let compiled = Compiled::new();
    let key = compiled.compiled.join("key");
    let renewed = |what: &str| {
        let before = fs::read(&key).unwrap();
        compiled.assert_rebuilt(what);
        assert_ne!(fs::read(&key).unwrap(), before, "{what}");
    };
    set_mode(&key, 0o644);
    renewed("readable by all");
    fs::write(&key, "short").unwrap();
    renewed("short");
    let elsewhere = compiled.store.folder().join("elsewhere");
    fs::write(&elsewhere, [7; 32]).unwrap();
    set_mode(&elsewhere, 0o600);
    fs::remove_file(&key).unwrap();
    symlink(&elsewhere, &key).unwrap();
    renewed("a link");
    assert_eq!(fs::read(&elsewhere).unwrap(), [7; 32], "what the link led to is as it was");
}

#[test]
fn code_of_another_user_is_rebuilt_and_a_folder_of_another_user_is_not_used() {
    let compiled = Compiled::new();
    let mine = fs::metadata(compiled.file()).unwrap().uid();
    if chown(compiled.file(), Some(mine + 1), None).is_err() {
        println!("skipped: only root can give files away");
        return;
    }
    compiled.assert_rebuilt("another owner");
    chown(compiled.compiled.join("key"), Some(mine + 1), None).unwrap();
    compiled.assert_rebuilt("another owner of the secret");
    chown(&compiled.compiled, Some(mine + 1), None).unwrap();
    let before = identity(&compiled.file());
    compiled.load();
    assert_eq!(identity(&compiled.file()), before, "neither believed nor written");
}

#[test]
fn a_link_in_place_of_code_is_not_followed() {
    let compiled = Compiled::new();
    let elsewhere = compiled.store.folder().join("elsewhere");
    fs::rename(compiled.file(), &elsewhere).unwrap();
    symlink(&elsewhere, compiled.compiled.join(Path::new(&key_of(&elsewhere, &compiled)))).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    compiled.assert_rebuilt("a link");
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
}

/// The name that the code of the module has, told by compiling it once more elsewhere.
fn key_of(_: &Path, compiled: &Compiled) -> String {
    let folder = Folder::new();
    let cache = CompiledCache::at(folder.path().join("compiled"));
    cache.policy(&compiled.store.read(&compiled.module).unwrap(), Limits::default()).unwrap();
    file(&folder.path().join("compiled")).file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let folder = Folder::new();
    let path = folder.path().join("a file");
    fs::write(&path, "").unwrap();
    for cache in [CompiledCache::at(&path), CompiledCache::at(path.join("below")), CompiledCache::off()] {
        assert_decides(cache.standard().unwrap());
        assert_decides(cache.policy(&module("acme", "1.0.0"), Limits::default()).unwrap());
    }
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn the_standard_policy_is_kept_too() {
    let folder = Folder::new();
    let cache = CompiledCache::at(folder.path().join("compiled"));
    let first = cache.standard().unwrap();
    let written = identity(&file(&folder.path().join("compiled")));
    let second = cache.standard().unwrap();
    assert_eq!(identity(&file(&folder.path().join("compiled"))), written);
    assert_eq!(first.label(), second.label());
    assert_eq!(second.label(), callsign::Policy::standard().unwrap().label());
    assert_decides(second);
}

#[test]
fn what_is_refused_is_not_kept() {
    let folder = Folder::new();
    let cache = CompiledCache::at(folder.path().join("compiled"));
    let empty = b"\0asm\x0d\0\x01\0";
    assert!(cache.policy(empty, Limits::default()).is_err());
    assert!(!folder.path().join("compiled").exists());
}
