//! A real cluster on loopback: three masters with a replica each, gone with the test.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::certificates::{Authority, Certificate};
use crate::ports::Port;
use callsign_sticky::{RedisOptions, RedisStore};
use redis::{Client, Connection, FromRedisValue};

/// How a cluster is made.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub masters: usize,
    pub replicas: usize,
    pub password: Option<&'static str>,
    pub cluster: bool,
    /// After how many milliseconds a master counts as failed. Long, so that a busy machine is not taken for one; short
    /// where a test waits for it.
    pub node_timeout: u64,
    pub more: &'static [&'static str],
    /// Servers take TLS too, on a port of their own, and speak it among each other.
    pub tls: Option<&'static TlsFiles>,
}

/// What servers with TLS are started with.
#[derive(Debug)]
pub struct TlsFiles {
    pub authority: Authority,
    pub server: Certificate,
    /// Whether clients need a certificate of the authority.
    pub clients: bool,
}

impl TlsFiles {
    /// A certificate for these names. It lives as long as the process: servers of several tests use it.
    pub fn leaked(names: &[&str], clients: bool) -> &'static Self {
        let authority = Authority::new();
        let server = authority.sign(names);
        Box::leak(Box::new(Self { authority, server, clients }))
    }
}

/// The one for tests that wait for a failover. A busy machine may keep a sound server from its core for a second or two.
pub const SHORT: u64 = 4_000;

impl Default for Setup {
    fn default() -> Self {
        Self { masters: 3, replicas: 3, password: None, cluster: true, node_timeout: 10_000, more: &[], tls: None }
    }
}

/// Servers that this process started.
#[derive(Debug)]
pub struct Cluster {
    setup: Setup,
    folder: PathBuf,
    /// The first are masters, the next their replicas in the same order, until something fails over.
    pub servers: Vec<Server>,
}

#[derive(Debug)]
pub struct Server {
    pub port: u16,
    /// The port for TLS.
    pub tls_port: u16,
    bus: u16,
    /// What keeps them its own.
    _ports: [Port; 3],
    folder: PathBuf,
    child: Mutex<Option<Child>>,
}

/// Waits until something is so.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let ends = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < ends, "not within 60 seconds: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Server {
    fn start(&self, setup: &Setup) {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = Command::new("redis-server");
        let port = self.port.to_string();
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--dir", self.folder.to_str().unwrap(), "--daemonize", "no"]);
        // Replicas take part at once.
        command.args(["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"]);
        if setup.cluster {
            // A master that fails takes its own slots with it, not those of the others.
            command.args(["--cluster-require-full-coverage", "no"]);
        }
        if setup.cluster {
            let (bus, timeout) = (self.bus.to_string(), setup.node_timeout.to_string());
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", &timeout]);
        }
        if let Some(password) = setup.password {
            command.args(["--requirepass", password, "--masterauth", password]);
        }
        if let Some(TlsFiles { authority, server, clients }) = setup.tls {
            let port = self.tls_port.to_string();
            command.args(["--tls-port", &port, "--tls-cluster", "yes"]);
            command.args(["--tls-auth-clients", if *clients { "yes" } else { "no" }]);
            command.arg("--tls-cert-file").arg(&server.certificate).arg("--tls-key-file").arg(&server.key);
            command.arg("--tls-ca-cert-file").arg(&authority.certificate);
        }
        command.args(setup.more);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("redis-server starts; `make setup` installs it");
        *self.child.lock().unwrap() = Some(child);
    }

    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().as_ref().unwrap().id()
    }

    /// Stops it in the middle of what it does, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let id = rustix::process::Pid::from_raw(self.id() as i32).unwrap();
        let signal = if frozen { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        rustix::process::kill_process(id, signal).unwrap();
    }
}

