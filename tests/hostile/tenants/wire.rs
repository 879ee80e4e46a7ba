//! A connection from a chosen address, whose waiting can be ended.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// How often somebody who waits looks whether to go on.
const LOOK: Duration = Duration::from_millis(20);

/// As much of an answer's body as is kept.
const KEPT: usize = 256 << 10;

pub struct Wire {
    stream: TcpStream,
    /// Read already, and not looked at yet.
    read: Vec<u8>,
}

/// An answer. Of a long body the beginning.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// How long the body was.
    pub length: usize,
    /// Whether the other side ends the connection after it.
    pub is_last: bool,
}

impl Wire {
    /// A connection from an address of this machine: each attacker has its own, as on the internet.
    pub fn open(to: SocketAddr, from: Ipv4Addr) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(IpAddr::V4(from), 0).into())?;
        socket.connect_timeout(&to.into(), Duration::from_secs(2))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(LOOK))?;
        socket.set_write_timeout(Some(LOOK))?;
        Ok(Self { stream: socket.into(), read: Vec::new() })
    }

    /// Writes all of it, as long as it is to go on.
    pub fn write(&mut self, mut bytes: &[u8], goes_on: impl Fn() -> bool) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_timeout(&error) && goes_on() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes as much as the other side takes without waiting; whether the connection still is there.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let _ = self.stream.set_nonblocking(true);
        let written = self.stream.write(bytes);
        let _ = self.stream.set_nonblocking(false);
        written.is_ok() || written.is_err_and(|error| is_timeout(&error))
    }

    /// Reads one byte, if there is one; whether the connection still is there.
    pub fn sip(&mut self) -> bool {
        let _ = self.stream.set_nonblocking(true);
        let read = self.stream.read(&mut [0]);
        let _ = self.stream.set_nonblocking(false);
        match read {
            Ok(length) => length > 0,
            Err(error) => is_timeout(&error),
        }
    }

    /// Whether the other side has ended the connection, where it has sent nothing.
    pub fn is_over(&self) -> bool {
        let _ = self.stream.set_nonblocking(true);
        let peeked = self.stream.peek(&mut [0]);
        let _ = self.stream.set_nonblocking(false);
        match peeked {
            Ok(length) => length == 0,
            Err(error) => !is_timeout(&error),
        }
    }

    /// The status of the next answer, whose body is left: for one without an end.
    pub fn status(&mut self, goes_on: impl Fn() -> bool) -> io::Result<u16> {
        Ok(self.head(&goes_on)?.0)
    }

    /// The next answer.
    pub fn answer(&mut self, goes_on: impl Fn() -> bool) -> io::Result<Answer> {
        let (status, head) = self.head(&goes_on)?;
        if status == 100 {
            return self.answer(goes_on);
        }
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let is_last = field("connection:") == Some("close");
        let mut answer = Answer { status, body: Vec::new(), length: 0, is_last };
        if field("transfer-encoding:") == Some("chunked") {
            loop {
                let length = usize::from_str_radix(&self.line(&goes_on)?, 16).map_err(|_| ErrorKind::InvalidData)?;
                self.part(length, &mut answer, &goes_on)?;
                self.line(&goes_on)?;
                if length == 0 {
                    break;
                }
            }
        } else {
            let length = field("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0);
            self.part(length, &mut answer, &goes_on)?;
        }
        Ok(answer)
    }

    /// The status of the next answer, and its head in lower case.
    fn head(&mut self, goes_on: &impl Fn() -> bool) -> io::Result<(u16, String)> {
        loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..at + 4).collect();
                let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                return Ok((status.ok_or(ErrorKind::InvalidData)?, head));
            }
            self.more(goes_on)?;
        }
    }

    fn line(&mut self, goes_on: &impl Fn() -> bool) -> io::Result<String> {
        loop {
            if let Some(at) = self.read.windows(2).position(|bytes| bytes == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..at + 2).collect();
                return Ok(String::from_utf8_lossy(&line).trim().to_owned());
            }
            self.more(goes_on)?;
        }
    }

    fn part(&mut self, length: usize, answer: &mut Answer, goes_on: &impl Fn() -> bool) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            if self.read.is_empty() {
                self.more(goes_on)?;
            }
            let taken = left.min(self.read.len());
            let kept = taken.min(KEPT.saturating_sub(answer.body.len()));
            answer.body.extend_from_slice(&self.read[..kept]);
            self.read.drain(..taken);
            left -= taken;
        }
        answer.length += length;
        Ok(())
    }

    fn more(&mut self, goes_on: &impl Fn() -> bool) -> io::Result<()> {
        let mut bytes = [0; 64 << 10];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => {
                    self.read.extend_from_slice(&bytes[..length]);
                    return Ok(());
                }
                Err(error) if is_timeout(&error) && goes_on() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
