//! `GET /problems/{code}`: what the `type` of a problem leads to, for people.

use actix_web::{HttpResponse, web};

use super::{Problem, ProblemCode, Reply};
use crate::html::{Page, escape};

/// Shows what a code means and what to do about it.
pub async fn show(code: web::Path<String>) -> Reply {
    let code = ProblemCode::parse(&code).ok_or_else(Problem::not_found)?;
    Ok(render(code))
}

fn render(code: ProblemCode) -> HttpResponse {
    let entry = code.entry();
    let body = format!(
        "<h1>{}</h1><p><code>{}</code>, status {}</p><p>{}</p><h2>What to do</h2><p>{}</p>",
        escape(entry.title),
        entry.code,
        entry.status,
        escape(entry.meaning),
        escape(entry.remedy)
    );
    Page::new(entry.title, &body).response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn a_known_code_is_explained() {
        let reply = show(web::Path::from("busy".to_owned())).await.expect("a page");
        let body = to_bytes(reply.into_body()).await.expect("a body");
        let text = String::from_utf8_lossy(&body);
        assert!(text.contains("The service is busy") && text.contains("status 503"), "{text}");
    }

    #[actix_web::test]
    async fn an_unknown_code_is_not_found() {
        let refused = show(web::Path::from("nope".to_owned())).await.expect_err("unknown");
        assert_eq!(refused.code(), ProblemCode::NotFound);
    }
}
