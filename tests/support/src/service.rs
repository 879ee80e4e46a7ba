//! A service in a process of its own, on a port and in a folder of its own, and a client of it.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a service may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a connection may be idle to be used again: far less than until a service closes it, which may be just when a request
/// is sent on it.
const IDLE: Duration = Duration::from_secs(1);

/// A service that runs.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The first key, where this start made it.
    pub first_key: Option<String>,
    pub data: PathBuf,
    config: PathBuf,
    log: Arc<(Mutex<Vec<String>>, Condvar)>,
    is_temporary: bool,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// The same reply, once it is known to have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// The program. Cargo builds it before the tests that need it, and puts it into the folder above theirs.
pub fn command() -> Command {
    let test = std::env::current_exe().unwrap();
    Command::new(test.parent().unwrap().with_file_name("callsign"))
}

/// A folder of this test alone.
pub fn folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("callsign-service-{}-{name}-{number}", std::process::id()));
    // Of a process with the same number before.
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

impl Server {
    /// With defaults, in a new folder.
    pub fn start() -> Self {
        Self::with("")
    }

    /// With a configuration (TOML without `data` and `listen.address`), in a new folder.
    pub fn with(config: &str) -> Self {
        Self::with_arguments(config, &[])
    }

    /// The same, with further arguments for `callsign serve`.
    pub fn with_arguments(config: &str, arguments: &[&str]) -> Self {
        let mut server = Self::at(&folder("data"), config, arguments);
        server.is_temporary = true;
        server
    }

    /// On a folder that is kept: a service that is started again.
    pub fn at(data: &Path, config: &str, arguments: &[&str]) -> Self {
        Self::try_at(data, config, arguments).unwrap_or_else(|log| panic!("the service does not start:\n{log}"))
    }

    /// The same; the log, where it does not start.
    pub fn try_at(data: &Path, config: &str, arguments: &[&str]) -> Result<Self, String> {
        Self::of(self::command(), data, config, arguments)
    }

    /// The service of another program, such as the release before.
    pub fn of_program(program: &Path, data: &Path, config: &str) -> Self {
        let server = Self::of(Command::new(program), data, config, &[]);
        server.unwrap_or_else(|log| panic!("{} does not start:\n{log}", program.display()))
    }

