//! Which claim of a host's token says what.

use serde_json::Value;

/// The names of the claims, by default those of `http-api.md`.
///
/// A name is looked up as it stands first, so that URLs work; a name with dots that is not found that way is a
/// path into nested objects: `app.role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The host's user id.
    pub sub: String,
    /// The e-mail address.
    pub email: String,
    /// Whether it is verified.
    pub email_verified: String,
    /// When the user signed up, in epoch seconds.
    pub created_at: String,
    /// The role.
    pub role: String,
    /// The program.
    pub program: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            sub: "sub".to_owned(),
            email: "email".to_owned(),
            email_verified: "email_verified".to_owned(),
            created_at: "created_at".to_owned(),
            role: "role".to_owned(),
            program: "program".to_owned(),
        }
    }
}

impl ClaimNames {
    /// Reads `REFERRAL_JWT_CLAIMS`: `role=app.role,created_at=https://acme.com/since`. What is not named keeps
    /// its default.
    ///
    /// # Errors
    /// Every part that is not `known=name`.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut names = Self::default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let bad: Vec<_> = parts.filter(|part| names.set(part).is_none()).map(str::to_owned).collect();
        if bad.is_empty() { Ok(names) } else { Err(bad) }
    }

    fn set(&mut self, part: &str) -> Option<()> {
        let (known, name) = part.split_once('=')?;
        let slot = match known.trim() {
            "sub" => &mut self.sub,
            "email" => &mut self.email,
            "email_verified" => &mut self.email_verified,
            "created_at" => &mut self.created_at,
            "role" => &mut self.role,
            "program" => &mut self.program,
            _ => return None,
        };
        let name = name.trim();
        (!name.is_empty()).then(|| name.clone_into(slot))
    }
}

/// The claim of this name; null counts as absent.
pub(super) fn find<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    let nested = || name.split('.').try_fold(claims, |value, step| value.get(step));
    let direct = claims.get(name);
    let path = if name.contains("://") { None } else { direct.is_none().then(nested).flatten() };
    direct.or(path).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_literal_first_and_a_path_second() {
        let claims = json!({
            "role": "a", "app": {"role": "b", "deep": {"role": "c"}}, "x.y": "d", "x": {"y": "never"},
            "https://acme.com/role": "e", "gone": null
        });
        for (name, expected) in [
            ("role", Some("a")),
            ("app.role", Some("b")),
            ("app.deep.role", Some("c")),
            ("x.y", Some("d")),
            ("https://acme.com/role", Some("e")),
            ("https://acme.com/other", None),
            ("app.none", None),
            ("role.deeper", None),
            ("gone", None),
        ] {
            assert_eq!(find(&claims, name).and_then(Value::as_str), expected, "{name}");
        }
    }

    #[test]
    fn the_setting_names_what_differs() {
        let names =
            ClaimNames::parse("role=https://acme.com/r?a=b, created_at = since,sub=uid").expect("sound");
        let expected = ClaimNames {
            role: "https://acme.com/r?a=b".into(),
            created_at: "since".into(),
            sub: "uid".into(),
            ..ClaimNames::default()
        };
        assert_eq!(names, expected);
        assert_eq!(ClaimNames::parse("").expect("nothing differs"), ClaimNames::default());
    }

    #[test]
    fn every_bad_part_is_named() {
        assert_eq!(
            ClaimNames::parse("rolle=x,email=,role").expect_err("three"),
            ["rolle=x", "email=", "role"]
        );
    }
}
