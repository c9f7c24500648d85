//! Rings of referrals, all of whose members apply at once. Units lock the program's graph only when a ring is possible.

use std::collections::BTreeMap;
use std::sync::Arc;

use referral_domain::apply::ApplyRefusal;
use referral_testkit::build::a_program;
use referral_testkit::contract::race;
use referral_testkit::world::World;

use super::a_store_of;
use crate::Sessions;

/// How many apply in a ring.
const MEMBERS: usize = 4;
const ROUNDS: usize = 200;

/// Whether somebody is among those who referred them, directly or not.
fn has_a_ring(referrer_of: &BTreeMap<String, String>) -> bool {
    referrer_of.keys().any(|start| {
        let mut at = start;
        while let Some(referrer) = referrer_of.get(at) {
            at = referrer;
            if at == start {
                return true;
            }
        }
        false
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_ring_survives_when_all_its_members_apply_at_once() {
    let (store, database) = a_store_of(Sessions { units: 16, reports: 1 }).await;
    let store = Arc::new(store);
    let world = World::with(store.clone(), store, a_program().build()).await;
    let (mut made, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let mut codes = Vec::new();
        for member in 0..MEMBERS {
            codes.push(world.code(&format!("u_{round}_{member}")).await);
        }
        let applied = race((0..MEMBERS).map(|member| {
            let (world, code) = (world.clone(), codes[(member + 1) % MEMBERS].clone());
            async move { world.sign_up(&format!("u_{round}_{member}"), &code).await }
        }));
        for answer in applied.await {
            match answer {
                Ok(_) => made += 1,
                Err(ApplyRefusal::ReferralCycle) => refused += 1,
                Err(other) => panic!("refused for another reason: {other:?}"),
            }
        }
    }
    let edges = "SELECT a.host_id, b.host_id FROM referrals AS r
      JOIN user_names AS a ON a.book_id = r.book_id AND a.user_id = r.referred_id
      JOIN user_names AS b ON b.book_id = r.book_id AND b.user_id = r.referrer_id";
    let edges = database.client().await.query(edges, &[]).await.expect("edges");
    let edges: BTreeMap<String, String> = edges.iter().map(|row| (row.get(0), row.get(1))).collect();
    let ring = has_a_ring(&edges);
    println!("rounds={ROUNDS} applied={} made={made} refused={refused} ring={ring}", ROUNDS * MEMBERS);
    assert!(!ring, "a ring survived among {} referrals", edges.len());
    assert_eq!((made, refused), (ROUNDS * (MEMBERS - 1), ROUNDS), "all but the last of each ring");
    assert_eq!(edges.len(), made);
}
