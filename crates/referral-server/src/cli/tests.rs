//! The command line as the contract writes it.

use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("referral-server").chain(line.split_whitespace()))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_contract_is_understood() {
    for line in [
        "serve",
        "serve --demo",
        "serve --migrate",
        "serve --demo --demo-public",
        "--config other.toml serve",
        "migrate --check",
        "token --sub u_ana",
        "token --sub me --email me@example.com --email-verified --role admin --program * --created-at 2026-01-31T12:34:56Z --ttl 7d",
        "api-key create --name shop --scope events:write --scope credits:redeem --scope users:read",
        "api-key create --name shop --scope events:write users:read --program default",
        "api-key list",
        "api-key revoke key_018f2b7c-0000-7000-8000-000000000001",
        "ledger verify",
        "openapi",
        "problems",
        "doctor",
        "config check",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
}

#[test]
fn what_is_not_in_the_contract_is_refused() {
    for line in [
        "",
        "serve --demo-public",
        "token",
        "token --sub me --role root",
        "token --sub me --ttl soon",
        "token --sub me --program Shop_1",
        "token --sub me --created-at yesterday",
        "api-key create --name shop",
        "api-key create --name shop --scope everything",
        "ledger",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn a_sign_up_time_may_be_seconds_since_1970() {
    let Command::Token(token) = parse("token --sub u --created-at 1769862896").expect("sound").command else {
        panic!("another command")
    };
    assert_eq!(token.created_at.map(|at| at.to_string()).as_deref(), Some("2026-01-31T12:34:56.000000Z"));
    assert_eq!(token.ttl.seconds(), 3_600);
}
