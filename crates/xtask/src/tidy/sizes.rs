//! How long functions, files and crates are: printed always, a fault past the stops.
//!
//! A function counts from its first word to its closing brace, without comments and attributes above it. The median and
//! the ninth decile are those of product functions of four lines or more; the stop holds for tests too. Functions inside
//! macros are no functions to the parser and are left aside.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use super::fault::Fault;
use super::source::Source;
use crate::report::{self, Figure};

const FUNCTION_LINES_MAX: usize = 60;
const FUNCTION_LINES_MEDIAN_MAX: usize = 12;
const FUNCTION_LINES_P90_MAX: usize = 35;
const FILE_LINES_MAX: usize = 400;
const CRATE_LINES_MAX: usize = 9_000;
/// Shorter functions are accessors; with them the median would say nothing.
const SHORTEST_COUNTED: usize = 4;
const LONGEST_SHOWN: usize = 10;

#[derive(Debug, Clone)]
struct Function {
    name: String,
    path: String,
    line: usize,
    lines: usize,
    test: bool,
}

/// The sizes of everything in the tree.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    /// Longest first.
    functions: Vec<Function>,
    /// Longest first, with their paths.
    files: Vec<(usize, String)>,
    /// Lines that are no test code, by the package's folder.
    crates: BTreeMap<String, usize>,
}

impl Sizes {
    /// Measures every file.
    pub(crate) fn of(sources: &[Source]) -> Self {
        let mut sizes = Self::default();
        for source in sources {
            let mut functions = Functions { source, found: Vec::new() };
            functions.visit_file(&source.tree);
            sizes.functions.extend(functions.found);
            sizes.files.push((source.lines, source.path.clone()));
            *sizes.crates.entry(source.package().into()).or_default() += source.product_lines();
        }
        sizes.functions.sort_by_key(|function| std::cmp::Reverse(function.lines));
        sizes.files.sort_by_key(|(lines, _)| std::cmp::Reverse(*lines));
        sizes
    }

    /// Keeps the median for `docs/MEASURED.md`.
    pub(crate) fn keep_median(&self, reports: &Path) -> Result<()> {
        let median = self.at(50).to_string();
        report::keep(reports, &Figure::new("tidy_function_median", &median, "lines", "`cargo xtask tidy`"))
    }

    /// Everything past a stop.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let functions = self.functions.iter().filter(|function| function.lines > FUNCTION_LINES_MAX);
        let files = self.files.iter().filter(|(lines, _)| *lines > FILE_LINES_MAX);
        let crates = self.crates.iter().filter(|(_, lines)| **lines > CRATE_LINES_MAX);
        let mut faults: Vec<Fault> = functions.map(long_function).collect();
        faults.extend(files.map(|(lines, path)| {
            Fault::new(path, 1, &format!("{lines} lines, at most {FILE_LINES_MAX}: split it by concept"))
        }));
        faults.extend(crates.map(|(folder, lines)| {
            let what = format!(
                "{lines} lines without tests, at most {CRATE_LINES_MAX}: a second crate is hidden in it"
            );
            Fault::new(&format!("{folder}/Cargo.toml"), 1, &what)
        }));
        faults.extend(self.past(50, FUNCTION_LINES_MEDIAN_MAX));
        faults.extend(self.past(90, FUNCTION_LINES_P90_MAX));
        faults
    }

    fn past(&self, percent: usize, max: usize) -> Option<Fault> {
        let lines = self.at(percent);
        let place = self.functions.first().filter(|_| lines > max)?;
        let what = format!(
            "{percent} % of functions have {lines} lines or fewer, it must be {max}: shorten the longest"
        );
        Some(Fault::new(&place.path, place.line, &what))
    }

    /// The size below or at which so many percent of the counted functions lie; 0 when there is none.
    fn at(&self, percent: usize) -> usize {
        let counted: Vec<&Function> =
            self.functions.iter().rev().filter(|function| is_counted(function)).collect();
        let rank = (counted.len() * percent).div_ceil(100).saturating_sub(1);
        counted.get(rank).map_or(0, |function| function.lines)
    }
}

fn is_counted(function: &Function) -> bool {
    !function.test && function.lines >= SHORTEST_COUNTED
}

fn long_function(function: &Function) -> Fault {
    let what =
        format!("`{}` has {} lines, at most {FUNCTION_LINES_MAX}: split it", function.name, function.lines);
    Fault::new(&function.path, function.line, &what)
}

impl fmt::Display for Sizes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.functions.iter().filter(|function| is_counted(function)).count();
        let (median, p90) = (self.at(50), self.at(90));
        writeln!(
            out,
            "functions: {}, of them {counted} product code of 4 lines or more",
            self.functions.len()
        )?;
        writeln!(out, "median of function lines: {median} (at most {FUNCTION_LINES_MEDIAN_MAX})")?;
        writeln!(out, "p90 of function lines: {p90} (at most {FUNCTION_LINES_P90_MAX})")?;
        if let (Some(function), Some((lines, path))) = (self.functions.first(), self.files.first()) {
            writeln!(out, "largest function: {function} (at most {FUNCTION_LINES_MAX})")?;
            writeln!(out, "largest file: {lines} lines {path} (at most {FILE_LINES_MAX})")?;
        }
        if let Some((folder, lines)) = self.crates.iter().max_by_key(|(_, lines)| **lines) {
            writeln!(out, "largest crate: {lines} lines without tests {folder} (at most {CRATE_LINES_MAX})")?;
        }
        write!(out, "longest functions:")?;
        self.functions.iter().take(LONGEST_SHOWN).try_for_each(|function| write!(out, "\n  {function}"))
    }
}

