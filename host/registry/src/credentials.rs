//! Credentials from the Docker configuration: `config.json` in the folder of `DOCKER_CONFIG`, or in `~/.docker`. It names
//! credentials themselves (`auths`) or programs that keep them (`credHelpers`, `credsStore`).

use std::collections::HashMap;
use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callsign_private::{Secret, file};
use serde::Deserialize;

use crate::reference::host_of;

/// The most bytes of a configuration, and of what a helper says.
const MOST: u64 = 1 << 20;
/// How long a helper may take.
const HELPER: Duration = Duration::from_secs(10);
/// What `docker login` writes for Docker Hub, whose registry has another name.
const HUB: &str = "https://index.docker.io/v1/";
/// What a helper says if it has nothing, in the words of docker-credential-helpers.
const NOT_FOUND: &str = "credentials not found";

/// Where credentials are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// Nowhere: registries are asked without a login.
    Nowhere,
    /// Where Docker has them: in the folder of `DOCKER_CONFIG`, else in `.docker` in the home folder. None if there is no file.
    #[default]
    OfUser,
    /// In this file, which must be there.
    File(PathBuf),
}

/// What a registry is shown.
#[derive(Debug, Clone)]
pub(crate) enum Login {
    /// A name and a password.
    Password { name: String, password: Secret },
    /// A token that is exchanged for others.
    Token(Secret),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: HashMap<String, Entry>,
    #[serde(default)]
    cred_helpers: HashMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Secret,
}

impl Credentials {
    /// The login for a registry, if there is one.
    ///
    /// # Errors
    /// The configuration cannot be read or is too open, or a helper fails; in words.
    pub(crate) fn find(&self, registry: &str) -> Result<Option<Login>, String> {
        let (path, must_be) = match self {
            Self::Nowhere => return Ok(None),
            Self::File(path) => (path.clone(), true),
            Self::OfUser => match of_user() {
                Some(path) => (path, false),
                None => return Ok(None),
            },
        };
        let at = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
        let (config, opened) = match read(&path) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_be => return Ok(None),
            Err(error) => return Err(at(&error)),
        };
        // The reason of serde may have a part of the text, and so of a password.
        let config: DockerConfig = serde_json::from_slice(&config)
            .map_err(|error| at(&format!("line {}: not a Docker configuration", error.line())))?;
        let names = names(registry);
        if let Some((name, helper)) = names.iter().find_map(|name| Some((name, config.cred_helpers.get(name)?))) {
            return ask(helper, name);
        }
        if let Some(helper) = &config.creds_store {
            for name in &names {
                if let Some(login) = ask(helper, name)? {
                    return Ok(Some(login));
                }
            }
        }
        let of = |wanted: &String| config.auths.iter().find(|(name, _)| *name == wanted || host_in(name) == wanted);
        let Some((_, entry)) = names.iter().find_map(of) else { return Ok(None) };
        let login = entry.login().map_err(|reason| at(&reason))?;
        if login.is_some() {
            file::check_secret(&path, &opened).map_err(|error| error.to_string())?;
        }
        Ok(login)
    }
}

impl Entry {
    fn login(&self) -> Result<Option<Login>, &'static str> {
        if let Some(token) = self.identitytoken.as_ref().filter(|token| !token.expose().is_empty()) {
            return Ok(Some(Login::Token(token.clone())));
        }
        if let (Some(name), Some(password)) = (&self.username, &self.password) {
            return Ok(Some(Login::Password { name: name.clone(), password: password.clone() }));
        }
        let Some(auth) = self.auth.as_ref().filter(|auth| !auth.expose().is_empty()) else { return Ok(None) };
        let wrong = "`auth` is no name and password in Base64, with a colon between them";
        let text = STANDARD.decode(auth.expose().trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // Docker writes a zero at the end of some.
        let text = text.ok_or(wrong)?;
        let (name, password) = text.trim_end_matches('\0').split_once(':').ok_or(wrong)?;
        Ok(Some(Login::Password { name: name.to_owned(), password: Secret::new(password) }))
    }
}

/// Under which names the credentials of a registry may be.
fn names(registry: &str) -> Vec<String> {
    match host_of(registry) {
        "docker.io" | "registry-1.docker.io" | "index.docker.io" => vec![HUB.to_owned(), "docker.io".to_owned()],
        _ => vec![registry.to_owned()],
    }
}

/// The host of a name, which older versions of Docker wrote as an address.
fn host_in(name: &str) -> &str {
    let rest = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    rest.split('/').next().unwrap_or(rest)
}

fn of_user() -> Option<PathBuf> {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")))?;
    Some(folder.join("config.json"))
}

