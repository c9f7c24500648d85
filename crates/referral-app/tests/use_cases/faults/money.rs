//! Sweeps over what moves money, and over what tells of it.

use referral_app::{HistoryQuery, RedeemCredits, ReverseRedemption};
use referral_domain::credit::RedeemMode;
use referral_domain::port::HistoryFilter;
use referral_domain::spend::SpendCommand;
use referral_domain::time::SECOND;
use referral_testkit::build::{a_spend, host, reference, usd};
use referral_testkit::faults::{Sweep, Swept};

use super::{answered, nothing, swept};
use crate::stage::{Stage, answer};

pub(super) async fn sweeps() -> Swept {
    [spends().await, redemptions().await, reversals().await, questions().await].into_iter().sum()
}

async fn ben_is_verified(stage: &Stage) {
    stage.ben_is_verified().await;
    stage.world.clock.advance(SECOND);
}

async fn spends() -> Swept {
    let known = async |stage: &Stage| drop(stage.world.user("u_ben").await);
    let two = async |stage: &Stage| {
        ben_is_verified(stage).await;
        let code = stage.code("u_ana").await;
        stage.refer("u_eva", &code).await;
        stage.hear("u_eva", true).await;
    };
    let told = async |stage: &Stage| {
        two(stage).await;
        stage.spend_all(a_batch(stage)).await;
    };
    let one = async |stage: &Stage| {
        answered(stage.app.record_spend(&stage.a_batch(vec![bens(stage, 1, 30_00)])).await)
    };
    let batch = async |stage: &Stage| answered(stage.app.record_spend(&stage.a_batch(a_batch(stage))).await);
    let odd = async |stage: &Stage| {
        let late = SpendCommand { occurred_at: stage.now().plus_days(1), ..bens(stage, 1, 30_00) };
        answered(stage.app.record_spend(&stage.a_batch(vec![late])).await)
    };
    let sweeps = [
        swept(Sweep::of("spend of somebody nobody referred"), known, one).await,
        swept(Sweep::of("spend that counts"), ben_is_verified, one).await,
        swept(Sweep::of("a batch with two crossings"), two, batch).await,
        swept(Sweep::of("a batch told again"), told, batch).await,
        swept(Sweep::of("spend of the future"), ben_is_verified, odd).await,
    ];
    sweeps.into_iter().sum()
}

fn bens(stage: &Stage, n: u32, cents: i64) -> SpendCommand {
    a_spend(&format!("inv_{n}"), "u_ben", usd(cents)).at(stage.now()).build()
}

/// Ben and Eva cross; one event is told twice, and one a third time with another amount.
fn a_batch(stage: &Stage) -> Vec<SpendCommand> {
    let evas = a_spend("inv_9", "u_eva", usd(60_00)).at(stage.now()).build();
    vec![bens(stage, 1, 30_00), evas, bens(stage, 2, 30_00), bens(stage, 1, 30_00), bens(stage, 2, 31_00)]
}

async fn redemptions() -> Swept {
    let redeemed = async |stage: &Stage| {
        ben_is_verified(stage).await;
        stage.redeem("order:1", "u_ben", 4_00).await.expect("10.00 are available");
        stage.world.clock.advance(SECOND);
    };
    let exactly = |cents| {
        async move |stage: &Stage| {
            answered(stage.app.redeem_credits(&stage.a_redemption("order:1", "u_ben", cents)).await)
        }
    };
    let up_to = async |stage: &Stage| {
        let command =
            RedeemCredits { mode: RedeemMode::UpTo, ..stage.a_redemption("order:1", "u_ben", 99_00) };
        answered(stage.app.redeem_credits(&command).await)
    };
    let sweeps = [
        swept(Sweep::of("credits redeemed exactly"), ben_is_verified, exactly(4_00)).await,
        swept(Sweep::of("credits redeemed as far as they go"), ben_is_verified, up_to).await,
        swept(Sweep::of("nothing redeemed"), nothing, up_to).await,
        swept(Sweep::of("more asked than there is"), ben_is_verified, exactly(10_01)).await,
        swept(Sweep::of("a redemption repeated"), redeemed, exactly(4_00)).await,
        swept(Sweep::of("a reference used for another redemption"), redeemed, exactly(5_00)).await,
    ];
    sweeps.into_iter().sum()
}

async fn reversals() -> Swept {
    let redeemed = async |stage: &Stage| {
        ben_is_verified(stage).await;
        stage.redeem("order:1", "u_ben", 4_00).await.expect("10.00 are available");
        stage.world.clock.advance(SECOND);
    };
    let reverse = |amount| {
        async move |stage: &Stage| {
            let command = a_reversal(stage, amount).await;
            answered(stage.app.reverse_redemption(&command).await)
        }
    };
    let reversed = async |stage: &Stage| {
        redeemed(stage).await;
        let command = a_reversal(stage, Some(1_00)).await;
        answer(stage.app.reverse_redemption(&command).await).expect("4.00 remain");
        stage.world.clock.advance(SECOND);
    };
    let sweeps = [
        swept(Sweep::of("a redemption reversed in part"), redeemed, reverse(Some(1_00))).await,
        swept(Sweep::of("a redemption reversed"), redeemed, reverse(None)).await,
        swept(Sweep::of("a reversal repeated"), reversed, reverse(Some(1_00))).await,
        swept(Sweep::of("more reversed than remains"), redeemed, reverse(Some(4_01))).await,
    ];
    sweeps.into_iter().sum()
}

/// A reversal of the one redemption there is, found without the ports that fail.
async fn a_reversal(stage: &Stage, amount: Option<i64>) -> ReverseRedemption {
    let (mut unit, book) = (stage.world.begin().await, stage.program().book);
    let known = unit.redemptions().find(book, &reference("order:1")).await.expect("the store answers");
    let (program, redemption) = (stage.program().slug.clone(), known.expect("it was redeemed").id);
    ReverseRedemption { program, redemption, reference: reference("back:1"), amount, reason: None }
}

async fn questions() -> Swept {
    let ask = |what: Question| {
        async move |stage: &Stage| {
            let (program, ben, ana) = (stage.program().slug.clone(), host("u_ben"), host("u_ana"));
            let filter = HistoryFilter { limit: 10, ..HistoryFilter::default() };
            let query = HistoryQuery { program: program.clone(), user: ben.clone(), filter };
            match what {
                Question::Balance => stage.app.balance(&program, &ben).await.map(drop),
                Question::History => stage.app.history(&query).await.map(drop),
                Question::Summary => stage.app.summary(&program, &ben).await.map(drop),
                Question::Stats => stage.app.referral_stats(&program, &ana).await.map(drop),
                Question::MyReferrer => stage.app.my_referrer(&program, &ben).await.map(drop),
            }
        }
    };
    let sweeps = [
        swept(Sweep::of("a balance"), ben_is_verified, ask(Question::Balance)).await,
        swept(Sweep::of("a history"), ben_is_verified, ask(Question::History)).await,
        swept(Sweep::of("a summary"), ben_is_verified, ask(Question::Summary)).await,
        swept(Sweep::of("a referrer's stats"), ben_is_verified, ask(Question::Stats)).await,
        swept(Sweep::of("a user's referrer"), ben_is_verified, ask(Question::MyReferrer)).await,
    ];
    sweeps.into_iter().sum()
}

#[derive(Clone, Copy)]
enum Question {
    Balance,
    History,
    Summary,
    Stats,
    MyReferrer,
}
