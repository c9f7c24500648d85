//! Versions of a program's rules.

mod body;
mod form;
pub mod list;
pub mod preview;
pub mod publish;
mod view;

pub use body::RulesBody;
pub(super) use form::read_rules;
pub use view::{CommissionView, RuleVersionView, RulesView};
