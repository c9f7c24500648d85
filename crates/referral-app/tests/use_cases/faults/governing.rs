//! What those who govern do.

use referral_testkit::faults::{Sweep, Swept};

use super::{answered, nothing, swept};
use crate::governing::{a_program, a_request, a_vanity, pausing, switching_off, welcoming};
use crate::stage::Stage;

pub(super) async fn sweeps() -> Swept {
    let create = async |stage: &Stage| answered(stage.app.create_program(&a_program("Acme"), None).await);
    let change = async |stage: &Stage| answered(stage.app.change_program(&pausing(), None).await);
    let publish = async |stage: &Stage| {
        answered(stage.app.publish_rules(&welcoming(12_00), Some(&a_request("k", 1))).await).map(drop)
    };
    let vanity = async |stage: &Stage| answered(stage.app.create_code(&a_vanity("ANA-ONE"), None).await);
    let made = async |stage: &Stage| drop(vanity(stage).await.expect("a code is made"));
    let off = async |stage: &Stage| answered(stage.app.change_code(&switching_off(stage).await, None).await);
    let sweeps = [
        swept(Sweep::of("a program made"), nothing, create).await,
        swept(Sweep::of("a program paused"), nothing, change).await,
        swept(Sweep::of("rules published"), nothing, publish).await,
        swept(Sweep::of("a vanity code made"), nothing, vanity).await,
        swept(Sweep::of("a code switched off"), made, off).await,
    ];
    sweeps.into_iter().sum()
}
