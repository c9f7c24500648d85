//! The names of everything that can be configured, written once.

use super::distance::nearest;

/// One thing that can be configured: a variable of the environment and a key of `referral.toml`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    /// The variable's name.
    pub(crate) env: &'static str,
    /// Whether its value must never be shown.
    pub(crate) secret: bool,
}

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "REFERRAL_";

const fn plain(env: &'static str) -> Setting {
    Setting { env, secret: false }
}

const fn secret(env: &'static str) -> Setting {
    Setting { env, secret: true }
}

pub(crate) const DATABASE_URL: Setting = secret("REFERRAL_DATABASE_URL");
pub(crate) const REDIS_URL: Setting = secret("REFERRAL_REDIS_URL");
pub(crate) const BIND: Setting = plain("REFERRAL_BIND");
pub(crate) const METRICS_BIND: Setting = plain("REFERRAL_METRICS_BIND");
pub(crate) const PUBLIC_URL: Setting = plain("REFERRAL_PUBLIC_URL");
pub(crate) const JWT_SECRET: Setting = secret("REFERRAL_JWT_SECRET");
pub(crate) const JWT_SECRET_PREVIOUS: Setting = secret("REFERRAL_JWT_SECRET_PREVIOUS");
pub(crate) const JWT_PUBLIC_KEY_FILE: Setting = plain("REFERRAL_JWT_PUBLIC_KEY_FILE");
pub(crate) const JWKS_FILE: Setting = plain("REFERRAL_JWKS_FILE");
pub(crate) const JWT_ISSUER: Setting = plain("REFERRAL_JWT_ISSUER");
pub(crate) const JWT_AUDIENCE: Setting = plain("REFERRAL_JWT_AUDIENCE");
pub(crate) const JWT_CLAIMS: Setting = plain("REFERRAL_JWT_CLAIMS");
pub(crate) const JWT_ROLES: Setting = plain("REFERRAL_JWT_ROLES");
pub(crate) const TRUSTED_PROXIES: Setting = plain("REFERRAL_TRUSTED_PROXIES");
pub(crate) const CORS_ORIGINS: Setting = plain("REFERRAL_CORS_ORIGINS");
pub(crate) const COOKIE_DOMAIN: Setting = plain("REFERRAL_COOKIE_DOMAIN");
pub(crate) const IDENTITY_KEY: Setting = secret("REFERRAL_IDENTITY_KEY");
pub(crate) const SIGNING_KEY_FILE: Setting = plain("REFERRAL_SIGNING_KEY_FILE");
pub(crate) const LIMITS: Setting = plain("REFERRAL_LIMITS");
pub(crate) const SEPA_DEBTOR_NAME: Setting = plain("REFERRAL_SEPA_DEBTOR_NAME");
pub(crate) const SEPA_DEBTOR_IBAN: Setting = secret("REFERRAL_SEPA_DEBTOR_IBAN");
pub(crate) const SEPA_DEBTOR_BIC: Setting = plain("REFERRAL_SEPA_DEBTOR_BIC");
pub(crate) const ADJUSTMENT_LIMIT: Setting = plain("REFERRAL_ADJUSTMENT_LIMIT");
pub(crate) const WEBHOOK_ALLOW: Setting = plain("REFERRAL_WEBHOOK_ALLOW");
pub(crate) const LOG: Setting = plain("REFERRAL_LOG");
pub(crate) const WORKERS: Setting = plain("REFERRAL_WORKERS");

/// Everything that can be configured.
pub(crate) const ALL: [Setting; 26] = [
    DATABASE_URL,
    REDIS_URL,
    BIND,
    METRICS_BIND,
    PUBLIC_URL,
    JWT_SECRET,
    JWT_SECRET_PREVIOUS,
    JWT_PUBLIC_KEY_FILE,
    JWKS_FILE,
    JWT_ISSUER,
    JWT_AUDIENCE,
    JWT_CLAIMS,
    JWT_ROLES,
    TRUSTED_PROXIES,
    CORS_ORIGINS,
    COOKIE_DOMAIN,
    IDENTITY_KEY,
    SIGNING_KEY_FILE,
    LIMITS,
    SEPA_DEBTOR_NAME,
    SEPA_DEBTOR_IBAN,
    SEPA_DEBTOR_BIC,
    ADJUSTMENT_LIMIT,
    WEBHOOK_ALLOW,
    LOG,
    WORKERS,
];

impl Setting {
    /// Its key in `referral.toml`: the variable's name without the prefix, in lower case.
    pub(crate) fn key(self) -> String {
        self.env.trim_start_matches(PREFIX).to_ascii_lowercase()
    }

    /// The setting with this variable name.
    pub(crate) fn by_env(name: &str) -> Option<Self> {
        ALL.into_iter().find(|setting| setting.env == name)
    }

    /// The setting with this key in `referral.toml`.
    pub(crate) fn by_key(key: &str) -> Option<Self> {
        ALL.into_iter().find(|setting| setting.key() == key)
    }
}

/// The variable an unknown variable was most likely meant to be.
pub(crate) fn nearest_env(name: &str) -> Option<String> {
    let bare = name.trim_start_matches(PREFIX).to_ascii_lowercase();
    nearest_key(&bare).and_then(|key| Setting::by_key(&key)).map(|setting| setting.env.to_owned())
}

/// The key an unknown key of `referral.toml` was most likely meant to be.
pub(crate) fn nearest_key(key: &str) -> Option<String> {
    nearest(key, ALL.iter().map(|setting| setting.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_found_by_both_its_names() {
        for setting in ALL {
            assert_eq!(Setting::by_env(setting.env), Some(setting));
            assert_eq!(Setting::by_key(&setting.key()), Some(setting));
        }
        assert_eq!(BIND.key(), "bind");
        assert_eq!(JWT_SECRET_PREVIOUS.key(), "jwt_secret_previous");
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(nearest_env("REFERRAL_JWT_SECRT").as_deref(), Some("REFERRAL_JWT_SECRET"));
        assert_eq!(nearest_key("cors_origin").as_deref(), Some("cors_origins"));
        assert_eq!(nearest_key("zebra"), None);
        assert_eq!(nearest_env("REFERRAL_FOO"), None, "three edits make any short name of any other");
    }
}
