//! One measured figure, and the list of those the project promises to state.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A figure that `docs/MEASURED.md` must state, and the most it may be.
pub(crate) struct Required {
    pub(crate) name: &'static str,
    pub(crate) at_most: Option<u32>,
}

const fn required(name: &'static str, at_most: Option<u32>) -> Required {
    Required { name, at_most }
}

/// In the order in which the page shows them.
pub(crate) const REQUIRED: [Required; 8] = [
    required("start_to_first_reply_ms", Some(200)),
    required("resident_memory_idle_mb", Some(40)),
    required("spend_single_64_connections_per_s", None),
    required("spend_single_64_connections_p99_ms", None),
    required("spend_batch_500_per_s", None),
    required("validate_p50_ms", None),
    required("validate_p99_ms", Some(25)),
    required("tidy_function_median", Some(12)),
];

/// The limit of a figure, when it has one.
pub(crate) fn limit(name: &str) -> Option<u32> {
    REQUIRED.iter().find(|required| required.name == name)?.at_most
}

/// A figure as a measurement keeps it: the value is a decimal number, kept as text so that it is shown as measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) unit: String,
    pub(crate) how: String,
}

impl Figure {
    pub(crate) fn new(name: &str, value: &str, unit: &str, how: &str) -> Self {
        Self { name: name.into(), value: value.into(), unit: unit.into(), how: how.into() }
    }

    pub(crate) fn to_json(&self) -> String {
        let json = json!({"name": self.name, "value": self.value, "unit": self.unit, "how": self.how});
        format!("{json:#}\n")
    }

    /// Reads `{"name", "value", "unit", "how"}`; the value may be a number or its text.
    pub(crate) fn from_json(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text)?;
        let field = |name: &str| -> Result<String> {
            let value = json.get(name).with_context(|| format!("the figure has no {name:?}"))?;
            Ok(value.as_str().map_or_else(|| value.to_string(), String::from))
        };
        let figure = Self::new(&field("name")?, &field("value")?, &field("unit")?, &field("how")?);
        figure.sound()
    }

    /// The figure, if it can stand in a table and its value is a finite number.
    pub(crate) fn sound(self) -> Result<Self> {
        let texts = [&self.name, &self.value, &self.unit, &self.how];
        if texts.iter().any(|text| text.contains(['|', '\n'])) {
            bail!("{}: a figure's texts hold neither `|` nor a line break", self.name);
        }
        if !self.number().is_some_and(f64::is_finite) {
            bail!("{}: {:?} is not a number", self.name, self.value);
        }
        Ok(self)
    }

    /// Whether the value is past the limit that the project set itself.
    pub(crate) fn is_past(&self, limit: u32) -> bool {
        self.number().is_none_or(|number| number > f64::from(limit))
    }

    fn number(&self) -> Option<f64> {
        self.value.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_survives_its_file() {
        let figure = Figure::new("validate_p99_ms", "1.25", "ms", "`cargo xtask measure`");
        assert_eq!(Figure::from_json(&figure.to_json()).unwrap(), figure);
    }

    #[test]
    fn a_number_may_be_written_as_a_number() {
        let figure = Figure::from_json(r#"{"name":"n","value":12.5,"unit":"ms","how":"h"}"#).unwrap();
        assert_eq!(figure.value, "12.5");
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        for bad in [
            r#"{"name":"n","value":"fast","unit":"ms","how":"h"}"#,
            r#"{"name":"n","value":"NaN","unit":"ms","how":"h"}"#,
            r#"{"name":"n","value":1,"unit":"ms"}"#,
            r#"{"name":"n","value":1,"unit":"ms","how":"a|b"}"#,
        ] {
            assert!(Figure::from_json(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_limit_may_be_reached_but_not_passed() {
        assert!(!Figure::new("n", "25", "ms", "h").is_past(25));
        assert!(Figure::new("n", "25.01", "ms", "h").is_past(25));
        assert_eq!(limit("validate_p99_ms"), Some(25));
        assert_eq!(limit("validate_p50_ms"), None);
    }
}
