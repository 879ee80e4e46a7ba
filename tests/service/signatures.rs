//! Signatures of modules: what is taken in and what runs where they are required.

mod attacks;
mod cosign;
mod fleet;
mod replays;
mod revocation;
mod starts;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign::{Inspection, ModuleDigest};
use callsign_signature::{SecretKey, Statement};
use serde_json::{Value, json};

use callsign_tests::service::{Reply, Server, folder};

use crate::policies::catalog;

const SHOP: &str = "/v1/binding?applicationId=shop";

/// What signatures of a component are over.
fn statement(component: &[u8]) -> Statement {
    let Inspection { name, version, .. } = Inspection::of(component).unwrap();
    Statement::new(&name.unwrap(), &version.unwrap(), &ModuleDigest::of(component).to_string()).unwrap()
}

/// The text of a signature of a component.
fn signed(secret: &SecretKey, component: &[u8]) -> String {
    secret.sign(&statement(component), "of a test").unwrap().text().to_owned()
}

/// A key of a file, with further lines.
fn entry(secret: &SecretKey, more: &str) -> String {
    format!("[[key]]\nname = \"of a test\"\npublic_key = \"{}\"\n{more}\n", secret.public_key().as_str())
}

/// A file of keys.
fn key_file(text: &str) -> PathBuf {
    let file = folder("keys").join("keys.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    file
}

/// A configuration that requires signatures.
fn required(keys: &Path) -> String {
    format!("[modules]\nsignatures = \"required\"\nkeys = \"{}\"\n", keys.display())
}

/// A service on the platform of `policies`, that requires signatures by the keys of a file.
fn requiring(keys: &str) -> Server {
    Server::with_arguments(&required(&key_file(keys)), &["--catalog", catalog().to_str().unwrap()])
}

/// Uploads a component with the texts of signatures.
fn try_upload_signed(server: &Server, key: &str, query: &str, component: &[u8], signatures: &[&str]) -> Reply {
    let encoded: Vec<String> = signatures.iter().map(|text| STANDARD.encode(text)).collect();
    let encoded: Vec<&str> = encoded.iter().map(String::as_str).collect();
    upload_with(server, key, query, component, &encoded)
}

/// The same with values of the header as they are.
fn upload_with(server: &Server, key: &str, query: &str, component: &[u8], values: &[&str]) -> Reply {
    let authorization = format!("App {key}");
    let mut headers = vec![("authorization", &*authorization)];
    headers.extend(values.iter().map(|value| ("callsign-signature", *value)));
    server.send(&headers, "POST", &format!("/v1/modules{query}"), Some(component))
}

/// Uploads a component with a signature of a key: what is answered.
#[track_caller]
fn upload_signed(server: &Server, key: &str, component: &[u8], secret: &SecretKey) -> Value {
    try_upload_signed(server, key, "", component, &[&signed(secret, component)]).expect(201).json()
}

/// Binds a module for an application.
#[track_caller]
fn bind(server: &Server, key: &str, application: &str, module: &str) {
    let path = format!("/v1/binding?applicationId={application}");
    server.ask(key, "PUT", &path, Some(&json!({ "module": module }))).expect(200);
}

/// Adds a key of modules.
#[track_caller]
fn add_key(server: &Server, key: &str, secret: &SecretKey, more: &Value) -> Value {
    let mut body = json!({ "name": "of a test", "publicKey": secret.public_key().as_str() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.ask(key, "POST", "/v1/module-keys", Some(&body)).expect(201).json()
}

#[track_caller]
fn revoke(server: &Server, key: &str, secret: &SecretKey) -> Value {
    let path = format!("/v1/module-keys/{}/revoke", secret.public_key().id());
    server.ask(key, "POST", &path, None).expect(200).json()
}
