//! `GET /api/admin/ledger/blocks`

use actix_web::web::Data;
use referral_app::App;
use referral_domain::ledger::Block;
use referral_domain::port::BlockFilter;
use referral_domain::time::Timestamp;
use referral_proof::text::hex;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Reads, Staff};
use crate::form::Params;
use crate::page::{Cursor, List, Page};
use crate::problem::{Problem, Reply};
use crate::resource::{failed, reply};
use crate::view::TimeView;

const ENDPOINT: &str = "GET /api/admin/ledger/blocks";

/// A block of a program's chain. Hashes are in hexadecimal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Block)]
pub struct BlockView {
    /// Its place in the chain, from 1.
    pub n: u64,
    /// The hash of the block before; zeros of the first.
    pub prev: String,
    /// The Merkle root of its transfers.
    pub root: String,
    /// How many transfers it seals.
    pub count: u64,
    /// When it was sealed.
    pub sealed_at: TimeView,
    /// Its hash: what to publish.
    pub hash: String,
    /// The Ed25519 signature of its hash; null when no key was configured.
    pub signature: Option<String>,
}

impl From<&Block> for BlockView {
    fn from(block: &Block) -> Self {
        let Block { header, hash, signature } = block;
        Self {
            n: header.n,
            prev: hex(&header.prev),
            root: hex(&header.root),
            count: header.count,
            sealed_at: Timestamp::from_micros(header.sealed_at).into(),
            hash: hex(hash),
            signature: signature.as_ref().map(|signature| hex(signature)),
        }
    }
}

fn read(params: &mut Params<'_>) -> Option<(u32, Option<Cursor>)> {
    let (limit, cursor) = (params.limit(), params.cursor());
    Some((limit?, cursor?))
}

/// One more than the page holds, so that it is known whether there is another.
fn filter(limit: u32, cursor: Option<&Cursor>, list: &List) -> Result<BlockFilter, Problem> {
    let before = list.continued(cursor, |text| text.parse().ok())?;
    Ok(BlockFilter { before, limit: limit.saturating_add(1), ..BlockFilter::default() })
}

fn page(blocks: &[Block], limit: u32, list: &List) -> Page<BlockView> {
    let shown = &blocks[..blocks.len().min(limit as usize)];
    let next = shown.last().filter(|_| blocks.len() > shown.len());
    let next_cursor = next.map(|block| list.cursor(block.header.n));
    Page { items: shown.iter().map(BlockView::from).collect(), next_cursor }
}

/// The blocks of the program's chain, newest first. They never change.
#[utoipa::path(
    get, path = "/api/admin/ledger/blocks", tag = "administration",
    params(
        ("program" = Option<String>, Query, description = "Required for a token of all programs"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when not given"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = Page<BlockView>)),
    security(("bearer" = ["operator", "finance", "admin"]), ("api_key" = ["admin:read"]), ("api_key" = ["admin:write"])),
)]
pub async fn list_blocks(app: Data<App>, staff: Staff<Reads>) -> Reply {
    let (limit, cursor) = staff.query.read(read)?;
    let list = List::new(ENDPOINT, &staff.actor.to_string()).filter("program", &staff.program);
    let filter = filter(limit, cursor.as_ref(), &list)?;
    let blocks = app.blocks(&staff.program, &filter).await.map_err(failed(app.now()))?;
    Ok(reply::ok(&page(&blocks, limit, &list)))
}
