//! Statements of our own: set-wise over arrays, kept prepared by each connection.
//!
//! Diesel prepares `UPDATE`, `ON CONFLICT DO UPDATE` and inserts of many rows afresh each time, which costs a round trip
//! and a plan. A [`Fixed`] statement's text never varies, so the connection keeps it prepared under that text; what
//! varies in number is bound as an array, and `unnest` makes rows of it. Columns that are written are unnested in a list,
//! `SELECT unnest($2), unnest($3)`: of `FROM unnest($2, $3)`, PostgreSQL stores each column away first. That form is left for
//! one column, and for rows that are numbered (`WITH ORDINALITY`).
//!
//! Each look-up joins by `CROSS JOIN LATERAL (... LIMIT 1)`, and each update is an `INSERT ... ON CONFLICT DO UPDATE`:
//! one probe of an index a row, whatever the statistics say. A plan that was made while the tables were empty is then
//! the plan of full tables, too.

use std::marker::PhantomData;

use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid};
use referral_domain::time::Timestamp;

use crate::column::{At, Key};

/// The types of a row's columns, in the order of its fields.
pub type RowSql<Row> = SqlTypeOf<<Row as Selectable<Pg>>::SelectExpression>;

/// SQL that answers rows of `Row`, with its binds in the order of the numbers of its `$n`. A number's first appearance
/// comes after those of all smaller ones; it may appear again.
pub struct Fixed<Row> {
    text: &'static str,
    binds: Vec<Bind>,
    row: PhantomData<fn() -> Row>,
}

/// A bound value.
pub enum Bind {
    /// A whole number.
    Number(i64),
    /// An id.
    Key(Key),
    /// An instant.
    At(At),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A column of whole numbers.
    Numbers(Vec<Option<i64>>),
    /// A column of ids.
    Keys(Vec<Option<Key>>),
    /// A column of instants.
    Instants(Vec<Option<At>>),
    /// A column of texts.
    Texts(Vec<Option<String>>),
    /// A column of bytes.
    Blobs(Vec<Option<Vec<u8>>>),
    /// A column of truths.
    Flags(Vec<Option<bool>>),
}

/// A statement without binds yet.
pub const fn fixed<Row>(text: &'static str) -> Fixed<Row> {
    Fixed { text, binds: Vec::new(), row: PhantomData }
}

impl<Row> Fixed<Row> {
    /// Binds the next number.
    pub fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        self
    }

    /// Binds one column of many rows.
    pub fn column<T, U>(self, rows: &[T], value: impl Fn(&T) -> U) -> Self
    where
        Vec<U>: Into<Bind>,
    {
        self.bind(rows.iter().map(value).collect::<Vec<_>>())
    }
}

macro_rules! binds {
    ($($from:ty => $variant:ident($value:ident: $expr:expr);)+) => {$(
        impl From<$from> for Bind {
            fn from($value: $from) -> Self {
                Self::$variant($expr)
            }
        }
    )+};
}

binds! {
    i64 => Number(value: value);
    u32 => Number(value: i64::from(value));
    Key => Key(value: value);
    Timestamp => At(value: value.into());
    &str => Text(value: value.to_owned());
    Vec<u8> => Bytes(value: value);
    Vec<i64> => Numbers(value: value.into_iter().map(Some).collect());
    Vec<Option<i64>> => Numbers(value: value);
    Vec<Key> => Keys(value: value.into_iter().map(Some).collect());
    Vec<Option<Key>> => Keys(value: value);
    Vec<Timestamp> => Instants(value: value.into_iter().map(|at| Some(at.into())).collect());
    Vec<Option<Timestamp>> => Instants(value: value.into_iter().map(|at| at.map(At::from)).collect());
    Vec<String> => Texts(value: value.into_iter().map(Some).collect());
    Vec<Option<String>> => Texts(value: value);
    Vec<&str> => Texts(value: value.into_iter().map(|text| Some(text.to_owned())).collect());
    Vec<Option<&str>> => Texts(value: value.into_iter().map(|text| text.map(ToOwned::to_owned)).collect());
    Vec<Vec<u8>> => Blobs(value: value.into_iter().map(Some).collect());
    Vec<Option<Vec<u8>>> => Blobs(value: value);
    Vec<bool> => Flags(value: value.into_iter().map(Some).collect());
    Vec<Option<bool>> => Flags(value: value);
}

impl<Row> QueryFragment<Pg> for Fixed<Row> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut bound = 0;
        let mut parts = self.text.split('$');
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = part.split_at(digits);
            match self.binds.get(bound) {
                Some(bind) if number.parse() == Ok(bound + 1) => {
                    bind.walk_ast(out.reborrow())?;
                    bound += 1;
                }
                _ => {
                    out.push_sql("$");
                    out.push_sql(number);
                }
            }
            out.push_sql(rest);
        }
        Ok(())
    }
}

impl QueryFragment<Pg> for Bind {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Number(number) => out.push_bind_param::<BigInt, _>(number),
            Self::Key(key) => out.push_bind_param::<Uuid, _>(key),
            Self::At(at) => out.push_bind_param::<Timestamptz, _>(at),
            Self::Text(text) => out.push_bind_param::<Text, _>(text),
            Self::Bytes(bytes) => out.push_bind_param::<Binary, _>(bytes),
            Self::Numbers(column) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(column),
            Self::Keys(column) => out.push_bind_param::<Array<Nullable<Uuid>>, _>(column),
            Self::Instants(column) => out.push_bind_param::<Array<Nullable<Timestamptz>>, _>(column),
            Self::Texts(column) => out.push_bind_param::<Array<Nullable<Text>>, _>(column),
            Self::Blobs(column) => out.push_bind_param::<Array<Nullable<Binary>>, _>(column),
            Self::Flags(column) => out.push_bind_param::<Array<Nullable<Bool>>, _>(column),
        }
    }
}

/// Two texts are two statements, so the text itself is the key under which one is kept.
impl<Row> QueryId for Fixed<Row> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Row> Query for Fixed<Row> {
    type SqlType = Row;
}
