//! Tables over the OpenAPI document: an operation that is missing from one of them fails it.

mod credentials;
mod document;
mod foreign;
mod repeated;
mod sample;

use sample::{Sample, samples};
