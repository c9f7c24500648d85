//! Names that say nothing: a thing called a manager, a helper or utils has not been named yet.

use super::fault::Fault;
use super::source::{Source, Token};

const EMPTY: [&str; 6] = ["manager", "managers", "helper", "helpers", "util", "utils"];
const DECLARES: [&str; 9] = ["struct", "enum", "union", "trait", "type", "mod", "fn", "const", "static"];

/// Every declaration and every file with such a name; using another crate's is no fault.
pub(crate) fn faults(sources: &[Source]) -> Vec<Fault> {
    sources.iter().flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<Fault> {
    let declared = source.tokens.windows(2).filter(|pair| DECLARES.contains(&pair[0].text.as_str()));
    let mut faults: Vec<Fault> = declared.filter_map(|pair| of_name(&source.path, &pair[1])).collect();
    let file = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    faults.extend(of_name(&source.path, &Token { text: file.into(), line: 1 }));
    faults
}

fn of_name(path: &str, name: &Token) -> Option<Fault> {
    let empty = segments(&name.text).into_iter().find(|segment| EMPTY.contains(&segment.as_str()))?;
    let what = format!("`{}` is called a {empty}: name it by what it does or holds", name.text);
    Some(Fault::new(path, name.line, &what))
}

/// The words of a `snake_case`, `CamelCase` or `SCREAMING_CASE` name, in lower case.
fn segments(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && spaced.ends_with(char::is_lowercase) {
            spaced.push('_');
        }
        spaced.push(letter);
    }
    spaced.split('_').map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        of_file(&Source::parse(path, text).unwrap()).len()
    }

    #[test]
    fn an_empty_name_is_found_wherever_it_is_declared() {
        for text in [
            "struct CodeManager;",
            "trait Helper {}",
            "mod utils {}",
            "fn date_util() {}",
            "enum ManagerKind {}",
            "const HELPERS_MAX: u8 = 1;",
        ] {
            assert_eq!(count("crates/a/src/codes.rs", text), 1, "{text}");
        }
        assert_eq!(count("crates/a/src/utils.rs", ""), 1);
        assert_eq!(count("crates/a/src/test_helpers.rs", ""), 1);
    }

    #[test]
    fn another_crates_name_may_be_used() {
        assert_eq!(count("crates/a/src/codes.rs", "use futures_util::StreamExt; fn f(pool: Manager) {}"), 0);
        assert_eq!(count("crates/a/src/codes.rs", "struct Management; fn utilise() {}"), 0);
    }
}
