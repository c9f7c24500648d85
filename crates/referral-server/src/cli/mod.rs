//! The command line: what can be asked, and nothing of how it is done.

mod span;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use referral_domain::auth::{Role, Scope};
use referral_domain::reference::{HostId, Slug};
use referral_domain::time::{Day, Timestamp};
use referral_proof::Hash;

pub(crate) use span::Span;

/// Referral programs: codes, referrals, credits, and a ledger that can be proven.
#[derive(Parser, Debug)]
#[command(name = "referral-server", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The configuration file; ./referral.toml when there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be asked.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Serves the API; the embedded store is migrated first.
    Serve(Serve),
    /// Brings the store's schema up to date.
    Migrate(Migrate),
    /// Prints a user's token: only the token, on standard output.
    Token(Token),
    /// Makes, lists and revokes the keys of services.
    #[command(subcommand)]
    ApiKey(ApiKey),
    /// Proves the ledger.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints the catalogue of problems, as Markdown.
    #[command(hide = true)]
    Problems,
    /// Looks at this installation and says what is not as it should be.
    Doctor,
    /// Looks at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// How to serve.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Also mount the demo host under /demo: a small company site that plays the story.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Let the demo host be reached from other machines.
    #[arg(long, requires = "demo")]
    pub(crate) demo_public: bool,
    /// Bring a PostgreSQL database's schema up to date first; without it an older schema is refused.
    #[arg(long)]
    pub(crate) migrate: bool,
    /// Look every code up in the store, for benchmarks.
    #[arg(long, hide = true)]
    pub(crate) no_code_cache: bool,
}

/// How to migrate.
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    /// Change nothing: say what is missing, and exit 1 when something is.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Whose token, saying what, for how long.
#[derive(Args, Debug)]
pub(crate) struct Token {
    /// The user's id at the host: 1 to 100 characters.
    #[arg(long, value_name = "ID", value_parser = host_id)]
    pub(crate) sub: HostId,
    /// The user's e-mail.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Say that the e-mail is verified.
    #[arg(long)]
    pub(crate) email_verified: bool,
    /// user, operator, finance or admin.
    #[arg(long, value_parser = role)]
    pub(crate) role: Option<Role>,
    /// The program; '*' for all of them.
    #[arg(long, value_parser = program_or_all)]
    pub(crate) program: Option<String>,
    /// When the user signed up: RFC 3339, or seconds since 1970; now, when not given.
    #[arg(long, value_name = "T", value_parser = instant)]
    pub(crate) created_at: Option<Timestamp>,
    /// How long the token is valid, such as 90s, 15m, 1h, 7d.
    #[arg(long, default_value = "1h")]
    pub(crate) ttl: Span,
}

/// What to do about the keys of services.
#[derive(Subcommand, Debug)]
pub(crate) enum ApiKey {
    /// Prints a new key: only the key, on standard output. It is shown this once.
    Create(ApiKeyCreate),
    /// Lists all keys, without the keys themselves.
    List,
    /// Revokes a key; revoking it again changes nothing.
    Revoke {
        /// The id that `list` shows: key_...
        id: String,
    },
}

/// What key to make.
#[derive(Args, Debug)]
pub(crate) struct ApiKeyCreate {
    /// What to call it.
    #[arg(long)]
    pub(crate) name: String,
    /// What it may do; may be repeated: events:write, credits:redeem, users:read, codes:write, admin:read,
    /// admin:write, payouts:write.
    #[arg(long = "scope", required = true, num_args = 1.., value_parser = scope)]
    pub(crate) scopes: Vec<Scope>,
    /// The program it speaks for.
    #[arg(long, default_value = "default")]
    pub(crate) program: String,
}

/// What to do with the ledger.
#[derive(Subcommand, Debug)]
pub(crate) enum Ledger {
    /// Recomputes everything: verified, partial, or broken at the first bad place (exit 1).
    Verify(VerifyLedger),
    /// Seals what no block seals yet; a server does so by itself.
    Seal,
    /// Makes a key that signs blocks; prints its public half.
    Keygen(Keygen),
    /// Prints a user's transfers with their proof, as JSON.
    Statement(Statement),
    /// Checks such a statement, without any store: verified, partial, or broken (exit 1).
    VerifyStatement(VerifyStatement),
    /// Prints the journal as CSV: two rows a transfer, mapped to a chart of accounts, oldest first.
    Export(LedgerExport),
}