fn read(path: &Path) -> io::Result<(Vec<u8>, File)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    (&mut file).take(MOST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST {
        true => Err(io::Error::other(format!("it has more than {MOST} bytes"))),
        false => Ok((bytes, file)),
    }
}

/// Asks a helper, `docker-credential-NAME`: the registry on its standard input, JSON on its output.
fn ask(helper: &str, registry: &str) -> Result<Option<Login>, String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if helper.is_empty() || !helper.bytes().all(is_name) {
        return Err("a credential helper has a name of letters, digits, - _ and .".into());
    }
    let program = format!("docker-credential-{helper}");
    let failed = |reason: &dyn std::fmt::Display| format!("{program}: {reason}");
    let began = Instant::now();
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    let (sender, answers) = mpsc::sync_channel(1);
    if let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) {
        // A helper that does not read has not closed its end: the few bytes fit into the pipe.
        let _ = stdin.write_all(registry.as_bytes());
        drop(stdin);
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = stdout.take(MOST).read_to_end(&mut text);
            let _ = sender.send(read.map(|_| text));
        });
    }
    let answer = answers.recv_timeout(HELPER);
    let ended = end(&mut child, HELPER.saturating_sub(began.elapsed()));
    let (Ok(answer), Some(succeeded)) = (answer, ended) else {
        return Err(failed(&format!("it did not answer within {} s", HELPER.as_secs())));
    };
    let answer = answer.map_err(|error| failed(&error))?;
    if !succeeded {
        return match String::from_utf8_lossy(&answer).to_lowercase().contains(NOT_FOUND) {
            true => Ok(None),
            // What it says may have a secret.
            false => Err(failed(&"it failed")),
        };
    }
    let Answer { username, secret } =
        serde_json::from_slice(&answer).map_err(|_| failed(&"its answer is no JSON with Username and Secret"))?;
    Ok(Some(match &*username {
        "<token>" => Login::Token(secret),
        _ => Login::Password { name: username, password: secret },
    }))
}

/// Whether a program succeeded that has closed its output; kills it if it does not end.
fn end(child: &mut Child, patience: Duration) -> Option<bool> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if began.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
            _ => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn file(name: &str, text: &str, mode: u32) -> (PathBuf, Credentials) {
        let folder = env::temp_dir().join(format!("callsign-credentials-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("config.json");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        (folder, Credentials::File(path))
    }

    #[test]
    fn the_docker_configuration_has_logins_by_registry() {
        let auth = STANDARD.encode("me:se:cret");
        let text = format!(
            r#"{{"auths": {{"registry.example:5000": {{"auth": "{auth}"}}, "https://old.example/v1/": {{"auth": "{auth}"}},
                "{HUB}": {{"identitytoken": "t"}}, "empty.example": {{}}, "wrong.example": {{"auth": "x"}}}}}}"#
        );
        let (folder, credentials) = file("auths", &text, 0o600);
        for registry in ["registry.example:5000", "old.example"] {
            match credentials.find(registry).unwrap() {
                Some(Login::Password { name, password }) => assert_eq!((&*name, password.expose()), ("me", "se:cret")),
                other => panic!("{registry}: {other:?}"),
            }
        }
        assert!(matches!(credentials.find("docker.io").unwrap(), Some(Login::Token(_))));
        for registry in ["registry.example", "empty.example", "example"] {
            assert!(credentials.find(registry).unwrap().is_none(), "{registry}");
        }
        assert!(credentials.find("wrong.example").unwrap_err().contains("Base64"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_configuration_that_is_open_damaged_or_not_there_is_refused_without_its_text() {
        let auth = STANDARD.encode("me:canary");
        let (folder, open) = file("open", &format!(r#"{{"auths": {{"a.example": {{"auth": "{auth}"}}}}}}"#), 0o644);
        assert!(open.find("a.example").unwrap_err().contains("config.json"));
        assert!(open.find("b.example").unwrap().is_none(), "nothing of it is used");
        let (other, damaged) = file("damaged", r#"{"auths": {"a.example": {"password": canary}}}"#, 0o600);
        let error = damaged.find("a.example").unwrap_err();
        assert!(error.contains("line 1") && !error.contains("canary"), "{error}");
        std::fs::remove_dir_all(&other).unwrap();
        assert!(damaged.find("a.example").unwrap_err().contains("No such file"));
        let (long, too_long) = file("long", &" ".repeat(MOST as usize + 1), 0o600);
        assert!(too_long.find("a.example").unwrap_err().contains("1048576"));
        for helper in ["../x", "", "a/b", "a b"] {
            assert!(ask(helper, "a.example").unwrap_err().contains("a name of letters"), "{helper}");
        }
        assert!(
            ask("callsign-is-not-there", "a.example").unwrap_err().contains("docker-credential-callsign-is-not-there")
        );
        for folder in [folder, long] {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
