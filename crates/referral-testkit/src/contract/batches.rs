//! A batch equals its items one by one, at the same instant: whole read models are compared.
#![allow(missing_docs, reason = "a case's name is the promise it proves")]

use referral_domain::money::Money;
use referral_domain::program::{Commission, Program, Terms};
use referral_domain::reference::HostId;
use referral_domain::referral::State;
use referral_domain::spend::{Answer, EventCommand, Outcome, RefundCommand, RefundReason, SpendCommand};
use referral_domain::time::{DAY, Timestamp};
use referral_domain::user::Word;

use super::Subject;
use crate::build::{a_program, a_referral, a_refund, a_spend, currency, host, usd};
use crate::fake::{NOON, SeededChance};
use crate::fingerprint::{normalised, picture};
use crate::world::World;

/// Who spends; the first eight were referred, the last two nobody referred.
const SPENDERS: [&str; 10] = ["u_0", "u_1", "u_2", "u_3", "u_4", "u_5", "u_6", "u_fraud", "u_alone", "u_new"];
const REFERRERS: [&str; 3] = ["u_verified", "u_unknown", "u_unverified"];
const HISTORIES: u64 = 8;
const COMMANDS: usize = 90;

pub async fn a_batch_equals_its_items_one_by_one(subject: Subject) {
    let together = World::open(subject).await;
    let mut outcomes = std::collections::BTreeSet::<Outcome>::new();
    let mut compared = 0;
    for seed in 0..HISTORIES {
        let program = |kind: &str| a_program().named(&format!("{kind}-{seed}")).terms(terms(seed)).build();
        let (batch, single) = (program("batch"), program("single"));
        let (batch, single) = (together.beside(batch).await, together.beside(single).await);
        let commands = history(seed);
        let one = tell_at_once(&batch, &commands).await;
        let other = tell_one_by_one(&single, &commands).await;
        assert_eq!(one.0, other.0, "the answers of history {seed}");
        assert_eq!(one.1, other.1, "what is stored after history {seed}");
        outcomes
            .extend(Outcome::ALL.iter().copied().filter(|outcome| one.0.contains(&format!("{outcome:?}"))));
        compared += commands.len();
    }
    println!("histories={HISTORIES} commands={compared} kinds of outcome={}", outcomes.len());
    assert_eq!(outcomes.len(), Outcome::ALL.len(), "every outcome occurred: {outcomes:?}");
}

/// Every other history holds what is granted, and pays commission.
fn terms(seed: u64) -> Terms {
    let plain = Terms::default();
    match seed % 2 {
        0 => plain,
        _ => Terms { hold_days: 14, commission: Commission::of_millionths(105_000, 3, Some(9_00)), ..plain },
    }
}

async fn tell_at_once(world: &World, commands: &[EventCommand]) -> (String, String) {
    set_the_stage(world).await;
    let answers = world.tell(commands).await;
    (shown(world, &answers), portrait(world, commands).await)
}

async fn tell_one_by_one(world: &World, commands: &[EventCommand]) -> (String, String) {
    set_the_stage(world).await;
    let mut answers = Vec::new();
    for command in commands {
        answers.extend(world.tell(std::slice::from_ref(command)).await);
    }
    (shown(world, &answers), portrait(world, commands).await)
}

/// Referrers of whose e-mails different things are known, friends of each, half of them verified, one a fraud.
async fn set_the_stage(world: &World) {
    world.clock.set(NOON);
    let mut codes = Vec::new();
    for name in REFERRERS {
        codes.push(world.code(name).await);
    }
    world.hear("u_verified", Word { at: NOON, verified: true }).await;
    world.hear("u_unverified", Word { at: NOON, verified: false }).await;
    for (n, name) in SPENDERS[..7].iter().enumerate() {
        world.sign_up(name, &codes[n % 3]).await.expect("applied");
        if n < 5 {
            world.verify(name).await;
        }
    }
    let fraud = world.user("u_fraud").await;
    let state = State::Fraud { activated_at: None, closed_at: NOON };
    world.refer(&[a_referral(&world.program, &codes[0], fraud.id).in_state(state).build()]).await;
    world.user("u_alone").await;
    world.clock.advance(100 * DAY);
}

