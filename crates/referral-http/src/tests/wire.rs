//! What concerns every endpoint alike: methods, unknown paths, origins, caches, what a caller accepts.

use actix_web::http::Method;
use serde_json::json;

use super::app::ORIGIN;
use super::{Ask, Story, TestApp};

#[actix_web::test]
async fn another_method_is_405_and_says_which_are_allowed() {
    let story = Story::begin().await;
    let document = story.app.document();
    let known: Vec<_> =
        document.operations().into_iter().map(|it| (it.method.to_owned(), it.path.to_owned())).collect();
    for operation in document.operations() {
        let path = operation.path.replace("{code}", "X").replace("{id}", "red_1");
        let others = [Method::PUT, Method::PATCH, Method::DELETE].into_iter();
        for method in
            others.filter(|it| !known.contains(&(it.as_str().to_owned(), operation.path.to_owned())))
        {
            let reply = story.host.ask(&Ask::new(method, &path)).await;
            reply.refused(405, "method-not-allowed");
            assert!(reply.header("allow").contains(operation.method), "{path}: {}", reply.header("allow"));
        }
    }
}

#[actix_web::test]
async fn a_path_that_is_not_there_is_404_for_everybody() {
    let story = Story::begin().await;
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/nothing",
        "/api/referral/code/",
        "/API/referral/code",
        "/api/referral",
        "/healthz/x",
        "//",
        "/%00",
        "/%2e%2e/etc",
    ] {
        for speaker in [story.app.anonymous(), story.app.user("u_ana"), story.host.clone()] {
            speaker.get(path).await.refused(404, "not-found");
            speaker.post(path, json!({})).await.refused(404, "not-found");
        }
    }
}

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let story = Story::told().await;
    let (ana, code) = (story.app.user("u_ana"), story.code_of("u_ana").await);
    for path in [
        "/api/referral/code",
        "/api/credits/history",
        "/api/credits/export",
        &format!("/api/referral/validate/{code}"),
    ] {
        let (get, head) = (ana.get(path).await, ana.ask(&Ask::new(Method::HEAD, path)).await);
        assert_eq!(
            (head.status, head.header("content-type")),
            (get.status, get.header("content-type")),
            "{path}"
        );
    }
    let stranger = story.app.anonymous().ask(&Ask::new(Method::HEAD, "/api/referral/code")).await;
    assert_eq!(stranger.status, 401);
}

