//! What does not follow is refused, by the rule that says so, and nothing of it is stored.

use referral_domain::credit::{BalanceSnapshot, RedeemMode, Redemption};
use referral_domain::id::{AccountId, CodeId, RedemptionId, ReferralId, TransactionId, TransferId, UserId};
use referral_domain::ledger::{Journal, Party, Purpose, SystemAccount, account_id};
use referral_domain::port::{Changes, StoreError};
use referral_domain::referral::Award;
use referral_testkit::build::{a_spend, a_user, an_event, currency, named_id, reference, source, usd};
use referral_testkit::world::a_redemption_of;

use super::story::{Story, told};
use crate::fault::Fault;

/// Who forges what, and the table and column (or the table whose key is taken) that refuses it.
type Forgery = (&'static str, &'static str, fn(&Story, &mut Changes));

/// Ana redeems 3.00: one transaction, transfer, entry and line. It is accepted unless something is forged.
async fn an_honest_redemption(story: &Story) -> Changes {
    let (world, order) = (&story.world, reference("order_2"));
    let mut journal = Journal::open(vec![world.wallet(story.ana).await], world.now());
    let heading = a_redemption_of(world, &order);
    let transaction = heading.id;
    journal
        .debit(heading, story.ana, 3_00, SystemAccount::Redemption, &mut || world.id())
        .expect("as much is available");
    let wallet = journal.wallet(story.ana).expect("it is open");
    let redemption = Redemption {
        id: RedemptionId::from_uuid(world.id()),
        user: story.ana,
        reference: order,
        asked: 3_00,
        mode: RedeemMode::Exact,
        redeemed: 3_00,
        description: None,
        transaction: Some(transaction),
        balance: BalanceSnapshot::of(wallet, 0, world.now()),
        created_at: world.now(),
    };
    Changes { posting: journal.finish(), redemptions: vec![redemption], ..Changes::default() }
}

const LEDGER: &[Forgery] = &[
    ("accounts.account_id", "an account under another id", |story, changes| {
        let mut account = story.account();
        account.id = AccountId::from_uuid(named_id("forged"));
        changes.posting.accounts.push(account);
    }),
    ("accounts.currency", "an account in another currency", |story, changes| {
        let mut account = story.account();
        account.currency = currency("EUR");
        account.id = account_id(story.book, account.user, account.purpose, account.currency);
        changes.posting.accounts.push(account);
    }),
    ("transactions", "a transaction that was posted before", |story, changes| {
        changes.posting.transactions[0].id = story.first_transaction();
    }),
    ("transactions.reference_type", "a reference of no type", |_, changes| {
        changes.posting.transactions[0].reference_type = None;
    }),
    ("transactions.key", "a reversal of what never was", |_, changes| {
        changes.posting.transactions[0].reverses = Some(unknown());
    }),
    ("natural_keys", "a command that was posted before", |_, changes| {
        changes.posting.transfers[0].origin_id = "order_1".to_owned();
    }),
    ("transfers", "a transfer that was posted before", |story, changes| {
        changes.posting.transfers[0].id = story.first_transfer();
    }),
    ("transfers.amount", "a transfer of nothing", |_, changes| changes.posting.transfers[0].amount = 0),
    ("transfers.amount", "a transfer between system accounts", |_, changes| {
        changes.posting.transfers[0].debit = Party::System(SystemAccount::Adjustment);
    }),
    ("transfers.amount", "a transfer to itself", |_, changes| {
        changes.posting.transfers[0].credit = changes.posting.transfers[0].debit;
    }),
    ("transfers.recorded_at", "a leg of another instant", |story, changes| {
        changes.posting.transfers[0].recorded_at = story.world.now().plus_days(1);
    }),
    ("natural_keys.key", "a leg without leg 0", |_, changes| changes.posting.transfers[0].leg = 1),
    ("transfers.leg", "a second leg of somebody else's command", |_, changes| {
        changes.posting.transfers[0].leg = 1;
        changes.posting.transfers[0].origin_id = "order_1".to_owned();
    }),
    ("transfers.leg", "a leg that comes after its transaction was written", |story, changes| {
        let (stored, leg) = (story.debited_before(), &mut changes.posting.transfers[0]);
        (leg.leg, leg.transaction) = (1, stored.transaction);
        (leg.origin_id, leg.recorded_at) = (stored.origin_id, stored.recorded_at);
    }),
    ("accounts.key", "a transfer to nobody's account", |_, changes| {
        changes.posting.transfers[0].debit = Party::Account(AccountId::from_uuid(named_id("forged")));
    }),
    ("entry_sides.key", "a transfer without its entry", |_, changes| {
        let mut other = changes.posting.transfers[0].clone();
        (other.id, other.leg) = (TransferId::from_uuid(named_id("forged")), 1);
        changes.posting.transfers.push(other);
    }),
];

