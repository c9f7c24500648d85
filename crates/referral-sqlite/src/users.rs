//! Users: what is known of them, their names, their e-mails.
//!
//! Per user one statement by name (`user_names` to `users`), two more to make one who is missing, or one by id. The
//! writer is the lock.

use async_trait::async_trait;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use referral_domain::credit::may_redeem;
use referral_domain::id::{BookId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::port::{NewUser, StoreError, Users};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::user::{EmailStatus, UserFacts, Word};

use crate::column::{Key, Place, instant, micros};
use crate::failure::{Told, touched};
use crate::schema::{referrals, user_emails, user_names, users};
use crate::statement::fixed;
use crate::unit::SqliteUnit;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct UserRow {
    book_id: i64,
    user_id: Key,
    signed_up_at: Option<i64>,
    event_word_at: Option<i64>,
    event_word_verified: Option<bool>,
    token_word_at: Option<i64>,
    token_word_verified: Option<bool>,
    first_verified_at: Option<i64>,
    email: Option<Vec<u8>>,
    first_seen_at: i64,
}

impl UserRow {
    fn of(book: BookId, user: &UserFacts) -> Self {
        Self {
            book_id: book.0,
            user_id: user.id.into(),
            signed_up_at: micros(user.signed_up_at),
            event_word_at: user.event_word.map(|word| word.at.micros()),
            event_word_verified: user.event_word.map(|word| word.verified),
            token_word_at: user.token_word.map(|word| word.at.micros()),
            token_word_verified: user.token_word.map(|word| word.verified),
            first_verified_at: micros(user.first_verified_at),
            email: user.email.map(|email| email.0.to_vec()),
            first_seen_at: user.first_seen_at.micros(),
        }
    }
}

/// A user with the name they have.
#[derive(Queryable, Selectable)]
#[diesel(table_name = user_names)]
struct NamedRow {
    #[diesel(embed)]
    user: UserRow,
    host_id: String,
}

impl TryFrom<NamedRow> for UserFacts {
    type Error = StoreError;

    fn try_from(NamedRow { user: row, host_id: name }: NamedRow) -> Result<Self, StoreError> {
        let id = UserId::from(row.user_id);
        let place = Place { table: "users", row: &id };
        let named = Place { table: "user_names", row: &id };
        let email = row.email.map(|bytes| place.hash("email", &bytes)).transpose()?;
        Ok(Self {
            id,
            host: named.sound("host_id", HostId::parse(&name), &name)?,
            signed_up_at: instant(row.signed_up_at),
            event_word: word(row.event_word_at, row.event_word_verified),
            token_word: word(row.token_word_at, row.token_word_verified),
            first_verified_at: instant(row.first_verified_at),
            email: email.map(Fingerprint),
            first_seen_at: Timestamp::from_micros(row.first_seen_at),
        })
    }
}

impl UserRow {
    fn email_status(&self) -> EmailStatus {
        let event = word(self.event_word_at, self.event_word_verified);
        let token = word(self.token_word_at, self.token_word_verified);
        EmailStatus::of(event, token, instant(self.first_verified_at))
    }
}

/// What is known of the e-mail of the user of this id, whether or not their name was erased.
pub(crate) fn email_status(
    conn: &mut SqliteConnection,
    book: BookId,
    id: UserId,
) -> Result<EmailStatus, StoreError> {
    let query = users::table.find((book.0, Key::from(id))).select(UserRow::as_select());
    let row = query.get_result(conn).optional().told()?;
    Ok(row.map_or(EmailStatus::Unknown, |row| row.email_status()))
}

/// Whether a user may not use what they have before their e-mail is verified. Their referral is looked for only where it
/// decides.
pub(crate) fn must_verify(
    conn: &mut SqliteConnection,
    book: BookId,
    id: UserId,
    email: EmailStatus,
) -> Result<bool, StoreError> {
    let theirs = referrals::book_id.eq(book.0).and(referrals::referred_id.eq(Key::from(id)));
    let referred = email == EmailStatus::Unknown
        && select(exists(referrals::table.filter(theirs))).get_result(conn).told()?;
    Ok(!may_redeem(email, referred))
}

fn word(at: Option<i64>, verified: Option<bool>) -> Option<Word> {
    at.zip(verified).map(|(at, verified)| Word { at: Timestamp::from_micros(at), verified })
}

/// The id of the user of this name.
pub(crate) fn id_of(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
) -> Result<Option<UserId>, StoreError> {
    let query = user_names::table.find((book.0, host.as_str())).select(user_names::user_id);
    Ok(query.get_result::<Key>(conn).optional().told()?.map(UserId::from))
}

/// The user of this name.
pub(crate) fn by_name(
    conn: &mut SqliteConnection,
    book: BookId,
    host: &HostId,
) -> Result<Option<UserFacts>, StoreError> {
    let of_user = users::book_id.eq(user_names::book_id).and(users::user_id.eq(user_names::user_id));
    let found = user_names::table
        .inner_join(users::table.on(of_user))
        .filter(user_names::book_id.eq(book.0).and(user_names::host_id.eq(host.as_str())))
        .select(NamedRow::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    found.map(UserFacts::try_from).transpose()
}

/// The user of this id, who exists.
pub(crate) fn by_id(conn: &mut SqliteConnection, book: BookId, id: UserId) -> Result<UserFacts, StoreError> {
    let of_user = users::book_id.eq(user_names::book_id).and(users::user_id.eq(user_names::user_id));
    let found = user_names::table
        .inner_join(users::table.on(of_user))
        .filter(user_names::book_id.eq(book.0).and(user_names::user_id.eq(Key::from(id))))
        .select(NamedRow::as_select())
        .get_result(conn)
        .optional()
        .told()?;
    Place { table: "user_names", row: &id }.given("host_id", found)?.try_into()
}

/// The name of a user, who exists.
pub(crate) fn name(conn: &mut SqliteConnection, book: BookId, id: UserId) -> Result<HostId, StoreError> {
    let found = user_names::table
        .filter(user_names::book_id.eq(book.0).and(user_names::user_id.eq(Key::from(id))))
        .select(user_names::host_id)
        .get_result::<String>(conn)
        .optional()
        .told()?;
    let place = Place { table: "user_names", row: &id };
    let name = place.given("host_id", found)?;
    place.sound("host_id", HostId::parse(&name), &name)
}

/// Makes a user of whom nothing is known.
pub(crate) fn make(
    conn: &mut SqliteConnection,
    book: BookId,
    user: &NewUser,
    now: Timestamp,
) -> Result<UserFacts, StoreError> {
    let facts = UserFacts::first_seen(user.fresh, user.host.clone(), now);
    diesel::insert_into(users::table).values(UserRow::of(book, &facts)).execute(conn).told()?;
    let (book_id, user_id) = (user_names::book_id.eq(book.0), user_names::user_id.eq(Key::from(user.fresh)));
    let name = (book_id, user_names::host_id.eq(user.host.as_str()), user_id);
    diesel::insert_into(user_names::table).values(name).execute(conn).told()?;
    Ok(facts)
}

fn lock(
    conn: &mut SqliteConnection,
    book: BookId,
    named: &[NewUser],
    ids: &[UserId],
    now: Timestamp,
) -> Result<Vec<UserFacts>, StoreError> {
    let mut found = Vec::with_capacity(named.len() + ids.len());
    for user in named {
        let facts = match by_name(conn, book, &user.host)? {
            Some(facts) => facts,
            None => make(conn, book, user, now)?,
        };
        found.push(facts);
    }
    for id in ids {
        found.push(by_id(conn, book, *id)?);
    }
    Ok(found)
}

fn email_owner(
    conn: &mut SqliteConnection,
    book: BookId,
    email: Fingerprint,
    except: UserId,
) -> Result<Option<UserId>, StoreError> {
    let same = user_emails::book_id.eq(book.0).and(user_emails::email.eq(email.0.as_slice()));
    let owner = user_emails::table
        .filter(same.and(user_emails::user_id.ne(Key::from(except))))
        .order(user_emails::rowid)
        .select(user_emails::user_id)
        .first::<Key>(conn)
        .optional()
        .told()?;
    Ok(owner.map(UserId::from))
}

/// Replaces what is known of a user, and remembers an e-mail that is new to them.
pub(crate) fn save(conn: &mut SqliteConnection, book: BookId, user: &UserFacts) -> Result<(), StoreError> {
    let row = UserRow::of(book, user);
    let update = fixed(
        "UPDATE users SET signed_up_at = ?, event_word_at = ?, event_word_verified = ?, token_word_at = ?,
           token_word_verified = ?, first_verified_at = ?, email = ? WHERE book_id = ? AND user_id = ?",
    );
    let update = update.bind(row.signed_up_at).bind(row.event_word_at).bind(row.event_word_verified);
    let update = update
        .bind(row.token_word_at)
        .bind(row.token_word_verified)
        .bind(row.first_verified_at)
        .bind(row.email);
    let rows = update.bind(row.book_id).bind(row.user_id).execute(conn).told()?;
    touched(rows, 1, "users")?;
    user.email.map_or(Ok(()), |email| remember(conn, book, user, email))
}

/// Its instant is the newest that anybody told of the user: no clock is read here.
fn remember(
    conn: &mut SqliteConnection,
    book: BookId,
    user: &UserFacts,
    email: Fingerprint,
) -> Result<(), StoreError> {
    let words = [user.event_word, user.token_word].into_iter().flatten().map(|word| word.at);
    let newest = words.fold(user.first_seen_at, Timestamp::max);
    let row = (
        user_emails::book_id.eq(book.0),
        user_emails::email.eq(email.0.as_slice()),
        user_emails::user_id.eq(Key::from(user.id)),
        user_emails::first_seen_at.eq(newest.micros()),
    );
    diesel::insert_into(user_emails::table).values(row).on_conflict_do_nothing().execute(conn).told()?;
    Ok(())
}

#[async_trait]
impl Users for SqliteUnit {
    async fn lock(
        &mut self,
        book: BookId,
        named: &[NewUser],
        ids: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<UserFacts>, StoreError> {
        let (named, ids) = (named.to_vec(), ids.to_vec());
        self.run(move |conn| lock(conn, book, &named, &ids, now)).await
    }

    async fn names(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<HostId>, StoreError> {
        let ids = ids.to_vec();
        self.run(move |conn| ids.iter().map(|id| name(conn, book, *id)).collect()).await
    }

    async fn email_owners(
        &mut self,
        book: BookId,
        mails: &[(Fingerprint, UserId)],
    ) -> Result<Vec<Option<UserId>>, StoreError> {
        let mails = mails.to_vec();
        let owner = move |conn: &mut SqliteConnection| {
            mails.iter().map(|(email, except)| email_owner(conn, book, *email, *except)).collect()
        };
        self.run(owner).await
    }
}
