//! A code as those who administer see it.

use referral_domain::port::CodeItem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::resource::code::Links;
use crate::view::TimeView;

/// A code and what bounds its use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedCode)]
pub struct ManagedCodeView {
    /// Its id.
    pub id: String,
    /// The canonical spelling.
    pub code: String,
    /// Whose it is; null once they were erased.
    pub user_id: Option<String>,
    /// Whether it is the one a user gets on first ask; a vanity code is not.
    pub primary: bool,
    /// The link to share.
    pub share_url: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was made.
    pub created_at: TimeView,
    /// From when it may not be used.
    pub expires_at: Option<TimeView>,
    /// When it last made a referral.
    pub last_used_at: Option<TimeView>,
    /// How many referrals it made.
    pub uses: u32,
    /// How many it may make.
    pub max_uses: Option<u32>,
    /// How many it may make in 24 hours, instead of the program's limit.
    pub daily_limit: Option<u32>,
}

impl ManagedCodeView {
    /// A code, with the link to share.
    #[must_use]
    pub fn of(item: &CodeItem, links: &Links) -> Self {
        let CodeItem { code, owner } = item;
        Self {
            id: code.id.to_string(),
            code: code.text.to_string(),
            user_id: owner.as_ref().map(ToString::to_string),
            primary: code.primary,
            share_url: format!("{}/r/{}", links.public_url, code.text),
            active: code.active,
            created_at: code.created_at.into(),
            expires_at: code.expires_at.map(TimeView),
            last_used_at: code.last_used_at.map(TimeView),
            uses: code.uses,
            max_uses: code.max_uses,
            daily_limit: code.daily_limit,
        }
    }
}
