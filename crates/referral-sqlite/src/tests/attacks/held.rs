//! The honest book's second story: Fay referred Eve. Her reward is held and was counted in the month's budget; of her
//! commission, held too, a part was taken back with a refund and the rest was released.

use super::honest::{account, event, progress, referral, step};
use super::row::{Group, Row, Side, entry, id, line, moving, transaction, transfer};

pub(super) const FAY: u8 = 0xf1;
pub(super) const EVE: u8 = 0xe2;
pub(super) const HELD_REFERRAL: u8 = 0x52;
/// The transaction that posted the held reward, and names its hold.
pub(super) const REWARD: u8 = 0x0a;
/// The one that posted the commission.
pub(super) const COMMISSION: u8 = 0x0b;
const FALL: u8 = 0x0c;
const RELEASE: u8 = 0x0d;
const FAY_CODE: u8 = 0x62;
const FAY_AVAILABLE: u8 = 0x40;
pub(super) const FAY_HELD: u8 = 0x41;
/// Fourteen days after 100.
pub(super) const MATURES: &str = "1209600000100";
/// January 1970, counted from the first of the year 0.
pub(super) const MONTH: &str = "23640";

pub(super) fn people() -> String {
    let user = |n, name: &str| {
        format!(
            "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, {0}, 0);
             INSERT INTO user_names VALUES (1, '{name}', {0});",
            id(n)
        )
    };
    let code = format!(
        "INSERT INTO referral_codes VALUES (1, {}, {}, 'FAY-2026', 'FAY2026', 1, 1, NULL, NULL, NULL, 1, 10, 0);
         INSERT INTO budget_months VALUES (1, {MONTH}, 3000, NULL);",
        id(FAY_CODE),
        id(FAY)
    );
    let accounts =
        [account(1, FAY_AVAILABLE, FAY, "available", "USD"), account(1, FAY_HELD, FAY, "held", "USD")];
    format!(
        "{}\n{}\n{code}\n{}",
        user(FAY, "u_fay"),
        user(EVE, "u_eve"),
        accounts.map(|row| row.insert()).join("\n")
    )
}

pub(super) fn referral_of_eve() -> Row {
    referral(HELD_REFERRAL, FAY, EVE)
        .set("code_id", id(FAY_CODE))
        .set("referrer_reward", 3000)
        .set("hold_days", 14)
}

/// A line with what is available and held before and after it, and what was earned and taken.
fn holding(n: i64, of: u8, before: [i64; 2], after: [i64; 2], sums: [i64; 2], at: i64) -> Row {
    let row = line(FAY, n, of, [before[0], 0], [after[0], 0], at);
    let row = row.set("held_before", before[1]).set("held_after", after[1]);
    row.set("earned", sums[0]).set("taken", sums[1])
}

fn group(of: Row, legs: Row, entries: Vec<Row>, line: Row) -> Group {
    let of_referral = |row: Row| row.set("referral_id", id(HELD_REFERRAL));
    let group = Group { transaction: Some(of), legs: vec![legs], entries, line: Some(line) };
    group.transaction(of_referral).leg(of_referral)
}

pub(super) fn groups() -> Vec<Group> {
    let (held, available) = (Side::Account(FAY_HELD), Side::Account(FAY_AVAILABLE));
    let (bonus, commission) = ("referral_bonus", "affiliate_commission");
    let leg = |n, kind, origin, at| transfer(n, n, kind, origin, at);
    let reward = leg(REWARD, bonus, ("reward", "52:1", 0), 100);
    let rise = leg(COMMISSION, commission, ("commission", "52:1", 0), 101);
    let fall = leg(FALL, commission, ("commission", "52:2", 0), 200);
    let release = leg(RELEASE, "hold_release", ("hold", "0b:2", 0), 300);
    vec![
        group(
            transaction(REWARD, FAY, bonus, 100),
            moving(reward, Side::System("reward_expense"), held, 3000),
            vec![entry(FAY_HELD, "held", 1, REWARD, 3000, 0)],
            holding(1, REWARD, [0, 0], [0, 3000], [3000, 0], 100),
        ),
        group(
            transaction(COMMISSION, FAY, commission, 101),
            moving(rise, Side::System("commission_expense"), held, 600),
            vec![entry(FAY_HELD, "held", 2, COMMISSION, 600, 3000)],
            holding(2, COMMISSION, [0, 3000], [0, 3600], [3600, 0], 101),
        ),
        group(
            transaction(FALL, FAY, commission, 200),
            moving(fall, held, Side::System("commission_expense"), 100),
            vec![entry(FAY_HELD, "held", 3, FALL, -100, 3600)],
            holding(3, FALL, [0, 3600], [0, 3500], [3600, 100], 200),
        ),
        group(
            transaction(RELEASE, FAY, "hold_release", 300),
            moving(release, held, available, 500),
            vec![
                entry(FAY_HELD, "held", 4, RELEASE, -500, 3500),
                entry(FAY_AVAILABLE, "available", 1, RELEASE, 500, 0),
            ],
            holding(4, RELEASE, [0, 3500], [500, 3000], [3600, 100], 300),
        ),
    ]
}

