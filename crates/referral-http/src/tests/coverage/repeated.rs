//! Every write sent twice: done once, and answered as it was.

use serde_json::json;

use super::user_samples as samples;
use crate::tests::{Ask, Reply, Story};

/// What a second, equal request is answered with.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Again {
    /// The first reply, byte for byte, marked, whatever its status was: there was an `Idempotency-Key`.
    Replayed,
    /// 200 with the first body.
    Same,
    /// 200 with the first body but for `replayed`.
    MarkedInside,
}

/// One line a write. A `GET` changes nothing but making a code, which a test of its own repeats.
const WRITES: [(&str, Again); 11] = [
    ("PUT /api/affiliate/payout-method", Again::Replayed),
    ("POST /api/affiliate/payouts", Again::Replayed),
    ("POST /api/affiliate/payouts/{id}/cancel", Again::Replayed),
    ("POST /api/codes", Again::Replayed),
    ("POST /api/credits/redeem", Again::Same),
    ("POST /api/credits/redemptions/{id}/reverse", Again::Same),
    ("POST /api/events/email-verified", Again::Same),
    ("POST /api/events/refund", Again::MarkedInside),
    ("POST /api/events/signup", Again::Same),
    ("POST /api/events/spend", Again::MarkedInside),
    ("POST /api/referral/apply", Again::Replayed),
];

fn judge(name: &str, again: Again, first: &Reply, second: &Reply) {
    let marked = second.header("idempotent-replayed") == "true";
    assert_eq!(marked, again == Again::Replayed, "{name}");
    assert_eq!(first.header("idempotent-replayed"), "", "{name}");
    let expected = if again == Again::MarkedInside {
        first.body.replace("\"replayed\":false", "\"replayed\":true")
    } else {
        first.body.clone()
    };
    assert_eq!(second.body, expected, "{name}");
    assert_eq!(second.status, if again == Again::Replayed { first.status } else { 200 }, "{name}");
}

#[actix_web::test]
async fn every_write_sent_twice_is_done_once_and_answered_as_before() {
    let story = Story::told().await;
    let writes: Vec<_> = samples(&story).await.into_iter().filter(|sample| !sample.is_get()).collect();
    assert_eq!(
        writes.iter().map(|sample| sample.name.as_str()).collect::<Vec<_>>(),
        WRITES.map(|(name, _)| name)
    );
    for (sample, (name, again)) in writes.iter().zip(WRITES) {
        let speaker = if !sample.scopes.is_empty() { story.host.clone() } else { story.app.user("u_carl") };
        let ask = sample.by_user().header("idempotency-key", "once");
        let first = speaker.ask(&ask).await;
        assert!((200..300).contains(&first.status), "{name}: {}", first.body);
        let stored = story.app.stored();
        judge(name, again, &first, &speaker.ask(&ask).await);
        assert_eq!(stored, story.app.stored(), "{name}");
    }
    println!("writes={} repeated={}", writes.len(), WRITES.len());
}

#[actix_web::test]
async fn an_event_ignores_the_header() {
    let story = Story::told().await;
    let send = |user: &str| {
        let body = json!({"user_id": user, "code": null});
        Ask::post("/api/events/signup", &body).header("idempotency-key", "once")
    };
    for user in ["u_1", "u_2"] {
        let reply = story.host.ask(&send(user)).await;
        assert_eq!(
            (reply.status, reply.header("idempotent-replayed")),
            (200, ""),
            "another body under the same key"
        );
    }
}
