//! Servers that live in the past: what takes weeks is told by one that ended weeks ago by its own clock.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::home::Home;

/// The library that stands before the system's clock, built once.
fn library() -> PathBuf {
    static BUILT: OnceLock<TempDir> = OnceLock::new();
    let build = || {
        let folder = tempfile::tempdir().expect("a directory can be made");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/black_box/then.c");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-o"]).arg(folder.path().join("then.so")).arg(source).arg("-ldl");
        let built = compile.output().expect("there is a C compiler");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        folder
    };
    BUILT.get_or_init(build).path().join("then.so")
}

impl Home {
    /// The same directory, so many days ago: whatever runs in it has a clock that is behind.
    pub(crate) fn days_ago(&self, days: u32) -> Self {
        let library = library();
        let behind = (days * 86_400).to_string();
        self.clone()
            .with("LD_PRELOAD", library.to_str().expect("a path of letters"))
            .with("TEST_CLOCK_BEHIND_S", &behind)
    }
}
