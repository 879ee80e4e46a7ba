//! What is above the defaults: the keys of a file, and above these the variables of the environment.

use toml::{Table, Value};

/// Puts the keys of a file over the defaults.
pub(super) fn overlay(table: &mut Table, own: Table) {
    for (name, value) in own {
        match (table.get_mut(&name), value) {
            (Some(Value::Table(table)), Value::Table(own)) => overlay(table, own),
            (_, value) => {
                table.insert(name, value);
            }
        }
    }
}

/// Sets the value of an environment variable: `LISTEN_ADDRESS` is `address` in the table `listen`.
pub(super) fn put(table: &mut Table, key: &str, text: &str) -> Result<(), String> {
    let key = key.to_ascii_lowercase();
    let section = table.keys().filter(|name| key.starts_with(&format!("{name}_"))).max_by_key(|name| name.len());
    let known = [
        "alphanumeric",
        "area_codes",
        "ca_file",
        "certificate",
        "directory",
        "docker_config",
        "key",
        "key_file",
        "mirror",
        "probes",
        "recipient_key",
    ];
    let (table, name) = match section.cloned() {
        Some(section) => {
            let name = key[section.len() + 1..].to_owned();
            match table.get_mut(&section) {
                Some(Value::Table(table)) => (table, name),
                _ => return Err("there is no such key".into()),
            }
        }
        None => (table, key),
    };
    let value = match table.get(&name) {
        Some(Value::String(_)) => Value::String(text.to_owned()),
        Some(Value::Integer(_)) => {
            Value::Integer(text.trim().parse().map_err(|_| "it is not a whole number".to_owned())?)
        }
        Some(Value::Boolean(_)) => {
            Value::Boolean(text.trim().parse().map_err(|_| "it is neither true nor false".to_owned())?)
        }
        Some(_) => return Err("there is no such key".into()),
        None if known.contains(&&*name) => Value::String(text.to_owned()),
        None => return Err("there is no such key".into()),
    };
    table.insert(name, value);
    Ok(())
}
