//! Shell blocks of the documents, run by `sh` as they stand, in one session, each with what it printed.

use std::path::Path;
use std::process::Command;

use crate::home::binaries;
use crate::markdown::Block;

/// Stands between what two blocks print.
const SEPARATOR: char = '\u{1e}';

/// Runs blocks one after the other in one shell, in this directory. `localhost:8000` is `place`.
///
/// The built `referral-server` is on the path, as it is for a reader; variables of whoever runs the tests are not seen.
/// What each block prints, in order; a block that fails ends the test with its line.
pub(crate) fn session(directory: &Path, place: &str, blocks: &[Block]) -> Vec<String> {
    let script = script(place, blocks);
    let mut shell = Command::new("sh");
    let ran = shell.args(["-c", &script]).current_dir(directory).output().expect("there is a shell");
    let printed = String::from_utf8(ran.stdout).expect("UTF-8");
    let parts: Vec<String> = printed.split(SEPARATOR).map(str::to_owned).collect();
    let told = String::from_utf8_lossy(&ran.stderr);
    let last = blocks.get(parts.len() - 1).map_or(0, |block| block.line);
    assert!(ran.status.success(), "the block of line {last} ended with {}: {printed}\n{told}", ran.status);
    parts
}

fn script(place: &str, blocks: &[Block]) -> String {
    let path = binaries();
    let begin = format!(
        "for name in $(env | sed -n 's/^\\(REFERRAL_[A-Z_]*\\)=.*/\\1/p'); do unset \"$name\"; done\n\
         PATH=\"{}:$PATH\"; export PATH\n\
         REFERRAL_METRICS_BIND=off; export REFERRAL_METRICS_BIND\nset -e\n",
        path.display()
    );
    let texts: Vec<String> = blocks.iter().map(|block| block.text.replace("localhost:8000", place)).collect();
    begin + &texts.join(&format!("printf '{SEPARATOR}'\n"))
}
