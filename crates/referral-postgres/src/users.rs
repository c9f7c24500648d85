//! Users: what is known of them, their names, their e-mails.
//!
//! `lock` is one flight of two statements: `make_users`, which writes nothing when all are known, and one that locks
//! (`FOR NO KEY UPDATE`, in the order of ids) and reads what it locked, as it is once the lock is there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;
use referral_domain::credit::may_redeem;
use referral_domain::id::{BookId, UserId};
use referral_domain::identity::Fingerprint;
use referral_domain::port::{NewUser, StoreError, Users};
use referral_domain::reference::HostId;
use referral_domain::time::Timestamp;
use referral_domain::user::{EmailStatus, UserFacts, Word};

use crate::column::{At, Key, Place, instant};
use crate::failure::{Told, touched};
use crate::lock;
use crate::schema::{user_names, users};
use crate::statement::{RowSql, fixed};
use crate::unit::{PgUnit, call};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    user_id: Key,
    signed_up_at: Option<At>,
    event_word_at: Option<At>,
    event_word_verified: Option<bool>,
    token_word_at: Option<At>,
    token_word_verified: Option<bool>,
    first_verified_at: Option<At>,
    email: Option<Vec<u8>>,
    first_seen_at: At,
}

/// A user with the name they have.
#[derive(Queryable, Selectable)]
#[diesel(table_name = user_names)]
pub(crate) struct NamedRow {
    #[diesel(embed)]
    user: UserRow,
    host_id: String,
}

/// The types of a [`NamedRow`], as a statement of our own answers it.
pub(crate) type Named = (RowSql<UserRow>, sql_types::Text);

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
            first_seen_at: row.first_seen_at.into(),
        })
    }
}

fn word(at: Option<At>, verified: Option<bool>) -> Option<Word> {
    at.zip(verified).map(|(at, verified)| Word { at: at.into(), verified })
}

/// The id of the user of this name, from the index that finds it.
pub(crate) async fn id_of(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<Option<UserId>, StoreError> {
    let query = user_names::table.find((book.0, host.as_str())).select(user_names::user_id);
    Ok(query.get_result::<Key>(&mut conn).await.optional().told()?.map(UserId::from))
}

/// The user of this name.
pub(crate) async fn by_name(
    mut conn: &AsyncPgConnection,
    book: BookId,
    host: &HostId,
) -> Result<Option<UserFacts>, StoreError> {
    let of_user = users::book_id.eq(user_names::book_id).and(users::user_id.eq(user_names::user_id));
    let found = user_names::table
        .inner_join(users::table.on(of_user))
        .filter(user_names::book_id.eq(book.0).and(user_names::host_id.eq(host.as_str())))
        .select(NamedRow::as_select())
        .get_result(&mut conn)
        .await
        .optional()
        .told()?;
    found.map(UserFacts::try_from).transpose()
}

const NAMES: &str = "SELECT u.id, n.host_id FROM unnest($1) AS u(id)
    CROSS JOIN LATERAL (SELECT n.host_id FROM user_names AS n
      WHERE n.book_id = $2 AND n.user_id = u.id LIMIT 1) AS n";

/// The names of these users, who exist, in input order.
pub(crate) async fn names(
    mut conn: &AsyncPgConnection,
    book: BookId,
    ids: &[UserId],
) -> Result<Vec<HostId>, StoreError> {
    let query =
        fixed::<(sql_types::Uuid, sql_types::Text)>(NAMES).column(ids, |id| Key::from(*id)).bind(book.0);
    let found = query.load::<(Key, String)>(&mut conn).await.told()?.into_iter().collect::<BTreeMap<_, _>>();
    let name = |id: &UserId| {
        let place = Place { table: "user_names", row: id };
        let name = place.given("host_id", found.get(&Key::from(*id)))?;
        place.sound("host_id", HostId::parse(name), name)
    };
    ids.iter().map(name).collect()
}

/// The names, sorted, each once, and the ids that come with them; of two under one name the first.
pub(crate) fn sorted(named: &[NewUser]) -> (Vec<&str>, Vec<Key>) {
    let mut fresh = BTreeMap::new();
    for user in named {
        fresh.entry(user.host.as_str()).or_insert(Key::from(user.fresh));
    }
    fresh.into_iter().unzip()
}

/// Calls a function of a book, sorted names, the ids that come with them, and an instant.
pub(crate) async fn call(
    mut conn: &AsyncPgConnection,
    function: &'static str,
    book: BookId,
    names: &[&str],
    ids: Vec<Key>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let made = fixed::<()>(function).bind(book.0).bind(names.to_vec()).bind(ids).bind(now);
    made.execute(&mut conn).await.told()?;
    Ok(())
}

/// Makes the users whom nobody named yet.
pub(crate) async fn make(
    conn: &AsyncPgConnection,
    book: BookId,
    named: &[NewUser],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (names, ids) = sorted(named);
    call(conn, "SELECT make_users($1, $2, $3, $4)", book, &names, ids, now).await
}

/// What was told of a user's e-mail. Without a user, nothing was.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct WordsRow {
    event_word_at: Option<At>,
    event_word_verified: Option<bool>,
    token_word_at: Option<At>,
    token_word_verified: Option<bool>,
    first_verified_at: Option<At>,
}

