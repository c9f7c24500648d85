//! The log: on standard error, for people on a terminal, as JSON for machines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Starts the log with this filter. Standard output stays free for what a command prints.
///
/// # Errors
/// When the filter is malformed.
pub(crate) fn start(filter: &str) -> Result<(), ParseError> {
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(filter)?).with_writer(stderr);
    if stderr().is_terminal() {
        log.init()
    } else {
        log.json().flatten_event(true).init()
    }
    Ok(())
}
