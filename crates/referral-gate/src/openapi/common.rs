//! What holds for every operation, said once.

use serde_json::{Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi};

use super::walk::each_mut;
use crate::problem::{FaultSchema, ProblemSchema};
use crate::view::{DateView, MoneyView, TimeView};

const DESCRIPTION: &str = "Referral codes, rewards and a ledger that can be proven. Replies may gain properties and \
    enum values at any time: ignore what you do not know. Every refusal is `application/problem+json`.";

/// Title, version, the ways of calling and the schemas that everything shares.
pub(super) fn describe(document: &mut OpenApi) {
    document.info = InfoBuilder::new()
        .title("referral")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build()))
        .build();
    let ours = document.components.take().unwrap_or_default();
    document.components = Some(with_schemas(with_schemes(ours)));
}

fn with_schemes(mut components: Components) -> Components {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let bearer = bearer.description(Some("A user's token, signed by the host.")).build();
    let key = ApiKeyValue::with_description("X-Api-Key", "A service's key, `rk_...`, with scopes.");
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(key)));
    components
}

fn with_schemas(mut components: Components) -> Components {
    let shared = utoipa::openapi::ComponentsBuilder::new()
        .schema_from::<MoneyView>()
        .schema_from::<TimeView>()
        .schema_from::<DateView>()
        .schema_from::<ProblemSchema>()
        .schema_from::<FaultSchema>()
        .build();
    components.schemas.extend(shared.schemas);
    components
}

/// Every operation answers with a problem when it does not answer as it says.
pub(super) fn add_problems(document: &mut Value) {
    each_mut(document, |operation| {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
        responses.entry("default").or_insert_with(problem_response);
    });
}

fn problem_response() -> Value {
    json!({
        "description": "A problem; `code` says which, `docs/PROBLEMS.md` lists them all",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    })
}
