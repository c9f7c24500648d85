//! `GET /api/openapi.json` and `GET /api/docs`.

use actix_web::{HttpResponse, web};

use super::Document;

/// The document as JSON.
pub async fn json(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.as_json().to_owned())
}

/// The document as a page.
pub async fn page(document: web::Data<Document>) -> HttpResponse {
    document.page().response()
}
