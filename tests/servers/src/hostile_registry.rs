//! A server on loopback that answers as a test says: a registry that lies, stalls and leads elsewhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// With its query.
    pub path: String,
    /// As they came, with names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole answer.
    Whole { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// A head and these bytes, and nothing more: the connection stays open.
    Stalls { head: String, body: Vec<u8> },
    /// A head and these bytes, and the connection is closed.
    Cut { head: String, body: Vec<u8> },
    /// A body without an end, in chunks.
    Endless,
}

impl Answer {
    pub fn new(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::Whole { status, headers, body: body.into() }
    }
}

/// The server. What it was asked is kept.
#[derive(Debug)]
pub struct HostileRegistry {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HostileRegistry {
    /// Answers each request by a function.
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&requests), Arc::new(answer));
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &kept, &*answer));
            }
        });
        Self { address, requests }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Request>>, answer: &dyn Fn(&Request) -> Answer) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        kept.lock().unwrap().push(request.clone());
        let goes_on = match answer(&request) {
            Answer::Whole { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} x\r\n");
                if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
                    head.push_str(&format!("Content-Length: {}\r\n", body.len()));
                }
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                let body = if request.method == "HEAD" { &[][..] } else { &*body };
                writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body)).is_ok()
            }
            Answer::Stalls { head, body } => {
                let _ = writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body));
                // Until the client goes away.
                let _ = reader.read(&mut [0]);
                false
            }
            Answer::Cut { head, body } => {
                let _ = writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body));
                false
            }
            Answer::Endless => {
                let _ = writer.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
                while writer.write_all(&chunk).is_ok() {}
                false
            }
        };
        if !goes_on {
            return;
        }
    }
}
