//! The file under the store's path, and whether it is still the one that is open.
//!
//! A file that is moved away or replaced under a running server can still be written to, and what is acknowledged then
//! is gone with the next start. So a unit does not begin, and does not commit, and no report is answered, while the
//! path names another file or none. Moved back, it is of use again.

use std::path::{Path, PathBuf};

use referral_domain::port::StoreError;

use crate::failure::unavailable;

/// A file, known by more than its name.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    identity: Identity,
}

/// Why the path is not to be used.
#[derive(Debug, thiserror::Error)]
#[error("the database file was moved or replaced while it was open")]
struct Replaced;

impl DatabaseFile {
    /// The file that is under this path now.
    pub(crate) fn at(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(unavailable)?;
        let identity = identity(&path)?;
        Ok(Self { path, identity })
    }

    /// The path, when it still names this file.
    pub(crate) fn path(&self) -> Result<&Path, StoreError> {
        if identity(&self.path)? == self.identity { Ok(&self.path) } else { Err(unavailable(Replaced)) }
    }
}

/// Device and number of a file.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> Result<Identity, StoreError> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(path).map_err(unavailable)?;
    Ok((file.dev(), file.ino()))
}

/// Elsewhere an open file cannot be moved; that there is one is all that is asked.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(path: &Path) -> Result<Identity, StoreError> {
    std::fs::metadata(path).map(drop).map_err(unavailable)
}
