//! The configuration as a file with words: over each key what it is, which is its documentation in the code, and its default.

use std::collections::BTreeMap;

use utoipa::PartialSchema;

use super::{
    CatalogConfig, Config, Health, Limits, Listen, Log, ModulesConfig, NumberingConfig, PolicyLimits, Rate,
    RegistryConfig, Sticky, Tenant,
};

/// What is said of the keys of a table, by their names.
type Words = BTreeMap<String, String>;

/// The file.
pub(super) fn text(config: &Config) -> String {
    let write = |config: &Config| toml::to_string(config).unwrap_or_default();
    let defaults = values(&write(&Config::default()));
    let tables = words(&Config::schema());
    let mut text = String::new();
    let (mut table, mut known) = (String::new(), tables.clone());
    let own = write(config);
    // The last line ends the last table.
    for line in own.lines().filter(|line| !line.is_empty()).chain(["[]"]) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            // Keys without a default, which are not set.
            for (key, words) in &known {
                if !table.is_empty() {
                    comment(&mut text, words, "Not set by default.");
                    text.push_str(&format!("# {key} =\n"));
                }
            }
            if !name.is_empty() {
                text.push('\n');
                comment(&mut text, tables.get(name).map_or("", |words| words), "");
                text.push_str(&format!("[{name}]\n"));
            }
            name.clone_into(&mut table);
            known = words_of(name);
            continue;
        }
        let (key, _) = line.split_once(" = ").unwrap_or((line, ""));
        let default = defaults.get(&(table.clone(), key.to_owned()));
        let default = default.map_or("Not set by default.".to_owned(), |value| format!("Default {value}."));
        comment(&mut text, &known.remove(key).unwrap_or_default(), &default);
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn words_of(table: &str) -> Words {
    words(&match table {
        "listen" => Listen::schema(),
        "catalog" => CatalogConfig::schema(),
        "sticky" => Sticky::schema(),
        "limits" => Limits::schema(),
        "policy" => PolicyLimits::schema(),
        "modules" => ModulesConfig::schema(),
        "registry" => RegistryConfig::schema(),
        "tenant" => Tenant::schema(),
        "rate" => Rate::schema(),
        "health" => Health::schema(),
        "numbering" => NumberingConfig::schema(),
        "log" => Log::schema(),
        _ => return Words::new(),
    })
}

/// The documentation of the fields of a type. A schema can be read as JSON only.
fn words(schema: &impl serde::Serialize) -> Words {
    let schema = serde_json::to_value(schema).unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let words = properties.map(|(name, property)| {
        // A field of another type has its words beside the reference to it.
        let words = property["description"].as_str().or_else(|| {
            let parts = property["allOf"].as_array().or_else(|| property["oneOf"].as_array());
            parts.into_iter().flatten().find_map(|part| part["description"].as_str())
        });
        (name.clone(), words.unwrap_or_default().to_owned())
    });
    words.collect()
}

/// The values of a file by table and key.
fn values(text: &str) -> BTreeMap<(String, String), String> {
    let (mut values, mut table) = (BTreeMap::new(), String::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut table);
        } else if let Some((key, value)) = line.split_once(" = ") {
            values.insert((table.clone(), key.to_owned()), value.to_owned());
        }
    }
    values
}

fn comment(text: &mut String, words: &str, more: &str) {
    let all = format!("{words} {more}");
    for line in all.trim().lines() {
        text.push_str(&format!("# {}\n", line.trim()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_with_words_and_its_default() {
        let text = text(&Config::default());
        let tables: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
        let all = toml::Table::try_from(Config::default()).unwrap_or_default();
        assert_eq!(tables.len(), all.values().filter(|value| value.is_table()).count(), "{text}");
        let mut keys = 0;
        for table in tables {
            let of_table = words_of(table.trim_matches(['[', ']']));
            assert!(!of_table.is_empty(), "{table} is not in `words_of`");
            for (key, words) in of_table {
                assert!(!words.is_empty(), "{table} {key} has no words");
                let first = words.lines().next().unwrap_or_default();
                assert!(text.contains(first), "{table} {key}: {first:?} is not in {text}");
                assert!(
                    text.contains(&format!("\n{key} = ")) || text.contains(&format!("\n# {key} =\n")),
                    "{table} {key}"
                );
                keys += 1;
            }
        }
        assert!(keys > 50, "{keys} keys");
        assert!(text.contains("Default 1048576.\nbody_bytes = 1048576\n"), "{text}");
        assert!(text.contains("Not set by default.\n# probes =\n"), "{text}");
    }
}
