//! The whole shell over the store in memory: every endpoint as its callers see it.
//!
//! Tests speak as somebody: `app.anonymous()`, `app.user("u_ana")`, `app.service(&[Scope::UsersRead])`. Every reply of
//! every test is held against what all replies promise, see [`promise`], and against the OpenAPI document, see [`schema`].

mod app;
mod paying;
mod paying_out;
mod promise;
mod proving;
mod schema;
mod speaker;
mod story;
mod token;

mod applying;
mod auditing;
mod bad_input;
mod coverage;
mod explaining;
mod governing;
mod history;
mod idempotency;
mod limits;
mod looking;
mod operating;
mod redeeming;
mod refunding;
mod spending;
mod told;
mod wire;

use app::TestApp;
use speaker::{Ask, Reply, Speaker};
use story::{Story, usd};
