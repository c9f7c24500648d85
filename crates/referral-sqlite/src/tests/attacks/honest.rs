//! An honest book: Ana referred Ben, both were credited, Ana redeemed and got a part back, Ben owed and repaid.

use super::held;
use super::row::{Group, Row, Side, entry, id, line, moving, transaction, transfer};

pub(super) const ANA: u8 = 0xa1;
pub(super) const BEN: u8 = 0xb1;
pub(super) const CAT: u8 = 0xc1;
/// Dan belongs to the other book.
pub(super) const DAN: u8 = 0xd1;
pub(super) const REFERRAL: u8 = 0x50;
pub(super) const CODE: u8 = 0x60;
pub(super) const REDEMPTION: u8 = 0x70;
/// Accounts: of Ana, of Ben, of Dan.
pub(super) const ANA_AVAILABLE: u8 = 0x10;
pub(super) const ANA_HELD: u8 = 0x11;
pub(super) const BEN_AVAILABLE: u8 = 0x20;
pub(super) const BEN_OWED: u8 = 0x23;
pub(super) const DAN_AVAILABLE: u8 = 0x30;
/// Ninety days after 10.
const UNTIL: &str = "7776000000010";

pub(super) fn account(book: u8, n: u8, user: u8, purpose: &str, currency: &str) -> Row {
    Row::new(
        "accounts",
        [
            ("book_id", &book.to_string()),
            ("account_id", &id(n)),
            ("user_id", &id(user)),
            ("purpose", &format!("'{purpose}'")),
            ("currency", &format!("'{currency}'")),
            ("created_at", "0"),
        ],
    )
}

pub(super) fn referral(n: u8, referrer: u8, referred: u8) -> Row {
    Row::new(
        "referrals",
        [
            ("book_id", "1"),
            ("referral_id", &id(n)),
            ("referrer_id", &id(referrer)),
            ("referred_id", &id(referred)),
            ("code_id", &id(CODE)),
            ("code_text", "'ANA-2026'"),
            ("rule_version", "1"),
            ("referrer_reward", "2500"),
            ("welcome_credit", "1000"),
            ("spend_threshold", "5000"),
            ("qualification_window_days", "90"),
            ("clawback_window_days", "60"),
            ("hold_days", "0"),
            ("commission_rate", "100000"),
            ("commission_months", "12"),
            ("commission_cap", "NULL"),
            ("source", "'typed'"),
            ("applied_at", "10"),
            ("qualifies_until", UNTIL),
            ("created_at", "10"),
        ],
    )
}

pub(super) fn progress(n: u8) -> Row {
    Row::new(
        "referral_progress",
        [
            ("book_id", "1"),
            ("referral_id", &id(n)),
            ("qualifies_until", UNTIL),
            ("spend_threshold", "5000"),
            ("referrer_reward", "2500"),
            ("welcome_credit", "1000"),
            ("state", "'pending'"),
            ("activated_at", "NULL"),
            ("completed_at", "NULL"),
            ("review", "'none'"),
            ("verified_at", "NULL"),
            ("spend_gross", "0"),
            ("spend_refunded", "0"),
            ("welcome_status", "'not_due'"),
            ("welcome_reason", "NULL"),
            ("welcome_at", "NULL"),
            ("welcome_transaction", "NULL"),
            ("reward_status", "'not_due'"),
            ("reward_reason", "NULL"),
            ("reward_at", "NULL"),
            ("reward_transaction", "NULL"),
            ("reward_steps", "0"),
            ("reward_available_at", "NULL"),
            ("commission_gross", "0"),
            ("commission_refunded", "0"),
            ("commission_due", "0"),
            ("commission_posted", "0"),
            ("commission_withdrawn", "0"),
            ("commission_steps", "0"),
            ("commission_reason", "NULL"),
            ("updated_at", "100"),
        ],
    )
}