/// What is known from outside.
#[derive(Args, Debug)]
pub(crate) struct VerifyLedger {
    /// A hash that was published: one of the blocks must have it.
    #[arg(long, value_name = "HASH", value_parser = hash)]
    pub(crate) expect_head: Option<Hash>,
    /// The program whose head it is; any, when not given.
    #[arg(long, requires = "expect_head")]
    pub(crate) program: Option<String>,
    /// A file with the public key that signs blocks; may be repeated, for keys that were in use before.
    #[arg(long = "public-key", value_name = "FILE")]
    pub(crate) public_keys: Vec<PathBuf>,
}

/// Where the key goes.
#[derive(Args, Debug)]
pub(crate) struct Keygen {
    /// The file to write, which must not exist; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Whose statement, of which time.
#[derive(Args, Debug)]
pub(crate) struct Statement {
    /// The user's id at the host.
    #[arg(long, value_name = "ID", value_parser = host_id)]
    pub(crate) user: HostId,
    /// The program.
    #[arg(long, default_value = "default")]
    pub(crate) program: String,
    /// Recorded at or after: RFC 3339.
    #[arg(long, value_name = "T", value_parser = instant)]
    pub(crate) from: Option<Timestamp>,
    /// Recorded before.
    #[arg(long, value_name = "T", value_parser = instant)]
    pub(crate) to: Option<Timestamp>,
}

/// What to check, and what is known from outside.
#[derive(Args, Debug)]
pub(crate) struct VerifyStatement {
    /// The statement.
    pub(crate) file: PathBuf,
    /// A hash that was published: the statement must lead to it.
    #[arg(long, value_name = "HASH", value_parser = hash)]
    pub(crate) expect_head: Option<Hash>,
    /// A file with the public key that signs blocks; may be repeated.
    #[arg(long = "public-key", value_name = "FILE")]
    pub(crate) public_keys: Vec<PathBuf>,
}

/// Which part of the journal, in which chart.
#[derive(Args, Debug)]
pub(crate) struct LedgerExport {
    /// The first UTC day, such as 2026-01-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) from: Day,
    /// The last UTC day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) to: Day,
    /// The chart of accounts, as TOML: a table for each account that is not kept under its usual number.
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// The program.
    #[arg(long, default_value = "default")]
    pub(crate) program: String,
}

/// What to do with the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Says every fault at once (exit 1), or what is configured.
    Check,
}

fn day(text: &str) -> Result<Day, &'static str> {
    Day::parse(text).ok_or("a UTC day such as 2026-01-31")
}

fn host_id(text: &str) -> Result<HostId, &'static str> {
    HostId::parse(text).ok_or("1 to 100 characters, no control characters, no blank at either end")
}

fn program_or_all(text: &str) -> Result<String, &'static str> {
    let known = text == "*" || Slug::parse(text).is_some();
    known.then(|| text.to_owned()).ok_or("a program's id is 1 to 40 of a-z, 0-9 and -; '*' for all of them")
}

fn hash(text: &str) -> Result<Hash, &'static str> {
    referral_proof::text::hash(text).ok_or("a hash is 64 hexadecimal digits")
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("the roles are {}", words(Role::ALL.iter())))
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word).ok_or_else(|| format!("the scopes are {}", words(Scope::ALL.iter())))
}

fn words(all: impl Iterator<Item = impl ToString>) -> String {
    all.map(|word| word.to_string()).collect::<Vec<_>>().join(", ")
}

fn instant(text: &str) -> Result<Timestamp, &'static str> {
    let seconds = || {
        Timestamp::parse(
            &Timestamp::from_micros(text.parse::<i64>().ok()?.checked_mul(1_000_000)?).to_string(),
        )
    };
    Timestamp::parse(text)
        .or_else(seconds)
        .ok_or("RFC 3339 such as 2026-01-31T12:34:56Z, or seconds since 1970, of a year from 2000 to 2100")
}
