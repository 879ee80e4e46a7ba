//! The first bytes of the input.

use std::io::{self, Cursor, Read};

use callsign::input::{self, NotText};

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
    pub(super) fn is_not_text(&self) -> Option<(NotText, String)> {
        let found = input::not_text(&self.0)?;
        let advice = match found.command {
            Some(command) => format!("Make text of it on the way: {command} FILE | callsign resolve ... -"),
            None => "Unpack it, or save the sheet as CSV in UTF-8.".to_owned(),
        };
        Some((found, advice))
    }

    /// Whether the first row is the header of a table of messages.
    pub(super) fn is_table(&self) -> bool {
        let mut cells = input::first_cells(&self.0).peekable();
        let is_json = cells.peek().is_some_and(|cell| cell.starts_with(b"{") || cell.starts_with(b"["));
        !is_json && cells.any(|cell| input::is_called(cell, "to"))
    }

    /// What the input is where it is JSON, but not one message a line.
    pub(super) fn is_one_document(&self) -> Option<&'static str> {
        let text = self.0.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.0).trim_ascii_start();
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        match line {
            [b'[', ..] => Some("jq -c '.[]'"),
            [b'{'] => Some("jq -c ."),
            _ => None,
        }
    }

    /// What stands between the cells of a CSV.
    pub(super) fn delimiter(&self) -> u8 {
        input::delimiter(&self.0)
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
    fn the_head_is_looked_at_and_nothing_of_the_input_is_lost() {
        assert_eq!(head(b"to;channel\n1,2").delimiter(), b';');
        assert_eq!(head(&vec![b'x'; 3 * BYTES]).is_not_text(), None);
        let (what, advice) = head(&[0x1f, 0x8b, 8, 0]).is_not_text().expect("gzip");
        assert_eq!(what.to_string(), "compressed with gzip");
        assert!(advice.contains("gzip -dc FILE | callsign resolve"), "{advice}");
    }

    #[test]
    fn a_table_and_a_document_are_told_from_messages_in_lines() {
        for text in
            ["to,channel\n", "channel;To\n", "\"channel\"\t\"to\"\n", "sep=;\nto;channel\n", "\u{feff}TO|channel\n"]
        {
            assert!(head(text.as_bytes()).is_table(), "{text:?}");
        }
        for text in ["", "{\"to\":\"1\"}\n", "{\"to\",\"channel\"}\n", "junk\n", "total,channel\n"] {
            assert!(!head(text.as_bytes()).is_table(), "{text:?}");
        }
        for (text, command) in [
            ("[{\"to\":\"1\"}]", Some("jq -c '.[]'")),
            ("\u{feff}[\r\n{", Some("jq -c '.[]'")),
            ("{\r\n  \"to\": \"1\"\n}", Some("jq -c .")),
            ("{\"to\":\"1\"}\n", None),
            ("{}\n", None),
            ("", None),
        ] {
            assert_eq!(head(text.as_bytes()).is_one_document(), command, "{text:?}");
        }
    }
}
