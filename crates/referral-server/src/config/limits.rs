//! `REFERRAL_LIMITS`: how many requests in how many seconds, by name.

use referral_app::Limits;
use referral_domain::port::Quota;
use referral_domain::time::SECOND;

use super::distance::nearest;
use super::fault::{Wrong, wrong};
use super::value::items;

/// The limits that can be configured. Sign-ups per address and referrals per referrer are rules of the program.
const NAMES: [&str; 5] = ["validate", "validate_misses", "user", "apply", "payout"];

/// A quota may be at most this large: every admission is remembered for the length of its window.
const QUOTA_MAX: u32 = 100_000;

/// The longest window, in seconds: a day.
const SECONDS_MAX: u32 = 86_400;

/// Reads `off`, which is `None`, or `NAME=QUOTA/SECONDS` by commas; what is not named keeps its default.
pub(super) fn limits(text: &str) -> Result<Option<Limits>, Wrong> {
    if text.trim() == "off" { Ok(None) } else { items(text).try_fold(Limits::default(), with).map(Some) }
}

/// The limits as they are written.
pub(crate) fn describe(limits: Option<&Limits>) -> String {
    let Some(mut limits) = limits.copied() else { return "off".to_owned() };
    let written = |name: &str| {
        slot(&mut limits, name).map(|quota| format!("{name}={}/{}", quota.most, quota.window / SECOND))
    };
    NAMES.into_iter().filter_map(written).collect::<Vec<_>>().join(",")
}

fn with(mut limits: Limits, item: &str) -> Result<Limits, Wrong> {
    let (name, value) = item.split_once('=').ok_or_else(|| shape(item))?;
    let limit = slot(&mut limits, name.trim()).ok_or_else(|| unknown(name.trim()))?;
    *limit = quota(value).ok_or_else(|| shape(item))?;
    Ok(limits)
}

fn slot<'a>(limits: &'a mut Limits, name: &str) -> Option<&'a mut Quota> {
    match name {
        "validate" => Some(&mut limits.validate),
        "validate_misses" => Some(&mut limits.validate_misses),
        "user" => Some(&mut limits.user),
        "apply" => Some(&mut limits.apply),
        "payout" => Some(&mut limits.payout),
        _ => None,
    }
}

fn quota(text: &str) -> Option<Quota> {
    let (most, seconds) = text.trim().split_once('/')?;
    let (most, seconds) = (most.parse::<u32>().ok()?, seconds.parse::<u32>().ok()?);
    let bounded = (1..=QUOTA_MAX).contains(&most) && (1..=SECONDS_MAX).contains(&seconds);
    bounded.then(|| Quota { most, window: i64::from(seconds) * SECOND })
}

fn shape(item: &str) -> Wrong {
    let rule = format!("{item:?} is not NAME=QUOTA/SECONDS");
    wrong(rule, format!("write `off` or for instance validate=60/60; at most {QUOTA_MAX}/{SECONDS_MAX}"))
}

fn unknown(name: &str) -> Wrong {
    let near = nearest(name, NAMES.into_iter().map(str::to_owned));
    let all = || format!("the limits are {}", NAMES.join(", "));
    wrong(format!("{name:?} is not a limit"), near.map_or_else(all, |near| format!("did you mean {near}?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_keeps_its_default() {
        let read = limits("validate=100/60, apply=1/3600").expect("well formed").expect("on");
        assert_eq!(
            describe(Some(&read)),
            "validate=100/60,validate_misses=20/600,user=600/60,apply=1/3600,payout=5/3600"
        );
        assert_eq!(limits("off"), Ok(None));
        assert_eq!(describe(None), "off");
    }

    #[test]
    fn every_name_is_a_limit() {
        let read = |name: &str| limits(&format!("{name}=7/77")).expect("well formed").expect("on");
        assert!(NAMES.into_iter().all(|name| describe(Some(&read(name))).contains(&format!("{name}=7/77"))));
    }

    #[test]
    fn a_malformed_limit_is_told() {
        for text in [
            "validate",
            "validate=60",
            "validate=0/60",
            "validate=60/0",
            "validate=-1/60",
            "validate=1/90000",
        ] {
            assert!(limits(text).is_err(), "{text}");
        }
        assert_eq!(limits("validat=1/1").expect_err("unknown").remedy, "did you mean validate?");
    }
}
