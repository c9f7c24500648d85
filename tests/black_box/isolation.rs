//! Nobody sees or changes what is not theirs.

use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::host::{Host, Pair, SCOPES, dollars};
use crate::http::{Reply, Request};
use crate::server::Server;

/// What a user, or a service with `users:read`, may ask.
const QUESTIONS: [&str; 7] = [
    "/api/referral/code",
    "/api/referral/stats",
    "/api/referral/my-referrer",
    "/api/credits/balance",
    "/api/credits/history",
    "/api/credits/summary",
    "/api/credits/export?from=2024-01-01&to=2024-01-31",
];

/// A referral of which both have money, and somebody who has nothing to do with it.
struct Scene {
    server: Server,
    host: Host,
    pair: Pair,
    mallory: String,
}

impl Scene {
    fn new() -> Self {
        let server = Server::start(&Home::new());
        let host = Host::of(&server);
        let pair = host.pair(1);
        host.send(pair.spend("inv_1", "60.00")).expect(200);
        host.send(pair.redeem("bill_1", "1.00")).expect(201);
        let mallory = server.home.token("u_mallory");
        Self { server, host, pair, mallory }
    }

    /// Whatever anybody could change here.
    fn state(&self) -> Vec<Value> {
        let of = |user: &str| {
            let (mut summary, stats) = (
                self.host.get(&format!("/api/credits/summary?user_id={user}")),
                self.host.get(&format!("/api/referral/stats?user_id={user}")),
            );
            summary["as_of"] = Value::Null;
            json!([self.host.history(user), summary, stats])
        };
        [&self.pair.referrer, &self.pair.referred].map(|user| of(user)).into()
    }

    /// Whether a reply shows anything of the two.
    fn leaks(&self, reply: &Reply) -> bool {
        let Pair { referrer, referred, code, .. } = &self.pair;
        [referrer, referred, code, "inv_1", "bill_1"].iter().any(|secret| reply.body.contains(*secret))
    }

    /// Every write, as somebody would send it to change what is theirs.
    fn writes(&self) -> Vec<Request> {
        let (user, other) = (&self.pair.referred, self.pair.spend_event("inv_2", "5.00"));
        let redemption =
            self.host.send(self.pair.redeem("bill_1", "1.00")).expect(200)["redemption_id"].clone();
        let reverse = format!("/api/credits/redemptions/{}/reverse", redemption.as_str().expect("an id"));
        vec![
            Request::post("/api/codes", &json!({"user_id": "u_new"})),
            Request::post("/api/events/signup", &json!({"user_id": "u_new", "code": self.pair.code})),
            Request::post("/api/events/email-verified", &json!({"user_id": user, "verified": false})),
            Request::post("/api/events/spend", &other),
            Request::post("/api/events/spend", &json!({"events": [other]})),
            Request::post(
                "/api/credits/redeem",
                &json!({"user_id": user, "amount": dollars("1.00"), "reference": "bill_2"}),
            ),
            Request::post(&reverse, &json!({"reference": "back_1"})),
        ]
    }
}

#[test]
fn a_user_can_neither_see_nor_change_anothers_anything() {
    let scene = Scene::new();
    let before = scene.state();
    for path in QUESTIONS {
        let own = scene.server.send(&Request::get(path).bearer(&scene.mallory));
        assert!(own.status == 200 && !scene.leaks(&own), "{path}: {own:?}");
        let mark = if path.contains('?') { '&' } else { '?' };
        let theirs = format!("{path}{mark}user_id={}", scene.pair.referred);
        scene.server.send(&Request::get(&theirs).bearer(&scene.mallory)).refused(400, "invalid-query");
    }
    let writes = scene.writes();
    for write in &writes {
        let reply = scene.server.send(&write.clone().bearer(&scene.mallory));
        reply.refused(403, "missing-scope");
        assert!(!scene.leaks(&reply), "{reply:?}");
    }
    assert_eq!(scene.state(), before);
    figure(&format!(
        "another user's token: questions={} writes={} leaks=0 changes=0",
        QUESTIONS.len(),
        writes.len()
    ));
}

#[test]
fn a_cursor_of_somebody_elses_list_is_refused() {
    let scene = Scene::new();
    let page = scene.host.get(&format!("/api/credits/history?user_id={}&limit=1", scene.pair.referred));
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let theirs = Request::get(&format!("/api/credits/history?limit=1&cursor={cursor}"));
    scene.server.send(&theirs.bearer(&scene.mallory)).refused(400, "cursor-mismatch");
    let referrers = Request::get(&format!(
        "/api/credits/history?user_id={}&limit=1&cursor={cursor}",
        scene.pair.referrer
    ));
    scene.host.send(referrers).refused(400, "cursor-mismatch");
    figure("a cursor of another's list: refused=2/2");
}

#[test]
fn the_referred_never_learns_who_the_referrer_is() {
    let scene = Scene::new();
    let ben = scene.server.home.token(&scene.pair.referred);
    let apply = Request::post("/api/referral/apply", &json!({"code": scene.pair.code})).bearer(&ben);
    let applied = scene.server.send(&apply);
    assert_eq!(applied.expect(200)["referral"]["status"], "completed");
    let replies =
        QUESTIONS.iter().map(|path| scene.server.send(&Request::get(path).bearer(&ben))).chain([applied]);
    let public = scene.server.send(&Request::get(&format!("/api/referral/validate/{}", scene.pair.code)));
    let told = replies.chain([public]).filter(|reply| reply.body.contains(&scene.pair.referrer)).count();
    assert_eq!(told, 0);
    figure(&format!("the referred's view: replies={} naming the referrer={told}", QUESTIONS.len() + 2));
}

#[test]
fn a_key_does_only_what_its_scopes_say() {
    let scene = Scene::new();
    let questions = QUESTIONS.iter().map(|path| {
        let mark = if path.contains('?') { '&' } else { '?' };
        Request::get(&format!("{path}{mark}user_id={}", scene.pair.referred))
    });
    let needs = [
        "codes:write",
        "events:write",
        "events:write",
        "events:write",
        "events:write",
        "credits:redeem",
        "credits:redeem",
    ];
    let operations: Vec<(Request, &str)> = scene
        .writes()
        .into_iter()
        .zip(needs)
        .chain(questions.map(|request| (request, "users:read")))
        .collect();
    let before = scene.state();
    let mut refused = 0;
    for scope in SCOPES.iter().chain(&["admin:read", "admin:write", "payouts:write"]) {
        let key = scene.server.home.key(&[scope]);
        for (request, _) in operations.iter().filter(|(_, needed)| needed != scope) {
            scene.server.send(&request.clone().key(&key)).refused(403, "missing-scope");
            refused += 1;
        }
    }
    assert_eq!(scene.state(), before);
    let apply = Request::post("/api/referral/apply", &json!({"code": scene.pair.code}));
    scene.host.send(apply).refused(403, "missing-role");
    figure(&format!(
        "keys without the scope: operations={} refused={refused}/{refused} changes=0",
        operations.len()
    ));
    assert_eq!(refused, operations.len() * 7 - operations.len(), "each operation has one scope of the seven");
}
