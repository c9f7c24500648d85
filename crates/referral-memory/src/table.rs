//! Tables: maps whose copies share their rows until one of them writes, so that a draft costs what it touches.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::{Deref, DerefMut, RangeBounds};
use std::sync::Arc;

use referral_domain::port::StoreError;

use crate::fault::{Rule, taken};

/// An append-only table: rows are added under keys that are free, and no method changes or removes one.
#[derive(Debug)]
pub(crate) struct Facts<K, V> {
    name: &'static str,
    rows: Arc<BTreeMap<K, V>>,
}

impl<K, V> Clone for Facts<K, V> {
    fn clone(&self) -> Self {
        Self { name: self.name, rows: Arc::clone(&self.rows) }
    }
}

impl<K: Ord + Clone + Debug, V: Clone> Facts<K, V> {
    /// An empty table.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, rows: Arc::default() }
    }

    /// The row of a key.
    pub(crate) fn find(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    /// The row of a key that exists.
    pub(crate) fn get(&self, key: &K) -> Result<&V, StoreError> {
        self.find(key).ok_or_else(|| self.missing(key))
    }

    /// Refuses a key that does not exist.
    pub(crate) fn has(&self, key: &K) -> Result<(), StoreError> {
        self.get(key).map(|_| ())
    }

    /// Adds a row whose key must be free.
    pub(crate) fn add(&mut self, key: K, row: V) -> Result<(), StoreError> {
        if self.rows.contains_key(&key) {
            return Err(taken(self.name, &key));
        }
        Arc::make_mut(&mut self.rows).insert(key, row);
        Ok(())
    }

    /// Every key and row, by key.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    /// Every row, by key.
    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.values()
    }

    /// The rows of a range of keys, by key.
    pub(crate) fn range(&self, keys: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.range(keys).map(|(_, row)| row)
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    fn missing(&self, key: &K) -> StoreError {
        let says = "a row that something refers to exists";
        StoreError::corrupt(self.name, "key", format!("{key:?}"), says)
    }

    /// Breaks the table's promise, so that a test sees it noticed.
    #[cfg(test)]
    pub(crate) fn tamper(&mut self) -> &mut BTreeMap<K, V> {
        Arc::make_mut(&mut self.rows)
    }
}

/// A table whose rows may change: everything [`Facts`] can, and the few changes that are allowed.
#[derive(Debug)]
pub(crate) struct Rows<K, V>(Facts<K, V>);

impl<K, V> Clone for Rows<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Deref for Rows<K, V> {
    type Target = Facts<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, V> DerefMut for Rows<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Ord + Clone + Debug, V: Clone> Rows<K, V> {
    /// An empty table.
    pub(crate) fn named(name: &'static str) -> Self {
        Self(Facts::named(name))
    }

    /// Changes the row of a key that exists.
    pub(crate) fn change<T>(&mut self, key: &K, change: impl FnOnce(&mut V) -> T) -> Result<T, StoreError> {
        self.has(key)?;
        let row = Arc::make_mut(&mut self.0.rows).get_mut(key);
        row.map(change).ok_or_else(|| self.missing(key))
    }

    /// Sets the row of a key, whether or not there is one.
    pub(crate) fn put(&mut self, key: K, row: V) {
        Arc::make_mut(&mut self.0.rows).insert(key, row);
    }

    /// Removes the row of a key.
    pub(crate) fn remove(&mut self, key: &K) {
        Arc::make_mut(&mut self.0.rows).remove(key);
    }
}

impl<K: Debug, V> Facts<K, V> {
    /// A rule of this table.
    pub(crate) const fn rule(&self, column: &'static str, says: &'static str) -> Rule {
        Rule { table: self.name, column, says }
    }
}
