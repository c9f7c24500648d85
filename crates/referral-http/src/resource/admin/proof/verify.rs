//! `GET /api/admin/ledger/verify`: may take minutes, so the reply begins before its end is known.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::rt::task::{JoinError, JoinHandle};
use actix_web::rt::{self, time::timeout};
use actix_web::web::{Bytes, Data};
use futures_util::{Stream, stream};
use referral_app::{App, Expected, Never, Verification, VerifyTurn, verify_ledger};
use referral_domain::ledger::{Broken, ChainHead, LedgerCounts, UnsealedTail, Verdict};
use referral_domain::port::StoreError;
use referral_domain::reference::Slug;
use referral_proof::Hash;
use referral_proof::text;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Reads, Staff};
use crate::form::{Node, Params};
use crate::problem::{Problem, ProblemCode, Reply};
use crate::resource::{failed, reply};
use crate::view::TimeView;

/// How long a verification is waited for before the reply begins; and then how often a blank is sent, which JSON allows
/// before its value, so that nobody on the way gives up.
const BEAT: Duration = Duration::from_secs(5);

/// When to ask again while another verification runs.
const RETRY: Duration = Duration::from_secs(30);

/// A verification of the whole ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verification)]
pub struct VerificationView {
    /// `verified`, `partial` (some transfers are not sealed yet) or `broken`.
    pub answer: &'static str,
    /// How much was looked at: of the whole store, over all programs.
    pub counts: CountsView,
    /// The end of the program's chain, if it has one: what to publish.
    pub heads: Vec<HeadView>,
    /// What no block seals yet.
    pub not_covered: Vec<NotCoveredView>,
    /// The first place that does not hold. Of one in another program, a token or key of one program is told the check alone.
    pub broken: Option<BrokenView>,
    /// The block whose hash was asked for.
    pub published: Option<HeadView>,
}

/// How much was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerificationCounts)]
#[allow(missing_docs, reason = "the names say it")]
pub struct CountsView {
    pub programs: u64,
    pub transactions: u64,
    pub transfers: u64,
    pub entries: u64,
    pub accounts: u64,
    pub history_lines: u64,
    pub referrals: u64,
    pub blocks: u64,
    pub sealed_transfers: u64,
}

