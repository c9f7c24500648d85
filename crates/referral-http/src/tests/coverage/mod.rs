//! Tables over the OpenAPI document: an operation that is missing from one of them fails it.

mod admin;
mod credentials;
mod document;
mod foreign;
mod repeated;
mod sample;
mod staff_repeated;

pub(super) use admin::rules;
use sample::{Sample, admin_samples, samples, user_samples};
