//! A component in a registry, as an honest server has it.

use std::time::Duration;

use callsign_registry::{CONFIG, Client, Credentials, Described, Digest, MANIFEST, Manifest, Options, Reference};
use callsign_test_servers::hostile_registry::{Answer, Request};

/// The repository that all tests ask for.
pub(crate) const REPOSITORY: &str = "acme/policy";

/// A component with its manifest and config.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) component: Vec<u8>,
}

impl World {
    pub(crate) fn new(component: &[u8]) -> Self {
        let about = Described { imports: Vec::new(), exports: vec!["callsign:policy/policy@1.0.0".into()] };
        let (manifest, config) = Manifest::write(component, &about, &[]).unwrap();
        Self { manifest, config, component: component.into() }
    }

    /// What an honest registry answers.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let (_, rest) = request.path.split_once(&format!("/v2/{REPOSITORY}/")).unwrap_or_default();
        match rest.split_once('/') {
            Some(("manifests", _)) => manifest(&self.manifest),
            Some(("blobs", digest)) => match digest {
                digest if digest == Digest::of(&self.config).to_string() => Answer::new(200, &[], &*self.config),
                digest if digest == Digest::of(&self.component).to_string() => Answer::new(200, &[], &*self.component),
                _ => Answer::new(404, &[], ""),
            },
            _ => Answer::new(404, &[], r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such thing"}]}"#),
        }
    }

    pub(crate) fn is_component(&self, request: &Request) -> bool {
        request.path.ends_with(&Digest::of(&self.component).to_string())
    }
}

/// A manifest as a registry sends it.
pub(crate) fn manifest(bytes: &[u8]) -> Answer {
    let digest = Digest::of(bytes).to_string();
    Answer::new(200, &[("Content-Type", MANIFEST), ("Docker-Content-Digest", &digest)], bytes)
}

pub(crate) fn is_manifest(request: &Request) -> bool {
    request.path.contains("/manifests/")
}

pub(crate) fn is_config(request: &Request, world: &World) -> bool {
    request.path.ends_with(&Digest::of(&world.config).to_string())
}

/// A manifest of this world, changed as text.
pub(crate) fn changed(world: &World, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(world.manifest.clone()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

/// A client for servers on loopback, with short pauses and without credentials.
pub(crate) fn client(change: impl FnOnce(&mut Options)) -> Client {
    let mut options = Options::default();
    options.plain_http = true;
    options.credentials = Credentials::Nowhere;
    options.pause = Duration::from_millis(1);
    options.retries = 1;
    options.most = 1 << 20;
    change(&mut options);
    Client::new(options).unwrap()
}

pub(crate) fn reference(host: &str, version: &str) -> Reference {
    format!("{host}/{REPOSITORY}{version}").parse().unwrap()
}

/// The type of a config, as it is in the text of a manifest.
pub(crate) fn config_type() -> String {
    format!("\"mediaType\":\"{CONFIG}\"")
}
