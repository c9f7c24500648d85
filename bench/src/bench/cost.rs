//! What events and postings cost PostgreSQL.

use crate::data::Cost;
use crate::report::{Line, Series};

/// A load and what PostgreSQL counted meanwhile.
pub(crate) struct Costs {
    pub(crate) what: &'static str,
    pub(crate) cost: Cost,
    pub(crate) events: u64,
    pub(crate) postings: u64,
}

/// Per event, in thousandths where less than one is expected.
pub(crate) fn lines(costs: &[Costs]) -> Vec<Line> {
    ["singles", "batches"].iter().flat_map(|what| of(what, costs)).collect()
}

fn of(what: &str, costs: &[Costs]) -> Vec<Line> {
    let mine: Vec<&Costs> = costs.iter().filter(|costs| costs.what == what).collect();
    if mine.is_empty() {
        return Vec::new();
    }
    let line = |figure: &str, unit, each: &dyn Fn(&Costs) -> u64| Line {
        workload: "cost",
        what: format!("{what}: {figure}"),
        measured: Series(mine.iter().map(|costs| each(costs)).collect()),
        unit,
        target: None,
    };
    vec![
        line("WAL an event", "bytes", &|costs| costs.cost.wal_bytes / costs.events.max(1)),
        line("WAL a posting, everything else included", "bytes", &|costs| {
            costs.cost.wal_bytes / costs.postings.max(1)
        }),
        line("fsync", "thousandths an event", &|costs| costs.cost.syncs * 1_000 / costs.events.max(1)),
        line("statements", "thousandths an event", &|costs| {
            costs.cost.statements * 1_000 / costs.events.max(1)
        }),
        line("events", "a transaction", &|costs| costs.events / costs.cost.transactions.max(1)),
    ]
}
