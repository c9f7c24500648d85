//! The one failure of every use case.

use referral_domain::port::StoreError;

/// Marks a rule's "no": an answer with data, not a breakdown.
pub trait Refused: std::error::Error + Send + 'static {}

/// Why a use case has no receipt.
#[derive(Debug, thiserror::Error)]
pub enum Failure<R> {
    /// A rule refused. What the refusal says is stored is stored; everything else is as before.
    #[error(transparent)]
    Refused(R),
    /// There is no such program.
    #[error("there is no such program")]
    NoProgram,
    /// The idempotency key was used before, for another body. Nothing changed.
    #[error("this Idempotency-Key was used for another request body")]
    KeyReused,
    /// The store failed. Nothing was acknowledged; the same command may be sent again.
    #[error("the store failed")]
    Store(#[source] StoreError),
}

/// The refusal of a use case that refuses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Never {}

impl Refused for Never {}

impl<R: Refused> From<R> for Failure<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

impl<R> From<StoreError> for Failure<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<R> Failure<R> {
    /// The same failure with another refusal.
    pub fn map<S>(self, refusal: impl FnOnce(R) -> S) -> Failure<S> {
        match self {
            Self::Refused(inner) => Failure::Refused(refusal(inner)),
            Self::NoProgram => Failure::NoProgram,
            Self::KeyReused => Failure::KeyReused,
            Self::Store(error) => Failure::Store(error),
        }
    }
}

/// Whether the same unit may run again.
pub(crate) trait Retryable {
    /// It lost a race, and nothing of it is stored.
    fn is_contended(&self) -> bool;
}

impl Retryable for StoreError {
    fn is_contended(&self) -> bool {
        StoreError::is_contended(self)
    }
}

impl<R> Retryable for Failure<R> {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}
