//! How much is measured.

use std::time::Duration;

use anyhow::{Result, bail};

/// The connections that the design's targets are for.
const SINGLES: usize = 64;

/// How many referred users the design has spend.
const SPENDERS: u64 = 100_000;

/// How much, and which workloads.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How often each is measured, in turn with its reference.
    pub(crate) rounds: usize,
    /// How long each measurement takes.
    pub(crate) each: Duration,
    /// Referred users of the large and of the small data set, and lines in each one's ledger.
    pub(crate) large: u64,
    pub(crate) small: u64,
    pub(crate) lines: u64,
    /// How many connections send events and sign-ups one by one.
    pub(crate) singles: usize,
    /// How long the embedded store is loaded before its memory is looked at.
    pub(crate) soak: Duration,
    /// Whether figures are held against their targets.
    pub(crate) judged: bool,
    only: Vec<String>,
}

impl Plan {
    /// From the command line; the words that are no options are left.
    pub(crate) fn read(words: &[&str]) -> Result<(Self, Vec<String>)> {
        let (mut plan, mut left, mut words) = (Self::whole(), Vec::new(), words.iter());
        while let Some(word) = words.next() {
            match *word {
                "--quick" => plan = Self { only: plan.only, ..Self::quick() },
                "--referred" => plan.large = number(words.next())?,
                "--connections" => {
                    plan.singles = usize::try_from(number(words.next())?)?;
                    plan.judged &= plan.singles == SINGLES;
                }
                "--long" => plan.soak = Duration::from_secs(600),
                "--only" => match words.next() {
                    Some(list) => plan.only = list.split(',').map(str::to_owned).collect(),
                    None => bail!("--only what?"),
                },
                option if option.starts_with("--") => bail!("no such option: {option}"),
                word => left.push(word.to_owned()),
            }
        }
        Ok((plan, left))
    }

    /// The whole of it.
    fn whole() -> Self {
        let (each, soak) = (Duration::from_secs(5), Duration::from_secs(60));
        Self {
            rounds: 3,
            each,
            large: 1_000_000,
            small: 10_000,
            lines: 5,
            singles: SINGLES,
            soak,
            judged: true,
            only: Vec::new(),
        }
    }

    /// Everything once, with next to no data: that it runs is what is looked at.
    fn quick() -> Self {
        let each = Duration::from_millis(300);
        Self {
            rounds: 1,
            each,
            large: 5_000,
            small: 1_000,
            lines: 2,
            singles: SINGLES,
            soak: each,
            judged: false,
            only: Vec::new(),
        }
    }

    /// How many users spend in L, W3, W4, W10 and W11, however many there are; how speed goes with their number is W9.
    pub(crate) fn spenders(&self) -> u64 {
        SPENDERS.min(self.large)
    }

    /// Whether a workload is asked for.
    pub(crate) fn has(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|asked| asked == workload)
    }
}

fn number(word: Option<&&str>) -> Result<u64> {
    match word.and_then(|word| word.parse().ok()) {
        Some(number) => Ok(number),
        None => bail!("how many?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_anywhere_and_folders_are_left() {
        let (plan, left) = Plan::read(&["sql", "--only", "W1,W3", "--quick", "--connections", "256", "out"])
            .expect("understood");
        assert_eq!(left, ["sql", "out"]);
        assert!(!plan.judged && plan.rounds == 1 && plan.singles == 256 && plan.has("W3") && !plan.has("W4"));
        assert!(Plan::read(&["--fast"]).is_err() && Plan::read(&["--only"]).is_err());
    }
}