#[actix_web::test]
async fn what_is_one_person_s_is_kept_by_no_cache() {
    let story = Story::told().await;
    let (ana, code) = (story.app.user("u_ana"), story.code_of("u_ana").await);
    for path in ["/api/referral/code", "/api/referral/stats", "/api/credits/balance", "/api/credits/export"] {
        assert_eq!(ana.get(path).await.header("cache-control"), "private, no-store", "{path}");
    }
    let public = story.app.anonymous().get(&format!("/api/referral/validate/{code}")).await;
    assert_eq!(public.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn every_page_may_validate_and_only_listed_ones_may_read_more() {
    let story = Story::begin().await;
    let allowed = |path: &str, origin: &str| {
        let (ask, ana) = (Ask::get(path).header("origin", origin), story.app.user("u_ana"));
        async move { ana.ask(&ask).await.header("access-control-allow-origin").to_owned() }
    };
    for origin in [ORIGIN, "https://evil.example", "null"] {
        assert_eq!(allowed("/api/referral/validate/X", origin).await, "*");
        assert_eq!(allowed("/api/referral/code", origin).await, if origin == ORIGIN { ORIGIN } else { "" });
    }
    let preflight = |path: &str, origin: &str| {
        Ask::new(Method::OPTIONS, path)
            .header("origin", origin)
            .header("access-control-request-method", "GET")
    };
    let reply = story.app.anonymous().ask(&preflight("/api/referral/code", ORIGIN)).await;
    assert_eq!((reply.status, reply.header("access-control-max-age")), (204, "600"));
    assert_eq!(
        reply.header("access-control-allow-headers"),
        "authorization, content-type, idempotency-key, x-request-id"
    );
    let told = story.app.user("u_ana").ask(&Ask::get("/api/referral/code").header("origin", ORIGIN)).await;
    assert_eq!(
        told.header("access-control-expose-headers"),
        "x-request-id, retry-after, idempotent-replayed"
    );
    assert_eq!(told.header("vary"), "Origin");
    let evil = story.app.anonymous().ask(&preflight("/api/referral/code", "https://evil.example")).await;
    assert_eq!((evil.status, evil.header("access-control-allow-origin")), (204, ""));
}

#[actix_web::test]
async fn who_accepts_nothing_of_ours_is_told_so_before_anything_is_done() {
    let story = Story::told().await;
    let code = story.code_of("u_ana").await;
    let before = story.app.stored();
    let apply = || Ask::post("/api/referral/apply", &json!({"code": code}));
    for accept in ["text/html", "image/*", "application/json;q=0", "application/problem+json"] {
        let carl = story.app.user("u_carl");
        carl.ask(&apply().header("accept", accept)).await.refused(406, "not-acceptable");
    }
    assert_eq!(before, story.app.stored());
    let ana = story.app.user("u_ana");
    let asked = |path: &str, accept: &str| {
        let (ana, ask) = (ana.clone(), Ask::get(path).header("accept", accept));
        async move { ana.ask(&ask).await.status }
    };
    assert_eq!(asked("/api/credits/export", "text/csv").await, 200);
    assert_eq!(asked("/api/credits/export", "application/json").await, 406);
    assert_eq!(asked("/api/docs", "text/html,application/xhtml+xml").await, 200);
    assert_eq!(asked("/api/credits/balance", "text/csv").await, 406);
    for accept in ["", "*/*", "application/*", "application/json", "text/html, */*;q=0.1"] {
        assert_eq!(asked("/api/credits/balance", accept).await, 200, "{accept}");
    }
}

#[actix_web::test]
async fn a_request_id_is_the_caller_s_when_it_is_sane() {
    let app = TestApp::start().await;
    let ask = |id: &str| Ask::get("/healthz").header("x-request-id", id);
    assert_eq!(app.anonymous().ask(&ask("trace-42.a_b")).await.header("x-request-id"), "trace-42.a_b");
    for id in ["a b", "<script>", "", &"x".repeat(129)] {
        assert!(app.anonymous().ask(&ask(id)).await.header("x-request-id").starts_with("req_"), "{id}");
    }
}

#[actix_web::test]
async fn a_store_that_is_away_is_503_with_a_time_to_come_back() {
    let story = Story::told().await;
    let code = story.code_of("u_ana").await;
    story.app.store().go_down(true);
    for path in ["/readyz", &format!("/api/referral/validate/{code}")] {
        let reply = story.app.anonymous().get(path).await;
        reply.refused(503, "store-unavailable");
        assert_eq!(reply.header("retry-after"), "1");
    }
    story.app.user("u_ana").get("/api/credits/balance").await.refused(503, "store-unavailable");
    let body = story.spend_body("inv_9", "u_ben", "1.00");
    story.host.post("/api/events/spend", body.clone()).await.refused(503, "store-unavailable");
    assert_eq!(story.app.anonymous().get("/healthz").await.json(200), json!({"status": "ok"}));
    story.app.store().go_down(false);
    assert_eq!(story.host.post("/api/events/spend", body).await.json(200)["results"][0]["replayed"], false);
}

#[actix_web::test]
async fn the_page_for_people_needs_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/api/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for operation in app.document().operations() {
        assert!(page.body.contains(operation.path), "{}", operation.path);
    }
    for foreign in ["http://", "https://", "<script", "<img", "<link", "src=", "@import", "url("] {
        assert!(!page.body.contains(foreign), "{foreign}");
    }
    let json = app.anonymous().get("/api/openapi.json").await;
    assert_eq!((json.status, &json.value()), (200, app.document().value()));
}

#[actix_web::test]
async fn every_kind_of_problem_has_a_page() {
    let app = TestApp::start().await;
    for code in crate::problem::ProblemCode::ALL {
        let page = app.anonymous().get(&format!("/problems/{}", code.as_str())).await;
        assert_eq!(page.status, 200, "{code:?}");
        assert!(page.body.contains(&crate::html::escape(code.entry().title)), "{code:?}");
    }
    app.anonymous().get("/problems/none").await.refused(404, "not-found");
}