/// A block of a chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChainHead)]
pub struct HeadView {
    /// The program.
    pub program: String,
    /// The block's number.
    pub block: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// Transfers that no block seals yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotCovered)]
pub struct NotCoveredView {
    /// The program.
    pub program: String,
    /// How many.
    pub transfers: u64,
    /// When the first of them was recorded.
    pub since: TimeView,
}

/// The first place that does not hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BrokenPlace)]
pub struct BrokenView {
    /// Which check found it.
    pub check: &'static str,
    /// Where.
    pub place: String,
    /// What should be there.
    pub expected: String,
    /// What is.
    pub found: String,
}

impl From<&LedgerCounts> for CountsView {
    fn from(counts: &LedgerCounts) -> Self {
        Self {
            programs: counts.books,
            transactions: counts.transactions,
            transfers: counts.transfers,
            entries: counts.entries,
            accounts: counts.accounts,
            history_lines: counts.lines,
            referrals: counts.referrals,
            blocks: counts.blocks,
            sealed_transfers: counts.sealed,
        }
    }
}

impl From<&ChainHead> for HeadView {
    fn from(head: &ChainHead) -> Self {
        Self { program: head.program.to_string(), block: head.n, hash: text::hex(&head.hash) }
    }
}

impl From<&UnsealedTail> for NotCoveredView {
    fn from(tail: &UnsealedTail) -> Self {
        Self { program: tail.program.to_string(), transfers: tail.transfers, since: tail.since.into() }
    }
}

impl From<&Broken> for BrokenView {
    fn from(broken: &Broken) -> Self {
        let Broken { check, place, expected, found } = broken.clone();
        Self { check: check.as_str(), place, expected, found }
    }
}

/// What the people of a program may see: its own chain, and how much was looked at in all.
fn view(found: &Verification, own: &Slug) -> VerificationView {
    let counts = found.verdict.counts();
    let seen = |program: &Slug| own == program;
    VerificationView {
        answer: found.verdict.answer().as_str(),
        counts: counts.into(),
        heads: counts.heads.iter().filter(|head| seen(&head.program)).map(HeadView::from).collect(),
        not_covered: counts
            .unsealed
            .iter()
            .filter(|tail| seen(&tail.program))
            .map(NotCoveredView::from)
            .collect(),
        broken: match &found.verdict {
            Verdict::Broken { first, .. } => Some(first.into()),
            Verdict::Verified(_) => None,
        },
        published: found.published.as_ref().map(HeadView::from),
    }
}

fn hash(node: Node<'_>) -> Option<Hash> {
    let found = text::hash(node.text()?);
    found.or_else(|| node.fault("bad-format", "a hash is 64 hexadecimal digits"))
}

fn read(params: &mut Params<'_>) -> Option<Option<Hash>> {
    params.optional("expect_head", hash)
}

fn busy() -> Problem {
    let detail = "one verification at a time; this server is at one";
    Problem::new(ProblemCode::VerificationRunning).detail(detail).retry_after(RETRY)
}

type Verifying = JoinHandle<Result<Verification, StoreError>>;

/// It goes on to its end, whether or not anybody waits for it; the turn ends with it.
fn start(app: &App, turn: VerifyTurn, expected: Expected) -> Verifying {
    let app = app.clone();
    rt::spawn(async move {
        let found = verify_ledger(app.reports(), app.now(), &expected).await;
        drop(turn);
        found
    })
}

fn settled(
    done: Result<Result<Verification, StoreError>, JoinError>,
    own: &Slug,
) -> Result<VerificationView, Problem> {
    let found = done.map_err(Problem::internal)?.map_err(Problem::from)?;
    Ok(view(&found, own))
}

/// The whole reply when it is soon known; else one that has begun.
async fn in_time(mut verifying: Verifying, own: Slug) -> Reply {
    match timeout(BEAT, &mut verifying).await {
        Ok(done) => Ok(reply::ok(&settled(done, &own)?)),
        Err(_) => Ok(HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((CONTENT_ENCODING, "identity"))
            .insert_header((CACHE_CONTROL, reply::PRIVATE))
            .streaming(beats(verifying, own))),
    }
}

/// Blanks, then the value. A breakdown ends the reply unfinished: its status is told already.
fn beats(verifying: Verifying, own: Slug) -> impl Stream<Item = Result<Bytes, Problem>> {
    stream::unfold(Some(verifying), move |left| {
        let own = own.clone();
        async move {
            let mut verifying = left?;
            match timeout(BEAT, &mut verifying).await {
                Err(_) => Some((Ok(Bytes::from_static(b" ")), Some(verifying))),
                Ok(done) => {
                    let view = settled(done, &own);
                    Some((view.map(|view| Bytes::from(reply::text(&view))), None))
                }
            }
        }
    })
}

/// Recomputes the whole ledger, every block included. It reads everything, so there is one at a time; the reply may begin
/// with blanks. `broken` answers 200 too: the question was answered.
#[utoipa::path(
    get, path = "/api/admin/ledger/verify", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs; whose chain is told"),
        ("expect_head" = Option<String>, Query, description = "A hash that was published: one of the chain's blocks must have it"),
    ),
    responses((status = 200, body = VerificationView)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn verify(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let head = staff.query.read(read)?.map(|hash| (Some(staff.program.clone()), hash));
    let program = app.program::<Never>(&staff.program).await.map_err(failed(app.now()))?;
    let turn = app.verify_turn().ok_or_else(busy)?;
    let within = (!staff.reaches_all).then_some(program.book);
    let expected = Expected { head, within, ..Expected::default() };
    in_time(start(&app, turn, expected), staff.program).await
}
