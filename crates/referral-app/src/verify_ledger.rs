//! Verifying the ledger against what was published of it.

use referral_domain::id::BookId;
use referral_domain::ledger::{Broken, ChainHead, Check, Hash, Verdict};
use referral_domain::port::{BlockFilter, Reports, StoreError};
use referral_domain::program::Program;
use referral_domain::reference::Slug;
use referral_domain::time::Timestamp;
use referral_proof::sign::PublicKey;
use referral_proof::text::hex;

/// How many blocks are read at once.
const PAGE: u32 = 1_000;

/// What is known from outside.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// A hash that was published, and of which program, if that is known.
    pub head: Option<(Option<Slug>, Hash)>,
    /// Keys that sign blocks; without any, signatures are not looked at.
    pub keys: Vec<PublicKey>,
    /// The one book whose rows may be told; `None` for all of them.
    pub within: Option<BookId>,
}

/// A verification, and where what was published stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verification {
    /// The verdict.
    pub verdict: Verdict,
    /// The block of the published hash.
    pub published: Option<ChainHead>,
    /// How many blocks one of the keys signed.
    pub signed: Option<u64>,
}

/// Recomputes the whole ledger, and compares it with what is known from outside: the published hash is that of a block,
/// and every block that is signed is signed by one of the keys.
///
/// # Errors
/// The store's.
pub async fn verify_ledger(
    reports: &dyn Reports,
    now: Timestamp,
    expected: &Expected,
) -> Result<Verification, StoreError> {
    let verdict = reports.verify().await?;
    let verdict = match expected.within {
        Some(book) => verdict.seen_from(book),
        None => verdict,
    };
    let mut whole = Verification { verdict, published: None, signed: None };
    let programs = reports.programs(now).await?;
    if let Some((program, hash)) = &expected.head {
        let programs =
            programs.iter().filter(|known| program.as_ref().is_none_or(|slug| known.slug == *slug));
        whole.published = published(reports, programs, *hash).await?;
        if whole.published.is_none() {
            whole.breaks(unknown_head(program.as_ref(), *hash, whole.verdict.counts()));
        }
    }
    if !expected.keys.is_empty() {
        match signed(reports, &programs, &expected.keys).await? {
            Ok(signed) => whole.signed = Some(signed),
            Err(broken) => whole.breaks(broken),
        }
    }
    Ok(whole)
}

/// The block of this hash, in any of these programs.
async fn published(
    reports: &dyn Reports,
    programs: impl Iterator<Item = &Program>,
    hash: Hash,
) -> Result<Option<ChainHead>, StoreError> {
    for program in programs {
        let filter = BlockFilter { hash: Some(hash), limit: 1, ..BlockFilter::default() };
        if let Some(block) = reports.blocks(program.book, &filter).await?.pop() {
            return Ok(Some(ChainHead { program: program.slug.clone(), n: block.header.n, hash }));
        }
    }
    Ok(None)
}

/// How many blocks are signed, all by these keys; or the first that is signed otherwise.
async fn signed(
    reports: &dyn Reports,
    programs: &[Program],
    keys: &[PublicKey],
) -> Result<Result<u64, Broken>, StoreError> {
    let mut signed = 0;
    for program in programs {
        let mut from = Some(0);
        while let Some(first) = from {
            let filter =
                BlockFilter { from: Some(first), ascending: true, limit: PAGE, ..BlockFilter::default() };
            let page = reports.blocks(program.book, &filter).await?;
            from = page.last().map(|block| block.header.n + 1);
            for block in &page {
                let Some(signature) = &block.signature else { continue };
                if !keys.iter().any(|key| key.has_signed(&block.hash, signature)) {
                    let place = format!(
                        "ledger_blocks n {} of program {}: its signature",
                        block.header.n, program.slug
                    );
                    return Ok(Err(broken(place, "one by a known key", &hex(signature))));
                }
                signed += 1;
            }
        }
    }
    Ok(Ok(signed))
}

impl Verification {
    /// What was found first stays the first.
    fn breaks(&mut self, first: Broken) {
        if let Verdict::Verified(counts) = &self.verdict {
            self.verdict = Verdict::Broken { counts: counts.clone(), first };
        }
    }
}

fn unknown_head(
    program: Option<&Slug>,
    hash: Hash,
    counts: &referral_domain::ledger::LedgerCounts,
) -> Broken {
    let theirs = counts.heads.iter().filter(|head| program.is_none_or(|slug| head.program == *slug));
    let heads: Vec<_> =
        theirs.map(|head| format!("{} n {} {}", head.program, head.n, hex(&head.hash))).collect();
    let place = match program {
        Some(slug) => format!("ledger_blocks of program {slug}: the published head"),
        None => "ledger_blocks: the published head".to_owned(),
    };
    let found = if heads.is_empty() { "no block".to_owned() } else { format!("heads {}", heads.join(", ")) };
    broken(place, &format!("a block whose hash is {}", hex(&hash)), &found)
}

fn broken(place: String, expected: &str, found: &str) -> Broken {
    Broken { check: Check::Seals, place, expected: expected.to_owned(), found: found.to_owned() }
}
