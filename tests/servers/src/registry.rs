//! An OCI registry on loopback: `docker-registry` of Debian, with a folder of its own.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::certificates::Certificate;
use crate::ports::Port;

/// The name and the password of a registry that wants a login.
pub const LOGIN: (&str, &str) = ("callsign", "secret");

/// They as `htpasswd` writes them, with few rounds of bcrypt.
const HTPASSWD: &str = "callsign:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";

/// A registry that can be killed and started again, gone with the test.
#[derive(Debug)]
pub struct Registry {
    folder: PathBuf,
    port: Port,
    process: Option<Child>,
}

impl Registry {
    /// In plain HTTP, for everybody.
    pub fn start() -> Self {
        Self::with(None, false)
    }

    /// With TLS, and for [`LOGIN`] only, if that is wanted.
    pub fn with(certificate: Option<&Certificate>, wants_login: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("callsign-registry-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let port = Port::take();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n",
            folder.join("data").display()
        );
        if wants_login {
            let users = folder.join("users");
            std::fs::write(&users, HTPASSWD).unwrap();
            config.push_str(&format!("auth: {{htpasswd: {{realm: a test, path: {}}}}}\n", users.display()));
        }
        config.push_str(&format!("http:\n  addr: 127.0.0.1:{}\n", port.number()));
        if let Some(Certificate { certificate, key }) = certificate {
            config.push_str(&format!("  tls: {{certificate: {}, key: {}}}\n", certificate.display(), key.display()));
        }
        std::fs::write(folder.join("config.yml"), config).unwrap();
        let mut registry = Self { folder, port, process: None };
        registry.restart();
        registry
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// Its folder, which is removed with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it, with what it has, and waits until it takes connections.
    pub fn restart(&mut self) {
        let log = std::fs::File::create(self.folder.join("log")).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(self.folder.join("config.yml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.process = Some(process.expect("docker-registry is not installed: `make setup` brings it"));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port.number())).is_err() {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "{}", log());
            std::thread::yield_now();
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