pub(super) fn step(n: u8, prev: &str, kind: &str, transaction: u8) -> Row {
    Row::new(
        "reward_steps",
        [
            ("book_id", "1"),
            ("referral_id", &id(REFERRAL)),
            ("n", &n.to_string()),
            ("prev_n", prev),
            ("kind", &format!("'{kind}'")),
            ("amount", "2500"),
            ("transaction_id", &id(transaction)),
            ("at", "100"),
            ("budget_month", "NULL"),
        ],
    )
}

pub(super) fn event(source: &str, user: u8, amount: i64) -> Row {
    Row::new(
        "spend_events",
        [
            ("book_id", "1"),
            ("source_id", &format!("'{source}'")),
            ("event_id", &id(0x80)),
            ("kind", "'S'"),
            ("refunds", "NULL"),
            ("reason", "NULL"),
            ("body_hash", "zeroblob(32)"),
            ("user_id", &id(user)),
            ("amount", &amount.to_string()),
            ("currency", "'USD'"),
            ("digits", "2"),
            ("occurred_at", "90"),
            ("recorded_at", "100"),
            ("outcome", "'not_referred'"),
            ("referral_id", "NULL"),
            ("counted", "0"),
            ("net_after", "NULL"),
            ("threshold", "NULL"),
            ("reward_amount", "NULL"),
            ("reward_transaction", "NULL"),
            ("over_refund", "0"),
            ("commission_amount", "NULL"),
            ("commission_transaction", "NULL"),
            ("previous_event", "NULL"),
        ],
    )
}

pub(super) fn redemption(n: u8, reference: &str) -> Row {
    Row::new(
        "redemptions",
        [
            ("book_id", "1"),
            ("redemption_id", &id(n)),
            ("user_id", &id(ANA)),
            ("reference", &format!("'{reference}'")),
            ("asked", "2000"),
            ("mode", "'exact'"),
            ("redeemed", "2000"),
            ("transaction_id", &id(3)),
            ("available", "500"),
            ("held", "0"),
            ("in_payout", "0"),
            ("owed", "0"),
            ("payable", "0"),
            ("as_of", "200"),
            ("created_at", "200"),
        ],
    )
}

pub(super) fn reversal(n: u8, prev: &str, amounts: [i64; 3], transaction: u8) -> Row {
    let [before, amount, remaining] = amounts;
    Row::new(
        "redemption_reversals",
        [
            ("book_id", "1"),
            ("redemption_id", &id(REDEMPTION)),
            ("n", &n.to_string()),
            ("prev_n", prev),
            ("redeemed", "2000"),
            ("reference", &format!("'back:{n}'")),
            ("amount", &amount.to_string()),
            ("remaining_before", &before.to_string()),
            ("remaining", &remaining.to_string()),
            ("transaction_id", &id(transaction)),
            ("available", "1000"),
            ("held", "0"),
            ("in_payout", "0"),
            ("owed", "0"),
            ("payable", "0"),
            ("as_of", "300"),
            ("created_at", "300"),
        ],
    )
}

fn people() -> String {
    let user = |book, n, name: &str| {
        format!(
            "INSERT INTO users (book_id, user_id, first_seen_at) VALUES ({book}, {0}, 0);
             INSERT INTO user_names VALUES ({book}, '{name}', {0});",
            id(n)
        )
    };
    let books = "INSERT INTO books VALUES (1, 'default', 'USD', 2, 0), (2, 'other', 'EUR', 2, 0);
      INSERT INTO programs VALUES (1, 'Default', 'https://shop.example', 'active');
      INSERT INTO programs VALUES (2, 'Other', 'https://shop.example', 'active');
      INSERT INTO rule_versions VALUES (1, 1, '{}', 0), (2, 1, '{}', 0);
      INSERT INTO api_keys VALUES (1, x'000000000000000000000000000000e1', 'ci', 'rk_1', zeroblob(32), 'users:read', 0,
        NULL, NULL, 5);
      INSERT INTO idempotency_replies VALUES (1, 'user:a', 'POST /x', 'k', zeroblob(32), 200, '{}', 0);";
    let users = [user(1, ANA, "u_ana"), user(1, BEN, "u_ben"), user(1, CAT, "u_cat"), user(2, DAN, "u_dan")];
    let code = format!(
        "INSERT INTO user_emails VALUES (1, zeroblob(32), {0}, 0);
         INSERT INTO referral_codes VALUES (1, {1}, {0}, 'ANA-2026', 'ANA2026', 1, 1, NULL, NULL, NULL, 1, 10, 0);
         INSERT INTO affiliate_tracking VALUES (1, {0}, {1}, 0, 0, 1, 1, 1, 0, 6100, 2500, 0);",
        id(ANA),
        id(CODE)
    );
    format!("{books}\n{}\n{code}", users.join("\n"))
}

