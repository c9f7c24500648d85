//! Chance from the operating system.

use anyhow::Context;
use rand::rngs::SysRng;
use rand::{Rng, TryRng};
use referral_domain::port::Chance;

/// A generator of this thread, seeded and reseeded by the operating system: nobody can foresee what it gives.
///
/// # Panics
/// When the operating system has no randomness to give: nothing this server does would be safe then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OsChance;

impl Chance for OsChance {
    #[expect(clippy::disallowed_methods, reason = "the one place where chance comes from")]
    fn fill(&self, buffer: &mut [u8]) {
        rand::rng().fill_bytes(buffer);
    }
}

/// Bytes straight from the operating system, for secrets that are kept.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(crate) fn bytes<const COUNT: usize>() -> anyhow::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    SysRng.try_fill_bytes(&mut bytes).context("the operating system gave no random bytes")?;
    Ok(bytes)
}
