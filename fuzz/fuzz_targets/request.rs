//! Any bytes as a request to the real service, over a real connection: the body of `/v1/decisions`, rows of an import, the
//! query of a list. It is answered with what it asks for or with a fault of its path in words, never with a failure.

#![no_main]

use std::cell::RefCell;
use std::future::pending;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;

use callsign_service::Config;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const CATALOG: &str = include_str!("../seeds/catalog/everything.json");

/// Lists that have queries.
const LISTS: [&str; 12] = [
    "/provisioning/1/applications",
    "/provisioning/1/entities",
    "/provisioning/1/associations",
    "/provisioning/1/associations/single",
    "/provisioning/2/sending-strategies",
    "/numbers/1/numbers",
    "/v1/senders",
    "/v1/strategies",
    "/v1/default-senders",
    "/v1/pins",
    "/v1/coverage",
    "/v1/audit",
];

struct Service {
    address: SocketAddr,
    key: String,
    _runtime: tokio::runtime::Runtime,
}

/// One service for all inputs. Imports fill it up to a limit, then they are refused.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let data = std::env::temp_dir().join(format!("callsign-fuzz-request-{}", std::process::id()));
    // Of a process with the same number.
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data).expect("a folder");
    let catalog = data.with_extension("json");
    std::fs::write(&catalog, CATALOG).expect("a file");
    let folder = data.join("data").display().to_string();
    let variables = [
        ("CALLSIGN_SERVE_DATA", &*folder),
        ("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("CALLSIGN_SERVE_RATE_MANAGEMENT_PER_SECOND", "0"),
        ("CALLSIGN_SERVE_LIMITS_ELEMENTS", "2000"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load(None, variables).expect("a configuration");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let (running, started) = runtime.block_on(callsign_service::start(config, Some(&catalog))).expect("a service");
    runtime.spawn(running.until(pending()));
    Service {
        address: started.address,
        key: started.first_key.expect("a new platform").expose().to_owned(),
        _runtime: runtime,
    }
});

thread_local! {
    static CONNECTION: RefCell<Option<BufReader<TcpStream>>> = const { RefCell::new(None) };
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// Asks on the connection that is there, or on a new one.
fn ask(request: &[u8]) -> Answer {
    CONNECTION.with_borrow_mut(|connection| {
        if let Some(mut there) = connection.take()
            && let Some(answer) = there.get_mut().write_all(request).ok().and_then(|()| read(&mut there))
        {
            *connection = Some(there);
            return answer;
        }
        // A connection that was ended after its last answer.
        let mut new = BufReader::new(TcpStream::connect(SERVICE.address).expect("the service listens"));
        new.get_mut().write_all(request).expect("it reads");
        let answer = read(&mut new).expect("it answers");
        *connection = Some(new);
        answer
    })
}

fn read(connection: &mut BufReader<TcpStream>) -> Option<Answer> {
    let mut answer = Answer { status: 0, body: Vec::new() };
    let mut length = 0;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if answer.status == 0 {
            answer.status = line.split(' ').nth(1)?.parse().ok()?;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    connection.take(length).read_to_end(&mut answer.body).ok()?;
    Some(answer)
}

/// A query as an address may have it: what no address has is escaped, and an escape of the input stays.
fn query(bytes: &[u8]) -> String {
    let sign = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'%' | b'&' | b'=' | b'+' | b'-' | b'_' | b'.' | b'*' | b';' => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().take(4_000).map(sign).collect()
}

// The service starts before the first input, whose time is limited.
fuzz_target!(init: { let _ = LazyLock::force(&SERVICE); }, |input: &[u8]| {
    let Some((&form, rest)) = input.split_first() else { return };
    let list = LISTS[usize::from(form / 4) % LISTS.len()];
    let (method, path, kind, body) = match form % 4 {
        0 => ("POST", "/v1/decisions".to_owned(), "application/json", rest),
        1 => ("POST", "/v1/senders/import".to_owned(), "application/x-ndjson", rest),
        2 => ("POST", "/v1/senders/import".to_owned(), "text/csv", rest),
        _ => ("GET", format!("{list}?{}", query(rest)), "text/plain", &b""[..]),
    };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: fuzz\r\nauthorization: App {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        SERVICE.key,
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    let Answer { status, body } = ask(&request);
    let text = String::from_utf8(body).expect("an answer is UTF-8");
    assert!((200..500).contains(&status), "{method} {path}: {status} {text}");
    let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {status} {text}"));
    assert!(answer.is_object(), "{text}");
    if status >= 300 {
        // A fault in the format of its path, for people too.
        let told = ["title", "description", "requestError"].iter().any(|name| answer.get(name).is_some());
        assert!(told, "{method} {path}: {text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    } else if path == "/v1/decisions" {
        let decisions =
            answer.get("decisions").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![answer.clone()]);
        let is_decided = |decision: &Value| decision.get("senderId").is_some() != decision.get("refusal").is_some();
        assert!(decisions.iter().all(is_decided), "{text}");
    }
});
