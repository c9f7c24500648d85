//! Who may see whom: domain <- app <- {memory, sqlite, postgres, redis, http} <- server, and which library belongs to which crate.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::fault::Fault;

struct Place {
    package: &'static str,
    sees: &'static [&'static str],
    /// Seen by its tests as well.
    tests_see: &'static [&'static str],
}

const GRAPH: [Place; 18] = [
    Place { package: "referral-proof", sees: &[], tests_see: &[] },
    Place { package: "referral-ledger", sees: &["referral-proof"], tests_see: &[] },
    Place { package: "referral-domain", sees: &["referral-ledger"], tests_see: &[] },
    Place {
        package: "referral-app",
        sees: &["referral-proof", "referral-domain"],
        tests_see: &["referral-memory", "referral-rails", "referral-testkit"],
    },
    Place {
        package: "referral-testkit",
        sees: &["referral-proof", "referral-domain", "referral-app"],
        tests_see: &["referral-memory"],
    },
    Place {
        package: "referral-memory",
        sees: &["referral-proof", "referral-domain", "referral-app"],
        tests_see: &["referral-testkit"],
    },
    Place {
        package: "referral-sqlite",
        sees: &["referral-proof", "referral-domain", "referral-app"],
        tests_see: &["referral-testkit"],
    },
    Place {
        package: "referral-postgres",
        sees: &["referral-proof", "referral-domain", "referral-app", "referral-pg-session"],
        tests_see: &["referral-testkit"],
    },
    Place {
        package: "referral-redis",
        sees: &["referral-domain", "referral-app"],
        tests_see: &["referral-testkit"],
    },
    Place { package: "referral-rails", sees: &["referral-domain"], tests_see: &[] },
    Place { package: "referral-pg-session", sees: &["referral-domain"], tests_see: &[] },
    Place { package: "referral-wire", sees: &["referral-domain"], tests_see: &[] },
    Place { package: "referral-gate", sees: &["referral-domain", "referral-wire"], tests_see: &[] },
    Place {
        package: "referral-http",
        sees: &["referral-proof", "referral-domain", "referral-app", "referral-wire", "referral-gate"],
        tests_see: &["referral-memory", "referral-rails", "referral-testkit"],
    },
    Place {
        package: "referral-server",
        sees: &[
            "referral-proof",
            "referral-domain",
            "referral-app",
            "referral-memory",
            "referral-sqlite",
            "referral-postgres",
            "referral-redis",
            "referral-rails",
            "referral-http",
        ],
        tests_see: &["referral-testkit"],
    },
    Place {
        package: "referral-tests",
        sees: &[],
        tests_see: &[
            "referral-proof",
            "referral-domain",
            "referral-app",
            "referral-memory",
            "referral-sqlite",
            "referral-testkit",
        ],
    },
    // It measures the running binary, on servers that the testkit starts.
    Place { package: "referral-bench", sees: &["referral-testkit"], tests_see: &[] },
    Place { package: "xtask", sees: &[], tests_see: &[] },
];

/// A library, by how its name starts, and the packages that may depend on it.
const LIBRARIES: [(&str, &[&str]); 6] = [
    ("diesel", &["referral-sqlite", "referral-pg-session", "referral-postgres", "referral-bench"]),
    ("tokio-postgres", &["referral-pg-session", "referral-postgres"]),
    ("deadpool", &["referral-pg-session", "referral-redis", "referral-bench"]),
    ("redis", &["referral-redis"]),
    ("libsqlite3", &["referral-sqlite"]),
    (
        "actix",
        &[
            "referral-wire",
            "referral-gate",
            "referral-http",
            "referral-server",
            "referral-tests",
            "referral-bench",
        ],
    ),
];

/// A dependency as a manifest declares it.
struct Edge<'metadata> {
    from: &'metadata str,
    to: &'metadata str,
    manifest: &'metadata Path,
    tests_only: bool,
}

/// Every dependency that points the wrong way, from `cargo metadata --no-deps`.
pub(crate) fn faults(root: &Path, metadata: &Value) -> Result<Vec<Fault>> {
    let edges = edges(metadata)?;
    println!("crate graph: {} packages, {} dependencies", GRAPH.len(), edges.len());
    edges
        .iter()
        .filter_map(|edge| Some((edge, wrong(edge)?)))
        .map(|(edge, what)| at(root, edge, &what))
        .collect()
}

