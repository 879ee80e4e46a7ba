//! What a decision costs over HTTP: `callsign serve` under wrk, beside a bare axum handler that answers the same bytes, and
//! beside itself while the catalog changes and policies are swapped. The three take their samples in turns; a run of wrk is a
//! sample.
//!
//! `make bench-service`, or `cargo bench -p callsign-cli --bench service`; `SECONDS=10` for longer runs than one second each.
//! Needs wrk and `target/platform` (`make run` makes it).

#![allow(missing_docs, clippy::unwrap_used, reason = "a program that says what it measured, or ends")]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use callsign_turns::Turns;
use criterion::{BenchmarkId, Criterion, criterion_group};
use serde_json::{Value, json};

/// Connections that wrk keeps open, all busy.
const CONNECTIONS: u32 = 32;

/// Bodies that are taken in turn.
const BODIES: usize = 64;

fn main() {
    // The bare handler is a process of its own: `service bare ADDRESS FILE`.
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "bare") {
        Some(at) => bare(&arguments[at + 1], Path::new(&arguments[at + 2])),
        None => benches(),
    }
}

fn loads(criterion: &mut Criterion) {
    let platform = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/platform"));
    let messages = fs::read_to_string(platform.join("messages.jsonl"))
        .expect("target/platform/messages.jsonl: `make run` makes the example platform");
    let messages: Vec<&str> = messages.lines().collect();
    assert!(Command::new("wrk").arg("--version").output().is_ok(), "wrk is needed: apt-get install wrk");
    let folder = std::env::temp_dir().join(format!("callsign-load-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let server = Server::start(&folder, &platform.join("catalog.json"));
    let mut group = criterion.benchmark_group("service");
    let mut rows = vec![
        "| request | | requests a second | decisions a second | a CPU second | p50 | p99 | p99.9 |".to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for batch in [1, 100, 1_000] {
        let bodies = bodies(&messages, batch);
        let file = folder.join(format!("bodies-{batch}.jsonl"));
        fs::write(&file, &bodies).unwrap();
        let answer = server.client.ask("POST", "/v1/decisions", bodies.lines().next().unwrap().as_bytes());
        let answered = folder.join(format!("answer-{batch}.json"));
        fs::write(&answered, answer).unwrap();
        let bare = Bare::start(&answered);
        let (of_bare, own, changing) = (RefCell::default(), RefCell::default(), RefCell::default());
        let (changes, swaps) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut turns = Turns::new();
        let id = |what: &str| BenchmarkId::new(what, batch);
        turns.add_timed(id("bare"), batch as u64, |requests| sample(&of_bare, requests, bare.load(&file)));
        turns.add_timed(id("serve"), batch as u64, |requests| sample(&own, requests, server.load(&file)));
        // A change while a thousand messages are decided says nothing that one among a hundred does not.
        if batch < 1_000 {
            turns.add_timed(id("serve-while-changing"), batch as u64, |requests| {
                let _churn = Churn::start(&server, &changes, &swaps);
                sample(&changing, requests, server.load(&file))
            });
        }
        turns.measure(&mut group);
        let words = if batch == 1 { "one message".to_owned() } else { format!("{batch} messages") };
        let (changes, swaps) = (changes.load(Ordering::Relaxed), swaps.load(Ordering::Relaxed));
        let churned = format!("the same with {changes} changes and {swaps} swaps going on");
        rows.extend(of_bare.borrow().row(&words, "bare axum handler", batch));
        rows.extend(own.borrow().row(&words, "callsign serve", batch));
        if let (Some(own), Some(bare)) = (own.borrow().rate(), of_bare.borrow().rate()) {
            rows.push(format!("| {words} | share of the bare handler's | {:.0} % | | | | | |", own / bare * 100.0));
        }
        rows.extend(changing.borrow().row(&words, &churned, batch));
    }
    rows.push(String::new());
    rows.extend(changes_alone(&server));
    rows.iter().for_each(|row| println!("{row}"));
    drop(server);
    let _ = fs::remove_dir_all(&folder);
}

/// What changes and swaps take of the server's processor time when it does nothing else, and how many changes are made in a second.
fn changes_alone(server: &Server) -> Vec<String> {
    const CHANGES: u64 = 1_000;
    const SWAPS: u64 = 300;
    const CALLERS: u64 = 16;
    let mut rows =
        vec!["| one after the other | processor time | how long |".to_owned(), "| --- | --- | --- |".to_owned()];
    let mut alone = |what: &str, count: u64, act: fn(&Client, u64)| {
        let client = server.client.clone();
        (0..20).for_each(|turn| act(&client, turn));
        let (began, before) = (Instant::now(), processor_seconds(server.child.id()));
        (0..count).for_each(|turn| act(&client, turn));
        let (took, used) = (began.elapsed().as_secs_f64(), processor_seconds(server.child.id()) - before);
        let each = |seconds: f64| seconds * 1e3 / count as f64;
        rows.push(format!("| {what} | {:.2} ms | {:.2} ms |", each(used), each(took)));
    };
    alone("a change of an application", CHANGES, change);
    alone("a swap of the policy of the platform", SWAPS, swap);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            let client = server.client.clone();
            scope.spawn(move || (0..CHANGES / CALLERS).for_each(|turn| change(&client, turn)));
        }
    });
    let made = (CHANGES / CALLERS * CALLERS) as f64;
    let rate = grouped(made / began.elapsed().as_secs_f64());
    rows.extend([String::new(), format!("{CALLERS} callers make {rate} changes a second together.")]);
    rows
}

