//! A real registry: Debian's `docker-registry`, in plain HTTP and with TLS and a login.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use callsign_registry::{Credentials, Described, Digest, Manifest, RegistryError};
use callsign_test_servers::certificates::Authority;
use callsign_test_servers::registry::Registry;

use crate::world::{REPOSITORY, client, reference};

/// A folder with a Docker configuration that has one login.
pub(crate) fn docker_config(host: &str, auth: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("callsign-docker-{}-{number}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("config.json");
    std::fs::write(&file, format!(r#"{{"auths":{{"{host}":{{"auth":"{auth}"}}}}}}"#)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    folder
}

#[test]
fn what_is_pushed_is_pulled_by_tag_and_by_digest_and_listed() {
    let registry = Registry::start();
    let client = client(|_| {});
    let component = vec![7; 700_000];
    let signatures = vec!["untrusted comment: one\nRW".to_owned(), "two".to_owned()];
    let about = Described::default();
    let tagged = reference(&registry.host(), ":1.0.0");
    let digest = client.push(&tagged, &component, &about, &signatures).unwrap();
    let (manifest, _) = Manifest::write(&component, &about, &signatures).unwrap();
    assert_eq!(digest, Digest::of(&manifest));
    // Again: nothing changes.
    assert_eq!(client.push(&tagged, &component, &about, &signatures).unwrap(), digest);
    for version in [":1.0.0".to_owned(), format!("@{digest}")] {
        let pulled = client.pull(&reference(&registry.host(), &version)).unwrap();
        assert_eq!((pulled.digest, pulled.component.len(), &pulled.signatures), (digest, component.len(), &signatures));
        assert!(pulled.component == component);
    }
    client.push(&reference(&registry.host(), ":1.1.0_b"), b"newer", &about, &[]).unwrap();
    let repository = format!("{}/{REPOSITORY}", registry.host()).parse().unwrap();
    let mut versions: Vec<_> =
        client.tags(&repository).unwrap().into_iter().filter_map(|tag| Some(tag.version?.to_string())).collect();
    versions.sort();
    assert_eq!(versions, ["1.0.0", "1.1.0+b"]);
    for missing in [":2.0.0".to_owned(), format!("@{}", Digest::of(b"missing"))] {
        let refused = client.pull(&reference(&registry.host(), &missing)).unwrap_err();
        assert!(matches!(refused, RegistryError::NotFound { .. }), "{refused}");
    }
    let by_digest = client.push(&reference(&registry.host(), &format!("@{digest}")), b"x", &about, &[]).unwrap_err();
    assert!(by_digest.to_string().contains("under a tag"), "{by_digest}");
}

#[test]
fn a_registry_that_is_killed_is_pulled_from_again_when_it_is_back() {
    let mut registry = Registry::start();
    let client = client(|_| {});
    let tagged = reference(&registry.host(), ":1.0.0");
    client.push(&tagged, b"component", &Described::default(), &[]).unwrap();
    registry.kill();
    let refused = client.pull(&tagged).unwrap_err();
    assert!(matches!(refused, RegistryError::Unreachable { .. }), "{refused}");
    registry.restart();
    assert_eq!(client.pull(&tagged).unwrap().component, b"component");
}

#[test]
fn tls_needs_an_authority_that_is_trusted_and_a_login_is_the_one_of_docker() {
    let authority = Authority::new();
    let registry = Registry::with(Some(&authority.sign(&["127.0.0.1"])), true);
    let tagged = reference(&registry.host(), ":1.0.0");
    let about = Described::default();
    // callsign:secret, and with another password.
    let (right, wrong) = ("Y2FsbHNpZ246c2VjcmV0", "Y2FsbHNpZ246d3Jvbmc=");
    let with = |auth: &str, trusts: bool| {
        let folder = docker_config(&registry.host(), auth);
        let client = client(|options| {
            options.plain_http = false;
            options.credentials = Credentials::File(folder.join("config.json"));
            options.ca_file = trusts.then(|| authority.certificate.clone());
        });
        (folder, client)
    };
    let (folder, client) = with(right, true);
    let digest = client.push(&tagged, b"component", &about, &[]).unwrap();
    assert_eq!(client.pull(&tagged).unwrap().digest, digest);
    let (other, stranger) = with(right, false);
    let refused = stranger.pull(&tagged).unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let (third, denied) = with(wrong, true);
    let refused = denied.pull(&tagged).unwrap_err();
    assert!(matches!(refused, RegistryError::Denied { with_credentials: true, .. }), "{refused}");
    for folder in [folder, other, third] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_file_of_authorities_that_has_none_is_refused() {
    let file = std::env::temp_dir().join(format!("callsign-no-authority-{}", std::process::id()));
    for (text, words) in [(Some("no PEM"), "no certificate in PEM"), (None, "No such file")] {
        match text {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let mut options = callsign_registry::Options::default();
        options.ca_file = Some(file.clone());
        let refused = callsign_registry::Client::new(options).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}
