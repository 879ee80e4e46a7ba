//! The data folder: of one service, and for nobody else to look into.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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
    let server = Server::start();
    let output = callsign(&["serve"], &server.data);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("another service uses the data folder"), "{said}");
    assert!(output.stdout.is_empty());
    server.get("/provisioning/1/applications").expect(200);
    // One that is gone, however it went, keeps nobody out.
    let data = server.data.clone();
    let process = rustix::process::Pid::from_raw(server.process().cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    server.until_logged("(end of the log)");
    let again = Server::at(&data, "", &[]);
    assert_eq!(again.end(), Some(0));
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