impl Cluster {
    pub fn start(setup: Setup) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("callsign-redis-{}-{number}", std::process::id()));
        let total = setup.masters + setup.replicas;
        let server = |index: usize| {
            let folder = folder.join(index.to_string());
            std::fs::create_dir_all(&folder).unwrap();
            let ports = [(); 3].map(|()| Port::take());
            let [port, tls_port, bus] = ports.each_ref().map(Port::number);
            Server { port, tls_port, bus, _ports: ports, folder, child: Mutex::new(None) }
        };
        let cluster = Self { setup, servers: (0..total).map(server).collect(), folder };
        for server in &cluster.servers {
            server.start(&setup);
        }
        for index in 0..total {
            until("the server answers", || cluster.try_ask::<String>(index, "PING").is_ok());
        }
        if setup.cluster {
            cluster.join();
        }
        cluster
    }

    /// The cluster that tests share which change nothing in it.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start(Setup::default()));
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    fn join(&self) {
        let masters = self.setup.masters;
        for index in 0..masters {
            let (first, end) = (16_384 * index / masters, 16_384 * (index + 1) / masters);
            self.ask::<()>(index, &format!("CLUSTER ADDSLOTSRANGE {first} {}", end - 1));
            self.ask::<()>(index, &format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1));
        }
        let total = self.servers.len();
        let known = format!("cluster_known_nodes:{total}");
        let mut met = Instant::now();
        let meet = || {
            for index in 0..total {
                for other in &self.servers[index + 1..] {
                    let port = if self.setup.tls.is_some() { other.tls_port } else { other.port };
                    let _ = self.try_ask::<()>(index, &format!("CLUSTER MEET 127.0.0.1 {port} {}", other.bus));
                }
            }
        };
        meet();
        until("servers know each other", || {
            // One that had no time to shake hands is asked once more.
            if met.elapsed() > Duration::from_secs(3) {
                meet();
                met = Instant::now();
            }
            (0..total).all(|index| self.info(index).contains(&known))
        });
        for index in masters..total {
            let id: String = self.ask(index - masters, "CLUSTER MYID");
            until("a replica knows its master", || {
                self.try_ask::<()>(index, &format!("CLUSTER REPLICATE {id}")).is_ok()
            });
        }
        self.settle();
    }

    /// Waits until every server that runs sees a sound cluster, and every replica follows its master.
    pub fn settle(&self) {
        for (index, server) in self.servers.iter().enumerate() {
            if server.child.lock().unwrap().is_none() {
                continue;
            }
            until("the cluster is sound", || {
                let info = self.info(index);
                info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
            });
            until("the replica follows", || {
                let replication = self.try_ask::<String>(index, "INFO replication").unwrap_or_default();
                replication.contains("role:master") || replication.contains("master_link_status:up")
            });
        }
        // Every master knows how many follow it.
        let replicas = self.setup.replicas / self.setup.masters;
        for index in (0..self.servers.len()).filter(|_| replicas > 0 && self.all_run()) {
            until("the master has its replica", || {
                let replication = self.try_ask::<String>(index, "INFO replication").unwrap_or_default();
                replication.contains("role:slave") || replication.contains("state=online")
            });
        }
    }

    fn all_run(&self) -> bool {
        self.servers.iter().all(|server| server.child.lock().unwrap().is_some())
    }

    pub fn restart(&self, index: usize) {
        self.servers[index].start(&self.setup);
        until("the server answers", || self.try_ask::<String>(index, "PING").is_ok());
    }

    fn info(&self, index: usize) -> String {
        self.try_ask(index, "CLUSTER INFO").unwrap_or_default()
    }

    pub fn connection(&self, index: usize) -> redis::RedisResult<Connection> {
        self.connection_within(index, Duration::from_secs(20))
    }

    /// A connection once the server has answered, which a busy machine may keep from it for a while.
    fn connection_within(&self, index: usize, time: Duration) -> redis::RedisResult<Connection> {
        let password = self.setup.password.map_or(String::new(), |password| format!(":{password}@"));
        let client = Client::open(format!("redis://{password}127.0.0.1:{}", self.servers[index].port))?;
        client.get_connection_with_timeout(time)
    }

    pub fn try_ask<T: FromRedisValue>(&self, index: usize, command: &str) -> redis::RedisResult<T> {
        words(command).query(&mut self.connection_within(index, Duration::from_secs(2))?)
    }

    /// What a server answers to a command of words.
    pub fn ask<T: FromRedisValue>(&self, index: usize, command: &str) -> T {
        let connection = self.connection_within(index, Duration::from_secs(60));
        let answer = connection.and_then(|mut connection| words(command).query(&mut connection));
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub fn is_master(&self, index: usize) -> bool {
        self.try_ask::<String>(index, "INFO replication").is_ok_and(|info| info.contains("role:master"))
    }

    pub fn address(&self) -> String {
        let hosts: Vec<String> = self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        let password = self.setup.password.map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{password}{}", hosts.join(","))
    }

    /// The address for TLS by this host name, with the authority's certificate and further options.
    pub fn tls_address(&self, host: &str, authority: &Authority, more: &str) -> String {
        let hosts: Vec<String> = self.servers.iter().map(|server| format!("{host}:{}", server.tls_port)).collect();
        let password = self.setup.password.map_or(String::new(), |password| format!(":{password}@"));
        format!("rediss://{password}{}?sslrootcert={}{more}", hosts.join(","), authority.certificate.display())
    }

    pub fn store(&self, options: RedisOptions) -> RedisStore {
        RedisStore::connect(&self.address(), options).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (index, server) in self.servers.iter().enumerate() {
            server.kill();
            if std::thread::panicking() {
                let log = std::fs::read_to_string(server.folder.join("log")).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(15).collect();
                let last: Vec<&str> = last.into_iter().rev().collect();
                let _ = writeln!(std::io::stderr(), "-- server {index}, port {}\n{}", server.port, last.join("\n"));
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn words(command: &str) -> redis::Cmd {
    let mut cmd = redis::Cmd::new();
    for word in command.split(' ') {
        cmd.arg(word);
    }
    cmd
}

/// A prefix that no other test has.
pub fn prefix() -> String {
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
