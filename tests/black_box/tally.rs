//! What many writes should have come to, held against what the server says.

use std::net::SocketAddr;

use serde_json::Value;

use crate::host::{Host, Pair, cents};
use crate::http::{Connection, Reply};
use crate::load::{REDEEM_CENTS, SPEND_CENTS, Sent, each};
use crate::server::Server;

/// What a verified friend is given, in cents.
const WELCOME_CENTS: i64 = 10_00;

/// Writes of several referrals, all of them sent again until they were answered.
pub(crate) struct Tally {
    pub(crate) pairs: Vec<Pair>,
    /// Answered with a success before the server went away.
    pub(crate) acknowledged: usize,
    /// Acknowledged, and unknown or otherwise afterwards.
    pub(crate) lost: usize,
    /// Sent, and not answered: they may be stored or not, until they are sent again.
    pub(crate) unanswered: usize,
    /// Sent, not answered, and stored all the same.
    pub(crate) stored_unanswered: usize,
    /// Distinct spends and redemptions of each referral.
    written: Vec<(i64, i64)>,
}

impl Tally {
    pub(crate) fn new(pairs: Vec<Pair>) -> Self {
        let written = vec![(0, 0); pairs.len()];
        Self { pairs, acknowledged: 0, lost: 0, unanswered: 0, stored_unanswered: 0, written }
    }

    /// Sends everything again, one list a referral: what was acknowledged must be known, with the same answer.
    pub(crate) fn replay(&mut self, server: &Server, sent: Vec<Vec<Sent>>) {
        let address = server.address;
        let replayed = each(sent.len(), |number| replay(address, &sent[number]));
        for (sent, again) in sent.iter().flatten().zip(replayed.iter().flatten()) {
            self.lost += usize::from(!agrees(sent, again));
            self.stored_unanswered += usize::from(sent.answer.is_none() && is_repetition(again));
        }
        for (written, all) in self.written.iter_mut().zip(&sent) {
            let redemptions = all.iter().filter(|sent| is_redemption(sent)).count() as i64;
            let acknowledged = all.iter().filter(|sent| sent.answer.is_some()).count();
            self.acknowledged += acknowledged;
            self.unanswered += all.len() - acknowledged;
            *written = (written.0 + all.len() as i64 - redemptions, written.1 + redemptions);
        }
    }

    /// How many effects there are beyond one for each write, over spends, rewards and redemptions. Asked once.
    pub(crate) fn doubled(&self, host: &Host) -> i64 {
        each(self.pairs.len(), |number| surplus(host, &self.pairs[number], self.written[number])).iter().sum()
    }
}

fn replay(address: SocketAddr, sent: &[Sent]) -> Vec<Reply> {
    let mut connection = Connection::open(address).expect("the server is up again");
    sent.iter().map(|sent| connection.send(&sent.request).expect("it answers")).collect()
}

/// Whether the server knew this write: a spend says so, a redemption is then 200 and not 201.
fn is_repetition(reply: &Reply) -> bool {
    reply.status == 200 && !reply.body.contains("\"replayed\":false")
}

/// Whether a write that was acknowledged is answered as it was, only as a repetition; one that was not need only succeed.
fn agrees(sent: &Sent, again: &Reply) -> bool {
    let Some(answer) = &sent.answer else { return matches!(again.status, 200 | 201) };
    let expected = answer.body.replace("\"replayed\":false", "\"replayed\":true");
    again.status == 200 && again.body == expected
}

fn is_redemption(sent: &Sent) -> bool {
    sent.request.line().ends_with("/redeem")
}

/// What one referral has too much (or, below zero, too little) of.
fn surplus(host: &Host, pair: &Pair, (spends, redemptions): (i64, i64)) -> i64 {
    let taken = WELCOME_CENTS - cents(&host.available(&pair.referred).into());
    let lines = host.count(&pair.referred, "credit_redemption") as i64;
    let rewards = host.count(&pair.referrer, "referral_bonus") as i64;
    let net = net_spend(host, pair);
    let expected_rewards = i64::from(spends * SPEND_CENTS >= 50_00);
    assert_eq!(taken, redemptions * REDEEM_CENTS, "{pair:?}");
    (lines - redemptions).abs() + (net / SPEND_CENTS - spends).abs() + (rewards - expected_rewards).abs()
}

/// What was counted for a referral, as a further spend of one cent tells.
fn net_spend(host: &Host, pair: &Pair) -> i64 {
    let told: Value = host.send(pair.spend(&format!("{}-last", pair.referred), "0.01")).expect(200);
    cents(&told["results"][0]["net_spend"]["amount"])
}
