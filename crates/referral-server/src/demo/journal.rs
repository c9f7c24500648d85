//! The demo host's own file: one JSON fact a line, only ever appended to, read once at start.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web;
use anyhow::Context;

use super::account::Fact;

/// Where the demo host writes what happened.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<Mutex<File>>,
}

impl Journal {
    /// Opens the file, made when missing and readable by its owner alone, with the facts that are in it.
    ///
    /// # Errors
    /// When it cannot be read or written, or a line is not a fact.
    pub(super) fn open(path: &Path) -> anyhow::Result<(Self, Vec<Fact>)> {
        let context = || format!("the demo host's file {} cannot be used", path.display());
        let mut options = OpenOptions::new();
        let file =
            options.read(true).append(true).create(true).mode(0o600).open(path).with_context(context)?;
        let facts = read(&file).with_context(context)?;
        Ok((Self { path: path.to_path_buf(), file: Arc::new(Mutex::new(file)) }, facts))
    }

    /// Writes a fact down. When it answers `Ok`, the fact survives a crash.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) async fn append(&self, fact: &Fact) -> anyhow::Result<()> {
        let line = format!("{}\n", serde_json::to_string(fact)?);
        let file = self.file.clone();
        let write = move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line.as_bytes()).and_then(|()| file.sync_data())
        };
        let written = web::block(write).await.context("writing was cut short")?;
        written.with_context(|| format!("the demo host's file {} cannot be written", self.path.display()))
    }
}

/// The facts of a file. A last line that a crash cut short is no fact: it was never acknowledged.
fn read(file: &File) -> anyhow::Result<Vec<Fact>> {
    let mut facts = Vec::new();
    let mut lines = BufReader::new(file);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        if line.ends_with('\n') {
            facts.push(
                serde_json::from_str(&line)
                    .with_context(|| format!("line {} is not a fact", facts.len() + 1))?,
            );
        } else {
            file.set_len(file.metadata()?.len() - line.len() as u64)?;
        }
        line.clear();
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(token: &str) -> Fact {
        Fact::Verified { mail_token: token.to_owned(), at_micros: 7 }
    }

    #[actix_web::test]
    async fn what_was_written_is_there_after_a_restart() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("demo-host.jsonl");
        let (journal, facts) = Journal::open(&path).expect("made");
        assert_eq!(facts, []);
        journal.append(&fact("one")).await.expect("written");
        journal.append(&fact("two")).await.expect("written");
        assert_eq!(Journal::open(&path).expect("read").1, [fact("one"), fact("two")]);
    }

    #[actix_web::test]
    async fn a_line_that_a_crash_cut_short_is_dropped_and_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("demo-host.jsonl");
        let (journal, _) = Journal::open(&path).expect("made");
        journal.append(&fact("one")).await.expect("written");
        OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"{\"fact"))
            .expect("cut");
        let (journal, facts) = Journal::open(&path).expect("read");
        assert_eq!(facts, [fact("one")]);
        journal.append(&fact("two")).await.expect("written");
        assert_eq!(Journal::open(&path).expect("read").1, [fact("one"), fact("two")]);
    }
}