/// The columns of a [`WordsRow`].
macro_rules! words_columns {
    () => {
        "u.event_word_at, u.event_word_verified, u.token_word_at, u.token_word_verified, u.first_verified_at"
    };
}
pub(crate) use words_columns;

impl WordsRow {
    pub(crate) fn email_status(self) -> EmailStatus {
        let event = word(self.event_word_at, self.event_word_verified);
        let token = word(self.token_word_at, self.token_word_verified);
        EmailStatus::of(event, token, instant(self.first_verified_at))
    }
}

/// The columns of a [`UserRow`].
macro_rules! columns {
    () => {
        "u.user_id, u.signed_up_at, u.event_word_at, u.event_word_verified, u.token_word_at, u.token_word_verified,
        u.first_verified_at, u.email, u.first_seen_at"
    };
}
pub(crate) use columns;

/// Of a user who is not verified: whether nothing was said of their e-mail, and whether they were referred.
pub(crate) type Doubt = (bool, bool);

/// A row of a [`Doubt`] of `u.user_id` in `u.book_id`: none of who is verified, of whom an index of the others is all that is read.
macro_rules! doubt {
    () => {
        "SELECT coalesce(x.event_word_verified, x.token_word_verified) IS NULL,
          (SELECT 1 FROM referrals AS r WHERE r.book_id = u.book_id AND r.referred_id = u.user_id LIMIT 1) IS NOT NULL
        FROM users AS x WHERE x.book_id = u.book_id AND x.user_id = u.user_id
          AND coalesce(x.event_word_verified, x.token_word_verified) IS NOT TRUE LIMIT 1"
    };
}
pub(crate) use doubt;

pub(crate) const fn must_verify((unknown, referred): Doubt) -> bool {
    !may_redeem(if unknown { EmailStatus::Unknown } else { EmailStatus::Unverified }, referred)
}

/// Sorted, each once, and only then locked: the order of locks is the order of ids.
pub(crate) const LOCK: &str = concat!(
    "SELECT u.*, n.host_id FROM (
    SELECT DISTINCT w.user_id FROM (
      SELECT n.user_id FROM unnest($1) AS w(host_id) CROSS JOIN LATERAL (
        SELECT n.user_id FROM user_names AS n WHERE n.book_id = $2 AND n.host_id = w.host_id LIMIT 1) AS n
      UNION ALL SELECT w.user_id FROM unnest($3) AS w(user_id)) AS w
    ORDER BY w.user_id OFFSET 0) AS w
  CROSS JOIN LATERAL (
    SELECT ",
    columns!(),
    " FROM users AS u
    WHERE u.book_id = $2 AND u.user_id = w.user_id LIMIT 1 FOR NO KEY UPDATE) AS u
  CROSS JOIN LATERAL (
    SELECT n.host_id FROM user_names AS n WHERE n.book_id = $2 AND n.user_id = w.user_id LIMIT 1) AS n"
);

async fn lock_known(
    mut conn: &AsyncPgConnection,
    book: BookId,
    named: &[NewUser],
    ids: &[UserId],
) -> Result<Vec<UserFacts>, StoreError> {
    let names: Vec<_> = named.iter().map(|user| user.host.as_str()).collect();
    let query = fixed::<Named>(LOCK).bind(names).bind(book.0).column(ids, |id| Key::from(*id));
    let found = query.load::<NamedRow>(&mut conn).await.told()?;
    found.into_iter().map(UserFacts::try_from).collect()
}

async fn lock(
    conn: &AsyncPgConnection,
    book: BookId,
    named: &[NewUser],
    ids: &[UserId],
    now: Timestamp,
) -> Result<Vec<UserFacts>, StoreError> {
    let ((), found) = try_join(make(conn, book, named, now), lock_known(conn, book, named, ids)).await?;
    let by_id: BTreeMap<_, _> = found.iter().map(|user| (user.id, user)).collect();
    let by_name: BTreeMap<_, _> = found.iter().map(|user| (&user.host, user)).collect();
    let named = named.iter().map(|user| {
        let place = Place { table: "user_names", row: &user.host };
        place.given("user_id", by_name.get(&user.host)).map(|user| (**user).clone())
    });
    let of_ids = ids.iter().map(|id| {
        let place = Place { table: "users", row: id };
        place.given("user_id", by_id.get(id)).map(|user| (**user).clone())
    });
    named.chain(of_ids).collect()
}

pub(crate) const EMAIL_OWNERS: &str = "SELECT u.email, u.them, e.user_id FROM unnest($1, $2) AS u(email, them)
  CROSS JOIN LATERAL (SELECT e.user_id FROM user_emails AS e
    WHERE e.book_id = $3 AND e.email = u.email AND e.user_id <> u.them ORDER BY e.xid, e.user_id LIMIT 1) AS e";

