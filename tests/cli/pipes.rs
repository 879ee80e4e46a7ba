//! Inputs that come slowly, and outputs that go away.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::run::Folder;

const MESSAGE: &[u8] = b"{\"applicationId\":\"shop\",\"channel\":\"SMS\",\"to\":\"+14155550123\"}\n";

#[test]
fn a_closed_output_ends_the_run_quietly_though_more_input_could_come() {
    let folder = Folder::with_catalog();
    for threads in ["1", "2", "8"] {
        let mut child = folder
            .resolve(&["--threads", threads])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        drop(child.stdout.take());
        // Until the program is gone: it never sees the end of its input.
        let many = MESSAGE.repeat(1_000);
        while stdin.write_all(&many).is_ok() {}
        let status = child.wait().expect("the program ends");
        let mut err = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
        assert_eq!((status.code(), &*err), (Some(0), ""), "{threads} threads");
    }
}

#[test]
fn decisions_come_as_the_messages_come() {
    let folder = Folder::with_catalog();
    for (format, header, message) in
        [("jsonl", &b""[..], MESSAGE), ("csv", b"channel,to,applicationId\n", b"SMS,+14155550123,shop\n")]
    {
        let mut child = folder
            .resolve(&["--threads", "2", "--format", format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdin.write_all(header).expect("open");
        for _ in 0..10 {
            stdin.write_all(message).expect("open");
            let mut decision = String::new();
            stdout.read_line(&mut decision).expect("open");
            assert!(decision.contains("\"senderId\":\"L"), "{decision}");
        }
        drop(stdin);
        assert!(child.wait().expect("the program ends").success());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_fails_the_run() {
    let folder = Folder::with_catalog();
    folder.write("m.jsonl", MESSAGE.repeat(10_000));
    for arguments in [
        &["resolve", "--catalog", "catalog.json", "m.jsonl", "--threads", "8"][..],
        &["explain", "--catalog", "catalog.json", "--to", "+14155550123"],
        &["check", "--catalog", "catalog.json"],
        &["completions", "bash"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = folder.callsign(arguments).stdout(full).output().expect("the program runs");
        let err = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {err}");
        assert!(err.contains("cannot write to standard output"), "{err}");
    }
}
