//! The rules of the schema `pain.001.001.09` and of the EPC's guidelines, restated: which elements in which order, how
//! often, and of which form.

use super::*;
use crate::orders::order;

fn file(bic: Option<&str>) -> SepaFile {
    let iban = Iban::parse("NL91ABNA0417164300").expect("an account");
    let bic = bic.map(|bic| Bic::parse(bic).expect("a bank"));
    SepaFile::of(Debtor::new("Acme & Söhne GmbH", iban, bic).expect("a name"))
}

fn bank(name: &str, iban: &str, bic: Option<&str>) -> Destination {
    Destination::sepa(name, iban, bic).expect("an account")
}

fn made() -> String {
    let payments = vec![
        (2_500, bank("Ana Müller", "DE89370400440532013000", Some("COBADEFFXXX"))),
        (1, bank("Łukasz Żółw", "PL61109010140000071219812874", None)),
        (9_999_999, bank("  O'Neil // Søn  ".trim(), "FR1420041010050500013M02606", None)),
    ];
    let bytes = file(Some("ABNANL2A")).render(&order(MethodKind::Sepa, "EUR", payments)).expect("a file");
    String::from_utf8(bytes).expect("text")
}

/// Every element with the path to it and its text, in the order in which they begin.
fn elements(xml: &str) -> Vec<(String, String)> {
    let (mut path, mut found): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for part in xml.split('<').skip(2) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        match tag.strip_prefix('/') {
            Some(ended) => assert_eq!(path.pop().as_deref(), Some(ended), "elements nest"),
            None => {
                path.push(tag.split(' ').next().expect("a name").to_owned());
                found.push((path.join("/"), text.trim().to_owned()));
            }
        }
    }
    assert!(path.is_empty(), "every element ends");
    found
}

fn texts<'a>(all: &'a [(String, String)], ending: &str) -> Vec<&'a str> {
    all.iter().filter(|(path, _)| path.ends_with(ending)).map(|(_, text)| text.as_str()).collect()
}

/// The children of the first element with this path, in order.
fn children(all: &[(String, String)], parent: &str) -> Vec<String> {
    let depth = parent.split('/').count() + 1;
    let inside = all.iter().skip_while(|(path, _)| path != parent).skip(1);
    let inside = inside.take_while(|(path, _)| path.starts_with(&format!("{parent}/")));
    let direct = inside.filter(|(path, _)| path.split('/').count() == depth);
    direct.map(|(path, _)| path.rsplit('/').next().expect("a name").to_owned()).collect()
}

#[test]
fn elements_stand_in_the_schemas_order() {
    let all = elements(&made());
    let root = "Document/CstmrCdtTrfInitn";
    assert_eq!(children(&all, root), ["GrpHdr", "PmtInf"]);
    assert_eq!(
        children(&all, &format!("{root}/GrpHdr")),
        ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"]
    );
    let block = children(&all, &format!("{root}/PmtInf"));
    let head = [
        "PmtInfId",
        "PmtMtd",
        "NbOfTxs",
        "CtrlSum",
        "PmtTpInf",
        "ReqdExctnDt",
        "Dbtr",
        "DbtrAcct",
        "DbtrAgt",
        "ChrgBr",
    ];
    assert_eq!(block[..10], head);
    assert_eq!(block[10..], ["CdtTrfTxInf", "CdtTrfTxInf", "CdtTrfTxInf"]);
    let payment = children(&all, &format!("{root}/PmtInf/CdtTrfTxInf"));
    assert_eq!(payment, ["PmtId", "Amt", "CdtrAgt", "Cdtr", "CdtrAcct", "RmtInf"]);
}

#[test]
fn counts_and_control_sums_are_exact() {
    let all = elements(&made());
    assert_eq!(texts(&all, "/NbOfTxs"), ["3", "3"]);
    assert_eq!(texts(&all, "/CtrlSum"), ["100025.00", "100025.00"]);
    assert_eq!(texts(&all, "/InstdAmt"), ["25.00", "0.01", "99999.99"]);
    assert!(made().contains("<InstdAmt Ccy=\"EUR\">"));
}

#[test]
fn texts_have_the_rulebooks_characters_and_lengths() {
    let all = elements(&made());
    assert_eq!(texts(&all, "Cdtr/Nm"), ["Ana Mueller", "Lukasz Zolw", "O'Neil / Son"]);
    assert_eq!(texts(&all, "Dbtr/Nm"), ["Acme + Soehne GmbH"]);
    for (path, text) in &all {
        let legal = text.chars().all(|c| c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c));
        assert!(legal && text.len() <= 140, "{path}: {text}");
    }
    let ids = ["/MsgId", "/PmtInfId", "/EndToEndId"].map(|ending| texts(&all, ending)).concat();
    assert_eq!(ids.len(), 5);
    assert!(ids.iter().all(|id| id.len() == 32 && !id.starts_with('/')), "at most 35: {ids:?}");
    assert_eq!(
        (texts(&all, "/CreDtTm"), texts(&all, "/Dt")),
        (vec!["2026-11-26T21:35:52Z"], vec!["2026-11-26"])
    );
    assert_eq!(texts(&all, "Cdtr/Nm").iter().map(|name| name.len()).max(), Some(12));
    let long = "x".repeat(80);
    assert_eq!(plain(&long).map(|name| name.len()), Some(70));
    assert_eq!((plain("日本"), plain("//a//"), plain("…")), (None, Some("a".to_owned()), None));
}

#[test]
fn the_same_order_makes_the_same_bytes_and_a_bank_may_be_unknown() {
    assert_eq!(made(), made());
    let payments = vec![(100, bank("Ana", "DE89370400440532013000", None))];
    let bytes = file(None).render(&order(MethodKind::Sepa, "EUR", payments)).expect("a file");
    let all = elements(&String::from_utf8(bytes).expect("text"));
    assert_eq!(texts(&all, "DbtrAgt/FinInstnId/Othr/Id"), ["NOTPROVIDED"]);
}

#[test]
fn euros_to_bank_accounts_alone_are_taken() {
    let (eur, usd) = (Currency::parse("EUR").expect("euros"), Currency::parse("USD").expect("dollars"));
    let rail = file(None);
    assert!(rail.takes(MethodKind::Sepa, eur).is_ok());
    assert!(rail.takes(MethodKind::Sepa, usd).is_err() && rail.takes(MethodKind::Paypal, eur).is_err());
    let paypal = Destination::paypal("ana@example.com").expect("an address");
    assert!(rail.render(&order(MethodKind::Sepa, "EUR", vec![(1, paypal)])).is_err());
    let nameless = vec![(1, bank("日本", "DE89370400440532013000", None))];
    assert!(rail.render(&order(MethodKind::Sepa, "EUR", nameless)).is_err());
}
