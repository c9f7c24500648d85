//! The binary: configuration, wiring and commands.

mod application;
mod cli;
mod command;
mod config;
mod demo;
mod log;
mod secrets;
mod server;
mod source;
mod store;
mod token;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use command::Verdict;
use config::Environment;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match command::run(&Cli::parse(), &Environment::of_this_process()) {
        Ok(Verdict::Sound) => ExitCode::SUCCESS,
        Ok(Verdict::Unsound) => ExitCode::FAILURE,
        Err(error) => tell(&error),
    }
}

/// Says what broke down with all its causes, on standard error, where the log may not have been started.
#[expect(clippy::print_stderr, reason = "the last words of a command line tool")]
fn tell(error: &anyhow::Error) -> ExitCode {
    eprintln!("referral-server: {error:#}");
    ExitCode::FAILURE
}