const ENTRIES: &[Forgery] = &[
    ("entries", "an entry under a number that is taken", |_, changes| changes.posting.entries[0].seq = 1),
    ("entries.seq", "an entry that leaves a gap", |_, changes| changes.posting.entries[0].seq += 1),
    ("entries.seq", "an entry that begins elsewhere", |_, changes| {
        changes.posting.entries[0].balance_before += 1;
        changes.posting.entries[0].balance_after += 1;
    }),
    ("entries.balance_after", "a wrong sum", |_, changes| changes.posting.entries[0].balance_after += 1),
    ("entries.balance_after", "an overdraft", |_, changes| {
        let entry = &mut changes.posting.entries[0];
        (entry.amount, entry.balance_after) = (10_000, entry.balance_before - 10_000);
    }),
    ("entries.purpose", "an entry for another purpose", |_, changes| {
        changes.posting.entries[0].purpose = Purpose::Held;
    }),
    ("entries.transfer_id", "an entry of another amount", |_, changes| {
        changes.posting.entries[0].amount += 1;
        changes.posting.entries[0].balance_after -= 1;
    }),
    ("entry_sides", "an entry of a transfer that has one", |story, changes| {
        changes.posting.entries[0].transfer = story.debited_before().id;
    }),
    ("lines", "a line under a number that is taken", |_, changes| changes.posting.lines[0].n = 1),
    ("lines.n", "a line that leaves a gap", |_, changes| changes.posting.lines[0].n += 1),
    ("lines.n", "a line that begins elsewhere", |_, changes| {
        changes.posting.lines[0].before.held += 1;
    }),
    ("lines.after", "a line that tells something else", |_, changes| {
        changes.posting.lines[0].after.available += 1;
    }),
    ("lines.at", "a line no later than the one before", |_, changes| {
        let line = &mut changes.posting.lines[0];
        line.at = line.at.plus_micros(-1_000_000_000_000);
    }),
    ("lines.transaction_id", "a line at another instant", |_, changes| {
        let line = &mut changes.posting.lines[0];
        line.at = line.at.plus_micros(1);
    }),
    ("line_transactions", "a second line of a transaction", |story, changes| {
        changes.posting.lines[0].transaction = story.first_transaction();
    }),
    ("line_transactions.key", "a transaction without a line", |_, changes| {
        changes.posting.lines.clear();
    }),
];

