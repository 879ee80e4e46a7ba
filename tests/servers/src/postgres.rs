//! A PostgreSQL server for tests: made in a temporary folder, on loopback, gone with the test process.

use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_sticky::{PostgresOptions, PostgresStore};

use crate::certificates::{Authority, Certificate};
use crate::ports::Port;

pub const PASSWORD: &str = "not-a-secret";

/// A server that can be stopped, killed and started again.
pub struct Server {
    folder: PathBuf,
    port: Port,
    programs: Programs,
    /// Stops the server and takes its folder off when this process goes, however it goes: its standard input ends then.
    guard: Child,
}

/// Where the programs of PostgreSQL are, and who runs them: the server refuses root.
struct Programs {
    folder: PathBuf,
    user: Option<(u32, u32)>,
}

impl Programs {
    fn find() -> Self {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let mut folders: Vec<PathBuf> = installed.map(|entry| entry.unwrap().path().join("bin")).collect();
        folders.sort();
        folders.reverse();
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let folder = folders.into_iter().find(|folder| folder.join("initdb").exists());
        let folder = folder.expect("PostgreSQL is not installed: `make setup` brings it");
        let user = rustix::process::getuid().is_root().then(|| {
            let id = |option| {
                let output = Command::new("id").args([option, "postgres"]).output().unwrap();
                String::from_utf8(output.stdout).unwrap().trim().parse().expect("there is no user `postgres`")
            };
            (id("-u"), id("-g"))
        });
        Self { folder, user }
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(self.folder.join(program));
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        // What they inherit of the caller's is a folder that they may not read.
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

impl Server {
    /// The server that tests share; each has a schema of its own.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Server::start)
    }

    /// A server of its own, for tests that stop it.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// A server that has TLS, with this certificate, and trusts clients with a certificate of this authority. It takes
    /// connections without TLS too.
    pub fn start_with_tls(certificate: &Certificate, authority: &Authority) -> Self {
        Self::start_with(Some((certificate, authority)))
    }

    /// Puts another certificate in the place of its own.
    pub fn set_certificate(&self, certificate: &Certificate) {
        self.put("server.pem", &certificate.certificate);
        self.put("server.key", &certificate.key);
    }

    /// Copies a file into its folder, for its user alone.
    fn put(&self, name: &str, from: &Path) {
        let to = self.folder.join(name);
        std::fs::copy(from, &to).unwrap();
        std::fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        if let Some((user, group)) = self.programs.user {
            std::os::unix::fs::chown(&to, Some(user), Some(group)).unwrap();
        }
    }

    /// Requires a certificate of the authority from every client that speaks TLS, and TLS from every client.
    pub fn require_client_certificates(&self) {
        std::fs::write(
            self.folder.join("data/pg_hba.conf"),
            "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n",
        )
        .unwrap();
    }

    /// Reads its configuration and its certificates again.
    pub fn reload(&self) {
        self.stop();
        self.go_on();
    }

    fn start_with(tls: Option<(&Certificate, &Authority)>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let programs = Programs::find();
        let name = format!("callsign-postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("password"), PASSWORD).unwrap();
        if let Some((user, group)) = programs.user {
            for path in [&folder, &folder.join("password")] {
                std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
            }
        }
        let guard = programs
            .command("/bin/sh")
            .args([
                "-c",
                r#"read -r _; "$1/pg_ctl" -D "$2/data" -m immediate -w stop >/dev/null 2>&1; rm -rf "$2""#,
                "sh",
            ])
            .args([&programs.folder, &folder])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let made = programs
            .command("initdb")
            .args(["--username=callsign", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(format!("--pwfile={}/password", folder.display()))
            .arg(format!("--pgdata={}/data", folder.display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = Port::take();
        let settings = std::fs::OpenOptions::new().append(true).open(folder.join("data/postgresql.conf"));
        write!(
            settings.unwrap(),
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nmax_connections = 200\n{}",
            port.number(),
            std::env::var("CALLSIGN_POSTGRES_SETTINGS").unwrap_or_default().replace(';', "\n")
        )
        .unwrap();
        let server = Self { folder, port, programs, guard };
        if let Some((certificate, authority)) = tls {
            server.set_certificate(certificate);
            server.put("authority.pem", &authority.certificate);
            let path = |name: &str| server.folder.join(name).display().to_string();
            let lines = format!(
                "\nssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
                path("server.pem"),
                path("server.key"),
                path("authority.pem")
            );
            let settings = std::fs::OpenOptions::new().append(true).open(server.folder.join("data/postgresql.conf"));
            settings.unwrap().write_all(lines.as_bytes()).unwrap();
        }
        server.go_on();
        server
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], and waits until it takes connections.
    pub fn go_on(&self) {
        let began = Instant::now();
        loop {
            let log = self.folder.join("log");
            let started = self.pg_ctl().args(["-w", "-t", "60", "-l"]).arg(&log).arg("start").output().unwrap();
            if started.status.success() {
                return;
            }
            // The processes of a killed server take a moment to notice, and no other starts beside them.
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "the server does not start: {}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
        }
    }

    pub fn stop(&self) {
        assert!(self.pg_ctl().args(["-m", "fast", "-w", "stop"]).status().unwrap().success());
    }

    /// SIGKILL to the postmaster, as if the machine had gone: no process of it ends in order.
    pub fn kill(&self) {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = rustix::process::Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    fn pg_ctl(&self) -> Command {
        let mut command = self.programs.command("pg_ctl");
        command.arg("-D").arg(self.folder.join("data"));
        command
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Who runs it, if that is not the user of the tests.
    pub fn user(&self) -> Option<(u32, u32)> {
        self.programs.user
    }

    pub fn address(&self) -> String {
        format!("postgres://callsign:{PASSWORD}@127.0.0.1:{}/postgres", self.port.number())
    }

    /// A store in a schema of its own.
    pub fn store(&self) -> PostgresStore {
        PostgresStore::connect(&self.address(), options(&schema())).unwrap()
    }

    /// What `psql` says to some SQL.
    pub fn sql(&self, sql: &str) -> String {
        let output = self
            .programs
            .command("psql")
            .args(["-qtA", "-c", sql])
            .arg(self.address())
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// A schema that no other test has.
pub fn schema() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Options for a schema; patient, because tests share two cores with everything else.
pub fn options(schema: &str) -> PostgresOptions {
    let mut options = PostgresOptions::default();
    options.schema = schema.into();
    options.retry.attempt_timeout = Duration::from_secs(5);
    options.retry.total_timeout = Duration::from_secs(10);
    options
}
