//! `token`: a user's token on standard output, as the host would sign it.

use anyhow::bail;
use referral_domain::auth::Role;
use referral_domain::port::Clock;

use super::{Verdict, print};
use crate::cli::Token;
use crate::config::Config;
use crate::secrets;
use crate::source::clock::SystemClock;
use crate::token::{Holder, mint};

/// Prints a token for the user that was asked for.
///
/// # Errors
/// When only a public key is configured, which cannot sign.
pub(super) fn run(config: &Config, asked: &Token) -> anyhow::Result<Verdict> {
    let (Some(secret), _) = secrets::signing(config)? else {
        bail!(
            "a public key or JWKS is configured: it verifies tokens and cannot sign them. Sign tokens where the \
             private key is; for an operator, `api-key create --name NAME --scope admin:write` is the way in"
        );
    };
    warn_of_an_idle_role(config, asked.role);
    let now = SystemClock.now();
    let holder = Holder {
        sub: asked.sub.as_str().to_owned(),
        email: asked.email.clone(),
        email_verified: asked.email_verified.then_some(true),
        role: asked.role,
        program: asked.program.clone(),
        created_at: asked.created_at.unwrap_or(now),
    };
    print(&mint(&config.tokens, &secret, &holder, now, asked.ttl.seconds())?)?;
    Ok(Verdict::Sound)
}

fn warn_of_an_idle_role(config: &Config, role: Option<Role>) {
    if role.is_some_and(|role| role != Role::User) && !config.tokens.roles {
        tracing::warn!(
            "roles in tokens are not honoured with a secret of yours unless REFERRAL_JWT_ROLES=true"
        );
    }
}
