//! What is promised over time, honestly: Eve referred Fay, whose spend was partly refunded. Eve's reward is held, and was
//! counted in its month's budget; of her commission a part was released, and a part was taken back.

use super::honest::{account, event, progress, referral, simple, step};
use super::row::{Group, Row, Side, entry, id, line, moving, transaction, transfer};

pub(super) const EVE: u8 = 0xe2;
const FAY: u8 = 0xf2;
const EVE_CODE: u8 = 0x62;
/// Eve's referral of Fay.
pub(super) const HELD: u8 = 0x52;
const EVE_AVAILABLE: u8 = 0x40;
const EVE_HELD: u8 = 0x41;
/// The transactions that posted what is held; each is the id of its hold.
pub(super) const REWARD: u8 = 0x0a;
pub(super) const COMMISSION: u8 = 0x0b;
/// What released a part of the commission, and what took a part of it back.
pub(super) const RELEASE: u8 = 0x0c;
const REFUNDED: u8 = 0x0d;
/// January 1970.
pub(super) const MONTH: i64 = 1970 * 12;
/// When what Eve is held matures.
const MATURES: &str = "9000";

pub(super) fn commission_step(n: u8, prev: &str, amounts: [i64; 3], transaction: u8) -> Row {
    let [before, amount, posted] = amounts;
    Row::new(
        "commission_steps",
        [
            ("book_id", "1"),
            ("referral_id", &id(HELD)),
            ("n", &n.to_string()),
            ("prev_n", prev),
            ("amount", &amount.to_string()),
            ("posted_before", &before.to_string()),
            ("posted", &posted.to_string()),
            ("transaction_id", &id(transaction)),
            ("at", "100"),
        ],
    )
}

/// An untouched hold of Eve's.
pub(super) fn hold(transaction: u8, kind: &str, amount: i64) -> Row {
    Row::new(
        "holds",
        [
            ("book_id", "1"),
            ("hold_id", &id(transaction)),
            ("referral_id", &id(HELD)),
            ("user_id", &id(EVE)),
            ("kind", &format!("'{kind}'")),
            ("source_id", "'fay_1'"),
            ("amount", &amount.to_string()),
            ("matures_at", MATURES),
            ("created_at", "100"),
            ("steps", "0"),
            ("remaining", &amount.to_string()),
        ],
    )
}

/// A step of a hold, which is its id and its amount.
pub(super) fn hold_step(hold: (u8, i64), n: u8, kind: &str, amounts: [i64; 3], transaction: u8) -> Row {
    let [before, amount, remaining] = amounts;
    let prev = if n == 1 { "NULL".to_owned() } else { (n - 1).to_string() };
    Row::new(
        "hold_steps",
        [
            ("book_id", "1"),
            ("hold_id", &id(hold.0)),
            ("n", &n.to_string()),
            ("prev_n", &prev),
            ("referral_id", &id(HELD)),
            ("hold_amount", &hold.1.to_string()),
            ("kind", &format!("'{kind}'")),
            ("amount", &amount.to_string()),
            ("remaining_before", &before.to_string()),
            ("remaining", &remaining.to_string()),
            ("transaction_id", &id(transaction)),
            ("at", "300"),
        ],
    )
}

/// A line of Eve's: available and held before and after it, what was earned and taken so far.
fn eves(n: i64, of: u8, before: [i64; 2], after: [i64; 2], sums: [i64; 2], at: i64) -> Row {
    let row = line(EVE, n, of, [before[0], 0], [after[0], 0], at);
    let row = row.set("held_before", before[1]).set("held_after", after[1]);
    row.set("earned", sums[0]).set("taken", sums[1])
}

/// With the referral on the transaction and on its first leg.
fn of_fay(group: Group) -> Group {
    let of_referral = |row: Row| row.set("referral_id", id(HELD));
    group.transaction(of_referral).leg(of_referral)
}

fn people() -> String {
    let user = |n, name: &str| {
        format!(
            "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, {0}, 0);
             INSERT INTO user_names VALUES (1, '{name}', {0});",
            id(n)
        )
    };
    let code = format!(
        "INSERT INTO referral_codes
           VALUES (1, {1}, {0}, 'EVE-2026', 'EVE2026', true, true, NULL, NULL, NULL, 1, 10, 0);",
        id(EVE),
        id(EVE_CODE)
    );
    let accounts = [(EVE_AVAILABLE, "available"), (EVE_HELD, "held")]
        .map(|(n, purpose)| account(1, n, EVE, purpose, "USD").insert());
    [user(EVE, "u_eve"), user(FAY, "u_fay"), code, accounts.concat()].join("\n")
}