/// Mailboxes are locked until the unit ends: of two units that bring one, the later one waits and sees it.
async fn email_owners(
    mut conn: &AsyncPgConnection,
    book: BookId,
    mails: &[(Fingerprint, UserId)],
) -> Result<Vec<Option<UserId>>, StoreError> {
    let held = conn;
    let query = fixed::<(sql_types::Binary, sql_types::Uuid, sql_types::Uuid)>(EMAIL_OWNERS);
    let query = query.column(mails, |(email, _)| email.0.to_vec());
    let query = query.column(mails, |(_, except)| Key::from(*except)).bind(book.0);
    // Sent behind the locks: what committed while they were waited for is seen.
    let names = mails.iter().map(|(email, _)| format!("mailbox {} {:?}", book.0, email.0)).collect();
    let owners = async { query.load::<(Vec<u8>, Key, Key)>(&mut conn).await.told() };
    let ((), owners) = try_join(lock::hold_all(held, names), owners).await?;
    let found: BTreeMap<_, _> =
        owners.into_iter().map(|(email, except, user)| ((email, except), user)).collect();
    let owner = |(email, except): &(Fingerprint, UserId)| {
        found.get(&(email.0.to_vec(), Key::from(*except))).map(|user| UserId::from(*user))
    };
    Ok(mails.iter().map(owner).collect())
}

const SAVE: &str = "INSERT INTO users (book_id, user_id, signed_up_at, event_word_at, event_word_verified,
    token_word_at, token_word_verified, first_verified_at, email, first_seen_at)
  SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),
    unnest($10)
  ON CONFLICT (book_id, user_id) DO UPDATE SET signed_up_at = excluded.signed_up_at,
    event_word_at = excluded.event_word_at, event_word_verified = excluded.event_word_verified,
    token_word_at = excluded.token_word_at, token_word_verified = excluded.token_word_verified,
    first_verified_at = excluded.first_verified_at, email = excluded.email";

/// Replaces what is known of users.
pub(crate) async fn save(
    mut conn: &AsyncPgConnection,
    book: BookId,
    users: &[UserFacts],
) -> Result<(), StoreError> {
    let save = fixed::<()>(SAVE).bind(book.0).column(users, |user| Key::from(user.id));
    let save = save
        .column(users, |user| user.signed_up_at)
        .column(users, |user| user.event_word.map(|word| word.at));
    let save = save.column(users, |user| user.event_word.map(|word| word.verified));
    let save = save.column(users, |user| user.token_word.map(|word| word.at));
    let save = save.column(users, |user| user.token_word.map(|word| word.verified));
    let save = save.column(users, |user| user.first_verified_at);
    let save = save.column(users, |user| user.email.map(|email| email.0.to_vec()));
    let rows = save.column(users, |user| user.first_seen_at).execute(&mut conn).await.told()?;
    touched(rows, users.len(), "users")
}

const REMEMBER: &str = "INSERT INTO user_emails (book_id, email, user_id, first_seen_at)
  SELECT $1, u.* FROM (SELECT unnest($2) AS email, unnest($3) AS user_id, unnest($4)) AS u
  ORDER BY u.email, u.user_id ON CONFLICT (book_id, email, user_id) DO NOTHING";

/// Remembers e-mails that are new to their users. Their instant is the newest that anybody told of the user: no clock is
/// read here.
pub(crate) async fn remember(
    mut conn: &AsyncPgConnection,
    book: BookId,
    users: &[UserFacts],
) -> Result<(), StoreError> {
    let with_one: Vec<_> =
        users.iter().filter_map(|user| user.email.map(|email| (email.0.to_vec(), user))).collect();
    if with_one.is_empty() {
        return Ok(());
    }
    let remember = fixed::<()>(REMEMBER).bind(book.0).column(&with_one, |(email, _)| email.clone());
    let remember = remember.column(&with_one, |(_, user)| Key::from(user.id));
    remember.column(&with_one, |(_, user)| last_word(user)).execute(&mut conn).await.told()?;
    Ok(())
}

fn last_word(user: &UserFacts) -> Timestamp {
    let words = [user.event_word, user.token_word].into_iter().flatten().map(|word| word.at);
    words.fold(user.first_seen_at, Timestamp::max)
}

#[async_trait]
impl Users for PgUnit {
    async fn lock(
        &mut self,
        book: BookId,
        named: &[NewUser],
        ids: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<UserFacts>, StoreError> {
        let locked: Result<Vec<UserFacts>, _> = call!(self, |conn| lock(conn, book, named, ids, now));
        self.remember(locked.iter().flatten().map(|user| user.id));
        locked
    }

    async fn names(&mut self, book: BookId, ids: &[UserId]) -> Result<Vec<HostId>, StoreError> {
        call!(self, |conn| names(conn, book, ids))
    }

    async fn email_owners(
        &mut self,
        book: BookId,
        mails: &[(Fingerprint, UserId)],
    ) -> Result<Vec<Option<UserId>>, StoreError> {
        call!(self, |conn| email_owners(conn, book, mails))
    }
}
