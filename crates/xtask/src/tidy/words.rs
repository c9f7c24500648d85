//! Words that may stand only in their place: libraries in their adapter, time and chance at the edge, and some nowhere.

use super::fault::Fault;
use super::source::{Source, Token};

struct Rule {
    /// Tokens in a row, each apart by a space; a last `*` stands for any ending.
    pattern: &'static str,
    /// Paths, from the root, that may use it; a folder ends with `/`.
    places: &'static [&'static str],
    /// Whether test code may use it anywhere.
    tests_may: bool,
    what: &'static str,
}

const SERVER_EDGE: &[&str] = &[
    "crates/referral-server/src/source/", // the clock and the generator of ids and codes
    "crates/referral-server/src/config/", // the environment
    "crates/xtask/",
    "bench/", // it stands outside and looks at the running server
];
const AMBIENT: &str =
    "ambient time or chance: take it as an argument; only the server's source and config read it";
const UNFINISHED: &str = "unfinished work: do it, or leave it out";

const RULES: [Rule; 18] = [
    Rule {
        pattern: "diesel*",
        places: &[
            "crates/referral-sqlite/",
            "crates/referral-pg-session/",
            "crates/referral-postgres/",
            "bench/",
        ],
        tests_may: false,
        what: "Diesel belongs to the SQL adapters: go through a port of referral_domain",
    },
    Rule {
        pattern: "actix*",
        places: &[
            "crates/referral-wire/",
            "crates/referral-gate/",
            "crates/referral-http/",
            "crates/referral-server/",
            "tests/",
            "bench/",
        ],
        tests_may: false,
        what: "actix belongs to referral-wire, referral-gate, referral-http, referral-server, the black-box tests and the bench: go through referral-app",
    },
    ambient("Utc : : now"),
    ambient("Local : : now"),
    ambient("SystemTime : : now"),
    ambient("Uuid : : now_v7"),
    ambient("Uuid : : new_v4"),
    ambient("rand : : rng"),
    ambient("rand : : random*"),
    ambient("SysRng"),
    ambient("OsRng"),
    ambient("env : : var"),
    ambient("env : : vars"),
    ambient("env : : var_os"),
    ambient("env : : vars_os"),
    never("todo !"),
    never("unimplemented !"),
    never("dbg !"),
];

const IGNORED: Rule = Rule {
    pattern: "# [ ignore",
    places: &[],
    tests_may: false,
    what: "an ignored test protects nothing: make it pass or delete it",
};

const fn ambient(pattern: &'static str) -> Rule {
    Rule { pattern, places: SERVER_EDGE, tests_may: true, what: AMBIENT }
}

const fn never(pattern: &'static str) -> Rule {
    Rule { pattern, places: &[], tests_may: false, what: UNFINISHED }
}

/// Every word out of its place.
pub(crate) fn faults(sources: &[Source]) -> Vec<Fault> {
    println!("words: {} rules over {} files", RULES.len() + 1, sources.len());
    sources.iter().flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<Fault> {
    RULES.iter().chain([&IGNORED]).flat_map(|rule| of_rule(source, rule)).collect()
}

fn of_rule(source: &Source, rule: &Rule) -> Vec<Fault> {
    if rule.places.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let pattern: Vec<&str> = rule.pattern.split(' ').collect();
    let hits = source.tokens.windows(pattern.len()).filter(|window| matches(window, &pattern));
    hits.map(|window| &window[0])
        .filter(|token| !(rule.tests_may && source.is_test(token.line)))
        .map(|token| {
            Fault::new(&source.path, token.line, &format!("`{}`: {}", shown(rule.pattern), rule.what))
        })
        .collect()
}

fn matches(window: &[Token], pattern: &[&str]) -> bool {
    window.iter().zip(pattern).all(|(token, wanted)| match wanted.strip_suffix('*') {
        Some(start) => token.text.starts_with(start),
        None => token.text == *wanted,
    })
}

fn shown(pattern: &str) -> String {
    pattern.replace([' ', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn check(path: &str, text: &str) -> Vec<usize> {
        of_file(&Source::parse(path, text).unwrap()).iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn each_rule_fires_on_its_word_and_nowhere_else() {
        for (line, text) in [
            (2, "fn f() {\n    diesel::insert_into(codes)\n}"),
            (1, "use diesel_migrations::embed_migrations;"),
            (1, "use actix_web::web;"),
            (2, "fn f() -> Time {\n    Utc::now()\n}"),
            (1, "fn f() { chrono::Local::now() }"),
            (1, "fn f() { std::time::SystemTime::now() }"),
            (1, "fn f() { Uuid::now_v7() }"),
            (1, "fn f() { Uuid::new_v4() }"),
            (1, "fn f() { rand::rng() }"),
            (1, "fn f() { rand::random_range(0..6) }"),
            (1, "fn f() { std::env::var(\"HOME\") }"),
            (1, "fn f() { std::env::vars() }"),
            (1, "fn f() { std::env::var_os(\"HOME\") }"),
            (1, "fn f() { std::env::vars_os() }"),
            (1, "fn f(mut source: SysRng) {}"),
            (1, "use rand::rngs::OsRng;"),
            (1, "fn f() { todo!() }"),
            (1, "fn f() { unimplemented!() }"),
            (1, "fn f() { dbg!(1); }"),
            (2, "#[test]\n#[ignore = \"slow\"]\nfn f() {}"),
        ] {
            assert_eq!(check("crates/referral-app/src/apply.rs", text), [line], "{text}");
        }
        assert_eq!(
            check("crates/referral-app/src/apply.rs", "fn f() { clock.now(); todo(); \"dbg!\"; }"),
            NONE
        );
    }

    #[test]
    fn a_library_may_stand_in_its_own_crate() {
        assert_eq!(check("crates/referral-sqlite/src/codes.rs", "use diesel::prelude::*;"), NONE);
        assert_eq!(check("crates/referral-http/src/lib.rs", "use actix_web::web;"), NONE);
        assert_eq!(check("tests/tests/it/main.rs", "use actix_web::web;"), NONE);
        assert_eq!(check("crates/referral-http/src/lib.rs", "use diesel::prelude::*;"), [1]);
    }

    #[test]
    fn time_and_chance_may_be_read_at_the_edge_and_in_tests() {
        assert_eq!(check("crates/referral-server/src/source/clock.rs", "fn f() { Utc::now() }"), NONE);
        assert_eq!(
            check("crates/referral-server/src/config/load.rs", "fn f() { std::env::var(\"A\") }"),
            NONE
        );
        assert_eq!(check("crates/referral-server/src/serve.rs", "fn f() { Utc::now() }"), [1]);
        let in_test = "#[cfg(test)]\nmod tests {\n    fn f() { Utc::now() }\n}";
        assert_eq!(check("crates/referral-app/src/apply.rs", in_test), NONE);
    }

    #[test]
    fn unfinished_work_is_banned_in_tests_too() {
        assert_eq!(check("tests/tests/it/main.rs", "#[test]\nfn f() {\n    todo!()\n}"), [3]);
    }
}
