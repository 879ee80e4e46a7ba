//! TLS, with a certificate that was made for the test.

use std::path::PathBuf;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::connection::Wire;
use callsign_tests::service::{Server, folder};

struct Files {
    folder: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let folder = folder("tls");
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Self { folder, certificate, key }
    }

    fn config(&self) -> String {
        let [certificate, key] = [&self.certificate, &self.key].map(|path| path.display().to_string());
        format!("[listen]\ncertificate = {certificate:?}\nkey = {key:?}\n")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn agent(roots: RootCerts) -> ureq::Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).build().new_agent()
}

#[test]
fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let files = Files::new();
    let server = Server::with(&format!("{}[limits]\nhead_seconds = 5", files.config()));
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let pem = std::fs::read(&files.certificate).unwrap();
    // A new connection each time: one that is idle is closed while another is waited for.
    let trusting = || agent(RootCerts::new_with_certs(&[Certificate::from_pem(&pem).unwrap()]));
    let url = format!("{}/provisioning/1/applications", server.url);
    let key = format!("App {}", server.key());
    assert_eq!(trusting().get(&url).header("authorization", &key).call().unwrap().status(), 200);
    assert_eq!(trusting().get(&url).call().unwrap().status(), 401);

    // Who does not know the certificate does not send its key.
    let other = Files::new();
    let unknown = std::fs::read(&other.certificate).unwrap();
    let doubting = agent(RootCerts::new_with_certs(&[Certificate::from_pem(&unknown).unwrap()]));
    assert!(doubting.get(&url).header("authorization", &key).call().is_err());

    // Plain HTTP is not understood, and one who begins and does not go on is not waited for.
    let mut plain = Wire::with(&server, format!("GET /healthz HTTP/1.1\r\nhost: x\r\nauthorization: {key}\r\n\r\n"));
    assert!(!plain.raw().windows(5).any(|bytes| bytes == b"HTTP/"));
    let mut silent = Wire::to(&server);
    silent.is_closed();
    assert_eq!(trusting().get(&url).header("authorization", &key).call().unwrap().status(), 200);
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_certificate_that_is_none_is_refused_with_its_file() {
    let files = Files::new();
    for (file, text) in [(&files.certificate, "nothing"), (&files.key, "nothing")] {
        let before = std::fs::read(file).unwrap();
        std::fs::write(file, text).unwrap();
        let data = folder("refused");
        let Err(log) = Server::try_at(&data, &files.config(), &[]) else { panic!("it starts") };
        assert!(log.contains("TLS") && log.contains(file.to_str().unwrap()), "{log}");
        std::fs::write(file, before).unwrap();
        std::fs::remove_dir_all(data).unwrap();
    }
    // One that others can read is not the service's alone.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&files.key, open).unwrap();
    let data = folder("refused");
    let Err(log) = Server::try_at(&data, &files.config(), &[]) else { panic!("it starts") };
    assert!(log.contains(&format!("chmod 600 {}", files.key.display())), "{log}");
    std::fs::remove_dir_all(data).unwrap();
    std::fs::set_permissions(&files.key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    // A key of another certificate.
    let other = Files::new();
    std::fs::copy(&other.key, &files.key).unwrap();
    let data = folder("refused");
    assert!(Server::try_at(&data, &files.config(), &[]).is_err());
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn at_sighup_another_certificate_is_shown_and_one_that_is_none_changes_nothing() {
    let (files, other) = (Files::new(), Files::new());
    let server = Server::with(&files.config());
    let key = format!("App {}", server.key());
    let url = format!("{}/provisioning/1/applications", server.url);
    let works = |certificate: &[u8]| {
        // A new connection each time.
        let trusting = agent(RootCerts::new_with_certs(&[Certificate::from_pem(certificate).unwrap()]));
        trusting.get(&url).header("authorization", &key).call().is_ok()
    };
    let [old, new] = [&files, &other].map(|files| std::fs::read(&files.certificate).unwrap());
    assert!(works(&old) && !works(&new));
    // A half of the pair, then no certificate at all.
    std::fs::copy(&other.certificate, &files.certificate).unwrap();
    let told = server.reload(&files.config());
    assert!(told.contains("nothing is changed") && told.contains("certificate.pem"), "{told}");
    assert!(works(&old) && !works(&new));
    std::fs::write(&files.certificate, "nothing").unwrap();
    assert!(server.reload(&files.config()).contains("nothing is changed"));
    assert!(works(&old));
    // The renewed pair.
    std::fs::copy(&other.certificate, &files.certificate).unwrap();
    std::fs::copy(&other.key, &files.key).unwrap();
    let told = server.reload(&files.config());
    assert!(told.contains("nothing changed; the certificate was read again"), "{told}");
    assert!(works(&new) && !works(&old));
    // Whether TLS is spoken is decided at the start.
    let told = server.reload("");
    assert!(told.contains("nothing changed"), "{told}");
    server.until_logged("need a restart: listen.certificate, listen.key");
    assert!(works(&new));
}
