//! Statements that Diesel's typed queries cannot say, or would prepare afresh each time: `UPDATE`, `ON CONFLICT DO
//! UPDATE`, and text of our own. A [`Fixed`] statement's text never varies, so the connection keeps it prepared.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Untyped};
use diesel::sqlite::Sqlite;

use crate::column::Key;

/// SQL with its binds in the order of its `?`; no other `?` may stand in the text.
pub(crate) struct Fixed {
    text: &'static str,
    binds: Vec<Bind>,
}

/// A bound value.
pub(crate) enum Bind {
    Number(Option<i64>),
    Key(Option<Key>),
    Bytes(Option<Vec<u8>>),
    Text(Option<String>),
}

/// A statement without binds yet.
pub(crate) const fn fixed(text: &'static str) -> Fixed {
    Fixed { text, binds: Vec::new() }
}

impl Fixed {
    /// Binds the next `?`.
    pub(crate) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        self
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
    i64 => Number(value: Some(value));
    Option<i64> => Number(value: value);
    u32 => Number(value: Some(i64::from(value)));
    bool => Number(value: Some(i64::from(value)));
    Option<bool> => Number(value: value.map(i64::from));
    Key => Key(value: Some(value));
    Option<Key> => Key(value: value);
    Option<Vec<u8>> => Bytes(value: value);
    &str => Text(value: Some(value.to_owned()));
    Option<&str> => Text(value: value.map(ToOwned::to_owned));
}

impl QueryFragment<Sqlite> for Fixed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut parts = self.text.split('?');
        out.push_sql(parts.next().unwrap_or_default());
        for (part, bind) in parts.zip(&self.binds) {
            bind.walk_ast(out.reborrow())?;
            out.push_sql(part);
        }
        Ok(())
    }
}

impl QueryFragment<Sqlite> for Bind {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        match self {
            Self::Number(number) => out.push_bind_param::<Nullable<BigInt>, _>(number),
            Self::Key(key) => out.push_bind_param::<Nullable<Binary>, _>(key),
            Self::Bytes(bytes) => out.push_bind_param::<Nullable<Binary>, _>(bytes),
            Self::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text),
        }
    }
}

/// Two texts are two statements, so the text itself is the key under which one is kept.
impl QueryId for Fixed {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Fixed {
    type SqlType = Untyped;
}

impl RunQueryDsl<SqliteConnection> for Fixed {}
