//! The limiter over Redis.
