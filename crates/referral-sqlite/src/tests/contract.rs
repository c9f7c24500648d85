//! The contract of the ports, on a file.

use std::sync::Arc;

use referral_testkit::contract::Subject;

use super::{FILE, a_store};

/// An outage: the file is moved away under the running store, and back.
pub(super) async fn make() -> Subject {
    let (store, folder) = a_store().await;
    let (here, away) = (folder.path().join(FILE), folder.path().join("away.db"));
    let store = Arc::new(store);
    let outage = move |down| {
        let (from, to) = if down { (&here, &away) } else { (&away, &here) };
        if from.exists() {
            std::fs::rename(from, to).expect("the file is moved");
        }
    };
    Subject { store: store.clone(), reports: store, outage: Box::new(outage), guard: Box::new(folder) }
}

referral_testkit::store_contract!(make);
