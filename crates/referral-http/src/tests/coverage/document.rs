//! The document itself.

use std::collections::BTreeSet;

use crate::openapi::Operation;
use crate::resource::document;

/// Operations that anybody may call. This list may only shrink.
const PUBLIC: [&str; 3] = ["GET /api/referral/validate/{code}", "GET /healthz", "GET /readyz"];

fn name(operation: &Operation<'_>) -> String {
    format!("{} {}", operation.method, operation.path)
}

#[test]
fn the_document_is_the_same_each_time_it_is_made() {
    assert_eq!(document().as_json(), document().as_json());
}

#[test]
fn every_operation_says_what_it_does_and_who_may_call_it() {
    let document = document();
    for operation in document.operations() {
        let name = name(&operation);
        let text = |field: &str| operation.value[field].as_str().unwrap_or_default().to_owned();
        assert!(text("summary").len() > 5, "{name} has a summary");
        assert!(!text("operationId").is_empty(), "{name} has an id");
        assert_eq!(operation.value["tags"].as_array().map(Vec::len), Some(1), "{name} has one tag");
        assert!(operation.value["security"].is_array(), "{name} states who may call it");
        assert!(operation.value["responses"]["default"].is_object(), "{name} may be refused");
    }
}

#[test]
fn only_these_operations_are_public() {
    let document = document();
    let open = document.operations().into_iter().filter(|operation| operation.security().is_empty());
    assert_eq!(
        open.map(|operation| name(&operation)).collect::<BTreeSet<_>>(),
        PUBLIC.map(str::to_owned).into()
    );
}
