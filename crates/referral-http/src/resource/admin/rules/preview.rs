//! `POST /api/admin/programs/{id}/rules/preview`

use actix_web::web::{Data, Path};
use referral_app::{App, RulesPreview};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::read;
use super::{RulesBody, RulesView};
use crate::auth::{Anywhere, Governs};
use crate::form::JsonBody;
use crate::problem::{FaultSchema, FieldFault, Reply};
use crate::resource::refusal::rules_faults;
use crate::resource::{failed, reply};

/// What publishing rules would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesPreview)]
pub struct PreviewView {
    /// Whether they would be published.
    pub valid: bool,
    /// Why not.
    #[schema(value_type = Vec<FaultSchema>)]
    pub errors: Vec<FieldFault>,
    /// What would be another than in the newest version.
    pub changes: Vec<ChangeView>,
    /// Whom it would touch.
    pub affects: String,
}

/// One rule that would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleChange)]
pub struct ChangeView {
    /// The rule.
    pub field: String,
    /// What it is in the newest version.
    #[schema(value_type = Value)]
    pub from: Value,
    /// What it would be.
    #[schema(value_type = Value)]
    pub to: Value,
}

impl PreviewView {
    fn of(preview: &RulesPreview) -> Self {
        let errors: Vec<_> = preview.refusals.iter().flat_map(rules_faults).collect();
        let rules = |rules| fields(&RulesView::of(rules, preview.program.currency));
        let to = preview.rules.as_ref().map(rules);
        let changes = to.map(|to| changes(rules(&preview.newest.rules), &to)).unwrap_or_default();
        let affects = format!("codes applied from {}", preview.effective_from);
        Self { valid: errors.is_empty(), errors, changes, affects }
    }
}

fn fields(rules: &RulesView) -> Map<String, Value> {
    match serde_json::to_value(rules) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn changes(from: Map<String, Value>, to: &Map<String, Value>) -> Vec<ChangeView> {
    let pairs = from.into_iter().filter_map(|(field, from)| Some((to.get(&field)?.clone(), from, field)));
    let changed = pairs.filter(|(to, from, _)| to != from);
    changed.map(|(to, from, field)| ChangeView { field, from, to }).collect()
}

/// Says what publishing these rules would do, and does nothing.
#[utoipa::path(
    post, path = "/api/admin/programs/{id}/rules/preview", tag = "administration", request_body = RulesBody,
    params(("id" = String, Path, description = "The program's id")),
    responses((status = 200, body = PreviewView)),
    security(("bearer" = ["admin"]), ("api_key" = ["admin:write"])),
)]
pub async fn preview_rules(
    app: Data<App>,
    staff: Anywhere<Governs>,
    id: Path<String>,
    body: JsonBody,
) -> Reply {
    staff.query.refuse_any()?;
    let slug = staff.at(&id)?;
    let command = body.read(|fields| read(fields, slug, staff.actor))?;
    let preview = app.preview_rules(&command).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&PreviewView::of(&preview)))
}
