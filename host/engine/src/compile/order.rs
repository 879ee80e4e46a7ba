//! What the host and the child process that compiles say to each other, on the child's standard input and output.
//!
//! The order is a head of a fixed size, and the component. The head comes from the host alone, so the child can set its
//! limits by it before it reads a byte of the component. The answer is a kind, a length, and the compiled code under its
//! seal or the text of an error.

use std::io::{self, Read, Write};

use crate::module_store::Secret;

/// The beginning of an order: that both sides mean the same.
const MAGIC: &[u8; 8] = b"callsign";

/// The version of this protocol.
const VERSION: u64 = 1;

/// What the child is told before it reads the component.
pub(super) struct Order {
    /// Whether the code is to count its instructions.
    pub(super) metered: bool,
    /// The processor time of all threads together, in seconds.
    pub(super) processor_seconds: u64,
    /// The memory, in bytes.
    pub(super) memory: u64,
    /// The size of the component, in bytes.
    pub(super) component: u64,
    /// What the child seals the code with, made for this order alone.
    pub(super) secret: Secret,
}

impl Order {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(MAGIC)?;
        for number in [VERSION, self.metered.into(), self.processor_seconds, self.memory, self.component] {
            to.write_all(&number.to_le_bytes())?;
        }
        to.write_all(&self.secret.0)
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut magic = [0; 8];
        from.read_exact(&mut magic)?;
        let mut number = || -> io::Result<u64> {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        };
        let (version, metered) = (number()?, number()? != 0);
        let (processor_seconds, memory, component) = (number()?, number()?, number()?);
        let mut secret = [0; Secret::BYTES];
        from.read_exact(&mut secret)?;
        if (&magic, version) != (MAGIC, VERSION) {
            return Err(io::Error::other("standard input has no order of this version of Callsign"));
        }
        Ok(Self { metered, processor_seconds, memory, component, secret: Secret(secret) })
    }
}

/// What the child answers.
pub(super) enum Answer {
    /// The seal, and the code after it.
    Code(Vec<u8>),
    /// The compiler refuses the component, and why.
    Refused(String),
    /// There is not enough memory.
    NoMemory,
}

impl Answer {
    const CODE: u8 = 1;
    const REFUSED: u8 = 2;
    const NO_MEMORY: u8 = 3;

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let (kind, content) = match self {
            Self::Code(code) => (Self::CODE, &**code),
            Self::Refused(reason) => (Self::REFUSED, reason.as_bytes()),
            Self::NoMemory => (Self::NO_MEMORY, &[][..]),
        };
        to.write_all(&[kind])?;
        to.write_all(&(content.len() as u64).to_le_bytes())?;
        to.write_all(content)?;
        to.flush()
    }

    /// Reads an answer of at most `limit` bytes.
    pub(super) fn read(from: &mut impl Read, limit: u64) -> io::Result<Self> {
        let (mut kind, mut length) = ([0], [0; 8]);
        from.read_exact(&mut kind)?;
        from.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > limit {
            return Err(io::Error::other(format!("an answer of {length} bytes, the limit is {limit}")));
        }
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        from.take(length).read_to_end(&mut content)?;
        if content.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match kind[0] {
            Self::CODE => Ok(Self::Code(content)),
            Self::REFUSED => Ok(Self::Refused(String::from_utf8_lossy(&content).into_owned())),
            Self::NO_MEMORY => Ok(Self::NoMemory),
            kind => Err(io::Error::other(format!("an answer of the unknown kind {kind}"))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn an_order_arrives_as_it_was_sent() {
        let order =
            Order { metered: true, processor_seconds: 7, memory: 1 << 30, component: 5, secret: Secret([9; 32]) };
        let mut bytes = Vec::new();
        order.write(&mut bytes).unwrap();
        bytes.extend_from_slice(b"hello");
        let mut rest = &bytes[..];
        let read = Order::read(&mut rest).unwrap();
        assert_eq!((read.metered, read.processor_seconds, read.memory, read.component), (true, 7, 1 << 30, 5));
        assert_eq!((read.secret.0, rest), ([9; 32], &b"hello"[..]));
        for cut in 0..bytes.len() - 5 {
            assert!(Order::read(&mut &bytes[..cut]).is_err(), "cut to {cut} bytes");
        }
        bytes[8] = 2;
        assert!(Order::read(&mut &bytes[..]).is_err(), "another version");
    }

    #[test]
    fn an_answer_is_whole_and_no_longer_than_it_may_be() {
        let mut bytes = Vec::new();
        Answer::Code(b"code".to_vec()).write(&mut bytes).unwrap();
        assert!(matches!(Answer::read(&mut &bytes[..], 4).unwrap(), Answer::Code(code) if code == b"code"));
        assert!(Answer::read(&mut &bytes[..], 3).is_err());
        assert!(Answer::read(&mut &bytes[..bytes.len() - 1], 4).is_err());
        bytes[0] = 4;
        assert!(Answer::read(&mut &bytes[..], 4).is_err());
    }
}