/// The same event with another body.
fn dearer(event: EventCommand) -> EventCommand {
    match event {
        EventCommand::Spend(spend) => SpendCommand { amount: usd(spend.amount.minor() + 1), ..spend }.into(),
        EventCommand::Refund(refund) => {
            RefundCommand { amount: usd(refund.amount.minor() + 1), ..refund }.into()
        }
    }
}

/// A refund of a spend that was told, or of one that is told later or never, in part or beyond it.
fn refunding(n: usize, spend: &SpendCommand, pick: &dyn Fn(usize) -> usize) -> EventCommand {
    let named = if pick(4) == 0 { format!("inv_{}", n + 1 + pick(3)) } else { spend.source.to_string() };
    let amounts = [spend.amount, spend.amount, usd(5_00), usd(70_00), Money::of(5, currency("JPY"))];
    let user = if pick(8) == 0 { SPENDERS[pick(10)] } else { spend.user.as_str() };
    let at = spend.occurred_at.plus_micros([0, DAY, 59 * DAY, 61 * DAY][pick(4)]);
    let at = at.min(NOON.plus_days(100));
    let refund = a_refund(&format!("ref_{n}"), user, &named, amounts[pick(5)]).at(at);
    refund.because(RefundReason::ALL[pick(4)]).build().into()
}

/// Commands with repetitions, other bodies under known ids, other currencies, and times around the windows.
fn history(seed: u64) -> Vec<EventCommand> {
    let chance = SeededChance::from_seed(seed);
    let pick = |from: usize| usize::try_from(chance.below(from as u64)).expect("an index");
    let mut told: Vec<EventCommand> = Vec::new();
    for n in 0..COMMANDS {
        let again = told.get(pick(COMMANDS)).cloned();
        told.push(match (again, pick(4)) {
            (Some(same), 0..2) => same,
            (Some(same), 2) => dearer(same),
            (Some(EventCommand::Spend(spend)), _) => refunding(n, &spend, &pick),
            _ => fresh(n, &pick),
        });
    }
    told
}

fn fresh(n: usize, pick: &dyn Fn(usize) -> usize) -> EventCommand {
    const TIMES: [i64; 6] = [-DAY, 0, DAY, 2 * DAY, 89 * DAY, 95 * DAY];
    let amounts = [usd(10_00), usd(25_00), usd(49_99), usd(50_00), usd(60_00), Money::of(5, currency("JPY"))];
    let at: Timestamp = NOON.plus_micros(TIMES[pick(6)]);
    a_spend(&format!("inv_{n}"), SPENDERS[pick(10)], amounts[pick(6)]).at(at).build().into()
}

/// The body's hash covers the user's id, which is drawn.
fn shown(world: &World, answers: &[Answer]) -> String {
    let shown = |answer: &Answer| {
        let mut answer = answer.clone();
        if let Answer::Recorded(event) | Answer::Replayed(event) = &mut answer {
            event.body.0 = [0; 32];
        }
        format!("{answer:?}\n")
    };
    let text: String = answers.iter().map(shown).collect();
    normalised(&text.replace(&format!("{:?}", world.program.book), "book"))
}

/// What reports tell of everybody, and the events as they are stored.
async fn portrait(world: &World, commands: &[EventCommand]) -> String {
    let users: Vec<HostId> = SPENDERS.iter().chain(&REFERRERS).map(|name| host(name)).collect();
    let text = picture(world.reports.as_ref(), &world.program, &users, world.now()).await;
    let mut events = Vec::new();
    for command in commands {
        let stored = world.event(command.source().as_str()).await;
        events.push(stored.map_or(Answer::Conflict(command.source().clone()), Answer::Recorded));
    }
    let Program { currency, .. } = world.program;
    format!("{currency:?}\n{}{}", text.expect("reports"), shown(world, &events))
}