fn posted() -> [Group; 4] {
    let (expense, fee) = (Side::System("reward_expense"), Side::System("commission_expense"));
    let (has, held) = (Side::Account(EVE_AVAILABLE), Side::Account(EVE_HELD));
    let (bonus, commission) = ("referral_bonus", "affiliate_commission");
    let reward = simple(
        transaction(REWARD, EVE, bonus, 100),
        moving(transfer(REWARD, REWARD, bonus, ("reward", "52:1", 0), 100), expense, held, 2500),
        entry(EVE_HELD, "held", 1, REWARD, 2500, 0),
        eves(1, REWARD, [0, 0], [0, 2500], [2500, 0], 100),
    );
    let earned = simple(
        transaction(COMMISSION, EVE, commission, 150),
        moving(transfer(COMMISSION, COMMISSION, commission, ("commission", "52:1", 0), 150), fee, held, 600),
        entry(EVE_HELD, "held", 2, COMMISSION, 600, 2500),
        eves(2, COMMISSION, [0, 2500], [0, 3100], [3100, 0], 150),
    );
    let mut released = simple(
        transaction(RELEASE, EVE, "hold_release", 300),
        moving(transfer(RELEASE, RELEASE, "hold_release", ("hold", "0b:1", 0), 300), held, has, 400),
        entry(EVE_HELD, "held", 3, RELEASE, -400, 3100),
        eves(3, RELEASE, [0, 3100], [400, 2700], [3100, 0], 300),
    );
    released.entries.push(entry(EVE_AVAILABLE, "available", 1, RELEASE, 400, 0));
    let taken = simple(
        transaction(REFUNDED, EVE, commission, 350),
        moving(transfer(REFUNDED, REFUNDED, commission, ("commission", "52:2", 0), 350), has, fee, 100),
        entry(EVE_AVAILABLE, "available", 2, REFUNDED, -100, 400),
        eves(4, REFUNDED, [400, 2700], [300, 2700], [3100, 100], 350),
    );
    [reward, earned, released, taken].map(of_fay)
}

fn done() -> Row {
    let row = progress(HELD).set("welcome_credit", 0).set("state", "'completed'").set("activated_at", 100);
    let row = row.set("completed_at", 100).set("verified_at", 50);
    let row = row.set("spend_gross", 6000).set("spend_refunded", 1000).set("reward_status", "'held'");
    let row = row.set("reward_at", 100).set("reward_transaction", id(REWARD)).set("reward_steps", 1);
    let row = row.set("reward_available_at", MATURES);
    let row = row.set("commission_gross", 6000).set("commission_refunded", 1000);
    row.set("commission_due", 500).set("commission_posted", 500).set("commission_steps", 2)
}

fn story() -> Vec<Row> {
    let counted = |row: Row| row.set("referral_id", id(HELD)).set("net_after", 5000).set("threshold", 5000);
    let spend = counted(event("fay_1", FAY, 6000)).set("outcome", "'threshold_crossed'").set("counted", 6000);
    let spend = spend.set("reward_amount", 2500).set("reward_transaction", id(REWARD));
    let refund = counted(event("fay_r1", FAY, 1000)).set("kind", "'R'").set("refunds", "'fay_1'");
    let refund = refund.set("reason", "'requested'").set("outcome", "'counted'").set("counted", -1000);
    vec![
        step(1, "NULL", "grant", REWARD).set("referral_id", id(HELD)).set("budget_month", MONTH),
        commission_step(1, "NULL", [0, 600, 600], COMMISSION),
        commission_step(2, "1", [600, -100, 500], REFUNDED),
        hold(REWARD, "reward", 2500),
        hold(COMMISSION, "commission", 600).set("steps", 1).set("remaining", 200),
        hold_step((COMMISSION, 600), 1, "release", [600, 400, 200], RELEASE),
        done(),
        spend.set("commission_amount", 600).set("commission_transaction", id(COMMISSION)),
        refund.set("commission_amount", -100).set("commission_transaction", id(REFUNDED)),
    ]
}

/// All of it, within a transaction.
pub(super) fn everything() -> String {
    let terms = referral(HELD, EVE, FAY).set("code_id", id(EVE_CODE)).set("code_text", "'EVE-2026'");
    let terms = terms.set("welcome_credit", 0).set("hold_days", 14);
    let terms = terms.set("commission_rate", 100_000).set("commission_months", 12).insert();
    let budget = format!("INSERT INTO budget_months VALUES (1, {MONTH}, 2500, NULL);");
    let posted: Vec<_> = posted().iter().map(Group::sql).collect();
    let story: Vec<_> = story().iter().map(Row::insert).collect();
    [people(), terms, posted.join("\n"), budget, story.join("\n")].join("\n")
}

/// A posting that would be honest: 5 more held for Eve's commission. Attacks change one thing of it.
pub(super) fn posting() -> Group {
    let kind = "affiliate_commission";
    let leg = transfer(0x95, 0x95, kind, ("commission", "52:3", 0), 400);
    of_fay(simple(
        transaction(0x95, EVE, kind, 400),
        moving(leg, Side::System("commission_expense"), Side::Account(EVE_HELD), 5),
        entry(EVE_HELD, "held", 4, 0x95, 5, 2700),
        eves(5, 0x95, [300, 2700], [300, 2705], [3105, 100], 400),
    ))
}

/// A posting that would be honest: Eve's reward is taken back out of what she is held. Attacks change one thing of it.
pub(super) fn retraction() -> Group {
    let kind = "credit_retraction";
    let leg = transfer(0x96, 0x96, kind, ("reward", "52:2", 0), 400);
    of_fay(simple(
        transaction(0x96, EVE, kind, 400).set("reverses", id(REWARD)),
        moving(leg, Side::Account(EVE_HELD), Side::System("reward_expense"), 2500),
        entry(EVE_HELD, "held", 4, 0x96, -2500, 2700),
        eves(5, 0x96, [300, 2700], [300, 200], [3100, 2600], 400),
    ))
}
