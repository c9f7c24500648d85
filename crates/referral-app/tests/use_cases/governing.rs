//! Programs changed, rules published, codes managed: what holds for whom, and who is told to have done it.

use referral_app::{
    ChangeCode, ChangeProgram, CodeBounds, CodeTaken, CreateCode, CreateProgram, CreateProgramRefused,
    Failure, Idempotent, PublishRules, Replayable, RulesReceipt, RulesRefused, SignUp,
};
use referral_domain::audit::{Actor, ActorKind};
use referral_domain::code::CodeText;
use referral_domain::money::Money;
use referral_domain::port::{AuditFilter, CodeFilter};
use referral_domain::program::ProgramStatus;
use referral_domain::rules::{RuleFault, RulesDraft};
use referral_domain::time::{DAY, HOUR, SECOND};
use referral_testkit::build::{currency, host, slug, usd};
use referral_testkit::contract::race;

use crate::stage::{Stage, answer, done, fresh, made};

pub(crate) fn ada() -> Actor {
    Actor { kind: ActorKind::Staff, id: "u_ada".to_owned() }
}

/// The default rules with another welcome credit, from now on.
pub(crate) fn welcoming(cents: i64) -> PublishRules {
    let welcome_credit = usd(cents);
    let rules = RulesDraft { welcome_credit, ..RulesDraft::default_in(currency("USD")) };
    PublishRules { program: slug("default"), rules, effective_from: None, by: ada() }
}

pub(crate) fn a_program(name: &str) -> CreateProgram {
    CreateProgram {
        slug: slug("acme"),
        name: name.to_owned(),
        currency: currency("USD"),
        landing_url: "https://acme.example".to_owned(),
        rules: None,
        by: ada(),
    }
}

pub(crate) fn pausing() -> ChangeProgram {
    let status = Some(ProgramStatus::Paused);
    ChangeProgram { slug: slug("default"), name: None, landing_url: None, status, by: ada() }
}

pub(crate) fn a_vanity(text: &str) -> CreateCode {
    CreateCode {
        program: slug("default"),
        user: host("u_ana"),
        text: CodeText::parse(text).expect("a code"),
        bounds: CodeBounds::default(),
        by: ada(),
    }
}

/// A command that switches the newest code off.
pub(crate) async fn switching_off(stage: &Stage) -> ChangeCode {
    use referral_domain::port::Reports as _;
    let filter = CodeFilter { limit: 1, ..CodeFilter::default() };
    let codes = stage.memory.codes(stage.program().book, &filter).await.expect("the store answers");
    let (program, id, active) = (slug("default"), codes[0].code.id, Some(false));
    ChangeCode { program, id, active, expires_at: None, max_uses: None, daily_limit: None, by: ada() }
}

pub(crate) fn a_request(key: &str, body: u8) -> Idempotent<'_, RulesReceipt> {
    let (caller, endpoint) = ("staff:u_ada", "POST /rules");
    Idempotent { caller, endpoint, key, request: [body; 32], render: &|_| (201, "published".to_owned()) }
}

async fn publish(stage: &Stage, command: &PublishRules) -> u32 {
    let published = stage.app.publish_rules(command, None).await.expect("published");
    fresh(published).published.version.version
}

async fn deeds(stage: &Stage) -> Vec<(String, String)> {
    let filter = AuditFilter { limit: 99, ..AuditFilter::default() };
    let page = stage.app.audit(&slug("default"), &filter).await.expect("a page");
    page.items.into_iter().map(|item| (item.action, item.subject)).collect()
}

