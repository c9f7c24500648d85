//! Where a code came from, as a request tells it.

use referral_domain::id::ClickId;
use referral_domain::referral::{Attribution, Source};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::form::{Fields, scalar};

/// Where a code came from.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AttributionRequest {
    /// `typed`, `link`, `cookie` or `api`.
    #[schema(pattern = "^(typed|link|cookie|api)$")]
    pub source: String,
    /// The click, `clk_...`.
    pub click_id: Option<String>,
    /// The affiliate's own label: at most 64 of `A-Za-z0-9._~-`.
    #[schema(pattern = "^[A-Za-z0-9._~-]{0,64}$")]
    pub sub_id: Option<String>,
}

const SOURCES: &[(&str, Source)] =
    &[("typed", Source::Typed), ("link", Source::Link), ("cookie", Source::Cookie), ("api", Source::Api)];

/// Reads `attribution`; without it the code came as `usual`.
pub(in crate::resource) fn read(fields: &mut Fields<'_>, usual: Source) -> Option<Attribution> {
    let told = fields.optional("attribution", |node| node.object(attribution))?;
    Some(told.unwrap_or(Attribution { source: usual, click: None, clicked_at: None, sub_id: None }))
}

fn attribution(fields: &mut Fields<'_>) -> Option<Attribution> {
    let source = fields.required("source", scalar::one_of(SOURCES));
    let click = fields.optional("click_id", scalar::id(ClickId::parse));
    let sub_id = fields.optional("sub_id", scalar::sub_id);
    Some(Attribution { source: source?, click: click?, clicked_at: None, sub_id: sub_id? })
}
