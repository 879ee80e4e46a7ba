//! Writes the expected values of new cases into their file, which keeps its layout.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::cases::Expected;

/// Where the cases are in the text of their file.
#[derive(Deserialize)]
struct Places<'a> {
    #[serde(borrow)]
    cases: Vec<&'a RawValue>,
}

/// Writes the file again with the expected values of these cases, by their place in the list. `text` is what the file has
/// now; none of the cases has `expect`.
pub(super) fn record(path: &Path, text: &str, found: &[(usize, Expected)]) -> anyhow::Result<()> {
    let text = completed(text, found)?;
    let cannot = || format!("cannot write {}", path.display());
    // Under another name first: a full disk must not cost the cases that there are.
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    fs::write(&name, text).with_context(cannot)?;
    fs::rename(&name, path).with_context(cannot)
}

fn completed(text: &str, found: &[(usize, Expected)]) -> anyhow::Result<String> {
    let places: Places<'_> = serde_json::from_str(text)?;
    let mut completed = String::with_capacity(text.len() + 100 * found.len());
    let mut copied = 0;
    for (index, expected) in found {
        let case = places.cases.get(*index).context("the file has fewer cases than before")?.get();
        let begin = case.as_ptr().addr() - text.as_ptr().addr();
        let body = case.strip_suffix('}').context("a case is an object")?.trim_end();
        let end = begin + body.len();
        completed.push_str(&text[copied..end]);
        // On a line of its own where the members of the case are.
        let separator = if case.contains('\n') { format!("\n{}", indentation(text, begin)) } else { " ".into() };
        completed.push_str(&format!(",{separator}\"expect\": {}", spaced(expected)?));
        copied = end;
    }
    completed.push_str(&text[copied..]);
    Ok(completed)
}

/// The blanks before the members of the case that begins here: those of its first member.
fn indentation(text: &str, begin: usize) -> String {
    let member = begin + text[begin..].find('"').unwrap_or_default();
    let line = text[..member].rfind('\n').map_or(0, |at| at + 1);
    text[line..member].chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect()
}

/// The values as JSON with a blank after `:` and `,`, as people write them.
fn spaced(expected: &Expected) -> anyhow::Result<String> {
    let serde_json::Value::Object(fields) = serde_json::to_value(expected)? else { return Ok("{}".into()) };
    let fields = fields.iter().map(|(name, value)| format!("\"{name}\": {value}"));
    Ok(format!("{{{}}}", fields.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn expected(json: &str) -> Expected {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_new_case_gets_its_values_and_everything_else_stays_as_it_was() {
        let text = r#"{
  "cases": [
    {"name": "a }", "message": {"to": "1"}},
    {"name": "b",
     "message": {"to": "2"}},
    {"name": "c", "message": {}, "expect": {"step": "POOL"}},
    {
      "name": "d",
      "message": {
        "to": "3"
      }
    }
  ],
  "catalog": {}
}
"#;
        let found = [
            (0, expected(r#"{"refusal": "NO_STRATEGY"}"#)),
            (1, expected(r#"{"senderId": "S\"1", "step": "POOL"}"#)),
            (3, expected(r#"{"senderId": "S2"}"#)),
        ];
        let wanted = r#"{
  "cases": [
    {"name": "a }", "message": {"to": "1"}, "expect": {"refusal": "NO_STRATEGY"}},
    {"name": "b",
     "message": {"to": "2"},
     "expect": {"senderId": "S\"1", "step": "POOL"}},
    {"name": "c", "message": {}, "expect": {"step": "POOL"}},
    {
      "name": "d",
      "message": {
        "to": "3"
      },
      "expect": {"senderId": "S2"}
    }
  ],
  "catalog": {}
}
"#;
        assert_eq!(completed(text, &found).unwrap(), wanted);
    }
}