#[tokio::test]
async fn a_referral_has_what_was_promised_when_its_code_was_applied() {
    let stage = Stage::open().await;
    let code = stage.code("u_ana").await;
    let before = stage.now();
    stage.world.clock.advance(HOUR);
    assert_eq!(publish(&stage, &welcoming(12_00)).await, 2);
    stage.world.clock.advance(HOUR);
    let told_late =
        SignUp { applied_at: Some(before), created_at: Some(before), ..stage.with_code("u_ben", &code) };
    let ben = made(stage.app.sign_up(&told_late).await);
    let cat = stage.refer("u_cat", &code).await;
    let promised =
        |facts: &referral_domain::referral::ReferralFacts| (facts.rule_version, facts.terms.welcome_credit);
    assert_eq!((promised(&ben.facts), promised(&cat.facts)), ((1, 10_00), (2, 12_00)));
    publish(&stage, &welcoming(1_00)).await;
    for user in ["u_ben", "u_cat"] {
        stage.hear(user, true).await;
    }
    assert_eq!((stage.available("u_ben").await, stage.available("u_cat").await), (10_00, 12_00));
}

#[tokio::test]
async fn rules_of_the_future_wait_for_their_instant_and_bar_what_would_come_before() {
    let stage = Stage::open().await;
    let (now, code) = (stage.now(), stage.code("u_ana").await);
    let tomorrow = PublishRules { effective_from: Some(now.plus_micros(DAY)), ..welcoming(12_00) };
    assert_eq!(publish(&stage, &tomorrow).await, 2);
    let sooner = answer(stage.app.publish_rules(&welcoming(1_00), None).await);
    assert_eq!(sooner, Err(RulesRefused::Overtaken { version: 2, from: now.plus_micros(DAY) }));
    let past = PublishRules { effective_from: Some(now.plus_micros(-1)), ..welcoming(1_00) };
    assert_eq!(answer(stage.app.publish_rules(&past, None).await), Err(RulesRefused::Past));
    assert_eq!(stage.refer("u_ben", &code).await.facts.rule_version, 1);
    stage.world.clock.advance(DAY);
    assert_eq!(stage.refer("u_cat", &code).await.facts.rule_version, 2);
}

/// Another server's clock is ahead, or these waited for the program while that one published.
#[tokio::test]
async fn rules_told_at_the_same_time_follow_each_other() {
    let stage = Stage::open().await;
    let at = |micros: i64| PublishRules {
        effective_from: Some(stage.now().plus_micros(micros)),
        ..welcoming(12_00)
    };
    assert_eq!(publish(&stage, &at(5 * SECOND)).await, 2);
    assert_eq!(publish(&stage, &welcoming(1_00)).await, 3);
    assert_eq!(publish(&stage, &at(5 * SECOND + 1)).await, 4);
    let later = answer(stage.app.publish_rules(&welcoming(1_00), None).await);
    let from = stage.now().plus_micros(5 * SECOND + 1);
    assert_eq!(later, Err(RulesRefused::Overtaken { version: 4, from }), "that is no moment any more");
}

#[tokio::test]
async fn rules_that_do_not_go_together_are_refused_with_every_reason() {
    let stage = Stage::open().await;
    let mut command = welcoming(1_00);
    command.rules.welcome_credit = Money::of(1, currency("EUR"));
    command.rules.reward_budget = Some(usd(1));
    let faults = vec![RuleFault::Currency { rule: "welcome_credit" }, RuleFault::BudgetBelowReward];
    let stored = stage.stored();
    let refused = answer(stage.app.publish_rules(&command, None).await);
    assert_eq!(refused, Err(RulesRefused::Rules(faults.clone())));
    let preview = answer(stage.app.preview_rules(&command).await).expect("a preview");
    assert_eq!((preview.refusals, preview.rules), (vec![RulesRefused::Rules(faults)], None));
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn versions_published_at_once_are_numbered_without_a_gap_and_each_is_told_of() {
    let stage = Stage::open().await;
    let racers = (1..=8).map(|n| {
        let app = stage.app.clone();
        async move {
            fresh(app.publish_rules(&welcoming(n), None).await.expect("published")).published.version.version
        }
    });
    let mut numbers = race(racers).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (2..=9).collect::<Vec<_>>());
    let (_, versions, next) =
        answer(stage.app.rule_versions(&slug("default"), None, 100).await).expect("versions");
    assert_eq!((versions.len(), next), (9, None));
    let by = |n: usize| versions[n].published.as_ref().map(|(kind, id, _)| (*kind, id.clone()));
    assert!((0..8).all(|n| by(n) == Some((ActorKind::Staff, Some("u_ada".to_owned())))) && by(8).is_none());
}

