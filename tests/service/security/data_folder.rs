//! The data folder: of one service, and for nobody else to look into.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use callsign_tests::service::{Server, folder};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// `callsign ARGUMENTS` on a data folder.
fn callsign(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callsign"))
        .args(arguments)
        .env("CALLSIGN_SERVE_DATA", data)
        .env("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0")
        .output()
        .unwrap()
}

#[test]
fn a_second_service_on_one_folder_is_refused_and_told_why() {
    let data = folder("locked");
    let server = Server::at(&data, "", &[]);
    let output = callsign(&["serve"], &data);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("another service uses the data folder"), "{said}");
    assert!(output.stdout.is_empty());
    server.get("/provisioning/1/applications").expect(200);
    // One that is gone, however it went, keeps nobody out. Its log ends before its lock goes, so it is waited for.
    server.kill();
    let again = Server::at(&data, "", &[]);
    assert_eq!(again.end(), Some(0));
    fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_folder_is_for_nobody_else() {
    let around = folder("around");
    let data = around.join("deep").join("data");
    std::fs::create_dir(data.parent().unwrap()).unwrap();
    let server = Server::at(&data, "", &[]);
    assert_eq!(mode(&data), 0o700);
    drop(server);
    // Whoever makes it: keys may be made before the first start.
    let data = around.join("keys");
    let output = callsign(&["key", "create", "first"], &data);
    assert!(output.status.success());
    assert_eq!(mode(&data), 0o700);
    std::fs::remove_dir_all(around).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The service does not start, and says these words.
#[track_caller]
fn refused(data: &Path, words: &str) {
    let output = callsign(&["serve"], data);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(2 | 3)), "{said}");
    assert!(said.contains(words), "no {words:?} in {said}");
    assert!(output.stdout.is_empty());
}

/// The service starts, and ends in order.
#[track_caller]
fn starts(data: &Path) {
    let server = Server::at(data, "", &[]);
    assert_eq!(server.end(), Some(0));
}

/// A data folder that a service has used.
fn used(name: &str) -> (PathBuf, PathBuf) {
    let around = folder(name);
    let data = around.join("data");
    starts(&data);
    (around, data)
}

#[test]
fn a_folder_that_others_can_write_is_refused_with_the_command_that_closes_it() {
    let (around, data) = used("open");
    for open in [0o777, 0o770, 0o1777] {
        set_mode(&data, open);
        refused(&data, &format!("chmod 700 {}", data.display()));
        let output = callsign(&["key", "list"], &data);
        assert!(!output.status.success());
    }
    set_mode(&data, 0o755);
    starts(&data);
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn a_catalog_that_others_can_read_is_refused_unless_its_folder_keeps_them_out() {
    let (around, data) = used("catalog");
    let catalog = data.join("catalog.sqlite");
    assert_eq!(mode(&catalog), 0o600);
    // As an earlier version left it: the folder is closed, and nobody is asked to do anything.
    set_mode(&catalog, 0o644);
    starts(&data);
    set_mode(&data, 0o755);
    refused(&data, &format!("chmod 600 {}", catalog.display()));
    set_mode(&catalog, 0o600);
    for ending in ["-wal", "-shm", "-journal"] {
        let beside = data.join(format!("catalog.sqlite{ending}"));
        fs::write(&beside, "").unwrap();
        set_mode(&beside, 0o644);
        refused(&data, &format!("chmod 600 {}", beside.display()));
        fs::remove_file(beside).unwrap();
    }
    starts(&data);
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn a_link_inside_of_the_folder_is_refused_and_the_folder_itself_may_be_one() {
    let (around, data) = used("links");
    let link = around.join("link");
    symlink(&data, &link).unwrap();
    starts(&link);
    for inside in ["catalog.sqlite", "pins", "modules", "lock"] {
        let (path, aside) = (data.join(inside), around.join(inside));
        fs::rename(&path, &aside).unwrap();
        symlink(&aside, &path).unwrap();
        refused(&data, "symbolic link");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    starts(&data);
    set_mode(&data, 0o777);
    refused(&link, "chmod 700");
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn what_another_user_made_in_the_folder_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Only root can make a file of another user.
        return;
    }
    for planted in ["catalog.sqlite", "catalog.sqlite-wal", "lock", "pins/recipients.key", "pins/recipients.key.new"] {
        let around = folder("planted");
        let (data, file) = (around.join("data"), around.join("data").join(planted));
        for made in [&data, file.parent().unwrap()] {
            fs::create_dir_all(made).unwrap();
            set_mode(made, 0o700);
        }
        fs::write(&file, "").unwrap();
        chown(&file, Some(65_534), None).unwrap();
        refused(&data, "belongs to another user (65534)");
        fs::remove_dir_all(around).unwrap();
    }
    // A service does not use the folder of another user; root may make keys in it.
    let (around, data) = used("of-another");
    for path in [data.clone(), data.join("catalog.sqlite")] {
        chown(path, Some(65_534), None).unwrap();
    }
    refused(&data, "belongs to another user (65534)");
    assert!(callsign(&["key", "create", "by-root"], &data).status.success());
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn what_is_made_is_for_nobody_else_whatever_the_umask_is() {
    let around = folder("umask");
    let data = around.join("data");
    let output = Command::new("sh")
        .args(["-c", "umask 0; exec \"$0\" key create first"])
        .arg(env!("CARGO_BIN_EXE_callsign"))
        .env("CALLSIGN_SERVE_DATA", &data)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!((mode(&data), mode(&data.join("catalog.sqlite"))), (0o700, 0o600));
    fs::remove_dir_all(around).unwrap();
}

#[test]
fn a_key_of_recipients_that_others_can_read_is_refused() {
    let around = folder("recipients");
    let key = around.join("key");
    fs::write(&key, "0".repeat(64)).unwrap();
    set_mode(&key, 0o644);
    let config = format!("[sticky]\nrecipient_key = {:?}", key.to_str().unwrap());
    let data = around.join("data");
    let Err(log) = Server::try_at(&data, &config, &[]) else { panic!("it starts") };
    assert!(log.contains(&format!("chmod 600 {}", key.display())), "{log}");
    set_mode(&key, 0o600);
    drop(Server::at(&data, &config, &[]));
    fs::remove_dir_all(around).unwrap();
}
