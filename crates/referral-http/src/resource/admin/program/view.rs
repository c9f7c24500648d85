//! A program as those who administer see it.

use referral_domain::program::Program;
use serde::Serialize;
use utoipa::ToSchema;

use crate::resource::admin::rules::RulesView;
use crate::view::TimeView;

/// A program with the rules in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Program)]
pub struct ProgramView {
    /// Its id, for ever.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its currency, for ever.
    pub currency: String,
    /// Where a referral link leads.
    pub landing_url: String,
    /// `active` or `paused`.
    pub status: &'static str,
    /// The rules in force.
    pub rules: RulesView,
    /// Their version.
    pub rule_version: u32,
    /// When it was made.
    pub created_at: TimeView,
}

impl From<&Program> for ProgramView {
    fn from(program: &Program) -> Self {
        Self {
            id: program.slug.to_string(),
            name: program.name.clone(),
            currency: program.currency.code().to_owned(),
            landing_url: program.landing_url.clone(),
            status: program.status.as_str(),
            rules: RulesView::of(&program.rules, program.currency),
            rule_version: program.rule_version,
            created_at: program.created_at.into(),
        }
    }
}
