//! A handler parses, makes one call, renders: what is longer or branches belongs into a use case or a type of its own.

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};
use syn::{Attribute, ExprIf, ExprMatch, ItemFn};

use super::fault::Fault;
use super::sizes;
use super::source::Source;

const SHELL: [&str; 2] = ["crates/referral-gate/src/", "crates/referral-http/src/"];
const LINES_MAX: usize = 15;
/// How an endpoint says which method it answers.
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// Every handler that is too long or branches.
pub(crate) fn faults(sources: &[Source]) -> Vec<Fault> {
    let mut found = Handlers::default();
    for source in sources.iter().filter(|source| SHELL.iter().any(|shell| source.path.starts_with(shell))) {
        found.path.clone_from(&source.path);
        found.visit_file(&source.tree);
    }
    println!("handlers: {}", found.count);
    found.faults
}

#[derive(Default)]
struct Handlers {
    path: String,
    count: usize,
    faults: Vec<Fault>,
}

impl<'tree> Visit<'tree> for Handlers {
    fn visit_item_fn(&mut self, item: &'tree ItemFn) {
        if item.attrs.iter().any(marks_handler) {
            self.count += 1;
            self.judge(item);
        }
        visit::visit_item_fn(self, item);
    }
}

impl Handlers {
    fn judge(&mut self, item: &ItemFn) {
        let (first, lines) = sizes::extent(&item.sig, &item.block);
        let mut branches = Branches::default();
        branches.visit_block(&item.block);
        let name = &item.sig.ident;
        if lines > LINES_MAX {
            let what =
                format!("handler `{name}` has {lines} lines, at most {LINES_MAX}: parse, one call, render");
            self.faults.push(Fault::new(&self.path, first, &what));
        }
        self.faults.extend(branches.lines.iter().map(|line| {
            Fault::new(
                &self.path,
                *line,
                &format!("handler `{name}` branches: decide in the use case or in a type"),
            )
        }));
    }
}

/// `#[utoipa::path(..)]` on a function, or actix's own `#[get("..")]` and the like.
fn marks_handler(attribute: &Attribute) -> bool {
    let names: Vec<String> =
        attribute.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["utoipa", "path"] => true,
        [.., method] => METHODS.contains(&method) && opens_with_text(attribute),
        [] => false,
    }
}

fn opens_with_text(attribute: &Attribute) -> bool {
    let Ok(list) = attribute.meta.require_list() else { return false };
    matches!(list.tokens.clone().into_iter().next(), Some(TokenTree::Literal(_)))
}

#[derive(Default)]
struct Branches {
    lines: Vec<usize>,
}

impl<'tree> Visit<'tree> for Branches {
    fn visit_expr_if(&mut self, branch: &'tree ExprIf) {
        self.lines.push(branch.if_token.span.start().line);
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_match(&mut self, branch: &'tree ExprMatch) {
        self.lines.push(branch.match_token.span.start().line);
        visit::visit_expr_match(self, branch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<usize> {
        faults(&[Source::parse(path, text).unwrap()]).into_iter().map(|fault| fault.line).collect()
    }

    fn handler(attribute: &str, body: &str) -> String {
        format!("{attribute}\npub async fn balance() -> Reply {{\n{body}}}\n")
    }

    const HERE: &str = "crates/referral-http/src/resource/credit/balance.rs";
    const UTOIPA: &str = "#[utoipa::path(get, path = \"/api/credits/balance\")]";
    const NONE: [usize; 0] = [];

    #[test]
    fn a_handler_may_have_fifteen_lines_and_not_one_more() {
        assert_eq!(check(HERE, &handler(UTOIPA, &"    call();\n".repeat(13))), NONE);
        assert_eq!(check(HERE, &handler(UTOIPA, &"    call();\n".repeat(14))), [2]);
        assert_eq!(check(HERE, &handler("#[get(\"/a\")]", &"    call();\n".repeat(14))), [2]);
    }

    #[test]
    fn a_handler_that_branches_is_a_fault_where_it_does() {
        assert_eq!(check(HERE, &handler(UTOIPA, "    call()?;\n    if late { refuse() }\n")), [4]);
        assert_eq!(
            check(HERE, &handler("#[actix_web::post(\"/a\")]", "    match call() { _ => () }\n")),
            [3]
        );
    }

    #[test]
    fn other_functions_and_other_crates_are_no_handlers() {
        let branching = "    if late { refuse() }\n";
        assert_eq!(check(HERE, &handler("#[must_use]", branching)), NONE);
        assert_eq!(check("crates/referral-server/src/demo/host.rs", &handler(UTOIPA, branching)), NONE);
    }
}