impl fmt::Display for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, path, line, lines, test } = self;
        write!(out, "{lines:>2} lines {path}:{line} {name}{}", if *test { " (test)" } else { "" })
    }
}

/// A function's first line, and how many lines it has.
pub(crate) fn extent(signature: &Signature, body: &Block) -> (usize, usize) {
    let first = signature.span().start().line;
    (first, body.span().end().line + 1 - first)
}

struct Functions<'source> {
    source: &'source Source,
    found: Vec<Function>,
}

impl Functions<'_> {
    fn note(&mut self, signature: &Signature, body: &Block) {
        let (line, lines) = extent(signature, body);
        self.found.push(Function {
            name: signature.ident.to_string(),
            path: self.source.path.clone(),
            line,
            lines,
            test: self.source.is_test(line),
        });
    }
}

impl<'tree> Visit<'tree> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'tree ItemFn) {
        self.note(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'tree ImplItemFn) {
        self.note(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'tree TraitItemFn) {
        if let Some(body) = &item.default {
            self.note(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    /// A file with one function of each given number of lines.
    fn sizes(path: &str, functions: &[usize]) -> Sizes {
        let text: Vec<String> =
            functions.iter().enumerate().map(|(index, lines)| function(index, *lines)).collect();
        Sizes::of(&[Source::parse(path, &text.concat()).unwrap()])
    }

    fn function(index: usize, lines: usize) -> String {
        format!("/// Not counted.\nfn f{index}() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    fn lines_of(faults: &[Fault]) -> Vec<usize> {
        faults.iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn a_function_may_have_sixty_lines_and_not_one_more() {
        assert_eq!(lines_of(&sizes("crates/a/src/lib.rs", &[60, 5, 5, 5, 5, 5, 5, 5, 5, 5]).faults()), NONE);
        assert_eq!(lines_of(&sizes("crates/a/src/lib.rs", &[5, 5, 5, 5, 5, 5, 5, 5, 5, 61]).faults()), [56]);
        assert_eq!(lines_of(&sizes("tests/tests/it/main.rs", &[61]).faults()), [2]);
    }

    #[test]
    fn a_file_may_have_four_hundred_lines_and_not_one_more() {
        let file =
            |lines: usize| Sizes::of(&[Source::parse("crates/a/src/lib.rs", &"//\n".repeat(lines)).unwrap()]);
        assert_eq!(file(400).faults().len(), 0);
        assert_eq!(lines_of(&file(401).faults()), [1]);
    }

    #[test]
    fn a_crate_may_have_as_many_lines_as_the_stop_and_not_one_more() {
        let sources = |files: usize| -> Vec<Source> {
            (0..files)
                .map(|n| Source::parse(&format!("crates/a/src/{n}.rs"), &"//\n".repeat(360)).unwrap())
                .collect()
        };
        assert_eq!(Sizes::of(&sources(25)).faults().len(), 0);
        assert_eq!(Sizes::of(&sources(26)).faults()[0].path, "crates/a/Cargo.toml");
        let tests = Source::parse("crates/a/tests/it/main.rs", &"//\n".repeat(360)).unwrap();
        assert_eq!(Sizes::of(&sources(25).into_iter().chain([tests]).collect::<Vec<_>>()).faults().len(), 0);
    }

    #[test]
    fn the_median_counts_product_functions_of_four_lines_or_more() {
        let sizes_mixed = sizes("crates/a/src/lib.rs", &[2, 3, 3, 4, 12, 20]);
        assert_eq!((sizes_mixed.at(50), sizes_mixed.at(90)), (12, 20));
        assert_eq!(sizes("crates/a/tests/it/main.rs", &[40]).at(50), 0);
        assert_eq!(sizes("crates/a/src/lib.rs", &[4, 13, 13]).faults().len(), 1);
        assert_eq!(sizes("crates/a/src/lib.rs", &[4, 4, 36]).faults().len(), 1);
    }

    #[test]
    fn methods_and_default_methods_are_functions_too() {
        let text = "trait T {\n    fn a() {\n    }\n    fn b();\n}\nimpl T for () {\n    fn a() {}\n}";
        let sizes = Sizes::of(&[Source::parse("crates/a/src/lib.rs", text).unwrap()]);
        let lines: Vec<usize> = sizes.functions.iter().map(|function| function.lines).collect();
        assert_eq!(lines, [2, 1]);
    }

    #[test]
    fn the_sizes_and_the_ten_longest_are_printed() {
        let text = sizes("crates/a/src/lib.rs", &[5; 12]).to_string();
        assert!(text.contains("functions: 12, of them 12 product code"), "{text}");
        assert!(text.contains("lines: 5 (at most 12)") && text.contains("lines: 5 (at most 35)"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("   5 lines")).count(), 10);
    }

    #[test]
    fn the_median_is_kept_for_the_report() {
        let folder = tempfile::tempdir().unwrap();
        sizes("crates/a/src/lib.rs", &[7]).keep_median(folder.path()).unwrap();
        let kept = std::fs::read_to_string(folder.path().join("tidy_function_median.json")).unwrap();
        assert_eq!(Figure::from_json(&kept).unwrap().value, "7");
    }
}
