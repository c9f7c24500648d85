//! Rust files as the rules see them: tokens with their lines (comments and the insides of strings are no tokens),
//! the syntax tree, and which lines are test code.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, ItemFn, ItemImpl, ItemMod, Lit};

/// An identifier, a literal or one character of punctuation.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// One parsed file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) lines: usize,
    pub(crate) tokens: Vec<Token>,
    pub(crate) tree: syn::File,
    tests: TestCode,
}

impl Source {
    /// Parses a file; the path decides whether all of it is test code.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self> {
        let tree = syn::parse_file(text).with_context(|| format!("{path} is not Rust"))?;
        let stream: TokenStream = text.parse().map_err(|error| anyhow!("{path}: {error}"))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let mut tests = TestCode { whole_file: is_test_path(path), ..TestCode::default() };
        tests.visit_file(&tree);
        Ok(Self { path: path.into(), lines: text.lines().count(), tokens, tree, tests })
    }

    /// Whether a line, from 1, is test code.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.whole_file || self.tests.lines.iter().any(|range| range.contains(&line))
    }

    /// How many lines are no test code.
    pub(crate) fn product_lines(&self) -> usize {
        (1..=self.lines).filter(|line| !self.is_test(*line)).count()
    }

    /// The folder of the package the file belongs to.
    pub(crate) fn package(&self) -> &str {
        let depth = if self.path.starts_with("crates/") { 2 } else { 1 };
        self.path.match_indices('/').nth(depth - 1).map_or(&self.path, |(end, _)| &self.path[..end])
    }
}

/// Parses all Rust files, and marks those that are declared as a test module by their parent.
pub(crate) fn load(root: &Path, files: &[String]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        sources.push(Source::parse(path, &text)?);
    }
    mark_test_modules(&mut sources);
    Ok(sources)
}

fn mark_test_modules(sources: &mut [Source]) {
    let modules: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let inside = |module: &String| stem == module || stem.starts_with(&format!("{module}/"));
        source.tests.whole_file |= modules.iter().any(inside);
    }
}

/// `#[cfg(test)] mod name;` as the path, without its ending, where the module's file must be.
fn test_modules(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = file.trim_end_matches(".rs");
    let beside =
        if matches!(stem, "lib" | "main" | "mod") { folder.into() } else { format!("{folder}/{stem}") };
    let place = |module: &Module| match module {
        Module::Named(name) => format!("{beside}/{name}"),
        Module::At(path) => format!("{folder}/{}", path.trim_end_matches(".rs")),
    };
    source.tests.modules.iter().map(place).collect()
}

/// The contract suites, builders and fakes of the testkit are test code wherever they stand.
fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.starts_with("crates/referral-testkit/")
}

/// Splits a pattern or a file into tokens, groups opened and closed by their own characters.
fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = delimiters(group.delimiter());
                tokens.extend(token(open, group.span_open()));
                flatten(group.stream(), tokens);
                tokens.extend(token(close, group.span_close()));
            }
            single => tokens.extend(token(&single.to_string(), single.span())),
        }
    }
}

fn token(text: &str, span: proc_macro2::Span) -> Option<Token> {
    (!text.is_empty()).then(|| Token { text: text.into(), line: span.start().line })
}

fn delimiters(delimiter: proc_macro2::Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
        proc_macro2::Delimiter::Brace => ("{", "}"),
        proc_macro2::Delimiter::Bracket => ("[", "]"),
        proc_macro2::Delimiter::None => ("", ""),
    }
}

/// Which lines are test code, and which out-of-line modules are.
#[derive(Default)]
struct TestCode {
    whole_file: bool,
    lines: Vec<RangeInclusive<usize>>,
    modules: Vec<Module>,
}

/// A module in a file of its own: where its name says, or at the path of its `#[path = ".."]`.
enum Module {
    Named(String),
    At(String),
}

impl Module {
    fn of(item: &ItemMod) -> Self {
        let path = item.attrs.iter().find_map(path_attribute);
        path.map_or_else(|| Self::Named(item.ident.to_string()), Self::At)
    }
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let pair = attribute.meta.require_name_value().ok().filter(|pair| pair.path.is_ident("path"))?;
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
        _ => None,
    }
}

impl TestCode {
    fn note(&mut self, attributes: &[Attribute], item: &impl Spanned) {
        if attributes.iter().any(marks_test) {
            let span = item.span();
            self.lines.push(span.start().line..=span.end().line);
        }
    }
}

impl<'tree> Visit<'tree> for TestCode {
    fn visit_item_mod(&mut self, item: &'tree ItemMod) {
        self.note(&item.attrs, item);
        if item.content.is_none() && item.attrs.iter().any(marks_test) {
            self.modules.push(Module::of(item));
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'tree ItemFn) {
        self.note(&item.attrs, item);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'tree ItemImpl) {
        self.note(&item.attrs, item);
        visit::visit_item_impl(self, item);
    }
}

/// `#[cfg(test)]`, `#[test]`, and the likes of `#[tokio::test]`.
fn marks_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
    match last.as_deref() {
        Some("test") => true,
        Some("cfg") => attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
fn product() {}

#[cfg(test)]
mod tests {
    #[test]
    fn case() {}
}

#[tokio::test]
async fn another() {}
";

    #[test]
    fn test_code_is_told_from_product_code() {
        let source = Source::parse("crates/a/src/lib.rs", TEXT).unwrap();
        assert!(!source.is_test(1));
        assert!(source.is_test(6) && source.is_test(10));
        assert!(Source::parse("crates/a/tests/it/main.rs", TEXT).unwrap().is_test(1));
        assert!(Source::parse("crates/referral-testkit/src/contract.rs", TEXT).unwrap().is_test(1));
    }

    #[test]
    fn a_module_declared_for_tests_only_is_test_code_in_its_own_file() {
        let mut sources: Vec<Source> = [
            (
                "crates/a/src/money.rs",
                "\n#[cfg(test)] mod tests;\n#[cfg(test)]\n#[path = \"cases.rs\"]\nmod more;\nmod parse;",
            ),
            ("crates/a/src/money/tests.rs", "fn case() {}"),
            ("crates/a/src/cases.rs", "fn case() {}"),
            ("crates/a/src/money/parse.rs", "fn parse() {}"),
        ]
        .map(|(path, text)| Source::parse(path, text).unwrap())
        .into();
        mark_test_modules(&mut sources);
        let tests: Vec<bool> = sources.iter().map(|source| source.is_test(1)).collect();
        assert_eq!(tests, [false, true, true, false]);
    }

    #[test]
    fn comments_and_strings_are_no_tokens_of_their_own() {
        let source =
            Source::parse("crates/a/src/lib.rs", "// diesel\n/// diesel\nconst A: &str = \"diesel\";")
                .unwrap();
        assert!(source.tokens.iter().all(|token| token.text != "diesel"));
    }

    #[test]
    fn a_file_belongs_to_the_package_of_its_folder() {
        assert_eq!(Source::parse("crates/a/src/b/c.rs", "").unwrap().package(), "crates/a");
        assert_eq!(Source::parse("tests/tests/it/main.rs", "").unwrap().package(), "tests");
    }

    #[test]
    fn what_is_not_rust_is_an_error_that_names_the_file() {
        assert!(
            Source::parse("crates/a/src/lib.rs", "fn (")
                .is_err_and(|error| error.to_string().contains("lib.rs"))
        );
    }
}
