//! The secrets the server keeps of its own, when none are configured: made once beside the store, used ever after.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::{Config, Keys, Secret};
use crate::source::chance;

/// The file of the secret that signs and verifies users' tokens.
const JWT_SECRET_FILE: &str = "jwt-secret";
/// The file of the key under which personal things are hashed.
const IDENTITY_KEY_FILE: &str = "identity-key";
/// How many random bytes a secret is made of: more than HS256 or HMAC-SHA-256 can use.
const RANDOM_BYTES: usize = 48;

/// The secrets of this installation, configured or its own.
pub(crate) struct Secrets {
    /// What signs users' tokens; `None` when only a public key is known.
    pub(crate) signing: Option<Secret>,
    /// The one before it, during a rotation.
    pub(crate) previous: Option<Secret>,
    /// What personal things are hashed with.
    pub(crate) identity: Secret,
}

impl Secrets {
    /// Takes the configured secrets, and reads or makes those that are the server's own.
    ///
    /// # Errors
    /// When the directory of the store, or a file in it, cannot be read or written.
    pub(crate) fn settle(config: &Config) -> anyhow::Result<Self> {
        let (signing, previous) = signing(config)?;
        let identity = match &config.identity_key {
            Some(key) => key.clone(),
            None => own(&config.data_directory(), IDENTITY_KEY_FILE)?,
        };
        Ok(Self { signing, previous, identity })
    }
}

/// The secret that signs users' tokens, and the one before it; reads or makes the server's own.
pub(crate) fn signing(config: &Config) -> anyhow::Result<(Option<Secret>, Option<Secret>)> {
    Ok(match &config.tokens.keys {
        Keys::Own => (Some(own(&config.data_directory(), JWT_SECRET_FILE)?), None),
        Keys::Secret { current, previous } => (Some(current.clone()), previous.clone()),
        Keys::PublicKeyFile(_) | Keys::JwksFile(_) => (None, None),
    })
}

/// The secret in this file; a missing file is made first, readable by its owner alone.
fn own(directory: &Path, name: &str) -> anyhow::Result<Secret> {
    let path = directory.join(name);
    match read(&path)? {
        Some(secret) => Ok(secret),
        None => make(directory, &path),
    }
}

fn read(path: &Path) -> anyhow::Result<Option<Secret>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
    let short = || {
        format!(
            "{} has less than {} bytes: restore it, or take it away to have a new one made",
            path.display(),
            Secret::BYTES_MIN
        )
    };
    secret.with_context(short).map(Some)
}

fn make(directory: &Path, path: &Path) -> anyhow::Result<Secret> {
    private_directory(directory)?;
    let text = URL_SAFE_NO_PAD.encode(chance::bytes::<RANDOM_BYTES>()?);
    let secret = Secret::new(&text).context("a fresh secret is too short")?;
    match write_private(path, secret.expose_text()) {
        Ok(()) => {
            tracing::info!(file = %path.display(), "made a secret of our own: keep this file, and keep it private")
        }
        // Another process made it between our look and our try: theirs is the one in use.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return theirs(path),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", path.display())),
    }
    Ok(secret)
}

fn theirs(path: &Path) -> anyhow::Result<Secret> {
    match read(path)? {
        Some(secret) => Ok(secret),
        None => bail!("{} came and went while it was read", path.display()),
    }
}

/// Makes the directory, closed to others, unless it is there already.
pub(crate) fn private_directory(directory: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.with_context(|| format!("the directory {} cannot be made", directory.display()))
}

/// Makes an empty file that only its owner can read, unless it is there already. What SQLite puts beside a store's file
/// gets the mode of that file.
pub(crate) fn private_file(path: &Path) -> anyhow::Result<()> {
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map(drop).with_context(|| format!("the file {} cannot be made", path.display()))
}

/// Writes a new file that only its owner can read, whole or not at all: it appears under its name when it is complete.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let nonce = u64::from_le_bytes(chance::bytes().map_err(std::io::Error::other)?);
    let draft = path.with_extension(format!("draft-{nonce:016x}"));
    let written = write_draft(&draft, text).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    written
}

fn write_draft(draft: &Path, text: &str) -> std::io::Result<()> {
    let mut file: File =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;
    use crate::config::Environment;

    fn config_in(directory: &Path) -> Config {
        let url = format!("sqlite://{}/data/referral.db", directory.display());
        Config::load(None, &Environment::of(&[("REFERRAL_DATABASE_URL", &url)])).expect("sound")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn a_private_file_is_made_once_and_keeps_what_it_holds() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("referral.db");
        private_file(&path).expect("made");
        fs::write(&path, "facts").expect("written");
        private_file(&path).expect("left alone");
        assert_eq!((mode(&path), fs::read_to_string(&path).expect("read").as_str()), (0o600, "facts"));
    }

    #[test]
    fn own_secrets_are_private_and_the_same_at_the_next_start() {
        let directory = tempfile::tempdir().expect("a directory");
        let config = config_in(directory.path());
        let first = Secrets::settle(&config).expect("made");
        let second = Secrets::settle(&config).expect("read");
        assert!(first.signing == second.signing && first.identity == second.identity);
        assert!(first.signing.as_ref() != Some(&first.identity), "two secrets, not one twice");
        assert_eq!(mode(&directory.path().join("data")), 0o700);
        assert_eq!(mode(&directory.path().join("data/jwt-secret")), 0o600);
        assert_eq!(mode(&directory.path().join("data/identity-key")), 0o600);
        assert_eq!(
            fs::read_dir(directory.path().join("data")).expect("listed").count(),
            2,
            "no draft is left"
        );
    }

    #[test]
    fn two_first_starts_at_once_settle_on_one_secret() {
        let directory = tempfile::tempdir().expect("a directory");
        let config = config_in(directory.path());
        let start = || Secrets::settle(&config).expect("settled").identity;
        thread::scope(|scope| {
            let (one, other) = (scope.spawn(start), scope.spawn(start));
            assert!(one.join().expect("no panic") == other.join().expect("no panic"));
        });
    }

    #[test]
    fn a_secret_that_was_cut_short_is_told_and_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let config = config_in(directory.path());
        private_directory(&config.data_directory()).expect("made");
        fs::write(config.data_directory().join("jwt-secret"), "short").expect("written");
        let told = Secrets::settle(&config).err().expect("refused").to_string();
        assert!(told.contains("jwt-secret has less than 32 bytes"), "{told}");
    }
}