#[tokio::test]
async fn rules_published_under_a_key_are_published_once() {
    let stage = Stage::open().await;
    fresh(stage.app.publish_rules(&welcoming(1), Some(&a_request("k", 1))).await.expect("published"));
    let stored = stage.stored();
    let again = answer(stage.app.publish_rules(&welcoming(1), Some(&a_request("k", 1))).await);
    assert!(matches!(again, Ok(Replayable::Replayed(reply)) if reply.status == 201));
    let reused = stage.app.publish_rules(&welcoming(2), Some(&a_request("k", 2))).await;
    assert!(matches!(reused, Err(Failure::KeyReused)));
    assert_eq!(stage.stored(), stored);
}

#[tokio::test]
async fn a_program_is_made_once_and_what_was_changed_is_another() {
    let stage = Stage::open().await;
    let one = done(stage.app.create_program(&a_program("Acme"), None).await).expect("made");
    let again = done(stage.app.create_program(&a_program("Acme"), None).await).expect("there");
    assert_eq!((one.again, again.again, &one.program), (false, true, &again.program));
    let other = done(stage.app.create_program(&a_program("Another"), None).await);
    assert_eq!(other, Err(CreateProgramRefused::Taken));
    let renamed =
        ChangeProgram { slug: slug("acme"), name: Some("New".to_owned()), status: None, ..pausing() };
    assert_eq!(done(stage.app.change_program(&renamed, None).await).expect("changed").name, "New");
    assert_eq!(
        done(stage.app.create_program(&a_program("Acme"), None).await),
        Err(CreateProgramRefused::Taken)
    );
}

#[tokio::test]
async fn what_a_paused_program_withheld_is_granted_once_it_is_active() {
    let stage = Stage::open().await;
    stage.ben_is_verified().await;
    done(stage.app.change_program(&pausing(), None).await).expect("paused");
    stage.spend("inv_1", "u_ben", 60_00).await;
    stage.app.reconcile_referrals().await.expect("nothing to do");
    assert_eq!(stage.available("u_ana").await, 0);
    let active = ChangeProgram { status: Some(ProgramStatus::Active), ..pausing() };
    for _ in 0..2 {
        done(stage.app.change_program(&active, None).await).expect("active");
    }
    stage.app.reconcile_referrals().await.expect("reconciled");
    assert_eq!(stage.available("u_ana").await, 25_00);
    let updates = deeds(&stage).await.into_iter().filter(|(action, _)| action == "program.update").count();
    assert_eq!(updates, 2, "what changes nothing is told to nobody");
}

#[tokio::test]
async fn a_code_that_reads_like_anothers_is_taken() {
    let stage = Stage::open().await;
    let one = done(stage.app.create_code(&a_vanity("ANA-ONE"), None).await).expect("made");
    let again = done(stage.app.create_code(&a_vanity("ANA-ONE"), None).await).expect("there");
    assert_eq!((one.again, again.again, &one.item), (false, true, &again.item));
    let eve = CreateCode { user: host("u_eve"), ..a_vanity("ANA-0NE") };
    assert_eq!(done(stage.app.create_code(&eve, None).await), Err(CodeTaken));
    let bounded = CreateCode {
        bounds: CodeBounds { max_uses: Some(1), ..CodeBounds::default() },
        ..a_vanity("ANA-ONE")
    };
    assert_eq!(
        done(stage.app.create_code(&bounded, None).await),
        Err(CodeTaken),
        "bounds are changed, not made anew"
    );
    let off = done(stage.app.change_code(&switching_off(&stage).await, None).await).expect("changed");
    assert!(!off.code.active && off.owner == Some(host("u_ana")));
    let id = one.item.code.id.to_string();
    assert_eq!(deeds(&stage).await, [("code.update".to_owned(), id.clone()), ("code.create".to_owned(), id)]);
}
