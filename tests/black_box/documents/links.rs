//! Links between the documents of the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use crate::figure;

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [root.clone(), root.join("docs"), root.join("docs/adr")];
    let documents: Vec<PathBuf> = folders.iter().flat_map(|folder| markdown_in(folder)).collect();
    let links: Vec<(PathBuf, String)> = documents.iter().flat_map(|document| links_of(document)).collect();
    let broken: Vec<&(PathBuf, String)> = links.iter().filter(|(from, to)| !leads(from, to)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    figure(&format!("links in {} documents: sound={}/{}", documents.len(), links.len(), links.len()));
    assert!(links.len() >= 10, "{links:?}");
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("read").path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect()
}

/// What stands in `](..)`, but for other sites.
fn links_of(document: &Path) -> Vec<(PathBuf, String)> {
    let text = fs::read_to_string(document).expect("read");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://"));
    local.map(|target| (document.to_owned(), target.to_owned())).collect()
}

fn leads(from: &Path, to: &str) -> bool {
    let file = to.split('#').next().unwrap_or_default();
    file.is_empty() || from.parent().is_some_and(|folder| folder.join(file).exists())
}
