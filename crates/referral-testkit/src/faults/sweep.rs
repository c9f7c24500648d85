//! The sweep: a use case runs once for every port call it makes and every way that call can fail.

use std::fmt;
use std::iter::Sum;
use std::sync::Arc;

use super::plan::{Fault, Fired, Plan};

/// A sweep over one use case.
///
/// For every call and fault: a use case that answers a failure has changed nothing, and repeated without the fault it
/// ends as if it had never failed. What may answer all the same is a use case whose unit lost one race; what may be
/// stored all the same is a commit that was given up or whose answer was lost.
#[derive(Clone, Debug)]
pub struct Sweep {
    name: &'static str,
    faults: Vec<Fault>,
    in_steps: bool,
}

/// What a sweep did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Use cases.
    pub use_cases: u32,
    /// Port calls of those use cases when nothing fails.
    pub calls: u32,
    /// Runs in which a call failed: for each call, one a fault that can meet it.
    pub faults: u32,
    /// Of those, the runs that answered all the same, since a lost race was run again.
    pub survived: u32,
}

impl Sum for Swept {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            use_cases: sum.use_cases + one.use_cases,
            calls: sum.calls + one.calls,
            faults: sum.faults + one.faults,
            survived: sum.survived + one.survived,
        })
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { use_cases, calls, faults, survived } = self;
        write!(out, "use cases={use_cases} calls={calls} calls x faults={faults} survived={survived}")
    }
}

/// How a use case ends when nothing fails.
struct Whole {
    before: String,
    done: String,
    calls: u32,
}

impl Sweep {
    /// A sweep over the use case of this name, with every fault.
    #[must_use]
    pub fn of(name: &'static str) -> Self {
        Self { name, faults: Fault::ALL.to_vec(), in_steps: false }
    }

    /// With these faults alone. For a use case that cannot be repeated, leave out those after which a commit may be
    /// stored unheard.
    #[must_use]
    pub fn with(mut self, faults: &[Fault]) -> Self {
        self.faults = faults.to_vec();
        self
    }

    /// For a use case of several units: what the earlier ones stored stays when a later one fails.
    #[must_use]
    pub const fn in_steps(mut self) -> Self {
        self.in_steps = true;
        self
    }

    /// Runs the sweep. `make` answers a fresh world, ready for the use case, and the plan its ports are under; `run`
    /// runs the use case; `look` answers everything that is stored, as [`fingerprint`](crate::fingerprint) does.
    ///
    /// # Panics
    /// When a run breaks what a sweep promises, with the call and the fault.
    pub async fn run<W, T, E: fmt::Debug>(
        &self,
        make: impl AsyncFn() -> (W, Arc<Plan>),
        run: impl AsyncFn(&W) -> Result<T, E>,
        look: impl AsyncFn(&W) -> String,
    ) -> Swept {
        let whole = self.never_failed(&make, &run, &look).await;
        let mut swept = Swept { use_cases: 1, calls: whole.calls, ..Swept::default() };
        for n in 1..=whole.calls {
            for fault in &self.faults {
                let (faults, survived) = self.one(&whole, n, *fault, &make, &run, &look).await;
                swept.faults += faults;
                swept.survived += survived;
            }
        }
        println!("{}: {swept}", self.name);
        swept
    }

    async fn never_failed<W, T, E: fmt::Debug>(
        &self,
        make: &impl AsyncFn() -> (W, Arc<Plan>),
        run: &impl AsyncFn(&W) -> Result<T, E>,
        look: &impl AsyncFn(&W) -> String,
    ) -> Whole {
        let (world, plan) = make().await;
        let before = look(&world).await;
        plan.disarm();
        let answer = run(&world).await;
        let (calls, _) = plan.disarm();
        assert!(answer.is_ok(), "{} fails by itself: {:?}", self.name, answer.err());
        assert!(calls > 0, "{} makes no port call", self.name);
        Whole { before, done: look(&world).await, calls }
    }

