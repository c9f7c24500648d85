//! The story of the README, line by line as it stands there.

use serde_json::{Value, json};

use crate::figure;
use crate::home::Home;
use crate::host::dollars;
use crate::http::Request;
use crate::markdown::{Block, blocks};
use crate::server::Server;
use crate::shell::session;

/// What a history line says, and why it is there: type, amount, balance before and after, description, by whom.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

/// Ana's friend spent what it takes.
const ANAS: [Line; 1] =
    [("referral_bonus", "25.00", "0.00", "25.00", "Reward: a friend reached 50.00 USD", "system")];

/// Ben confirmed his e-mail; spending moved nothing of his.
const BENS: [Line; 1] =
    [("welcome_credit", "10.00", "0.00", "10.00", "Welcome credit: your e-mail is verified", "system")];

#[test]
fn the_story_of_the_readme_ends_with_25_for_ana_and_10_for_ben() {
    let server = Server::demo(&Home::new());
    let story = story();
    let curls = story[0].text.lines().filter(|line| line.contains("curl")).count();
    assert_eq!((story.len(), curls, story[0].text.lines().count()), (1, 6, 6), "six curl lines: {story:?}");
    let printed = session(server.home.path(), &format!("localhost:{}", server.address.port()), &story);
    let balances: Vec<Value> = printed[0].lines().filter_map(balance).collect();
    assert_eq!(balances, [dollars("25.00"), dollars("10.00")], "{printed:?}");
    let (ana, ben) = (Person::log_in(&server, &story, "ana"), Person::log_in(&server, &story, "ben"));
    assert_eq!(ana.lines(), ANAS.map(why));
    assert_eq!(ben.lines(), BENS.map(why));
    reasons_can_be_followed(&ana, &ben);
    figure("the README's story: curl lines=6/6 Ana=25.00 Ben=10.00 history lines=2/2");
}

fn story() -> Vec<Block> {
    blocks("README.md").into_iter().filter(|block| block.language == "sh").collect()
}

/// The available balance, if this line of output is a balance.
fn balance(line: &str) -> Option<Value> {
    let printed: Value = serde_json::from_str(line).ok()?;
    printed.get("available").cloned()
}

/// Both lines are of one referral; Ana's names the invoice that did it, Ben's needs none.
fn reasons_can_be_followed(ana: &Person<'_>, ben: &Person<'_>) {
    let (anas, bens) = (ana.history(), ben.history());
    let referral = anas[0]["referral_id"].as_str().expect("a referral");
    assert!(referral.starts_with("ref_"), "{referral}");
    assert_eq!(bens[0]["referral_id"], referral);
    assert_eq!(anas[0]["reference_type"], "event");
    assert!(anas[0]["reference"].as_str().is_some_and(|invoice| invoice.starts_with("inv_")), "{anas:?}");
    assert_eq!((&bens[0]["reference_type"], &bens[0]["reverses"]), (&Value::Null, &Value::Null));
}

struct Person<'a> {
    server: &'a Server,
    token: String,
}

impl<'a> Person<'a> {
    /// Signs in with the password that the README gave this person.
    fn log_in(server: &'a Server, story: &[Block], name: &str) -> Self {
        let text = &story[0].text;
        let after = |mark: &str| {
            text.split(mark).nth(1).and_then(|rest| rest.split('"').next()).expect("it stands there")
        };
        let email = format!("{name}@example.com");
        let password = after(&format!("{email}\",\"password\":\""));
        let body = json!({"email": email, "password": password});
        let token = server.send(&Request::post("/demo/login", &body)).expect(200)["token"].clone();
        Self { server, token: token.as_str().expect("a token").to_owned() }
    }

    /// Every line of the history, oldest first.
    fn history(&self) -> Vec<Value> {
        let page = self.server.send(&Request::get("/api/credits/history").bearer(&self.token)).expect(200);
        assert_eq!(page["next_cursor"], Value::Null);
        page["items"].as_array().expect("items").iter().rev().cloned().collect()
    }

    fn lines(&self) -> Vec<Value> {
        let fields = ["type", "amount", "balance_before", "balance_after", "description", "created_by"];
        self.history().iter().map(|item| fields.iter().map(|field| item[field].clone()).collect()).collect()
    }
}

fn why((kind, amount, before, after, description, by): Line) -> Value {
    json!([kind, dollars(amount), dollars(before), dollars(after), description, by])
}
