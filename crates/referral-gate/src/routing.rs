//! How endpoints are mounted, so that a path with another method is 405 with `Allow` and never 404.
//!
//! `App::route` would answer 404 for another method; `web::resource(path).route(..)` knows its methods. So every
//! endpoint is one [`json`] or [`answering`] resource, with [`get`] or `web::post()` and so on.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::ServiceConfig;
use actix_web::{Error, HttpMessage as _, Resource, Route, guard, web};
use futures_util::future::Either;

use crate::problem::{Problem, ProblemCode};
use crate::{accept, openapi, problem};

/// The pattern of a request's path, for its log and its metrics: a path itself may name a person. The edge puts it among
/// what goes with the request, and the endpoint that is reached fills it in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern(Rc<Cell<Option<&'static str>>>);

impl Pattern {
    /// The pattern, once an endpoint was reached.
    pub(crate) fn known(&self) -> Option<&'static str> {
        self.0.get()
    }

    fn reach(path: &'static str, request: &ServiceRequest) {
        tracing::Span::current().record("route", path);
        request.extensions().get::<Self>().into_iter().for_each(|pattern| pattern.0.set(Some(path)));
    }
}

/// A route for GET, and for HEAD, which is GET without the body (RFC 9110 asks servers for both).
#[must_use]
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// An endpoint that answers with JSON.
pub fn json(
    path: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    answering(path, "application/json")
}

/// An endpoint that answers with this media type. A caller that excludes it is refused before anything is done.
pub fn answering(
    path: &'static str,
    kind: &'static str,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    web::resource(path).wrap_fn(move |request, inside| {
        Pattern::reach(path, &request);
        if accept::excludes(request.headers(), kind) {
            let refusal = Problem::new(ProblemCode::NotAcceptable);
            return Either::Left(ready(Ok(request.error_response(refusal))));
        }
        Either::Right(inside.call(request))
    })
}

/// Mounts what describes the API itself; needs an [`openapi::Document`] in the app's data.
pub fn describe(app: &mut ServiceConfig) {
    app.service(json("/api/openapi.json").route(get().to(openapi::json)));
    app.service(answering("/api/docs", "text/html").route(get().to(openapi::docs_page)));
    app.service(answering("/problems/{code}", "text/html").route(get().to(problem::page::show)));
}

#[cfg(test)]
mod tests {
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse};

    use super::*;

    #[actix_web::test]
    async fn the_api_describes_itself() {
        let document = openapi::Document::complete(utoipa::openapi::OpenApi::default());
        let app = init_service(App::new().app_data(web::Data::new(document)).configure(describe)).await;
        for (path, kind) in [
            ("/api/openapi.json", "application/json"),
            ("/api/docs", "text/html; charset=utf-8"),
            ("/problems/not-found", "text/html; charset=utf-8"),
        ] {
            let reply = call_service(&app, TestRequest::with_uri(path).to_request()).await;
            let found = reply.headers().get("content-type").map(|value| value.to_str().expect("text"));
            assert_eq!((reply.status(), found), (StatusCode::OK, Some(kind)), "{path}");
        }
    }

    #[actix_web::test]
    async fn head_is_get_and_another_method_is_405_with_allow() {
        let ok = || async { HttpResponse::Ok().body("x") };
        let resource = web::resource("/x").route(get().to(ok)).route(web::post().to(ok));
        let app = init_service(App::new().service(resource)).await;
        for (method, status) in [
            (Method::GET, StatusCode::OK),
            (Method::HEAD, StatusCode::OK),
            (Method::POST, StatusCode::OK),
            (Method::PUT, StatusCode::METHOD_NOT_ALLOWED),
        ] {
            let reply = call_service(&app, TestRequest::with_uri("/x").method(method).to_request()).await;
            assert_eq!(reply.status(), status);
            let allow = reply.headers().get("allow").map(|value| value.to_str().expect("text").to_owned());
            assert_eq!(allow.is_some(), status == StatusCode::METHOD_NOT_ALLOWED);
            assert!(
                allow.is_none_or(|allow| ["GET", "HEAD", "POST"].iter().all(|method| allow.contains(method)))
            );
        }
    }
}
