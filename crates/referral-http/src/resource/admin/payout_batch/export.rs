//! `GET /api/admin/payout-batches/{id}/export`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Path};
use referral_app::{App, Export, ExportBatch, MoveBatch};
use referral_domain::id::BatchId;

use crate::auth::{Pays, Staff};
use crate::form::{Params, scalar};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};

const FORMATS: &[(&str, &str)] = &[("csv", "csv"), ("paypal", "paypal"), ("sepa", "sepa")];

fn read(params: &mut Params<'_>) -> Option<&'static str> {
    params.required("format", scalar::one_of(FORMATS))
}

fn command(staff: Staff<Pays>, id: &str) -> Result<ExportBatch, Problem> {
    let format = staff.query.read(read)?.to_owned();
    let batch = BatchId::parse(id).ok_or_else(Problem::not_found)?;
    Ok(ExportBatch { target: MoveBatch { program: staff.program, batch, actor: staff.actor }, format })
}

fn file(export: Export) -> HttpResponse {
    let name = format!("attachment; filename=\"{}\"", export.file_name);
    HttpResponse::Ok()
        .content_type(export.content_type)
        .insert_header((CACHE_CONTROL, reply::PRIVATE))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(export.bytes)
}

/// The payment file of an approved batch: the first time, its payouts are sent. Again, it is the same bytes. Where
/// somebody in it lost their verification since it was built, nobody is sent anything: the batch is to be discarded and built again.
#[utoipa::path(
    get, path = "/api/admin/payout-batches/{id}/export", tag = "administration",
    params(
        ("id" = String, Path, description = "The batch, `bat_...`"),
        ("format" = String, Query, description = "`csv`, `paypal` or `sepa`; the first one asked for is the batch's"),
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
    ),
    responses((status = 200, content((String = "text/csv"), (String = "application/xml")))),
    security(("bearer" = ["finance", "admin"]), ("api_key" = ["payouts:write"])),
)]
pub async fn export(app: Data<App>, staff: Staff<Pays>, id: Path<String>) -> Reply {
    let command = command(staff, &id)?;
    Ok(file(app.export_batch(&command).await.map_err(failed(app.now()))?))
}
