//! The key that recipients are sealed with.

use std::fmt;
use std::path::Path;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use callsign_destination::Number;
use callsign_private::{Access, FileError, PrivateFolder, file};

use crate::error::LogError;
use crate::record::Recipient;

/// The file of a log's folder that its key is in.
pub(crate) const KEY_FILE: &str = "key";

const HEX_DIGITS: usize = 64;
const WANTED: &str = "64 hexadecimal digits";

/// The key of a log: 256 bits, in a file as 64 hexadecimal digits.
///
/// A number is sealed as one block of AES-128: its digits as an integer in 8 bytes, little-endian, and 8 zeros. The same number
/// is always the same 16 bytes, and the key opens them again. A text that is no number is sealed as the first 128 bits of its
/// keyed BLAKE3, which nobody can open. There are few enough phone numbers to seal them all, so the key protects them: keep it apart
/// from copies of the log.
#[derive(Clone)]
pub struct LogKey {
    cipher: Aes128,
    texts: [u8; 32],
    id: [u8; 16],
}

impl LogKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let derive = |context| blake3::derive_key(context, &bytes);
        let [cipher, id] =
            ["callsign decision log 1: numbers", "callsign decision log 1: id of the key"].map(|context| {
                let mut half = [0; 16];
                half.copy_from_slice(&derive(context)[..16]);
                half
            });
        Self { cipher: Aes128::new(&Array::from(cipher)), texts: derive("callsign decision log 1: texts"), id }
    }

    /// The key with these 64 hexadecimal digits; `None` for any other text. Blanks around it do not count.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().as_bytes();
        if digits.len() != HEX_DIGITS {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self::new(bytes))
    }

    /// Reads the key from a file that nobody else can read.
    ///
    /// # Errors
    /// It cannot be read, is open to others, or is no key.
    pub fn read(path: &Path) -> Result<Self, LogError> {
        let bytes = file::read_secret(path)?;
        Self::of_file(&bytes, path)
    }

    /// The key in the folder of a log; `None` if it has none.
    ///
    /// # Errors
    /// It cannot be read, is open to others, or is no key.
    pub fn of_log(folder: &Path) -> Result<Option<Self>, LogError> {
        match PrivateFolder::administer(folder)?.read(KEY_FILE, Access::Secret)? {
            Some(bytes) => Self::of_file(&bytes, &folder.join(KEY_FILE)).map(Some),
            None => Ok(None),
        }
    }

    /// The key in the folder of a log, which is made if there is none.
    pub(crate) fn open_or_create(folder: &PrivateFolder) -> Result<Self, LogError> {
        if let Some(bytes) = folder.read(KEY_FILE, Access::Secret)? {
            return Self::of_file(&bytes, &folder.path().join(KEY_FILE));
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| FileError::Io {
            path: folder.path().join(KEY_FILE),
            cause: std::io::Error::other(format!("no random bytes for a key: {error}")),
        })?;
        let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push('\n');
        folder.replace(KEY_FILE, text.as_bytes())?;
        Ok(Self::new(bytes))
    }

    fn of_file(bytes: &[u8], path: &Path) -> Result<Self, LogError> {
        std::str::from_utf8(bytes)
            .ok()
            .and_then(Self::parse)
            .ok_or_else(|| LogError::Key { path: path.to_owned(), wanted: WANTED })
    }

    /// What segments name the key by. It says nothing about the key.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// A number under the key.
    pub fn seal(&self, number: Number) -> [u8; 16] {
        let mut block = [0; 16];
        block[..8].copy_from_slice(&number.get().to_le_bytes());
        let mut block = Array::from(block);
        self.cipher.encrypt_block(&mut block);
        block.into()
    }

    /// A text that is no number under the key.
    pub fn seal_text(&self, text: &str) -> [u8; 16] {
        let mut sealed = [0; 16];
        sealed.copy_from_slice(&blake3::keyed_hash(&self.texts, text.as_bytes()).as_bytes()[..16]);
        sealed
    }

    /// The number that was sealed; `None` if it was a text, or sealed under another key.
    pub fn open(&self, sealed: [u8; 16]) -> Option<Number> {
        let mut block = Array::from(sealed);
        self.cipher.decrypt_block(&mut block);
        let block: [u8; 16] = block.into();
        let (digits, zeros) = block.split_first_chunk::<8>()?;
        if zeros == [0; 8] { Number::from_digits(u64::from_le_bytes(*digits)) } else { None }
    }

    /// The recipient as a log with this key has it.
    pub fn sealed(&self, recipient: Recipient<'_>) -> [u8; 16] {
        match recipient {
            Recipient::Number(number) => self.seal(number),
            Recipient::Text(text) => self.seal_text(text),
            Recipient::Sealed(sealed) => sealed,
        }
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogKey")
    }
}
