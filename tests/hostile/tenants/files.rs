//! A data folder that others can write, and files that others put into it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::world::beside_others;
use callsign_tests::service::{Server, folder};

/// Another user of this machine.
const NOBODY: u32 = 65_534;

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder that a service has been run in.
fn used() -> PathBuf {
    let data = folder("files").join("data");
    assert_eq!(Server::at(&data, "", &[]).end(), Some(0));
    data
}

/// The service does not start there, and says why.
#[track_caller]
fn is_refused(data: &Path, config: &str, words: &[&str]) {
    let said = match Server::try_at(data, config, &[]) {
        Err(said) => said,
        Ok(_) => panic!("it starts, and should say {words:?}"),
    };
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

/// Whether others can read or write a file: it is open, and so is every folder above it.
fn is_reachable(file: &Path, data: &Path) -> bool {
    let is_open = |path: &Path, bits: u32| fs::metadata(path).unwrap().permissions().mode() & bits != 0;
    let mut folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(data));
    is_open(file, 0o066) && folders.all(|folder| is_open(folder, 0o011))
}

fn files(data: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![data.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found
}

#[test]
fn a_data_folder_that_everybody_can_write_is_refused_with_what_closes_it() {
    let _turn = beside_others();
    for mode in [0o777, 0o770, 0o755] {
        let data = used();
        set(&data, mode);
        if mode == 0o755 {
            // Readable alone: refused or not, nothing in it is readable.
            let _ = Server::try_at(&data, "", &[]).map(Server::end);
            for file in files(&data) {
                assert!(!is_reachable(&file, &data), "{} can be read by others", file.display());
            }
        } else {
            is_refused(&data, "", &["chmod", &data.display().to_string()]);
        }
        fs::remove_dir_all(data.parent().unwrap()).unwrap();
    }
}

#[test]
fn what_the_service_makes_is_for_its_user_alone() {
    let _turn = beside_others();
    let data = used();
    for file in files(&data) {
        assert!(!is_reachable(&file, &data), "{} can be read by others", file.display());
    }
    fs::remove_dir_all(data.parent().unwrap()).unwrap();
}

#[test]
fn keys_that_another_user_planted_are_refused() {
    let _turn = beside_others();
    let key = |data: &Path| data.join("pins").join("recipients.key");
    // The folder is closed, so a file that is open is not: nobody can reach it.
    type Plant = fn(&Path, &Path);
    let plants: [(&str, Plant); 2] = [
        ("of another user", |key, _| chown(key, Some(NOBODY), Some(NOBODY)).unwrap()),
        ("a link", |key, folder| {
            let elsewhere = folder.join("elsewhere");
            fs::rename(key, &elsewhere).unwrap();
            symlink(&elsewhere, key).unwrap();
        }),
    ];
    for (what, plant) in plants {
        // Nobody else can give a file away.
        if what == "of another user" && !is_root() {
            continue;
        }
        let data = used();
        assert!(key(&data).exists(), "the pins have a key");
        plant(&key(&data), data.parent().unwrap());
        println!("18: a key of pins, {what}");
        is_refused(&data, "", &["recipients.key"]);
        fs::remove_dir_all(data.parent().unwrap()).unwrap();
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

#[test]
fn a_new_key_is_not_written_into_a_file_that_was_there_before() {
    let _turn = beside_others();
    let around = folder("files");
    let pins = around.join("data").join("pins");
    fs::create_dir_all(&pins).unwrap();
    set(&around.join("data"), 0o700);
    set(&pins, 0o700);
    let planted = pins.join("recipients.key.new");
    fs::write(&planted, "").unwrap();
    set(&planted, 0o666);
    if is_root() {
        chown(&planted, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // Either it is refused, or the key is a file of its own that nobody else can read.
    if let Ok(server) = Server::try_at(&around.join("data"), "", &[]) {
        server.end();
        let made = fs::metadata(pins.join("recipients.key")).unwrap();
        assert_eq!(made.permissions().mode() & 0o077, 0);
        assert_ne!(std::os::unix::fs::MetadataExt::uid(&made), NOBODY);
    }
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn a_catalog_that_others_can_read_is_refused_where_they_can_reach_it() {
    let _turn = beside_others();
    let around = folder("files");
    set(&around, 0o755);
    let catalog = around.join("catalog.sqlite");
    let config = format!("[catalog]\nstore = {:?}\n", catalog.display().to_string());
    assert_eq!(Server::at(&around.join("data"), &config, &[]).end(), Some(0));
    assert_eq!(fs::metadata(&catalog).unwrap().permissions().mode() & 0o077, 0, "it is made closed");
    set(&catalog, 0o644);
    is_refused(&around.join("data"), &config, &["chmod", "catalog.sqlite"]);
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn a_key_of_a_certificate_that_everybody_can_read_is_refused() {
    let _turn = beside_others();
    let around = folder("files");
    set(&around, 0o755);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (around.join("certificate.pem"), around.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    set(&key, 0o644);
    let config = format!(
        "[listen]\ncertificate = {:?}\nkey = {:?}\n",
        certificate.display().to_string(),
        key.display().to_string()
    );
    is_refused(&around.join("data"), &config, &["chmod", "key.pem"]);
    set(&key, 0o600);
    assert_eq!(Server::at(&around.join("data"), &config, &[]).end(), Some(0));
    fs::remove_dir_all(around).unwrap();
}
