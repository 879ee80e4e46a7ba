//! Bytes that people give as a table or as lines: whether they are text, and what stands between the cells of a CSV.

use std::fmt;

/// What bytes are that are no text in UTF-8. `Display` says it: "compressed with gzip".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotText {
    what: &'static str,
    /// The command that makes text of a file with this name after it; none where a program with windows does it.
    pub command: Option<&'static str>,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

/// What the first bytes of an input are, where they are no text in UTF-8; `None` where they look like text.
pub fn not_text(head: &[u8]) -> Option<NotText> {
    // Text of Latin letters in UTF-16 has a zero in every other byte.
    let zeros = |from: usize| head.len() > 8 && head.iter().skip(from).step_by(2).take(4).all(|byte| *byte == 0);
    let is = |what, command| Some(NotText { what, command: Some(command) });
    match head {
        [0x1f, 0x8b, ..] => is("compressed with gzip", "gzip -dc"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => is("compressed with Zstandard", "zstd -dc"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => is("compressed with xz", "xz -dc"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => is("compressed with bzip2", "bzip2 -dc"),
        [b'P', b'K', 3, 4, ..] => Some(NotText { what: "a ZIP archive or a workbook", command: None }),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => is("UTF-16", "iconv -f UTF-16 -t UTF-8"),
        _ if zeros(1) => is("UTF-16", "iconv -f UTF-16LE -t UTF-8"),
        _ if zeros(0) => is("UTF-16", "iconv -f UTF-16BE -t UTF-8"),
        _ => None,
    }
}

/// What stands between the cells of a CSV, by its first row: a comma, or a semicolon or tab where the row has one and no comma.
pub fn delimiter(head: &[u8]) -> u8 {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let row = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|delimiter| row.contains(delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_separated_by_what_the_first_row_has() {
        for (text, found) in [
            ("to,channel\n1;2", b','),
            ("to;channel\n1,2", b';'),
            ("\u{feff}\n\nto\tchannel\r\n", b'\t'),
            ("to", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes()), found, "{text:?}");
        }
    }

    #[test]
    fn text_is_text_whatever_its_script() {
        for text in ["", "{}", "to,channel", "\u{feff}{}", "\u{4e2d}\u{6587},\u{e9}", "PK,to"] {
            assert_eq!(not_text(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(not_text(&[b'x'; 10_000]), None);
    }

    #[test]
    fn what_is_no_text_is_named_with_the_command_that_makes_text_of_it() {
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for (bytes, what, command) in [
            (vec![0x1f, 0x8b, 8], "compressed with gzip", Some("gzip -dc")),
            (vec![0x28, 0xb5, 0x2f, 0xfd], "compressed with Zstandard", Some("zstd -dc")),
            (b"BZh91".to_vec(), "compressed with bzip2", Some("bzip2 -dc")),
            (b"\xfd7zXZ\0".to_vec(), "compressed with xz", Some("xz -dc")),
            (b"PK\x03\x04".to_vec(), "a ZIP archive or a workbook", None),
            (utf_16("\u{feff}to"), "UTF-16", Some("iconv -f UTF-16 -t UTF-8")),
            (utf_16("to,channel"), "UTF-16", Some("iconv -f UTF-16LE -t UTF-8")),
        ] {
            let found = not_text(&bytes).expect(what);
            assert_eq!((found.to_string().as_str(), found.command), (what, command));
        }
    }
}
