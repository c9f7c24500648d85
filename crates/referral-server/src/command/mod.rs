//! What each command does.

mod api_key;
mod config_check;
mod demo_key;
mod doctor;
mod export;
mod keygen;
mod ledger;
mod migrate;
mod openapi;
mod serve;
mod statement;
mod token;

use std::io::{ErrorKind, Write};

use actix_web::rt::System;
use anyhow::Context;
use referral_app::App;

use crate::cli::{Cli, Command, ConfigCommand, Ledger};
use crate::config::{Config, Environment};
use crate::secrets::Secrets;
use crate::{application, log, store};

/// How a command that did not break down ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// All is well: exit 0.
    Sound,
    /// What was looked at is not as it should be: exit 1.
    Unsound,
}

/// Does what was asked.
///
/// # Errors
/// What broke down, with its causes; configuration faults all at once.
pub(crate) fn run(cli: &Cli, environment: &Environment) -> anyhow::Result<Verdict> {
    match &cli.command {
        Command::Openapi => openapi::openapi(),
        Command::Problems => openapi::problems(),
        Command::Ledger(Ledger::VerifyStatement(asked)) => statement::verify(asked),
        Command::Ledger(Ledger::Keygen(asked)) => keygen::run(asked),
        command => {
            let config = Config::load(cli.config.as_deref(), environment)?;
            log::start(&config.log)?;
            System::new().block_on(configured(&config, command))
        }
    }
}

async fn configured(config: &Config, command: &Command) -> anyhow::Result<Verdict> {
    match command {
        Command::Serve(asked) => serve::run(config, asked).await,
        Command::Migrate(asked) => migrate::run(config, asked).await,
        Command::Token(asked) => token::run(config, asked),
        Command::ApiKey(asked) => api_key::run(&ready_app(config).await?, asked).await,
        Command::Ledger(asked) => ledger_command(config, asked).await,
        Command::Doctor => doctor::run(config).await,
        Command::Config(ConfigCommand::Check) => config_check::run(config),
        Command::Openapi => openapi::openapi(),
        Command::Problems => openapi::problems(),
    }
}

async fn ledger_command(config: &Config, asked: &Ledger) -> anyhow::Result<Verdict> {
    match asked {
        Ledger::Verify(asked) => ledger::verify(&*store::existing(config).await?.reports, asked).await,
        Ledger::Seal => ledger::seal(&ready_app(config).await?, config.signing_key.as_ref()).await,
        Ledger::Statement(asked) => statement::print(&*store::existing(config).await?.reports, asked).await,
        Ledger::VerifyStatement(asked) => statement::verify(asked),
        Ledger::Keygen(asked) => keygen::run(asked),
        Ledger::Export(asked) => export::run(config, asked).await,
    }
}

/// The application on its store, which is given its program when it is not there; the embedded store is made as well: a
/// key can be made before the first start.
async fn ready_app(config: &Config) -> anyhow::Result<App> {
    let secrets = Secrets::settle(config)?;
    let (opened, _) = store::ready(config, false).await?;
    let app = application::assemble(config, &secrets, &opened)?;
    application::default_program(&app, &config.public_url_at(config.bind)).await?;
    Ok(app)
}

/// Writes what the command was asked for to standard output, with a line's end. A reader that has seen enough and
/// went away (`| head`) is no fault.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output cannot be written"),
    }
}
