//! The copy in which mutants are tried: the files that are in git or would be, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Makes the copy equal to the listed files. A file that is equal already is left alone, so that cargo does not build
/// it again; one that is not listed is removed.
pub(crate) fn sync(root: &Path, files: &[String], copy: &Path) -> Result<()> {
    for file in files {
        let wanted = fs::read(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        put(&copy.join(file), &wanted).with_context(|| format!("cannot copy {file}"))?;
    }
    for path in walk(copy)? {
        let listed = files.iter().any(|file| copy.join(file) == path);
        if !listed {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn put(path: &Path, wanted: &[u8]) -> Result<()> {
    if path.is_file() && fs::read(path)? == wanted {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
    Ok(fs::write(path, wanted)?)
}

fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(walk(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_becomes_equal_and_equal_files_are_left_alone() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let copy = elsewhere.path().join("copy");
        fs::create_dir(root.path().join("src")).unwrap();
        fs::write(root.path().join("src/a.rs"), "1").unwrap();
        fs::write(root.path().join("b.rs"), "1").unwrap();
        let files = ["src/a.rs", "b.rs"].map(String::from);
        sync(root.path(), &files, &copy).unwrap();
        let untouched = fs::metadata(copy.join("src/a.rs")).unwrap().modified().unwrap();

        fs::write(copy.join("b.rs"), "mutated").unwrap();
        fs::write(copy.join("src/left.rs"), "left behind").unwrap();
        sync(root.path(), &files, &copy).unwrap();

        assert_eq!(fs::read_to_string(copy.join("b.rs")).unwrap(), "1");
        assert!(!copy.join("src/left.rs").exists());
        assert_eq!(fs::metadata(copy.join("src/a.rs")).unwrap().modified().unwrap(), untouched);
    }
}