    fn of(mut command: Command, data: &Path, config: &str, arguments: &[&str]) -> Result<Self, String> {
        let path = data.with_extension("toml");
        // It may have a password, so it is for nobody else.
        let _ = std::fs::remove_file(&path);
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
        options.open(&path).unwrap().write_all(config.as_bytes()).unwrap();
        command
            .arg("serve")
            .arg("--config")
            .arg(&path)
            .args(arguments)
            .env("CALLSIGN_SERVE_DATA", data)
            .env("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // On a busy machine a quick policy may wait for a core longer than the 200 ms that it has by default.
        if !config.contains("deadline_milliseconds") {
            command.env("CALLSIGN_SERVE_POLICY_DEADLINE_MILLISECONDS", "10000");
        }
        let mut child = command.spawn().unwrap();
        let log = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (stderr, told) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                told.0.lock().unwrap().push(line);
                told.1.notify_all();
            }
            told.0.lock().unwrap().push("(end of the log)".into());
            told.1.notify_all();
        });
        let Some(line) = wait(&log, |line| line.contains("listening on ") || line == "(end of the log)") else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(log.0.lock().unwrap().join("\n"));
        };
        if line == "(end of the log)" {
            let _ = child.wait();
            return Err(log.0.lock().unwrap().join("\n"));
        }
        let url = line.split("listening on ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let first_key = first_key(child.stdout.as_mut().unwrap());
        Ok(Self { child, url, first_key, data: data.to_owned(), config: path, log, is_temporary: false })
    }

    /// The first key of the platform.
    #[track_caller]
    pub fn key(&self) -> &str {
        self.first_key.as_deref().expect("this start made the first key")
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.url.split("://").nth(1).unwrap()
    }

    /// Asks with a key.
    pub fn ask(&self, key: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let text = body.map(Value::to_string);
        self.send(&[("authorization", &format!("App {key}"))], method, path, text.as_deref().map(str::as_bytes))
    }

    /// Asks with the first key.
    pub fn get(&self, path: &str) -> Reply {
        self.ask(self.key(), "GET", path, None)
    }

    /// Asks with the first key.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(self.key(), "POST", path, Some(body))
    }

    /// Asks with the first key.
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.ask(self.key(), "PUT", path, Some(body))
    }

    /// Replaces what there is, whatever it is: `PUT` with `If-Match: *`.
    pub fn replace(&self, key: &str, path: &str, body: &Value) -> Reply {
        let headers = [("authorization", &*format!("App {key}")), ("if-match", "*")];
        self.send(&headers, "PUT", path, Some(body.to_string().as_bytes()))
    }

    /// Asks with the first key.
    pub fn delete(&self, path: &str) -> Reply {
        self.ask(self.key(), "DELETE", path, None)
    }

    /// Any request. Panics where there is no answer.
    #[track_caller]
    pub fn send(&self, headers: &[(&str, &str)], method: &str, path: &str, body: Option<&[u8]>) -> Reply {
        self.try_send(headers, method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}; the log:\n{}", self.log()))
    }

    /// Any request.
    pub fn try_send(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Reply, ureq::Error> {
        thread_local! {
            static AGENT: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .allow_non_standard_methods(true)
                .timeout_global(Some(PATIENCE))
                .max_idle_age(IDLE)
                .build()
                .new_agent();
        }
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = AGENT.with(|agent| {
            let agent = agent.clone();
            match body {
                // With any method: the contract has a DELETE with a body.
                Some(body) => agent.run(request.header("content-type", "application/json").body(body.to_vec())?),
                None => agent.run(request.body(())?),
            }
        });
        let mut answer = answer?;
        let named = answer.headers().iter();
        let headers = named.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
        let headers = headers.collect();
        let mut text = String::new();
        answer.body_mut().as_reader().read_to_string(&mut text).map_err(ureq::Error::Io)?;
        Ok(Reply { status: answer.status().as_u16(), headers, text })
    }

    /// Runs `callsign key ARGUMENTS`, beside the service; what it printed.
    #[track_caller]
    pub fn key_command(&self, arguments: &[&str]) -> String {
        let output = command()
            .arg("key")
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .env("CALLSIGN_SERVE_DATA", &self.data)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A new key, of an application or of the platform (`None`), with these scopes or all, that the service knows of.
    #[track_caller]
    pub fn new_key(&self, application: Option<&str>, scopes: &[&str]) -> String {
        let mut arguments = vec!["create", "of a test", "--json"];
        arguments.extend(application.iter().flat_map(|id| ["--application", id]));
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let made: Value = serde_json::from_str(&self.key_command(&arguments)).unwrap();
        let key = made["key"].as_str().unwrap().to_owned();
        self.until("the key is known", || self.ask(&key, "GET", "/provisioning/1/applications", None).status != 401);
        key
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "not so after {PATIENCE:?}: {what}; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for a line of the log.
    #[track_caller]
    pub fn until_logged(&self, text: &str) {
        assert!(wait(&self.log, |line| line.contains(text)).is_some(), "no {text:?} in the log:\n{}", self.log());
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.0.lock().unwrap().join("\n")
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to end, and waits for that; its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.terminate();
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not end; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Writes another configuration into its file, sends SIGHUP, and waits until the log says what came of it: that line.
    #[track_caller]
    pub fn reload(&self, config: &str) -> String {
        std::fs::write(&self.config, config).unwrap();
        let is_told =
            |line: &&str| line.contains("the configuration is taken over") || line.contains("is not taken over");
        let before = self.log().lines().filter(is_told).count();
        self.signal(rustix::process::Signal::HUP);
        self.until("the configuration is looked at", || self.log().lines().filter(is_told).count() > before);
        self.log().lines().rfind(is_told).unwrap().to_owned()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if self.is_temporary {
            let _ = std::fs::remove_dir_all(&self.data);
            let _ = std::fs::remove_file(&self.config);
        }
    }
}

/// The key that a first start prints before it listens: it is there once it listens, or none is.
fn first_key(stdout: &mut ChildStdout) -> Option<String> {
    rustix::fs::fcntl_setfl(&*stdout, rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut printed = Vec::new();
    // The pipe stays open, so it ends with what is not there yet.
    let _ = stdout.read_to_end(&mut printed);
    let printed = String::from_utf8(printed).unwrap();
    let key = printed.split_once("shown this once: ")?.1;
    Some(key.lines().next()?.to_owned())
}

fn wait(log: &(Mutex<Vec<String>>, Condvar), is_it: impl Fn(&str) -> bool) -> Option<String> {
    let began = Instant::now();
    let mut lines = log.0.lock().unwrap();
    loop {
        if let Some(line) = lines.iter().find(|line| is_it(line)) {
            return Some(line.clone());
        }
        if began.elapsed() > PATIENCE {
            return None;
        }
        lines = log.1.wait_timeout(lines, Duration::from_millis(100)).unwrap().0;
    }
}
