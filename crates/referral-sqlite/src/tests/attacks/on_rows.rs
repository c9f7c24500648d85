//! Attacks on programs, users, keys and stored replies.

use super::Refusal::{Check, Key, Sqlite, Trigger, Unique};
use super::honest::{ANA, BEN, CAT};
use super::row::id;
use super::{Attack, attack};

pub(super) fn attacks() -> Vec<Attack> {
    [programs(), users(), keys_and_replies(), details()].into_iter().flatten().collect()
}

fn programs() -> Vec<Attack> {
    vec![
        attack("other digits for a currency", Trigger("books_never_change"), "UPDATE books SET digits = 0;"),
        attack("delete a book", Trigger("books_stay"), "DELETE FROM books;"),
        attack(
            "a slug that is taken",
            Unique("books.slug"),
            "INSERT INTO books VALUES (3, 'default', 'USD', 2, 0);",
        ),
        attack(
            "a slug in capitals",
            Check("slug_form"),
            "INSERT INTO books VALUES (3, 'Default', 'USD', 2, 0);",
        ),
        attack(
            "a currency in small letters",
            Check("currency_form"),
            "INSERT INTO books VALUES (3, 'x', 'usd', 2, 0);",
        ),
        attack("an unknown status", Check("program_status_known"), "UPDATE programs SET status = 'open';"),
        attack("delete a program", Trigger("programs_stay"), "DELETE FROM programs;"),
        attack(
            "change rules in force",
            Trigger("rule_versions_never_change"),
            "UPDATE rule_versions SET rules = '{}';",
        ),
        attack("delete rules", Trigger("rule_versions_stay"), "DELETE FROM rule_versions WHERE book_id = 2;"),
        attack(
            "rules that are no JSON",
            Check("rules_are_json"),
            "INSERT INTO rule_versions VALUES (1, 2, '{', 0);",
        ),
        attack(
            "rules twice",
            Unique("rule_versions.book_id, rule_versions.version"),
            "INSERT INTO rule_versions VALUES (1, 1, '{}', 0);",
        ),
    ]
}

fn users() -> Vec<Attack> {
    vec![
        attack(
            "delete a user",
            Trigger("users_stay"),
            format!("DELETE FROM users WHERE user_id = {};", id(CAT)),
        ),
        attack(
            "give a user another id",
            Trigger("users_keep_their_id"),
            format!("UPDATE users SET user_id = {} WHERE user_id = {};", id(0x99), id(CAT)),
        ),
        attack("half a word", Check("event_word_whole"), "UPDATE users SET event_word_at = 1;"),
        attack(
            "an id of five bytes",
            Check("user_id_form"),
            "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, x'0000000001', 0);",
        ),
        attack(
            "an id as text",
            Sqlite("cannot store TEXT value in BLOB column users.user_id"),
            "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, '0123456789abcdef', 0);",
        ),
        attack(
            "a second name",
            Unique("user_names.book_id, user_names.user_id"),
            format!("INSERT INTO user_names VALUES (1, 'u_other', {});", id(ANA)),
        ),
        attack(
            "somebody else's name",
            Unique("user_names.book_id, user_names.host_id"),
            format!(
                "INSERT INTO users (book_id, user_id, first_seen_at) VALUES (1, {0}, 0);
                 INSERT INTO user_names VALUES (1, 'u_ana', {0});",
                id(0x99)
            ),
        ),
        attack(
            "a name of nobody",
            Key("user_names", "book_id, user_id"),
            format!("INSERT INTO user_names VALUES (1, 'u_nobody', {});", id(0x99)),
        ),
        attack(
            "an e-mail of nobody",
            Key("user_emails", "book_id, user_id"),
            format!("INSERT INTO user_emails VALUES (1, zeroblob(32), {}, 0);", id(0x99)),
        ),
        attack(
            "an e-mail in the clear",
            Check("user_email_form"),
            format!("INSERT INTO user_emails VALUES (1, x'40', {}, 0);", id(BEN)),
        ),
    ]
}

fn keys_and_replies() -> Vec<Attack> {
    vec![
        attack(
            "wider scopes",
            Trigger("api_keys_keep_their_rights"),
            "UPDATE api_keys SET scopes = 'admin:write';",
        ),
        attack(
            "another key's hash",
            Trigger("api_keys_keep_their_rights"),
            "UPDATE api_keys SET hash = zeroblob(32);",
        ),
        attack(
            "a revoked key given back",
            Trigger("api_keys_stay_revoked"),
            "UPDATE api_keys SET revoked_at = NULL;",
        ),
        attack("delete a key", Trigger("api_keys_stay"), "DELETE FROM api_keys;"),
        attack(
            "one key twice",
            Unique("api_keys.hash"),
            "INSERT INTO api_keys VALUES (1, zeroblob(16), 'x', 'rk', zeroblob(32), '', 0, NULL, NULL, NULL);",
        ),
        attack(
            "another reply",
            Trigger("idempotency_replies_never_change"),
            "UPDATE idempotency_replies SET body = '[]';",
        ),
        attack(
            "a second reply",
            Unique(
                "idempotency_replies.book_id, idempotency_replies.caller, idempotency_replies.endpoint, idempotency_replies.key",
            ),
            "INSERT INTO idempotency_replies VALUES (1, 'user:a', 'POST /x', 'k', zeroblob(32), 200, '{}', 0);",
        ),
    ]
}

fn details() -> Vec<Attack> {
    let detail = |label, by, payment: &str, metadata: &str| {
        let row = format!("INSERT INTO spend_event_details VALUES (1, 'early', {payment}, {metadata});");
        attack(label, by, row)
    };
    vec![
        detail("a detail of nothing", Check("some_detail"), "NULL", "NULL"),
        detail("half a payment", Check("payment_form"), "zeroblob(31)", "NULL"),
        detail("metadata that is none", Check("metadata_is_json"), "NULL", "'{'"),
    ]
}
