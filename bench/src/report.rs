//! Figures of several rounds: medians, spread, ratios, verdicts.

use serde_json::{Value, json};

/// What was measured again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(pub(crate) Vec<u64>);

impl Series {
    pub(crate) fn median(&self) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    fn spread(&self) -> String {
        match (self.0.iter().min(), self.0.iter().max()) {
            (Some(least), Some(most)) => format!("{least}..{most}"),
            _ => "nothing".to_owned(),
        }
    }
}

/// One line of the report: what was measured, what was asked, and whether it is so.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) workload: &'static str,
    pub(crate) what: String,
    pub(crate) measured: Series,
    pub(crate) unit: &'static str,
    pub(crate) target: Option<Target>,
}

/// What is asked of a figure.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// So many hundredths of a reference's median, at least.
    Ratio {
        of: &'static str,
        reference: u64,
        hundredths: u64,
    },
    AtLeast(u64),
    AtMost(u64),
}

impl Line {
    /// In hundredths of the reference.
    fn ratio(&self, reference: u64) -> u64 {
        self.measured.median() * 100 / reference.max(1)
    }

    pub(crate) fn is_met(&self) -> bool {
        let median = self.measured.median();
        match &self.target {
            None => true,
            Some(Target::Ratio { reference, hundredths, .. }) => self.ratio(*reference) >= *hundredths,
            Some(Target::AtLeast(least)) => median >= *least,
            Some(Target::AtMost(most)) => median <= *most,
        }
    }

    fn asked(&self) -> (String, String) {
        match &self.target {
            None => (String::new(), String::new()),
            Some(Target::Ratio { of, reference, hundredths }) => (
                format!(">= {} x {of}", decimal(*hundredths)),
                format!("{} x", decimal(self.ratio(*reference))),
            ),
            Some(Target::AtLeast(least)) => (format!(">= {least}"), String::new()),
            Some(Target::AtMost(most)) => (format!("<= {most}"), String::new()),
        }
    }

    /// For machines, and for `docs/MEASURED.md`.
    pub(crate) fn json(&self) -> Value {
        let (target, ratio) = self.asked();
        json!({
            "workload": self.workload, "what": self.what, "median": self.measured.median(), "unit": self.unit,
            "rounds": self.measured.0, "target": target, "ratio": ratio, "met": self.is_met(),
        })
    }
}

fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The whole report as Markdown.
pub(crate) fn page(header: &[String], lines: &[Line]) -> String {
    let mut page = String::from("# Bench\n\n");
    page.extend(header.iter().map(|line| format!("- {line}\n")));
    page += "\n| workload | what | median | spread | target | ratio | met |\n|---|---|---|---|---|---|---|\n";
    for line in lines {
        let (target, ratio) = line.asked();
        let met = match (&line.target, line.is_met()) {
            (None, _) => "",
            (_, true) => "yes",
            (_, false) => "**no**",
        };
        let (median, spread) = (line.measured.median(), line.measured.spread());
        let row = format!(
            "| {} | {} | {median} {} | {spread} | {target} | {ratio} | {met} |",
            line.workload, line.what, line.unit
        );
        page += &row;
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: Target) -> Line {
        let measured = Series(vec![90, 150, 120]);
        Line { workload: "W0", what: "a test".to_owned(), measured, unit: "/s", target: Some(target) }
    }

    #[test]
    fn a_ratio_is_of_medians() {
        let line = line(Target::Ratio { of: "H", reference: 100, hundredths: 120 });
        assert!(line.is_met());
        let page = page(&["a header".to_owned()], &[line]);
        assert!(page.contains("| W0 | a test | 120 /s | 90..150 | >= 1.20 x H | 1.20 x | yes |"), "{page}");
    }

    #[test]
    fn what_falls_short_is_said() {
        assert!(!line(Target::Ratio { of: "H", reference: 100, hundredths: 121 }).is_met());
        assert!(line(Target::AtMost(120)).is_met() && !line(Target::AtMost(119)).is_met());
        assert!(line(Target::AtLeast(120)).is_met() && !line(Target::AtLeast(121)).is_met());
    }
}
