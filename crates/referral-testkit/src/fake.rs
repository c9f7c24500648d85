//! Time, ids and chance that a test can foresee.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use referral_domain::id::BatchId;
use referral_domain::money::Currency;
use referral_domain::payout::MethodKind;
use referral_domain::port::{Chance, Clock, Ids, Payment, PaymentOrder, Rail, RailFault};
use referral_domain::time::Timestamp;
use uuid::{Builder, Uuid};

/// Where every test's clock starts: 2026-01-31T12:00:00Z.
pub const NOON: Timestamp = Timestamp::from_micros(1_769_860_800_000_000);

/// A clock that stands still until it is told otherwise.
///
/// ```
/// use referral_domain::{port::Clock, time::SECOND};
/// use referral_testkit::fake::{FakeClock, NOON};
/// let clock = FakeClock::default();
/// assert_eq!(clock.now(), NOON);
/// assert_eq!(NOON.to_string(), "2026-01-31T12:00:00.000000Z");
/// clock.advance(SECOND);
/// assert_eq!(clock.now().since(NOON), SECOND);
/// ```
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl Default for FakeClock {
    fn default() -> Self {
        Self::at(NOON)
    }
}

impl FakeClock {
    /// A clock that shows this instant.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.micros()))
    }

    /// Shows another instant from now on, earlier ones included.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }

    /// Moves on by so many microseconds; answers the new instant.
    pub fn advance(&self, micros: i64) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(micros, Ordering::SeqCst) + micros)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The milliseconds of the first id: those of [`NOON`].
const FIRST_MILLIS: u64 = 1_769_860_800_000;

/// Ids in the shape of UUIDv7, each greater than the one before, the same for the same seed.
///
/// ```
/// use referral_domain::port::Ids;
/// use referral_testkit::fake::SeededIds;
/// let (ids, same) = (SeededIds::from_seed(7), SeededIds::from_seed(7));
/// let (first, second) = (ids.next(), ids.next());
/// assert!(first < second);
/// assert_eq!((first, first.get_version_num()), (same.next(), 7));
/// ```
#[derive(Debug)]
pub struct SeededIds {
    seed: [u8; 10],
    given: AtomicU64,
}

impl Default for SeededIds {
    fn default() -> Self {
        Self::from_seed(0)
    }
}

impl SeededIds {
    /// The same, the next one of this time: milliseconds since 1970, not before [`NOON`].
    #[must_use]
    pub fn from_millis(self, millis: u64) -> Self {
        self.given.store(millis.saturating_sub(FIRST_MILLIS), Ordering::SeqCst);
        self
    }

    /// The ids of this seed. Two seeds have no id in common.
    #[must_use]
    pub fn from_seed(seed: u32) -> Self {
        let mut bytes = [0; 10];
        bytes[6..].copy_from_slice(&seed.to_be_bytes());
        Self { seed: bytes, given: AtomicU64::new(0) }
    }
}

impl Ids for SeededIds {
    fn next(&self) -> Uuid {
        let given = self.given.fetch_add(1, Ordering::SeqCst);
        Builder::from_unix_timestamp_millis(FIRST_MILLIS + given, &self.seed).into_uuid()
    }
}

/// Bytes that look like chance and are the same for the same seed (`SplitMix64`).
#[derive(Debug)]
pub struct SeededChance(AtomicU64);

impl Default for SeededChance {
    fn default() -> Self {
        Self::from_seed(0)
    }
}

impl SeededChance {
    /// The bytes of this seed.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next 64 bits.
    pub fn draw(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is positive.
    pub fn below(&self, bound: u64) -> u64 {
        self.draw() % bound
    }
}

impl Chance for SeededChance {
    fn fill(&self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(8) {
            part.copy_from_slice(&self.draw().to_le_bytes()[..part.len()]);
        }
    }
}

/// A rail whose files are lines of what is paid to whom.
///
/// ```
/// use referral_domain::{payout::MethodKind, port::Rail};
/// use referral_testkit::{build::usd, fake::PlainRail};
/// let paypal = PlainRail::only("paypal", MethodKind::Paypal);
/// assert!(paypal.takes(MethodKind::Paypal, usd(0).currency()).is_ok());
/// assert!(paypal.takes(MethodKind::External, usd(0).currency()).is_err());
/// assert!(PlainRail::any("csv").takes(MethodKind::External, usd(0).currency()).is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PlainRail {
    format: &'static str,
    only: Option<MethodKind>,
}

impl PlainRail {
    /// One that takes every batch.
    #[must_use]
    pub const fn any(format: &'static str) -> Self {
        Self { format, only: None }
    }

    /// One that takes batches of this kind alone.
    #[must_use]
    pub const fn only(format: &'static str, kind: MethodKind) -> Self {
        Self { format, only: Some(kind) }
    }
}

impl Rail for PlainRail {
    fn format(&self) -> &'static str {
        self.format
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }

    fn file_name(&self, batch: BatchId) -> String {
        format!("{batch}.txt")
    }

    fn takes(&self, kind: MethodKind, _: Currency) -> Result<(), RailFault> {
        let fits = self.only.is_none_or(|only| only == kind);
        if fits { Ok(()) } else { Err(RailFault(format!("{} takes no {kind}", self.format))) }
    }

    fn render(&self, order: &PaymentOrder) -> Result<Vec<u8>, RailFault> {
        let line = |payment: &Payment| format!("{} {}\n", payment.payout, payment.amount);
        Ok(order.payments.iter().map(line).collect::<String>().into_bytes())
    }
}
