//! F17: a payout run by two people who click everything twice, at servers that share a database. Nobody is paid twice.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::figure;
use crate::home::{Home, holds};
use crate::host::{Host, cents};
use crate::http::{Reply, Request};
use crate::load::{at_once_to, each};
use crate::server::Server;

/// So many users are paid 25.00 each.
const USERS: usize = 10;
/// Each of the two people does everything twice.
const CLICKS: usize = 4;
/// So many requests for one balance.
const REQUESTS: usize = 100;
const HEADER: &str = "payout_id,amount,currency,status,failure";
/// A month and a day: rewards are old enough, and accounts usable.
const AGO: u32 = 31;

#[test]
fn a_payout_run_in_which_everything_is_clicked_twice_pays_nobody_twice() {
    pays_nobody_twice(&Home::new(), 1);
}

/// Plays the run at so many servers of this home.
pub(crate) fn pays_nobody_twice(home: &Home, servers: usize) {
    let home = home.clone().with("REFERRAL_LIMITS", "off").with("REFERRAL_JWT_ROLES", "true");
    let host = a_month_ago(&home);
    let servers: Vec<Server> = (0..servers).map(|_| Server::start(&home)).collect();
    let run = Run::of(&servers, &host);
    let payouts = run.requested();
    run.approved(&payouts);
    let (batch, maker) = run.built();
    run.sent_off(&batch, &maker);
    let changed = run.settled(&batch, &payouts, "25.01");
    assert_eq!(sum(&changed, "settled"), USERS - 1, "{changed:?}");
    let exceptions: Vec<_> =
        changed.iter().map(|told| (&told["exceptions"][0]["line"], &told["exceptions"][0]["code"])).collect();
    assert!(exceptions.iter().all(|told| *told == (&json!(2), &json!("amount-mismatch"))), "{changed:?}");
    let sound = run.settled(&batch, &payouts, "25.00");
    assert!(
        sound.iter().all(|told| told["exceptions"] == json!([]) && told["status"] == "settled"),
        "{sound:?}"
    );
    let paid = sum(&changed, "settled") + sum(&sound, "settled");
    let left = run.left();
    let twice = left / 25_00 - i64::try_from(USERS).expect("few");
    figure(&format!(
        "F17 payouts={USERS} paid={paid} double_paid={twice} exceptions={} servers={} clicks={CLICKS} each left={}.00",
        exceptions.len(),
        servers.len(),
        left / 100
    ));
    assert_eq!((paid, twice), (USERS, 0));
    assert!(
        (0..USERS).all(|n| run.host.available(&format!("u_ana{n}")) == "0.00"),
        "each was paid what they had"
    );
    assert!(holds(&home.print(&["ledger", "verify"])));
}

/// A month ago: users earn 25.00 each, and say where they are paid.
fn a_month_ago(home: &Home) -> Host {
    let then = home.days_ago(AGO);
    let server = Server::start(&then);
    let host = Host::of(&server);
    each(USERS, |number| {
        let pair = host.pair(number);
        host.send(pair.spend(&format!("inv_{number}"), "60.00")).expect(200);
        let method = json!({"kind": "external", "reference": format!("account:{}", pair.referrer)});
        let set = Request::put("/api/affiliate/payout-method", &method).bearer(&then.token(&pair.referrer));
        server.send(&set).expect(200);
    });
    server.stop();
    host
}