fn accounts() -> String {
    let rows = [
        account(1, ANA_AVAILABLE, ANA, "available", "USD"),
        account(1, ANA_HELD, ANA, "held", "USD"),
        account(1, BEN_AVAILABLE, BEN, "available", "USD"),
        account(1, BEN_OWED, BEN, "owed", "USD"),
        account(2, DAN_AVAILABLE, DAN, "available", "EUR"),
    ];
    rows.map(|row| row.insert()).join("\n")
}

/// A group of one leg that touches one account.
fn simple(transaction: Row, leg: Row, entry: Row, line: Row) -> Group {
    Group { transaction: Some(transaction), legs: vec![leg], entries: vec![entry], line: Some(line) }
}

fn rewards() -> Vec<Group> {
    let welcome = transfer(1, 1, "welcome_credit", ("welcome", "50", 0), 100);
    let welcome = moving(welcome, Side::System("welcome_expense"), Side::Account(BEN_AVAILABLE), 1000);
    let bonus = transfer(2, 2, "referral_bonus", ("reward", "50:1", 0), 100);
    let bonus = moving(bonus, Side::System("reward_expense"), Side::Account(ANA_AVAILABLE), 2500);
    let to_ben = simple(
        transaction(1, BEN, "welcome_credit", 100),
        welcome,
        entry(BEN_AVAILABLE, "available", 1, 1, 1000, 0),
        line(BEN, 1, 1, [0, 0], [1000, 0], 100),
    );
    let to_ana = simple(
        transaction(2, ANA, "referral_bonus", 100),
        bonus,
        entry(ANA_AVAILABLE, "available", 1, 2, 2500, 0),
        line(ANA, 1, 2, [0, 0], [2500, 0], 100).set("earned", 2500),
    );
    let of_referral = |row: Row| row.set("referral_id", id(REFERRAL));
    [to_ben, to_ana].map(|group| group.transaction(of_referral).leg(of_referral)).to_vec()
}

fn redeeming() -> Vec<Group> {
    let (account, clearing) = (Side::Account(ANA_AVAILABLE), Side::System("redemption"));
    let kind = "credit_redemption";
    let take = simple(
        transaction(3, ANA, kind, 200),
        moving(transfer(3, 3, kind, ("redeem", "order:1", 0), 200), account, clearing, 2000),
        entry(ANA_AVAILABLE, "available", 2, 3, -2000, 2500),
        line(ANA, 2, 3, [2500, 0], [500, 0], 200).set("earned", 2500),
    );
    let give_back = simple(
        transaction(4, ANA, kind, 300).set("reverses", id(3)),
        moving(transfer(4, 4, kind, ("redeem-reversal", "back:1", 0), 300), clearing, account, 500),
        entry(ANA_AVAILABLE, "available", 3, 4, 500, 500),
        line(ANA, 3, 4, [500, 0], [1000, 0], 300).set("earned", 2500),
    );
    vec![take, give_back]
}