fn change(server: &Client, turn: u64) {
    let body = json!({ "applicationName": format!("name {turn}") }).to_string();
    server.ask("PUT", "/provisioning/1/applications/default", body.as_bytes());
}

fn swap(server: &Client, turn: u64) {
    let on_failure = if turn.is_multiple_of(2) { "STANDARD" } else { "REFUSE" };
    let body = json!({ "module": "standard", "onFailure": on_failure }).to_string();
    server.ask("PUT", "/v1/binding", body.as_bytes());
}

/// Runs of wrk, of one server with one size of requests.
#[derive(Default)]
struct Runs {
    runs: Vec<Value>,
    processor_seconds: f64,
}

/// How long so many requests take, by a run of wrk that is kept.
fn sample(runs: &RefCell<Runs>, requests: u64, (run, processor_seconds): (Value, f64)) -> Duration {
    assert_eq!(run["wrong"], 0, "{run}");
    let mut runs = runs.borrow_mut();
    let microseconds = number(&run, "microseconds") / number(&run, "requests");
    runs.runs.push(run);
    runs.processor_seconds += processor_seconds;
    Duration::from_secs_f64(microseconds / 1e6 * requests as f64)
}

fn number(run: &Value, name: &str) -> f64 {
    run[name].as_f64().unwrap()
}

impl Runs {
    fn sum(&self, name: &str) -> f64 {
        self.runs.iter().map(|run| number(run, name)).sum()
    }

    /// Requests a second; none where nothing ran.
    fn rate(&self) -> Option<f64> {
        (!self.runs.is_empty()).then(|| self.sum("requests") / self.sum("microseconds") * 1e6)
    }

    /// The row of the table; latencies are the median of those of the runs.
    fn row(&self, request: &str, what: &str, batch: usize) -> Option<String> {
        let rate = self.rate()?;
        let time = |name: &str| {
            let mut figures: Vec<f64> = self.runs.iter().map(|run| number(run, name)).collect();
            figures.sort_by(f64::total_cmp);
            let microseconds = figures[figures.len() / 2];
            if microseconds < 1e3 { format!("{microseconds:.0} us") } else { format!("{:.2} ms", microseconds / 1e3) }
        };
        Some(format!(
            "| {request} | {what} | {} | {} | {} | {} | {} | {} |",
            grouped(rate),
            grouped(rate * batch as f64),
            grouped(self.sum("requests") * batch as f64 / self.processor_seconds),
            time("p50"),
            time("p99"),
            time("p999")
        ))
    }
}

/// Bodies of so many messages each, one a line.
fn bodies(messages: &[&str], batch: usize) -> String {
    let mut text = String::new();
    let mut messages = messages.iter().cycle();
    for _ in 0..BODIES {
        if batch == 1 {
            text.push_str(messages.next().unwrap());
        } else {
            text.push_str("{\"messages\":[");
            let some: Vec<&str> = messages.by_ref().take(batch).copied().collect();
            text.push_str(&some.join(","));
            text.push_str("]}");
        }
        text.push('\n');
    }
    text
}

fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        let _ = write!(text, "{digit}");
    }
    text
}

