//! Does the built server keep its word? Each test runs `referral-server` as a company would: its own directory, its own
//! port, nothing but HTTP, signals and the command line.
//!
//! Figures go to standard error as they are, past the capture of the test run: what was checked should be seen.

#![allow(clippy::print_stderr, reason = "the figures of a passing test are its result")]

mod bad_input;
mod command_line;
mod crash;
mod crossing;
mod documents;
mod durable;
mod home;
mod host;
mod http;
mod isolation;
mod limits;
mod load;
mod many;
mod markdown;
mod metrics;
mod once;
mod past;
mod payouts;
mod proving;
mod redeem;
mod secrets;
mod server;
mod shell;
mod stop;
mod story;
mod tally;
mod tokens;

use std::io::Write as _;

/// Prints a figure so that it is seen although the test passes: `print!` alone would be captured.
fn figure(text: &str) {
    let written = writeln!(std::io::stderr().lock(), "  {text}");
    written.expect("standard error can be written");
}
