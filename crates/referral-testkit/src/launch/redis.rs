//! A private Redis, and a cluster of three.