fn edges(metadata: &Value) -> Result<Vec<Edge<'_>>> {
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        let from = package["name"].as_str().context("no name")?;
        let manifest = Path::new(package["manifest_path"].as_str().context("no manifest")?);
        for dependency in package["dependencies"].as_array().context("no dependencies")? {
            let to = dependency["name"].as_str().context("no name")?;
            edges.push(Edge { from, to, manifest, tests_only: dependency["kind"] == "dev" });
        }
    }
    Ok(edges)
}

/// Why an edge may not be, if it may not.
fn wrong(edge: &Edge<'_>) -> Option<String> {
    let Edge { from, to, tests_only, .. } = edge;
    let Some(place) = GRAPH.iter().find(|place| place.package == *from) else {
        return Some(format!(
            "{from} has no place in the crate graph: give it one in crates/xtask/src/tidy/graph.rs"
        ));
    };
    let owner = LIBRARIES.iter().find(|(library, owners)| to.starts_with(library) && !owners.contains(from));
    if let Some((library, owners)) = owner {
        return Some(format!("{from} may not depend on {to}: {library} belongs to {}", owners.join(", ")));
    }
    let ours = GRAPH.iter().any(|place| place.package == *to);
    let seen = place.sees.contains(to) || (*tests_only && place.tests_see.contains(to));
    let how = if *tests_only { "in its tests" } else { "in its code" };
    (ours && !seen).then(|| format!("{from} may not see {to} {how}: go through a port, or move the code"))
}

fn at(root: &Path, edge: &Edge<'_>, what: &str) -> Result<Fault> {
    let text = std::fs::read_to_string(edge.manifest)?;
    let line =
        text.lines().position(|line| line.trim_start().starts_with(edge.to)).map_or(1, |index| index + 1);
    let path = edge.manifest.strip_prefix(root).unwrap_or(edge.manifest);
    Ok(Fault::new(&path.to_string_lossy(), line, what))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(from: &str, to: &str, kind: Option<&str>) -> Option<Fault> {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        std::fs::write(&manifest, format!("[dependencies]\n{to}.workspace = true\n")).unwrap();
        let dependencies = json!([{"name": to, "kind": kind}]);
        let package = json!({"name": from, "manifest_path": manifest, "dependencies": dependencies});
        faults(folder.path(), &json!({"packages": [package]})).unwrap().pop()
    }

    #[test]
    fn a_dependency_against_the_direction_is_a_fault_in_its_line() {
        for (from, to) in [
            ("referral-domain", "referral-app"),
            ("referral-app", "referral-sqlite"),
            ("referral-memory", "referral-sqlite"),
            ("referral-sqlite", "referral-http"),
            ("referral-http", "referral-sqlite"),
            ("referral-http", "referral-memory"),
            ("referral-server", "referral-testkit"),
            ("referral-http", "diesel"),
            ("referral-app", "actix-web"),
            ("referral-domain", "actix-web"),
            ("referral-dashboard", "serde"),
        ] {
            let fault = fault(from, to, None).unwrap_or_else(|| panic!("{from} -> {to} was let through"));
            assert_eq!((fault.path.as_str(), fault.line), ("Cargo.toml", 2));
        }
    }

    #[test]
    fn a_dependency_along_the_direction_is_none() {
        for (from, to) in [
            ("referral-app", "referral-domain"),
            ("referral-sqlite", "referral-domain"),
            ("referral-sqlite", "diesel_migrations"),
            ("referral-http", "referral-app"),
            ("referral-http", "actix-web"),
            ("referral-server", "referral-sqlite"),
            ("referral-domain", "serde"),
        ] {
            assert_eq!(fault(from, to, None), None);
        }
    }

    #[test]
    fn tests_may_see_what_the_code_may_not() {
        assert_eq!(fault("referral-http", "referral-memory", Some("dev")), None);
        assert_eq!(fault("referral-sqlite", "referral-testkit", Some("dev")), None);
        assert!(fault("referral-sqlite", "referral-testkit", None).is_some());
        assert!(fault("referral-http", "referral-sqlite", Some("dev")).is_some());
        assert!(fault("referral-domain", "referral-memory", Some("dev")).is_some());
    }
}
