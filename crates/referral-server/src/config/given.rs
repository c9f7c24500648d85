//! What was given, before anything is made of it: the file first, the environment over it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::fault::{Fault, wrong};
use super::setting::{self, Setting};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "referral.toml";

/// The `REFERRAL_*` variables: taken once, so that configuration is a function of its arguments.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub(crate) fn of_this_process() -> Self {
        let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self(all.filter(|(name, _)| name.starts_with(setting::PREFIX)).collect())
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect())
    }
}

/// One value with where it came from.
#[derive(Clone)]
pub(crate) struct Value {
    /// The variable, or the key and its file.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// All values, by the variable's name, and what could not be read.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) values: BTreeMap<&'static str, Value>,
    pub(crate) faults: Vec<Fault>,
}

impl Given {
    /// Reads the file (`referral.toml` where it stands, when `None`), then the environment over it.
    pub(crate) fn read(file: Option<&Path>, environment: &Environment) -> Self {
        let mut given = Self::default();
        given.read_file(file);
        given.read_environment(environment);
        given
    }

    fn read_environment(&mut self, environment: &Environment) {
        for (name, value) in &environment.0 {
            match (Setting::by_env(name), value.to_str()) {
                (None, _) => self.unknown(name.clone(), setting::nearest_env(name)),
                (Some(_), None) => self.faults.push(not_text(name)),
                (Some(setting), Some(text)) => self.put(setting, name.clone(), text.to_owned()),
            }
        }
    }

    fn read_file(&mut self, named: Option<&Path>) {
        let path = named.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => return,
            Err(error) => return self.faults.push(unreadable(&path, &error)),
        };
        match text.parse::<toml::Table>() {
            Ok(table) => self.read_table(&path, table),
            Err(error) => self.faults.push(malformed(&path, &text, &error)),
        }
    }

    fn read_table(&mut self, path: &Path, table: toml::Table) {
        for (key, value) in table {
            let name = format!("{key} in {}", path.display());
            match (Setting::by_key(&key), flat(&value)) {
                (None, _) => self.unknown(name, setting::nearest_key(&key)),
                (Some(_), None) => self.faults.push(wrong_kind(name, &value)),
                (Some(setting), Some(text)) => self.put(setting, name, text),
            }
        }
    }

    fn put(&mut self, setting: Setting, name: String, text: String) {
        if text.trim().is_empty() {
            return self.faults.push(Fault::of(name, wrong("is empty", "give it a value or take it away")));
        }
        self.values.insert(setting.env, Value { name, text });
    }

    fn unknown(&mut self, name: String, nearest: Option<String>) {
        let remedy =
            nearest.map_or_else(|| "take it away".to_owned(), |near| format!("did you mean {near}?"));
        self.faults.push(Fault::of(name, wrong("is not known", remedy)));
    }
}

/// The one-line spelling that a variable would have: lists by commas, tables as `name=value`.
fn flat(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::Array(items) => {
            items.iter().map(scalar).collect::<Option<Vec<_>>>().map(|all| all.join(","))
        }
        toml::Value::Table(table) => {
            let pair = |(name, value): (&String, &toml::Value)| Some(format!("{name}={}", scalar(value)?));
            table.iter().map(pair).collect::<Option<Vec<_>>>().map(|all| all.join(","))
        }
        single => scalar(single),
    }
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            None
        }
    }
}

fn not_text(name: &str) -> Fault {
    Fault::of(name, wrong("is not UTF-8", "write it in UTF-8"))
}

fn wrong_kind(name: String, value: &toml::Value) -> Fault {
    let rule = format!("a {} cannot stand here", value.type_str());
    Fault::of(name, wrong(rule, "write text, a whole number, true or false, a list or a table of these"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let rule = format!("cannot be read ({error})");
    Fault::of(path.display().to_string(), wrong(rule, "name a file that can be read with --config"))
}

/// The line of the fault, never its text: that may hold a secret.
fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> Fault {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let rule = format!("is not TOML at line {line} ({})", error.message());
    Fault::of(path.display().to_string(), wrong(rule, "write one `key = value` a line"))
}