/// Two people at the servers, and the users' tokens.
struct Run {
    addresses: Vec<SocketAddr>,
    host: Host,
    people: [(&'static str, String); 2],
    users: Vec<String>,
}

impl Run {
    fn of(servers: &[Server], host: &Host) -> Self {
        let home = &servers[0].home;
        let finance = |name| (name, home.print(&["token", "--sub", name, "--role", "finance"]));
        Self {
            addresses: servers.iter().map(|server| server.address).collect(),
            host: host.at(&servers[0]),
            people: [finance("ada"), finance("bob")],
            users: (0..USERS).map(|n| home.token(&format!("u_ana{n}"))).collect(),
        }
    }

    /// Both do the same at once, twice each.
    fn both(&self, request: &Request) -> Vec<Reply> {
        let clicks = (0..CLICKS).map(|n| request.clone().bearer(&self.people[n % 2].1));
        at_once_to(&self.addresses, &clicks.collect::<Vec<_>>())
    }

    /// One of them does something so often at once.
    fn one(&self, request: &Request, who: &str) -> Vec<Reply> {
        let (_, token) = self.people.iter().find(|(name, _)| *name == who).expect("one of the two");
        at_once_to(&self.addresses, &vec![request.clone().bearer(token); CLICKS])
    }

    /// The first user asks a hundred times at once, the others as often as people click; the ids of their payouts.
    fn requested(&self) -> Vec<String> {
        let of = |(number, token): (usize, &String)| {
            let ask = Request::post("/api/affiliate/payouts", &json!({})).bearer(token);
            let times = if number == 0 { REQUESTS } else { CLICKS };
            let replies = at_once_to(&self.addresses, &vec![ask; times]);
            let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
            refused.iter().for_each(|reply| reply.refused(422, "payout-open"));
            if number == 0 {
                figure(&format!("payout requests of one balance at once={times} made={}", made.len()));
            }
            assert_eq!(made.len(), 1, "{replies:?}");
            made[0].json()["id"].as_str().expect("an id").to_owned()
        };
        self.users.iter().enumerate().map(of).collect()
    }

    fn approved(&self, payouts: &[String]) {
        for payout in payouts {
            let path = format!("/api/admin/payouts/{payout}/approve");
            for told in self.both(&Request::post(&path, &json!({}))) {
                assert_eq!(told.expect(200)["status"], "approved");
            }
        }
    }

    /// The one batch that came of it, and who made it.
    fn built(&self) -> (String, String) {
        let build = Request::post("/api/admin/payout-batches", &json!({"method": "external"}));
        let replies = self.both(&build);
        let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
        refused.iter().for_each(|reply| reply.refused(409, "payout-state"));
        assert_eq!(made.len(), 1, "one run takes them, the others find nothing: {replies:?}");
        let batch = made[0].json();
        assert_eq!(batch["count"], USERS, "{batch}");
        let text = |name: &str| batch[name].as_str().expect("text").to_owned();
        (text("id"), text("made_by"))
    }

    fn sent_off(&self, batch: &str, maker: &str) {
        let step =
            |name: &str| Request::post(&format!("/api/admin/payout-batches/{batch}/{name}"), &json!({}));
        for told in self.both(&step("seal")) {
            assert_eq!(told.expect(200)["status"], "sealed");
        }
        let other = if maker == "ada" { "bob" } else { "ada" };
        for told in self.one(&step("approve"), maker) {
            told.refused(403, "second-person-required");
        }
        for told in self.one(&step("approve"), other) {
            assert_eq!(told.expect(200)["approved_by"], other);
        }
        let export = format!("/api/admin/payout-batches/{batch}/export?format=csv");
        let files = self.both(&Request::get(&export));
        assert!(files.iter().all(|file| file.status == 200 && file.body == files[0].body), "{files:?}");
        assert_eq!(files[0].body.lines().count(), USERS + 1, "{}", files[0].body);
    }

    /// The bank's file, with this amount in its first line, imported twice by both at once.
    fn settled(&self, batch: &str, payouts: &[String], first: &str) -> Vec<Value> {
        let amount = |n: usize| if n == 0 { first } else { "25.00" };
        let lines = payouts.iter().enumerate().map(|(n, id)| format!("{id},{},USD,paid,\n", amount(n)));
        let file: String = lines.collect();
        let import = Request::new("POST", &format!("/api/admin/payout-batches/{batch}/settle"))
            .with("content-type", "text/csv")
            .text(&format!("{HEADER}\n{file}"));
        self.both(&import).iter().map(|reply| reply.expect(200)).collect()
    }

    /// What left the books as payouts, in cents.
    fn left(&self) -> i64 {
        let ask = Request::get("/api/admin/ledger/trial-balance").bearer(&self.people[0].1);
        let told = at_once_to(&self.addresses, &[ask])[0].expect(200);
        let rows = told["accounts"].as_array().expect("accounts");
        let row = rows.iter().find(|row| row["account"] == "payout_clearing").expect("it is there");
        cents(&row["balance"]["amount"])
    }
}

fn sum(receipts: &[Value], name: &str) -> usize {
    receipts.iter().map(|told| usize::try_from(told[name].as_u64().expect("a number")).expect("few")).sum()
}
