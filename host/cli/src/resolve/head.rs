//! The first bytes of the input: whether it is text, and what stands between the cells of a CSV.

use std::io::{self, Cursor, Read};

use super::messages::Input;

/// How many bytes are looked at, unless the first line ends before.
const BYTES: usize = 4 << 10;

/// The first bytes of an input.
pub(super) struct Head(Vec<u8>);

impl Head {
    /// Reads the head, and gives the input as it was before. It waits for the first line only, so that slow input is passed
    /// on as it arrives.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(super) fn read(mut input: Input) -> io::Result<(Self, Input)> {
        let mut head = vec![0; BYTES];
        let mut length = 0;
        while length < BYTES && !head[..length].contains(&b'\n') {
            match input.read(&mut head[length..]) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        head.truncate(length);
        let whole = Box::new(Cursor::new(head.clone()).chain(input));
        Ok((Self(head), whole))
    }

    /// What the input is, and how to make text of it; nothing where it looks like text.
    pub(super) fn is_not_text(&self) -> Option<(&'static str, &'static str)> {
        // Text of Latin letters in UTF-16 has a zero in every other byte.
        let zeros =
            |from: usize| self.0.len() > 8 && self.0.iter().skip(from).step_by(2).take(4).all(|byte| *byte == 0);
        Some(match &*self.0 {
            [0x1f, 0x8b, ..] => {
                ("compressed with gzip", "Unpack it on the way: gzip -dc FILE | callsign resolve ... -")
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                ("compressed with Zstandard", "Unpack it on the way: zstd -dc FILE | callsign resolve ... -")
            }
            [0xfd, b'7', b'z', b'X', b'Z', ..] => {
                ("compressed with xz", "Unpack it on the way: xz -dc FILE | callsign resolve ... -")
            }
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
                ("compressed with bzip2", "Unpack it on the way: bzip2 -dc FILE | callsign resolve ... -")
            }
            [b'P', b'K', 3, 4, ..] => ("a ZIP archive or a workbook", "Unpack it, or save the sheet as CSV in UTF-8."),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                ("UTF-16", "Convert them: iconv -f UTF-16 -t UTF-8 FILE | callsign resolve ... -")
            }
            _ if zeros(1) => ("UTF-16", "Convert them: iconv -f UTF-16LE -t UTF-8 FILE | callsign resolve ... -"),
            _ if zeros(0) => ("UTF-16", "Convert them: iconv -f UTF-16BE -t UTF-8 FILE | callsign resolve ... -"),
            _ => return None,
        })
    }

    /// What stands between the cells of a CSV's first row: a comma, or a semicolon or tab where the row has one and no comma.
    pub(super) fn delimiter(&self) -> u8 {
        let text = self.0.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.0).trim_ascii_start();
        let row = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        [b',', b';', b'\t'].into_iter().find(|delimiter| row.contains(delimiter)).unwrap_or(b',')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(bytes: &[u8]) -> Head {
        let (head, mut input) = Head::read(Box::new(Cursor::new(bytes.to_vec()))).expect("memory can be read");
        let mut whole = Vec::new();
        input.read_to_end(&mut whole).expect("memory can be read");
        assert_eq!(whole, bytes, "nothing of the input is lost");
        head
    }

    #[test]
    fn cells_are_separated_by_what_the_first_row_has() {
        for (text, delimiter) in [
            ("to,channel\n1;2", b','),
            ("to;channel\n1,2", b';'),
            ("\u{feff}\n\nto\tchannel\r\n", b'\t'),
            ("to", b','),
            ("", b','),
        ] {
            assert_eq!(head(text.as_bytes()).delimiter(), delimiter, "{text:?}");
        }
    }

    #[test]
    fn text_is_text_whatever_its_script() {
        for text in ["", "{}", "to,channel", "\u{feff}{}", "\u{4e2d}\u{6587},\u{e9}", "PK,to"] {
            assert_eq!(head(text.as_bytes()).is_not_text(), None, "{text:?}");
        }
        assert_eq!(head(&vec![b'x'; 3 * BYTES]).is_not_text(), None);
    }
}