/// Ben's 1,000 are taken and 200 more are owed; then 300 come, of which 200 repay.
fn owing() -> Vec<Group> {
    let (has, owes, desk) =
        (Side::Account(BEN_AVAILABLE), Side::Account(BEN_OWED), Side::System("adjustment"));
    let leg = |n, of, kind, origin, at| transfer(n, of, kind, origin, at);
    let kind = "manual_adjustment";
    let take = Group {
        transaction: Some(transaction(5, BEN, kind, 200)),
        legs: vec![
            moving(leg(5, 5, kind, ("adjust", "ben-1", 0), 200), has, desk, 1000),
            moving(leg(6, 5, kind, ("adjust", "ben-1", 1), 200), owes, desk, 200),
        ],
        entries: vec![
            entry(BEN_AVAILABLE, "available", 2, 5, -1000, 1000),
            entry(BEN_OWED, "owed", 1, 6, -200, 0),
        ],
        line: Some(line(BEN, 2, 5, [1000, 0], [0, 200], 200)),
    };
    let repay = Group {
        transaction: Some(transaction(7, BEN, kind, 300)),
        legs: vec![
            moving(leg(7, 7, "owed_repayment", ("adjust", "ben-2", 0), 300), desk, owes, 200),
            moving(leg(8, 7, kind, ("adjust", "ben-2", 1), 300), desk, has, 100),
        ],
        entries: vec![
            entry(BEN_OWED, "owed", 2, 7, 200, -200),
            entry(BEN_AVAILABLE, "available", 3, 8, 100, 0),
        ],
        line: Some(line(BEN, 3, 7, [0, 200], [100, 0], 300)),
    };
    vec![take, repay]
}

fn story() -> String {
    let done = progress(REFERRAL)
        .set("state", "'completed'")
        .set("activated_at", 100)
        .set("completed_at", 100)
        .set("verified_at", 50)
        .set("spend_gross", 6100)
        .set("commission_gross", 6100)
        .set("commission_due", 610)
        .set("commission_reason", "'under-review'")
        .set("welcome_status", "'granted'")
        .set("welcome_at", 100)
        .set("welcome_transaction", id(1))
        .set("reward_status", "'granted'")
        .set("reward_at", 100)
        .set("reward_transaction", id(2))
        .set("reward_steps", 1);
    let crossed = event("inv_1", BEN, 6000)
        .set("outcome", "'threshold_crossed'")
        .set("referral_id", id(REFERRAL))
        .set("counted", 6000)
        .set("net_after", 6100)
        .set("threshold", 5000)
        .set("reward_amount", 2500)
        .set("reward_transaction", id(2));
    let rows = [
        step(1, "NULL", "grant", 2),
        redemption(REDEMPTION, "order:1"),
        reversal(1, "NULL", [2000, 500, 1500], 4),
        done,
        crossed,
        event("early", BEN, 100),
        event("cat_1", CAT, 100),
    ];
    let folded = format!("INSERT INTO spend_folds VALUES (1, 'early', {});", id(REFERRAL));
    let detail = "INSERT INTO spend_event_details VALUES (1, 'inv_1', NULL, '{\"plan\":\"pro\"}');";
    format!("{}\n{folded}\n{detail}", rows.map(|row| row.insert()).join("\n"))
}

/// Everything, as one transaction.
pub(super) fn everything() -> String {
    let groups = [rewards(), redeeming(), owing(), held::groups()].concat();
    let groups: Vec<_> = groups.iter().map(Group::sql).collect();
    let people = format!("{}\n{}\n{}", people(), accounts(), held::people());
    let referrals = referral(REFERRAL, ANA, BEN).insert() + &held::referral_of_eve().insert();
    let audit = super::on_audit::honest() + &super::on_adjustments::honest();
    format!(
        "BEGIN;{people}\n{referrals}\n{}\n{}\n{}{audit}COMMIT;",
        groups.join("\n"),
        story(),
        held::story()
    )
}

/// A posting that would be honest: 5 more for Ana. Attacks change one thing of it.
pub(super) fn posting() -> Group {
    let leg = transfer(0x90, 0x90, "manual_adjustment", ("adjust", "ana-1", 0), 400);
    Group {
        transaction: Some(transaction(0x90, ANA, "manual_adjustment", 400)),
        legs: vec![moving(leg, Side::System("adjustment"), Side::Account(ANA_AVAILABLE), 5)],
        entries: vec![entry(ANA_AVAILABLE, "available", 4, 0x90, 5, 1000)],
        line: Some(line(ANA, 4, 0x90, [1000, 0], [1005, 0], 400).set("earned", 2500)),
    }
}
