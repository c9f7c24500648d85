//! Queries, cursors and ids in paths.

use serde_json::json;

use super::{Case, case, see_refused, told};
use crate::tests::{Ask, Speaker, Story, TestApp};

const HISTORY: &str = "/api/credits/history";
const EXPORT: &str = "/api/credits/export";

pub(super) fn query(path: &str, query: &str, fault: (&str, &str)) -> Case {
    case(format!("{path}?{query}"), Ask::get(format!("{path}?{query}")), 400, "invalid-query", &[fault])
}

#[actix_web::test]
async fn every_bad_parameter_is_named() {
    let story = told().await;
    let of_history = [
        ("limit=0", ("limit", "out-of-range")),
        ("limit=101", ("limit", "out-of-range")),
        ("limit=-1", ("limit", "out-of-range")),
        ("limit=ten", ("limit", "out-of-range")),
        ("limit=", ("limit", "out-of-range")),
        ("limit=5&limit=5", ("limit", "repeated")),
        ("type=bonus", ("type", "not-one-of")),
        ("type=referral_bonus&type=", ("type", "not-one-of")),
        ("from=2026-02-30", ("from", "date-format")),
        ("from=2026-01-31T00:00:00Z", ("from", "date-format")),
        ("to=1999-12-31", ("to", "date-format")),
        ("from=2026-02-01&to=2026-01-31", ("to", "out-of-range")),
        ("from=2026-01-01&from=2026-01-02", ("from", "repeated")),
        ("cursor=", ("cursor", "bad-cursor")),
        ("cursor=%00", ("cursor", "nul-character")),
        ("cursor=AAAA", ("cursor", "bad-cursor")),
        ("cursor=%C3%A4", ("cursor", "bad-cursor")),
        ("limt=5", ("limt", "unknown-parameter")),
    ];
    let of_export = [
        ("limit=5", ("limit", "unknown-parameter")),
        ("from=2025-01-01&to=2026-01-03", ("to", "out-of-range")),
        ("from=2020-01-01", ("to", "out-of-range")),
        ("from=2026-02-01&to=2026-01-31", ("to", "out-of-range")),
    ];
    let plain = ["/api/credits/balance", "/api/credits/summary", "/api/referral/code", "/api/referral/stats"];
    let mut cases: Vec<_> = of_history.into_iter().map(|(text, fault)| query(HISTORY, text, fault)).collect();
    cases.extend(of_export.into_iter().map(|(text, fault)| query(EXPORT, text, fault)));
    cases.extend(plain.map(|path| query(path, "verbose=1", ("verbose", "unknown-parameter"))));
    see_refused(&story.app, &story.app.user("u_ana"), cases).await;
    let apart = story.app.user("u_ana").get("/api/credits/export?from=2025-01-01&to=2026-01-02").await;
    assert_eq!(apart.status, 200, "366 days apart are fine");
}

/// A user with three lines in their history, and the cursor after the first.
async fn with_cursor(story: &Story, more: &str) -> (Speaker, String) {
    story.redeem("u_ben", "1.00", "bill_1").await.json(201);
    story.redeem("u_ben", "1.00", "bill_2").await.json(201);
    let ben = story.app.user("u_ben");
    let page = ben.get(&format!("{HISTORY}?limit=1{more}")).await.json(200);
    (ben, page["next_cursor"].as_str().expect("there is more").to_owned())
}

#[actix_web::test]
async fn a_cursor_continues_its_own_list_alone() {
    let story = told().await;
    let (ben, cursor) = with_cursor(&story, "&type=credit_redemption&from=2026-01-01").await;
    let own = format!("{HISTORY}?from=2026-01-01&type=credit_redemption&cursor={cursor}&limit=100");
    assert_eq!(
        ben.get(&own).await.json(200)["items"].as_array().map(Vec::len),
        Some(1),
        "another limit is fine"
    );
    for filters in
        ["", "type=credit_redemption&", "from=2026-01-01&", "type=credit_redemption&from=2026-01-02&"]
    {
        ben.get(&format!("{HISTORY}?{filters}cursor={cursor}")).await.refused(400, "cursor-mismatch");
    }
    let same = "type=credit_redemption&from=2026-01-01";
    for (what, speaker, user) in
        [("another user", story.app.user("u_ana"), ""), ("a service", story.host.clone(), "&user_id=u_ben")]
    {
        let reply = speaker.get(&format!("{HISTORY}?{same}&cursor={cursor}{user}")).await;
        assert_eq!(reply.refusal(), (400, "cursor-mismatch".to_owned()), "{what}");
    }
}

#[actix_web::test]
async fn a_service_s_cursor_is_of_one_user() {
    let story = told().await;
    with_cursor(&story, "").await;
    let page = story.host.get(&format!("{HISTORY}?user_id=u_ben&limit=1")).await.json(200);
    let cursor = page["next_cursor"].as_str().expect("there is more");
    story.host.get(&format!("{HISTORY}?user_id=u_ana&cursor={cursor}")).await.refused(400, "cursor-mismatch");
    assert_eq!(story.host.get(&format!("{HISTORY}?user_id=u_ben&cursor={cursor}")).await.status, 200);
}

#[actix_web::test]
async fn a_cursor_that_was_changed_is_none() {
    let story = told().await;
    let (ben, cursor) = with_cursor(&story, "").await;
    for index in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        let reply = ben.get(&format!("{HISTORY}?cursor={changed}")).await;
        assert_eq!(
            (reply.status, reply.faults()),
            (400, vec![("cursor".into(), "bad-cursor".into())]),
            "{changed}"
        );
    }
}

#[actix_web::test]
async fn an_id_of_the_wrong_form_is_as_unknown_as_one_of_nothing() {
    let story = told().await;
    let redeemed = story.redeem("u_ben", "1.00", "bill_1").await.json(201);
    let id = redeemed["redemption_id"].as_str().expect("an id");
    let unknown = id.replace("red_", "ref_");
    let upper = id.to_uppercase();
    let nobody = "red_018f2b7c-0000-7000-8000-000000000000";
    let ids =
        [nobody, unknown.as_str(), upper.as_str(), "red_1", "1", "%00", "red_%C3%A4", &id[..id.len() - 1]];
    let reverse = |id: &str| format!("/api/credits/redemptions/{id}/reverse");
    let cases =
        ids.map(|id| case(id, Ask::post(reverse(id), &json!({"reference": "b"})), 404, "not-found", &[]));
    see_refused(&story.app, &story.host, cases.into()).await;
}

#[actix_web::test]
async fn any_text_may_be_asked_whether_it_is_a_code() {
    let app = TestApp::unlimited().await;
    let long = "K".repeat(4000);
    for text in [
        "x",
        "%00",
        "%20",
        "%F0%9F%8E%81",
        "%FF%FE",
        "a%2Fb",
        "a/b/c",
        "..%2F..",
        "'%20OR%201=1",
        "%25",
        &long,
    ] {
        let reply = app.anonymous().get(&format!("/api/referral/validate/{text}")).await.json(200);
        let expected = json!({"valid": false, "code": null, "reason": "unknown", "offer": null});
        assert_eq!(reply, expected, "{text}");
    }
}
