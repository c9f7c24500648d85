//! Running other programs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a program in `folder` with this terminal; fails when it does.
pub(crate) fn run(
    folder: &Path,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(folder)
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("`{program} {}` failed: {status}", arguments.join(" "));
    }
    Ok(())
}

/// What a program prints on standard output; fails, with what it printed on standard error, when it does.
pub(crate) fn output(folder: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{program} {}` failed: {}\n{said}", arguments.join(" "), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed something that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_an_error_with_its_words() {
        let error = output(Path::new("."), "sh", &["-c", "echo why >&2; exit 3"]).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
        assert!(run(Path::new("."), "sh", &["-c", "exit 3"], &[]).is_err());
    }

    #[test]
    fn a_program_gets_its_variables_and_its_output_comes_back() {
        assert_eq!(output(Path::new("."), "sh", &["-c", "echo 1"]).unwrap(), "1\n");
        assert!(run(Path::new("."), "sh", &["-c", "test $FIGURE = 7"], &[("FIGURE", "7")]).is_ok());
    }
}