/// Runs wrk for so many seconds; what it measured.
fn wrk(url: &str, key: &str, bodies: &Path, seconds: &str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/service/report.lua");
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &CONNECTIONS.to_string(), "--duration", &format!("{seconds}s")])
        .args(["--script", script, url])
        .env("CALLSIGN_BODY", bodies)
        .env("CALLSIGN_KEY", key)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("wrk: {error}: {text}"))
}

/// Seconds of processor time that a process has used.
fn processor_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    // Linux has 100 ticks a second for programs, whatever it has itself.
    ticks / 100.0
}

/// Load on a process, and the seconds of processor time that it took of it.
fn loaded(process: u32, url: &str, key: &str, bodies: &Path) -> (Value, f64) {
    let before = processor_seconds(process);
    let seconds = std::env::var("SECONDS").unwrap_or_else(|_| "1".into());
    let measured = wrk(url, key, bodies, &seconds);
    (measured, processor_seconds(process) - before)
}

/// `callsign serve`.
struct Server {
    child: Child,
    client: Client,
}

impl Server {
    fn start(folder: &Path, catalog: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_callsign"))
            .args(["serve", "--catalog"])
            .arg(catalog)
            .env("CALLSIGN_SERVE_DATA", folder.join("data"))
            .env("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0")
            .env("CALLSIGN_SERVE_LOG_LEVEL", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut key = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut key).unwrap();
        let key = key.split_once("once: ").unwrap().1.trim().to_owned();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("listening on ")).expect("it listens");
        let url = line.split("listening on ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, client: Client::new(url, key) }
    }

    fn load(&self, bodies: &Path) -> (Value, f64) {
        loaded(self.child.id(), &format!("{}/v1/decisions", self.client.url), &self.client.key, bodies)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bare handler in a process of its own.
struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    fn start(answer: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["bare", &address.to_string()])
            .arg(answer)
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "the bare handler does not listen");
        }
        Self { child, address }
    }

    fn load(&self, bodies: &Path) -> (Value, f64) {
        loaded(self.child.id(), &format!("http://{}/v1/decisions", self.address), "none", bodies)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes a body, answers bytes.
fn bare(address: &str, answer: &Path) {
    let answer = Bytes::from(fs::read(answer).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let handler = move |_: Bytes| {
            let answer = answer.clone();
            async move { ([("content-type", "application/json")], answer) }
        };
        let router = Router::new().route("/v1/decisions", post(handler));
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        axum::serve(listener, router).await.unwrap();
    });
}

/// Changes of the catalog, as fast as they are taken up to 100 a second, and a swap a second.
struct Churn {
    end: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Churn {
    fn start(server: &Server, changes: &Arc<AtomicU64>, swaps: &Arc<AtomicU64>) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let change = Self::every(server, &end, Duration::from_millis(10), changes, change);
        let swap = Self::every(server, &end, Duration::from_secs(1), swaps, swap);
        Self { end, threads: vec![change, swap] }
    }

    fn every(
        server: &Server,
        end: &Arc<AtomicBool>,
        pause: Duration,
        count: &Arc<AtomicU64>,
        act: impl Fn(&Client, u64) + Send + 'static,
    ) -> std::thread::JoinHandle<()> {
        let server = server.client.clone();
        let (end, count) = (Arc::clone(end), Arc::clone(count));
        std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let began = Instant::now();
                act(&server, count.fetch_add(1, Ordering::Relaxed));
                std::thread::park_timeout(pause.saturating_sub(began.elapsed()));
            }
        })
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            thread.join().unwrap();
        }
    }
}

/// A client of a server, which keeps its connection open; a clone has one of its own.
struct Client {
    url: String,
    key: String,
    agent: ureq::Agent,
}

impl Client {
    fn new(url: String, key: String) -> Self {
        Self { url, key, agent: ureq::Agent::new_with_defaults() }
    }
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self::new(self.url.clone(), self.key.clone())
    }
}

impl Client {
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("App {}", self.key))
            .body(body.to_vec())
            .unwrap();
        let mut answer = self.agent.run(request).unwrap();
        let mut bytes = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// Ten samples, whatever time they take: wrk says how long it runs.
fn config() -> Criterion {
    callsign_turns::criterion().sample_size(10)
}

criterion_group! { name = benches; config = config(); targets = loads }
