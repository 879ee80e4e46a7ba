//! PgBouncer before a PostgreSQL server of the tests: it lends its few connections for one transaction at a time.

use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::ports::Port;
use crate::postgres::{PASSWORD, Server};

/// A pooler, gone with the test.
pub struct Pooler {
    folder: PathBuf,
    port: Port,
    process: Child,
}

impl Pooler {
    /// A pooler of transactions with this many connections to the server.
    pub fn start(server: &Server, connections: usize) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("callsign-pooler-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let port = Port::take();
        let number = port.number();
        let users = folder.join("users");
        std::fs::write(&users, format!("\"callsign\" \"{PASSWORD}\"\n")).unwrap();
        let settings = folder.join("pgbouncer.ini");
        std::fs::write(
            &settings,
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {number}\n\
                 auth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = {connections}\n\
                 server_reset_query_always = 0\nunix_socket_dir =\nlogfile = {}\n",
                server.port(),
                users.display(),
                folder.join("log").display(),
            ),
        )
        .unwrap();
        let mut command = Command::new("pgbouncer");
        // It refuses root, and is Debian's user of PostgreSQL then.
        if let Some((user, group)) = server.user() {
            for path in [&folder, &users, &settings] {
                std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
            }
            command.uid(user).gid(group);
        }
        let process = command
            .arg("-q")
            .arg(&settings)
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PgBouncer is not installed: `make setup` brings it");
        let pooler = Self { folder, port, process };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", number)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", pooler.log());
            std::thread::yield_now();
        }
        pooler
    }

    /// The address of the database by way of the pooler, for clients that prepare nothing.
    pub fn address(&self) -> String {
        format!("postgres://callsign:{PASSWORD}@127.0.0.1:{}/postgres?prepare=false", self.port.number())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
