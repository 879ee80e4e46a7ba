//! A connection on which anything can be written, well-formed or not.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use callsign_tests::service::{Reply, Server};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Wire {
    stream: TcpStream,
    /// Read already, and not looked at yet.
    read: Vec<u8>,
}

impl Wire {
    pub(crate) fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// A connection on which this was written.
    pub(crate) fn with(server: &Server, bytes: impl AsRef<[u8]>) -> Self {
        let mut wire = Self::to(server);
        wire.write(bytes);
        wire
    }

    /// Writes, as far as the other side takes it: one that has answered need not read to the end.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Writes as much as the other side takes at once.
    pub(crate) fn write_some(&self, bytes: impl AsRef<[u8]>) {
        self.stream.set_nonblocking(true).unwrap();
        let (mut stream, mut bytes) = (&self.stream, bytes.as_ref());
        while let Ok(written) = stream.write(bytes)
            && written > 0
        {
            bytes = &bytes[written..];
        }
        self.stream.set_nonblocking(false).unwrap();
    }

    /// The status of an answer whose end does not come; none where the connection ends without one.
    pub(crate) fn status(&mut self) -> Option<u16> {
        while !self.read.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            if !self.more() {
                return None;
            }
        }
        String::from_utf8_lossy(&self.read).split(' ').nth(1)?.parse().ok()
    }

    /// Says that nothing more will be written.
    pub(crate) fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next answer; none where the connection ends without one.
    #[track_caller]
    pub(crate) fn reply(&mut self) -> Option<Reply> {
        match self.whole_reply() {
            Ok(reply) => reply,
            Err(part) => panic!("a part of an answer: {part}"),
        }
    }

    /// The same.
    ///
    /// # Errors
    /// The connection ends in the middle of it; what came.
    pub(crate) fn whole_reply(&mut self) -> Result<Option<Reply>, String> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more() {
                let part = String::from_utf8_lossy(&self.read).into_owned();
                return if part.is_empty() { Ok(None) } else { Err(part) };
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        if status == 100 {
            return self.whole_reply();
        }
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
        while self.read.len() < length {
            if !self.more() {
                return Err(head);
            }
        }
        let text = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Ok(Some(Reply { status, headers, text }))
    }

    /// Waits until the other side has closed the connection, without another answer.
    #[track_caller]
    pub(crate) fn is_closed(&mut self) {
        assert!(self.read.is_empty() && !self.more(), "an answer: {}", String::from_utf8_lossy(&self.read));
    }

    /// Everything that comes until the other side closes the connection.
    pub(crate) fn raw(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.read)
    }

    /// Whether the other side says anything, or closes the connection, within a time.
    pub(crate) fn speaks_within(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let said = self.stream.peek(&mut [0; 1]);
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        said.is_ok()
    }

    /// Whether the other side has closed the connection by now.
    pub(crate) fn is_over(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let read = self.stream.read(&mut [0; 1_024]);
        self.stream.set_nonblocking(false).unwrap();
        match read {
            Ok(length) => length == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    /// Waits until something is there to be read, and leaves it there. False where the connection ends without it.
    pub(crate) fn is_spoken_to(&self) -> bool {
        matches!(self.stream.peek(&mut [0; 1]), Ok(1))
    }

    fn more(&mut self) -> bool {
        let mut bytes = [0; 8_192];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(length) => {
                self.read.extend_from_slice(&bytes[..length]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(error) => panic!("neither an answer nor an end: {error}"),
        }
    }
}

/// The head of a request with the first key.
pub(crate) fn head(server: &Server, method: &str, path: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\nauthorization: App {}\r\n{more}\r\n", server.key())
}

/// The server is well: it answers others as ever, and nothing in it panicked.
#[track_caller]
pub(crate) fn is_well(server: &Server) {
    server.get("/provisioning/1/applications").expect(200);
    let log = server.log();
    assert!(!log.contains("panic"), "{log}");
}