pub(super) fn hold(of: u8, kind: &str, amount: i64) -> Row {
    Row::new(
        "holds",
        [
            ("book_id", "1"),
            ("hold_id", &id(of)),
            ("referral_id", &id(HELD_REFERRAL)),
            ("user_id", &id(FAY)),
            ("kind", &format!("'{kind}'")),
            ("source_id", "'eve_1'"),
            ("amount", &amount.to_string()),
            ("matures_at", MATURES),
            ("created_at", "100"),
            ("steps", "0"),
            ("remaining", &amount.to_string()),
        ],
    )
}

/// A step with what was left before it, what it takes and what is left.
pub(super) fn hold_step(of: u8, n: u8, kind: &str, amounts: [i64; 3], transaction: u8) -> Row {
    let [before, amount, remaining] = amounts;
    let prev = if n == 1 { "NULL".to_owned() } else { (n - 1).to_string() };
    Row::new(
        "hold_steps",
        [
            ("book_id", "1"),
            ("hold_id", &id(of)),
            ("n", &n.to_string()),
            ("prev_n", &prev),
            ("referral_id", &id(HELD_REFERRAL)),
            ("hold_amount", if of == REWARD { "3000" } else { "600" }),
            ("kind", &format!("'{kind}'")),
            ("amount", &amount.to_string()),
            ("remaining_before", &before.to_string()),
            ("remaining", &remaining.to_string()),
            ("transaction_id", &id(transaction)),
            ("at", "300"),
        ],
    )
}

/// A step of the commission with what was posted before it, by how much it moves that, and what is posted after it.
pub(super) fn commission_step(n: u8, amounts: [i64; 3], transaction: u8) -> Row {
    let [before, amount, posted] = amounts;
    let prev = if n == 1 { "NULL".to_owned() } else { (n - 1).to_string() };
    Row::new(
        "commission_steps",
        [
            ("book_id", "1"),
            ("referral_id", &id(HELD_REFERRAL)),
            ("n", &n.to_string()),
            ("prev_n", &prev),
            ("amount", &amount.to_string()),
            ("posted_before", &before.to_string()),
            ("posted", &posted.to_string()),
            ("transaction_id", &id(transaction)),
            ("at", "200"),
        ],
    )
}

fn spent() -> [Row; 2] {
    let met = |row: Row, counted: i64, net: i64, commission: i64, transaction: u8| {
        row.set("referral_id", id(HELD_REFERRAL))
            .set("counted", counted)
            .set("net_after", net)
            .set("threshold", 5000)
            .set("commission_amount", commission)
            .set("commission_transaction", id(transaction))
    };
    let spend = event("eve_1", EVE, 6000).set("outcome", "'threshold_crossed'");
    let spend = spend.set("reward_amount", 3000).set("reward_transaction", id(REWARD));
    let refund = event("eve_back", EVE, 1000).set("kind", "'R'").set("refunds", "'eve_1'");
    let refund = refund.set("reason", "'requested'").set("outcome", "'counted'").set("occurred_at", 150);
    let refund = refund.set("previous_event", "'eve_1'");
    [met(spend, 6000, 6000, 600, COMMISSION), met(refund, -1000, 5000, -100, FALL)]
}

pub(super) fn story() -> String {
    let granted = step(1, "NULL", "grant", REWARD).set("referral_id", id(HELD_REFERRAL)).set("amount", 3000);
    let done = progress(HELD_REFERRAL)
        .set("referrer_reward", 3000)
        .set("state", "'completed'")
        .set("activated_at", 100)
        .set("completed_at", 100)
        .set("verified_at", 50)
        .set("welcome_status", "'withheld'")
        .set("welcome_reason", "'program-paused'")
        .set("spend_gross", 6000)
        .set("spend_refunded", 1000)
        .set("reward_status", "'held'")
        .set("reward_at", 100)
        .set("reward_transaction", id(REWARD))
        .set("reward_steps", 1)
        .set("reward_available_at", MATURES)
        .set("commission_gross", 6000)
        .set("commission_refunded", 1000)
        .set("commission_due", 500)
        .set("commission_posted", 500)
        .set("commission_steps", 2);
    let [spend, refund] = spent();
    let rows = [
        granted.set("budget_month", MONTH),
        commission_step(1, [0, 600, 600], COMMISSION),
        commission_step(2, [600, -100, 500], FALL),
        done,
        spend,
        refund,
        hold(REWARD, "reward", 3000),
        hold(COMMISSION, "commission", 600),
        hold_step(COMMISSION, 1, "void", [600, 100, 500], FALL),
        hold_step(COMMISSION, 2, "release", [500, 500, 0], RELEASE),
    ];
    rows.map(|row| row.insert()).join("\n")
}
