//! The conformance table, `tests/conformance/table.json`: one catalog, messages, and what they must come to. Every way into
//! Callsign runs it; `tests/conformance/README.md` describes it.

use serde_json::Value;

/// The table.
pub struct Table {
    /// The catalog, as the text of a file.
    pub catalog: String,
    pub decisions: Vec<Case>,
    /// Messages that are refused before they are decided.
    pub wrong_messages: Vec<WrongMessage>,
    pub wrong_catalogs: Vec<WrongCatalog>,
}

/// A message and its decision.
pub struct Case {
    pub name: String,
    /// As `/v1/decisions` takes it.
    pub message: Value,
    expect: Value,
    /// Whether it needs the pin that a message before it has written.
    pub is_pinned: bool,
}

/// A message with a property that is wrong.
pub struct WrongMessage {
    pub name: String,
    pub message: Value,
    /// The property.
    pub at: String,
}

/// A text that is no catalog.
pub struct WrongCatalog {
    pub name: String,
    pub text: String,
    /// Line, column and path of each fault.
    pub faults: Vec<(usize, usize, String)>,
}

/// The table that all ways run.
pub fn table() -> Table {
    let table: Value = serde_json::from_str(include_str!("../../conformance/table.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let case = |case: &Value| Case {
        name: text(&case["name"]),
        message: case["message"].clone(),
        expect: case["expect"].clone(),
        is_pinned: case["pinned"] == true,
    };
    let fault = |fault: &Value| (number(&fault["line"]), number(&fault["column"]), text(&fault["path"]));
    Table {
        catalog: table["catalog"].to_string(),
        decisions: list(&table["decisions"]).iter().map(case).collect(),
        wrong_messages: list(&table["wrongMessages"])
            .iter()
            .map(|one| WrongMessage { name: text(&one["name"]), message: one["message"].clone(), at: text(&one["at"]) })
            .collect(),
        wrong_catalogs: list(&table["wrongCatalogs"])
            .iter()
            .map(|one| WrongCatalog {
                name: text(&one["name"]),
                text: text(&one["text"]),
                faults: list(&one["faults"]).iter().map(fault).collect(),
            })
            .collect(),
    }
}

impl Case {
    /// Compares a decision, as JSON, with what is expected.
    #[track_caller]
    pub fn check(&self, decision: &Value) {
        assert_eq!(decision.get("messageId"), self.message.get("messageId"), "{}: {decision}", self.name);
        check(&self.expect, decision, &self.name);
    }
}

#[track_caller]
fn check(expect: &Value, decision: &Value, name: &str) {
    assert_ne!(decision.get("senderId").is_some(), decision.get("refusal").is_some(), "{name}: {decision}");
    for (field, expected) in expect.as_object().unwrap() {
        let found = match &**field {
            "refusal" => &decision["refusal"]["code"],
            "fallbacks" => {
                let (expected, found) = (expected.as_array().unwrap(), decision["fallbacks"].as_array());
                let found = found.unwrap_or_else(|| panic!("{name}: no fallbacks in {decision}"));
                assert_eq!(expected.len(), found.len(), "{name}: {decision}");
                expected.iter().zip(found).for_each(|(expected, found)| check(expected, found, name));
                continue;
            }
            field => &decision[field],
        };
        assert_eq!(found, expected, "{name}: {field} in {decision}");
    }
}
