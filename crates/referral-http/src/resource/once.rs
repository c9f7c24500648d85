//! A write that may be sent twice, and is done once.

use std::fmt::Display;

use referral_app::Idempotent;

use crate::idempotency::{IdempotencyHeader, body_hash};

/// Who asks for what, with which body, and under which key, if there is one.
pub(super) struct Once {
    header: IdempotencyHeader,
    caller: String,
    request: [u8; 32],
}

/// Makes the status and body of a reply from a receipt.
pub(super) type Render<'a, R> = dyn Fn(&R) -> (u16, String) + Send + Sync + 'a;

impl Once {
    /// What `caller` asks for with this body. An absent body is an empty one.
    pub(super) fn new(header: IdempotencyHeader, caller: impl Display, body: &[u8]) -> Self {
        Self { header, caller: caller.to_string(), request: body_hash(body) }
    }

    /// How it is repeated, when there is a key: the first reply, which is the one rendered here, is answered again.
    pub(super) fn under<'a, R>(&'a self, render: &'a Render<'a, R>) -> Option<Idempotent<'a, R>> {
        let Self { header, caller, request } = self;
        let endpoint = &header.endpoint;
        header.key.as_deref().map(|key| Idempotent { caller, endpoint, key, request: *request, render })
    }
}
