//! F17, where the two people are at two servers.

use super::{a_home, shared, turn};
use crate::payouts::pays_nobody_twice;

#[test]
fn a_payout_run_clicked_twice_at_two_servers_pays_nobody_twice() {
    let _turn = turn();
    pays_nobody_twice(&a_home(&shared()).0, 2);
}
