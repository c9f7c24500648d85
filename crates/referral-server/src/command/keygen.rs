//! `ledger keygen`: a key that signs blocks.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::Context;
use referral_proof::sign::SigningKey;

use super::{Verdict, print};
use crate::cli::Keygen;
use crate::source::chance;

/// Writes a new key to a file that did not exist, for its owner alone, and prints the public half.
///
/// # Errors
/// When the file is there, or cannot be written.
pub(super) fn run(asked: &Keygen) -> anyhow::Result<Verdict> {
    let key = SigningKey::from_seed(chance::bytes()?);
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&asked.out);
    let mut file = made.with_context(|| format!("{} cannot be made", asked.out.display()))?;
    file.write_all(key.pem().as_bytes()).and_then(|()| file.sync_all())?;
    print(key.public().pem().trim_end())?;
    Ok(Verdict::Sound)
}
