//! Parts of addresses as text.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::AddressError;

/// What stays as it is in a part of an address.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in the value of an option, where a path is easier to read.
const VALUE: &AsciiSet = &PART.remove(b'/').remove(b':').remove(b',').remove(b'*');

pub(crate) fn decode(text: &str) -> Result<String, AddressError> {
    let sound = text.split('%').skip(1).all(|rest| rest.get(..2).is_some_and(|digits| digits.bytes().all(is_hex)));
    if !sound {
        return Err(AddressError::Encoding);
    }
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| AddressError::Encoding)
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

pub(crate) fn encode(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, PART)
}

pub(crate) fn encode_value(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, VALUE)
}

/// A host as an address has it, with brackets around an IPv6 address.
pub(crate) fn host(name: &str) -> String {
    if name.starts_with('/') {
        return encode(name).to_string();
    }
    if name.contains(':') { format!("[{name}]") } else { name.to_owned() }
}

/// Splits `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`, and checks both.
pub(crate) fn host_and_port(text: &str) -> Result<(String, Option<u16>), AddressError> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']').ok_or(AddressError::Host)?;
            match rest {
                "" => (name.to_owned(), None),
                rest => (name.to_owned(), Some(rest.strip_prefix(':').ok_or(AddressError::Port)?)),
            }
        }
        None => match text.split_once(':') {
            Some((name, port)) => (decode(name)?, Some(port)),
            None => (decode(text)?, None),
        },
    };
    check_host(&name)?;
    Ok((name, port.filter(|port| !port.is_empty()).map(self::port).transpose()?))
}

/// A name, an IP address, or the folder of a Unix socket.
pub(crate) fn check_host(name: &str) -> Result<(), AddressError> {
    let sound = |c: char| c.is_alphanumeric() || "-._:%".contains(c);
    let is_path = name.starts_with('/') && !name.contains(|c: char| c.is_control() || "@?#".contains(c));
    if !name.is_empty() && (is_path || name.chars().all(sound)) { Ok(()) } else { Err(AddressError::Host) }
}

pub(crate) fn port(text: &str) -> Result<u16, AddressError> {
    text.parse().ok().filter(|port| *port != 0).ok_or(AddressError::Port)
}
