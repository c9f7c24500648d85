//! Who pays by SEPA: the company's account.

use referral_domain::payout::{Bic, Iban};
use referral_rails::Debtor;

use super::fault::{Wrong, wrong};
use super::{Reading, setting};

/// An account of a SEPA country.
fn iban(text: &str) -> Result<Iban, Wrong> {
    let remedy = "write the account as your bank does, for instance DE89 3704 0044 0532 0130 00";
    Iban::parse(text).ok_or_else(|| wrong("it is no IBAN of a SEPA country with right check digits", remedy))
}

fn bic(text: &str) -> Result<Bic, Wrong> {
    Bic::parse(text).ok_or_else(|| wrong("it is no BIC", "write 8 or 11 characters, or leave it out"))
}

/// A name of which something can be written in the rulebook's characters.
fn name(text: &str) -> Result<String, Wrong> {
    let probe = Iban::parse("NL91ABNA0417164300").and_then(|iban| Debtor::new(text, iban, None));
    let rule = "nothing of it can be written in the characters of a SEPA file";
    probe.map(|_| text.to_owned()).ok_or_else(|| wrong(rule, "write it in Latin letters"))
}

impl Reading {
    /// The debtor, when batches are to leave by SEPA. A name without an account, or the other way round, is a fault.
    pub(super) fn debtor(&mut self) -> Option<Debtor> {
        let needed = [setting::SEPA_DEBTOR_NAME, setting::SEPA_DEBTOR_IBAN];
        let all = [needed[0], needed[1], setting::SEPA_DEBTOR_BIC];
        if all.iter().any(|setting| self.has(*setting)) {
            let missing: Vec<_> = needed.into_iter().filter(|setting| !self.has(*setting)).collect();
            let rule = "is needed to pay by SEPA, as the other REFERRAL_SEPA_DEBTOR_ settings say";
            missing.into_iter().for_each(|setting| self.missing(setting, rule, "give it, or take them away"));
        }
        let name = self.read(setting::SEPA_DEBTOR_NAME, name);
        let iban = self.read(setting::SEPA_DEBTOR_IBAN, iban);
        let bic = self.read(setting::SEPA_DEBTOR_BIC, bic);
        Debtor::new(&name?, iban?, bic)
    }
}
