//! A statement against those who change it.

use super::*;
use crate::block::GENESIS;
use crate::merkle::{path, root};
use crate::sign::SigningKey;

fn transfer(n: u8) -> Transfer {
    Transfer {
        id: format!("trf_{}", Uuid::from_bytes([n; 16])),
        transaction: format!("txn_{}", Uuid::from_bytes([0x22; 16])),
        kind: "referral_bonus".to_owned(),
        origin: "reward".to_owned(),
        origin_id: format!("ref:{n}"),
        leg: 0,
        debit: "reward_expense".to_owned(),
        credit: format!("acc_{}", Uuid::from_bytes([0x33; 16])),
        amount_minor: 2_500,
        referral: n.is_multiple_of(2).then(|| format!("ref_{}", Uuid::from_bytes([0x44; 16]))),
        effective_at: "2026-01-31T12:00:00.000000Z".to_owned(),
        recorded_at: "2026-01-31T12:00:00.000001Z".to_owned(),
        sealed: None,
    }
}

fn block(n: u64, prev: Hash, leaves: &[Hash], key: &SigningKey) -> (Block, Hash) {
    let header = Header {
        book: 7,
        n,
        prev,
        root: root(leaves).expect("a root"),
        count: leaves.len() as u64,
        sealed_at: 1_769_860_800_000_000,
    };
    let told = Block {
        n,
        prev: hex(&prev),
        root: hex(&header.root),
        count: header.count,
        sealed_at: "2026-01-31T12:00:00.000000Z".to_owned(),
        hash: hex(&header.hash()),
        signature: Some(hex(&key.sign(&header.hash()))),
    };
    (told, header.hash())
}

fn key() -> SigningKey {
    SigningKey::from_seed([5; 32])
}

/// Seven transfers in two blocks, all of one user; answers the hash of the second block too.
fn told() -> (Statement, Hash) {
    let mut transfers: Vec<_> = (1..=7).map(transfer).collect();
    let leaves: Vec<_> = transfers.iter().map(|row| row.leaf(7, "USD").expect("a leaf")).collect();
    let (first, hash) = block(1, GENESIS, &leaves[..5], &key());
    let (second, head) = block(2, hash, &leaves[5..], &key());
    for (at, transfer) in transfers.iter_mut().enumerate() {
        let (n, start, of) = if at < 5 { (1, 0, &leaves[..5]) } else { (2, 5, &leaves[5..]) };
        let path = path(of, at - start).iter().map(|hash| hex(hash)).collect();
        transfer.sealed = Some(Sealed { block: n, position: (at - start) as u64, path });
    }
    let text = |text: &str| text.to_owned();
    let statement = Statement {
        version: VERSION,
        program: text("default"),
        book: text("7"),
        currency: text("USD"),
        user_id: text("u_ana"),
        from: None,
        to: None,
        transfers,
        blocks: vec![first, second],
    };
    (statement, head)
}

#[test]
fn a_statement_is_proven_by_the_head_or_by_the_key() {
    let (statement, head) = told();
    let by_head = Known { head: Some(head), keys: Vec::new() };
    let by_key = Known { head: None, keys: vec![key().public()] };
    let whole = Checked { proven: 7, blocks: 2, ..Checked::default() };
    assert_eq!(statement.check(&by_head), Ok(whole));
    assert_eq!(statement.check(&by_key), Ok(whole));
    assert!(whole.is_whole());
    let read = Statement::read(&serde_json::to_string(&statement).expect("JSON")).expect("a statement");
    assert_eq!(read, statement);
    let inside = serde_json::json!({"lines": [], "proof": statement}).to_string();
    assert_eq!(Statement::read(&inside), Ok(read));
}

#[test]
fn what_is_not_known_from_outside_is_not_called_proven() {
    let (mut statement, _) = told();
    let unanchored = Checked { unanchored: 7, blocks: 2, ..Checked::default() };
    assert_eq!(statement.check(&Known::default()), Ok(unanchored));
    statement.transfers[6].sealed = None;
    statement.blocks[1].signature = None;
    let known = Known { head: None, keys: vec![key().public()] };
    let partly = Checked { proven: 5, unanchored: 1, waiting: 1, blocks: 2 };
    assert_eq!(statement.check(&known), Ok(partly), "an unsigned block proves nothing by itself");
}

/// Who changes what; everything is found, with or without the head.
#[test]
fn every_change_is_found() {
    type Change = fn(&mut Statement);
    let changes: [(&str, Change); 17] = [
        ("an amount", |told| told.transfers[2].amount_minor += 1),
        ("an account", |told| told.transfers[2].credit = format!("acc_{}", Uuid::nil())),
        ("a time", |told| told.transfers[2].recorded_at = "2026-01-31T12:00:00.000002Z".to_owned()),
        ("a kind", |told| told.transfers[2].kind = "welcome_credit".to_owned()),
        ("a natural key", |told| told.transfers[2].origin_id.push('x')),
        ("a leg", |told| told.transfers[2].leg = 1),
        ("a referral", |told| told.transfers[2].referral = None.or(Some(format!("ref_{}", Uuid::nil())))),
        ("the currency", |told| told.currency = "EUR".to_owned()),
        ("the book", |told| told.book = "8".to_owned()),
        ("a position", |told| told.transfers[2].sealed.as_mut().expect("sealed").position = 3),
        ("a path", |told| {
            told.transfers[2].sealed.as_mut().expect("sealed").path.pop();
        }),
        ("a block's number", |told| told.transfers[2].sealed.as_mut().expect("sealed").block = 2),
        ("a block that is gone", |told| drop(told.blocks.remove(0))),
        ("a root", |told| told.blocks[0].root = hex(&[0; 32])),
        ("a count", |told| told.blocks[0].count = 6),
        ("a link", |told| told.blocks[1].prev = hex(&[0; 32])),
        ("a signature", |told| told.blocks[0].signature = Some(hex(&[0; 64]))),
    ];
    let known = Known { head: None, keys: vec![key().public()] };
    let mut found = 0;
    for (what, change) in changes {
        let (mut statement, _) = told();
        change(&mut statement);
        let broken = statement.check(&known).expect_err(what);
        assert_ne!(broken.expected, broken.found, "{what}");
        found += 1;
    }
    println!("statement tampers tried={} found={found}", changes.len());
}

#[test]
fn another_head_or_key_is_found() {
    let (statement, head) = told();
    let other = Known { head: Some([1; 32]), keys: Vec::new() };
    assert_eq!(statement.check(&other).expect_err("another head").place, "blocks");
    let other = Known { head: Some(head), keys: vec![SigningKey::from_seed([6; 32]).public()] };
    assert_eq!(statement.check(&other).expect_err("another key").place, "block 1: signature");
}