const FACTS: &[Forgery] = &[
    ("redemption_references", "a reference that was redeemed before", |_, changes| {
        changes.redemptions[0].reference = reference("order_1");
    }),
    ("redemptions.redeemed", "more redeemed than asked", |_, changes| changes.redemptions[0].asked = 2_99),
    ("redemptions.redeemed", "less redeemed than asked exactly", |_, changes| {
        changes.redemptions[0].asked = 3_01;
    }),
    ("redemptions.transaction_id", "a redemption that posts nothing", |_, changes| {
        changes.redemptions[0].transaction = None;
    }),
    ("posted_for", "a transaction used for two redemptions", |_, changes| {
        let mut other = changes.redemptions[0].clone();
        other.id = RedemptionId::from_uuid(named_id("forged"));
        other.reference = reference("order_3");
        changes.redemptions.push(other);
    }),
    ("reversals.amount", "more given back than remains", |story, changes| {
        story.reverse(changes, 6_01, -1);
    }),
    ("reversals.remaining", "a reversal that leaves more than remains", |story, changes| {
        story.reverse(changes, 1_00, 6_00);
    }),
    ("reward_steps", "a step that was made before", |story, changes| {
        story.take_step(changes, 1);
    }),
    ("reward_steps.n", "a step that leaves a gap", |story, changes| {
        story.take_step(changes, 3);
    }),
    ("referrals.reward_steps", "progress that forgets its reward", |story, changes| {
        let mut progress = story.progress();
        progress.reward = Award::NotDue;
        changes.progress.push((story.referral(), progress));
    }),
    ("referrals.reward_steps", "progress that goes back", |story, changes| {
        let mut progress = story.progress();
        (progress.reward, progress.reward_steps) = (Award::NotDue, 0);
        changes.progress.push((story.referral(), progress));
    }),
    ("referrals.spend", "more refunded than spent", |story, changes| {
        let mut progress = story.progress();
        progress.spend.refunded = progress.spend.gross + 1;
        changes.progress.push((story.referral(), progress));
    }),
    ("transactions.key", "an award that nothing posted", |story, changes| {
        let mut progress = story.progress();
        progress.welcome = Award::Granted { at: progress.updated_at, transaction: unknown() };
        changes.progress.push((story.referral(), progress));
    }),
    ("referral_ids.key", "progress of no referral", |story, changes| {
        changes.progress.push((ReferralId::from_uuid(named_id("forged")), story.progress()));
    }),
    ("referrals", "a user referred twice", |story, changes| {
        changes.new_referrals.push(story.another_referral(story.ben));
    }),
    ("referrals.referred_id", "a user who refers themselves", |story, changes| {
        changes.new_referrals.push(story.another_referral(story.ana));
    }),
    ("users.key", "a referral of nobody", |story, changes| {
        changes.new_referrals.push(story.another_referral(UserId::from_uuid(named_id("forged"))));
    }),
    ("codes.key", "a referral by no code", |story, changes| {
        let mut referral = story.another_referral(story.ben);
        referral.facts.code = CodeId::from_uuid(named_id("forged"));
        changes.new_referrals.push(referral);
    }),
    ("spend_event_ids", "an event id given before", |story, changes| {
        let spend = a_spend("inv_2", "u_ben", usd(1_00)).build();
        let id = story.state().spend_events.rows().next().expect("an event").id;
        changes.events.push(an_event(&spend, story.ben).with(|event| event.id = id).build());
    }),
    ("spend_events", "a source id recorded before", |story, changes| {
        let spend = a_spend("inv_1", "u_ben", usd(1_00)).build();
        changes.events.push(an_event(&spend, story.ben).build());
    }),
    ("spend_events.counted", "an event that counts more than it is", |story, changes| {
        let spend = a_spend("inv_2", "u_ben", usd(1_00)).build();
        changes.events.push(an_event(&spend, story.ben).with(|event| event.counted = 1_01).build());
    }),
    ("spend_events.referral_id", "an event that met no referral, of one", |story, changes| {
        let spend = a_spend("inv_2", "u_ben", usd(1_00)).build();
        let of = story.referral();
        changes.events.push(an_event(&spend, story.ben).with(|event| event.referral = Some(of)).build());
    }),
    ("spend_events.key", "an unknown event folded in", |story, changes| {
        changes.folded.push((source("inv_9"), story.referral()));
    }),
    ("users.host_id", "a user under another name", |story, changes| {
        changes.users.push(a_user("u_eve").with_id(story.ben).build());
    }),
];

#[tokio::test]
async fn whatever_does_not_follow_is_refused_by_name_and_not_stored() {
    let forgeries = [LEDGER, ENTRIES, FACTS].concat();
    for (rule, what, forge) in &forgeries {
        let story = told().await;
        let before = story.fingerprint();
        let mut changes = an_honest_redemption(&story).await;
        forge(&story, &mut changes);
        let refused = story.world.try_record(&changes).await.expect_err(what);
        assert_eq!(name(&refused), *rule, "{what}: {refused:?}");
        assert_eq!(story.fingerprint(), before, "{what}: nothing of it is stored");
    }
    println!("forgeries={} refused={}", forgeries.len(), forgeries.len());
}

#[tokio::test]
async fn what_is_forged_there_is_accepted_when_it_is_not() {
    let story = told().await;
    let changes = an_honest_redemption(&story).await;
    story.world.try_record(&changes).await.expect("an honest redemption is stored");
    let account = story.world.account("u_ana", story.world.now()).await;
    assert_eq!(account.last.map(|line| line.after.available), Some(25_00 - 10_00 + 4_00 - 3_00));
}

#[tokio::test]
async fn a_posting_from_a_wallet_that_moved_lost_a_race() {
    let story = told().await;
    let stale = an_honest_redemption(&story).await;
    let moved = story.world.redeem(story.ana, 1_00, RedeemMode::Exact, &reference("order_3")).await;
    moved.expect("as much is available");
    let refused = story.world.try_record(&stale).await.expect_err("it does not follow any more");
    assert!(refused.is_contended(), "{refused:?}");
}

/// `table.column` of a rule, or the table whose key is taken.
fn name(refused: &StoreError) -> String {
    match refused {
        StoreError::Corrupt { table, column, .. } => format!("{table}.{column}"),
        StoreError::Contended(source) => match source.downcast_ref() {
            Some(Fault::Taken { table, .. }) => (*table).to_owned(),
            other => panic!("contended by {other:?}"),
        },
        StoreError::Unavailable(source) => panic!("unavailable: {source}"),
    }
}

fn unknown() -> TransactionId {
    TransactionId::from_uuid(named_id("never posted"))
}
