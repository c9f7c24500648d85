//! Attacks on programs, users, keys and stored replies.

use super::Refusal::{Named, Words};
use super::honest::{ANA, BEN, CAT};
use super::row::id;
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [programs(), users(), keys_and_replies(), details()].into_iter().flatten().collect()
}

fn programs() -> Vec<Attack> {
    vec![
        attack("other digits for a currency", Named("books_never_change"), "UPDATE books SET digits = 0;"),
        attack("delete a book", Named("books_stay"), "DELETE FROM books;"),
        attack(
            "a slug that is taken",
            Named("slug_once"),
            "INSERT INTO books VALUES (3, 'default', 'USD', 2, 0);",
        ),
        attack(
            "a slug in capitals",
            Named("slug_form"),
            "INSERT INTO books VALUES (3, 'Default', 'USD', 2, 0);",
        ),
        attack(
            "a currency in small letters",
            Named("currency_form"),
            "INSERT INTO books VALUES (3, 'x', 'usd', 2, 0);",
        ),
        attack("an unknown status", Named("program_status_known"), "UPDATE programs SET status = 'open';"),
        attack("delete a program", Named("programs_stay"), "DELETE FROM programs;"),
        attack(
            "change rules in force",
            Named("rule_versions_never_change"),
            "UPDATE rule_versions SET rules = '{}';",
        ),
        attack("delete rules", Named("rule_versions_stay"), "DELETE FROM rule_versions WHERE book_id = 2;"),
        attack(
            "rules that are no JSON",
            Words("invalid input syntax for type json"),
            "INSERT INTO rule_versions VALUES (1, 2, '{', 0);",
        ),
        attack(
            "rules twice",
            Named("rule_versions_pkey"),
            "INSERT INTO rule_versions VALUES (1, 1, '{}', 0);",
        ),
    ]
}

fn users() -> Vec<Attack> {
    vec![
        attack(
            "delete a user",
            Named("users_stay"),
            format!("DELETE FROM users WHERE user_id = {};", id(CAT)),
        ),
        attack(
            "give a user another id",
            Named("users_keep_their_id"),
            format!("UPDATE users SET user_id = {} WHERE user_id = {};", id(0x99), id(CAT)),
        ),
        attack("half a word", Named("event_word_whole"), "UPDATE users SET event_word_at = 1;"),
        attack(
            "an id of five bytes",
            Words("invalid input syntax for type uuid"),
            "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, '0000000001', 0);",
        ),
        attack(
            "a second name",
            Named("one_name"),
            format!("INSERT INTO user_names VALUES (1, 'u_other', {});", id(ANA)),
        ),
        attack(
            "somebody else's name",
            Named("name_once"),
            format!(
                "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, {0}, 0);
                 INSERT INTO user_names VALUES (1, 'u_ana', {0});",
                id(0x99)
            ),
        ),
        attack(
            "a name of nobody",
            Named("named_user"),
            format!("INSERT INTO user_names VALUES (1, 'u_nobody', {});", id(0x99)),
        ),
        attack(
            "an e-mail of nobody",
            Named("user_emails_book_id_user_id_fkey"),
            format!("INSERT INTO user_emails VALUES (1, decode(repeat('00', 32), 'hex'), {}, 0);", id(0x99)),
        ),
        attack(
            "an e-mail in the clear",
            Named("user_email_form"),
            format!("INSERT INTO user_emails VALUES (1, '\\x40', {}, 0);", id(BEN)),
        ),
    ]
}

fn keys_and_replies() -> Vec<Attack> {
    vec![
        attack(
            "wider scopes",
            Named("api_keys_keep_their_rights"),
            "UPDATE api_keys SET scopes = 'admin:write';",
        ),
        attack(
            "another key's hash",
            Named("api_keys_keep_their_rights"),
            "UPDATE api_keys SET hash = decode(repeat('00', 32), 'hex');",
        ),
        attack(
            "a revoked key given back",
            Named("api_keys_stay_revoked"),
            "UPDATE api_keys SET revoked_at = NULL;",
        ),
        attack("delete a key", Named("api_keys_stay"), "DELETE FROM api_keys;"),
        attack(
            "one key twice",
            Named("hash_once"),
            "INSERT INTO api_keys VALUES (1, '00000000000000000000000000000000', 'x', 'rk', decode(repeat('00', 32), 'hex'), '', 0, NULL, NULL, NULL);",
        ),
        attack(
            "another reply",
            Named("idempotency_replies_never_change"),
            "UPDATE idempotency_replies SET body = '[]';",
        ),
        attack(
            "a second reply",
            Named("reply_once"),
            "INSERT INTO idempotency_replies VALUES (1, 'user:a', 'POST /x', 'k', decode(repeat('00', 32), 'hex'), 200, '{}', 0);",
        ),
    ]
}

fn details() -> Vec<Attack> {
    let detail = |label, by, payment: &str, metadata: &str| {
        let row = format!("INSERT INTO spend_event_details VALUES (1, 'early', {payment}, {metadata});");
        attack(label, by, row)
    };
    vec![
        detail("a detail of nothing", Named("some_detail"), "NULL", "NULL"),
        detail("half a payment", Named("payment_form"), "decode(repeat('00', 31), 'hex')", "NULL"),
        detail("metadata that is none", Words("invalid input syntax for type json"), "NULL", "'{'"),
    ]
}
