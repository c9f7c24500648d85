//! `openapi` and `problems`: what is generated into `docs/`.

use referral_http::problem::problems_markdown;
use referral_http::resource;

use super::{Verdict, print};

/// Prints the OpenAPI document.
pub(super) fn openapi() -> anyhow::Result<Verdict> {
    print(resource::document().as_json().trim_end())?;
    Ok(Verdict::Sound)
}

/// Prints the catalogue of problems.
pub(super) fn problems() -> anyhow::Result<Verdict> {
    print(problems_markdown().trim_end())?;
    Ok(Verdict::Sound)
}