    /// One run with one fault, and its repetition; answers how many calls failed and how often it answered all the same.
    async fn one<W, T, E: fmt::Debug>(
        &self,
        whole: &Whole,
        n: u32,
        fault: Fault,
        make: &impl AsyncFn() -> (W, Arc<Plan>),
        run: &impl AsyncFn(&W) -> Result<T, E>,
        look: &impl AsyncFn(&W) -> String,
    ) -> (u32, u32) {
        let (world, plan) = make().await;
        plan.arm(n, fault);
        let answer = run(&world).await;
        let (_, fired) = plan.disarm();
        let after = look(&world).await;
        plan.disarm();
        let Some(fired) = fired else {
            assert!(answer.is_ok() && fault == Fault::LostCommit, "{}: call {n} did not fail", self.name);
            return (0, 0);
        };
        let place = format!("{}: call {n} ({}) fails as {fault:?}", self.name, fired.call);
        self.judge(whole, fired, fault, answer.is_ok(), &after, &place);
        if answer.is_ok() {
            return (1, 1);
        }
        let again = run(&world).await;
        assert!(again.is_ok(), "{place}: repeated, it answers {:?}", again.err());
        assert_eq!(look(&world).await, whole.done, "{place}: repeated, it ends otherwise");
        (1, 0)
    }

    fn judge(&self, whole: &Whole, fired: Fired, fault: Fault, answered: bool, after: &str, place: &str) {
        if answered {
            assert_eq!(fault, Fault::Contended, "{place}, and it answers as if nothing had happened");
            assert_eq!(after, whole.done, "{place}: run again, it ends otherwise");
        } else if fired.may_be_stored && after == whole.done {
            // The commit happened although nobody heard of it.
        } else if !self.in_steps {
            assert_eq!(after, whole.before, "{place}, and something is stored");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A use case that makes three calls and then stores a row, at once.
    struct Toy {
        plan: Arc<Plan>,
        rows: Mutex<u32>,
        /// Stores the row before its last call.
        hasty: bool,
        /// Does not look at the answer of its second call.
        deaf: bool,
        /// Stores a row more when it is repeated.
        forgetful: bool,
    }

    impl Toy {
        async fn make(hasty: bool, deaf: bool, forgetful: bool) -> (Self, Arc<Plan>) {
            let plan = Plan::new();
            (Self { plan: plan.clone(), rows: Mutex::new(0), hasty, deaf, forgetful }, plan)
        }

        fn call(&self, name: &'static str) -> Result<(), Fault> {
            self.plan.next(name).map_or(Ok(()), Err)
        }

        fn store(&self) {
            let mut rows = self.rows.lock().unwrap();
            *rows = if self.forgetful { *rows + 1 } else { 1 };
        }

        async fn run(&self) -> Result<(), Fault> {
            self.call("begin")?;
            let heard = self.call("users.lock");
            if !self.deaf {
                heard?;
            }
            if self.hasty {
                self.store();
            }
            match self.call("commit") {
                Ok(()) => self.store(),
                Err(Fault::LostCommit) => {
                    self.store();
                    return Err(Fault::LostCommit);
                }
                Err(fault) => return Err(fault),
            }
            Ok(())
        }

        async fn sweep(hasty: bool, deaf: bool, forgetful: bool) -> Swept {
            let look = async |toy: &Self| toy.rows.lock().unwrap().to_string();
            Sweep::of("toy").run(async || Self::make(hasty, deaf, forgetful).await, Self::run, look).await
        }
    }

    #[tokio::test]
    async fn every_call_fails_in_every_way_that_can_meet_it() {
        let swept = Toy::sweep(false, false, false).await;
        assert_eq!(swept, Swept { use_cases: 1, calls: 3, faults: 3 * 4 + 1, survived: 0 });
    }

    #[tokio::test]
    #[should_panic(expected = "something is stored")]
    async fn a_use_case_that_stores_before_it_may_is_caught() {
        Toy::sweep(true, false, false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "as if nothing had happened")]
    async fn a_use_case_that_swallows_a_failure_is_caught() {
        Toy::sweep(false, true, false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "repeated, it ends otherwise")]
    async fn a_use_case_that_does_its_work_twice_is_caught() {
        Toy::sweep(false, false, true).await;
    }
}
