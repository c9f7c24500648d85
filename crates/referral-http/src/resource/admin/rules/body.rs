//! The body of publishing rules, and of looking at what it would do.

use referral_app::PublishRules;
use referral_domain::audit::Actor;
use referral_domain::reference::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use super::{RulesView, read_rules};
use crate::form::{Fields, scalar};
use crate::view::TimeView;

/// Rules to publish.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishRules)]
pub struct RulesBody {
    /// Every rule; none may be left out.
    pub rules: RulesView,
    /// From when they are in force: from now when it is left out, never before now, nor before a version that was
    /// published earlier.
    pub effective_from: Option<TimeView>,
}

pub(super) fn read(fields: &mut Fields<'_>, program: Slug, by: Actor) -> Option<PublishRules> {
    let rules = fields.required("rules", |node| node.object(read_rules));
    let effective_from = fields.optional("effective_from", scalar::timestamp);
    Some(PublishRules { program, rules: rules?, effective_from: effective_from?, by })
}
