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
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => is("UTF-32", "iconv -f UTF-32 -t UTF-8"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => is("UTF-16", "iconv -f UTF-16 -t UTF-8"),
        _ if zeros(1) => is("UTF-16", "iconv -f UTF-16LE -t UTF-8"),
        _ if zeros(0) => is("UTF-16", "iconv -f UTF-16BE -t UTF-8"),
        _ => None,
    }
}

/// What stands between the cells of a CSV: what its line `sep=` says, see [`after_separator_line`]; else by its first row, a comma,
/// or a semicolon, a tab or a bar where the row has one and no comma.
pub fn delimiter(head: &[u8]) -> u8 {
    let text = without_mark(head).trim_ascii_start();
    if let Some(separator) = separator(text) {
        return separator;
    }
    [b',', b';', b'\t', b'|'].into_iter().find(|delimiter| first_row(text).contains(delimiter)).unwrap_or(b',')
}

/// Where the header of a CSV begins: after a first line such as `sep=;`, by which spreadsheets say what stands between cells; at 0
/// where there is none.
pub fn after_separator_line(text: &[u8]) -> usize {
    let marked = without_mark(text);
    let line = marked.trim_ascii_start();
    if separator(line).is_none() {
        return 0;
    }
    let end = first_row(line).len();
    let ending = line[end..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    text.len() - line.len() + end + ending
}

/// The cells of the first row of a text, if it were a CSV: quotes and blanks around them are taken off.
pub fn first_cells(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let header = &head[after_separator_line(head)..];
    let row = first_row(without_mark(header).trim_ascii_start());
    let delimiter = delimiter(head);
    row.split(move |byte| *byte == delimiter).map(|cell| {
        let cell = cell.trim_ascii();
        cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
    })
}

/// Whether a column has a name such as `applicationId`, whatever the case of its letters, with a blank, `_` or `-` between its words
/// or none, and with blanks around it: people and programs change all of these.
pub fn is_called(column: &[u8], name: &str) -> bool {
    let mut rest = column.trim_ascii();
    for (index, letter) in name.bytes().enumerate() {
        if index > 0 && letter.is_ascii_uppercase() {
            rest = rest.strip_prefix(b" ").or(rest.strip_prefix(b"_")).or(rest.strip_prefix(b"-")).unwrap_or(rest);
        }
        match rest.split_first() {
            Some((first, after)) if first.eq_ignore_ascii_case(&letter) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

fn first_row(text: &[u8]) -> &[u8] {
    text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default()
}

fn separator(text: &[u8]) -> Option<u8> {
    match first_row(text).trim_ascii_end() {
        [s, e, p, b'=', separator] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => Some(*separator),
        // A tab at the end of a line is a blank.
        [s, e, p, b'='] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") && first_row(text).ends_with(b"\t") => Some(b'\t'),
        _ => None,
    }
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
            ("to|channel", b'|'),
            ("to,channels\n1,RCS|SMS", b','),
            ("sep=;\nto;channel", b';'),
            ("\u{feff}SEP=|\r\nto|channel", b'|'),
            ("sep=\t\nto\tchannel", b'\t'),
            ("to", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes()), found, "{text:?}");
        }
    }

    #[test]
    fn the_header_is_after_a_line_that_says_what_separates_cells() {
        for (text, rest) in [
            ("sep=;\r\nto;channel", "to;channel"),
            ("\u{feff}sep=,\nto,channel", "to,channel"),
            ("sep=\t\nto", "to"),
            ("to,channel\nsep=;", "to,channel\nsep=;"),
            ("sep=;;\nto", "sep=;;\nto"),
            ("sep=;", ""),
            ("", ""),
        ] {
            assert_eq!(&text[after_separator_line(text.as_bytes())..], rest, "{text:?}");
        }
        let cells: Vec<&[u8]> = first_cells(b"sep=;\n\"to\"; channel ;\r\n1;2").collect();
        assert_eq!(cells, [&b"to"[..], b"channel", b""]);
    }

    #[test]
    fn a_column_has_its_name_however_its_words_are_joined() {
        for column in ["applicationId", "ApplicationID", " application id ", "APPLICATION_ID", "application-Id"] {
            assert!(is_called(column.as_bytes(), "applicationId"), "{column}");
        }
        for column in
            ["", "application", "applicationIds", "application  id", "applic ation id", "_applicationId", "id"]
        {
            assert!(!is_called(column.as_bytes(), "applicationId"), "{column}");
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
            (vec![0xff, 0xfe, 0, 0, b't', 0, 0, 0], "UTF-32", Some("iconv -f UTF-32 -t UTF-8")),
            (utf_16("\u{feff}to"), "UTF-16", Some("iconv -f UTF-16 -t UTF-8")),
            (utf_16("to,channel"), "UTF-16", Some("iconv -f UTF-16LE -t UTF-8")),
        ] {
            let found = not_text(&bytes).expect(what);
            assert_eq!((found.to_string().as_str(), found.command), (what, command));
        }
    }
}
