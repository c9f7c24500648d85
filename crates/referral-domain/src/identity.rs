//! What is kept of a person's e-mail and address: a keyed hash, or nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A keyed hash of something personal: HMAC-SHA-256. Equal things have equal hashes; nothing else can be told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fingerprint(pub [u8; 32]);

/// The key under which personal things are hashed. Its `Debug` never shows it.
#[derive(Clone)]
pub struct IdentityKey(Vec<u8>);

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(redacted)")
    }
}

impl IdentityKey {
    /// Any text of at least 32 bytes, used as it stands; `None` when shorter.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        (key.len() >= 32).then(|| Self(key.to_vec()))
    }

    /// The hash of a folded e-mail address; `None` when the text is no address.
    ///
    /// ```
    /// use referral_domain::identity::IdentityKey;
    /// let key = IdentityKey::new(&[7; 32]).expect("32 bytes");
    /// assert_eq!(key.email("B.en+promo@gmail.com"), key.email("ben@googlemail.com"));
    /// assert_ne!(key.email("b.en@example.com"), key.email("ben@example.com"));
    /// assert_eq!(key.email("not an address"), None);
    /// ```
    #[must_use]
    pub fn email(&self, address: &str) -> Option<Fingerprint> {
        fold_email(address).map(|folded| self.hash("email", folded.as_bytes()))
    }

    /// The hash of a payment method's fingerprint.
    #[must_use]
    pub fn payment(&self, fingerprint: &str) -> Fingerprint {
        self.hash("payment", fingerprint.as_bytes())
    }

    /// The keyed hash of where somebody is paid.
    #[must_use]
    pub fn destination(&self, canonical: &[u8]) -> Fingerprint {
        self.hash("payout destination", canonical)
    }

    /// A key of its own for a purpose: HKDF-SHA-256 (RFC 5869) without salt. Keys of two purposes say nothing of each
    /// other, nor of this one.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        hkdf(&[], &self.0, purpose.as_bytes())
    }

    fn hash(&self, kind: &str, text: &[u8]) -> Fingerprint {
        Fingerprint(hmac(&self.0, &[kind.as_bytes(), &[0], text]))
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // An HMAC takes a key of any length, so this cannot fail; an empty key would still be a hash.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The first block of HKDF: extract, then expand once.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    hmac(&hmac(salt, &[secret]), &[info, &[1]])
}

/// Folds an address so that one mailbox has one spelling: lower case, no `+tag`, no dots for Gmail.
///
/// ```
/// use referral_domain::identity::fold_email;
/// assert_eq!(fold_email("B.en+promo@GoogleMail.com").as_deref(), Some("ben@gmail.com"));
/// assert_eq!(fold_email("nobody"), None);
/// ```
#[must_use]
pub fn fold_email(address: &str) -> Option<String> {
    let lower = address.trim().to_lowercase();
    let (local, domain) = lower.rsplit_once('@')?;
    let plain = local.split('+').next().unwrap_or(local);
    let (mailbox, domain) = match domain {
        "gmail.com" | "googlemail.com" => (plain.replace('.', ""), "gmail.com"),
        _ => (plain.to_owned(), domain),
    };
    let sound = !mailbox.is_empty()
        && domain.contains('.')
        && !lower.chars().any(|c| c.is_whitespace() || c.is_control());
    sound.then(|| format!("{mailbox}@{domain}"))
}

/// The address behind an IPv4-mapped, 6to4 or NAT64 address, else the address itself.
///
/// ```
/// use referral_domain::identity::fold_ip;
/// let address = |text: &str| text.parse().expect("an address");
/// assert_eq!(fold_ip(address("::ffff:8.8.4.4")), address("8.8.4.4"));
/// assert_eq!(fold_ip(address("2002:0808:0404::1")), address("8.8.4.4"));
/// ```
#[must_use]
pub fn fold_ip(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => embedded_v4(six).map_or(address, IpAddr::V4),
    }
}

fn embedded_v4(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = six.segments();
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(join(g, h)),
        (0x2002, high, low, _, _, _) => Some(join(high, low)),
        _ => None,
    }
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// The address, folded, when it says something about a person; loopback, private, link-local, CGNAT,
/// documentation, multicast and unspecified addresses are no evidence and give `None`.
///
/// ```
/// use referral_domain::identity::evident_ip;
/// assert!(evident_ip("127.0.0.1".parse().expect("an address")).is_none());
/// assert!(evident_ip("::ffff:10.0.0.1".parse().expect("an address")).is_none());
/// assert!(evident_ip("8.8.4.4".parse().expect("an address")).is_some());
/// ```
#[must_use]
pub fn evident_ip(address: IpAddr) -> Option<IpAddr> {
    let folded = fold_ip(address);
    let silent = match folded {
        IpAddr::V4(four) => is_silent_v4(four),
        IpAddr::V6(six) => is_silent_v6(six),
    };
    (!silent).then_some(folded)
}

fn is_silent_v4(four: Ipv4Addr) -> bool {
    let [a, b, c, _] = four.octets();
    let shared = a == 100 && (64..=127).contains(&b);
    let benchmarking = a == 198 && (18..=19).contains(&b);
    let protocol = (a, b, c) == (192, 0, 0);
    let reserved = a == 0 || a >= 240;
    let local = four.is_loopback() || four.is_private() || four.is_link_local();
    local || four.is_documentation() || four.is_multicast() || shared || benchmarking || protocol || reserved
}

fn is_silent_v6(six: Ipv6Addr) -> bool {
    let [a, b, ..] = six.segments();
    let documentation = (a, b) == (0x2001, 0xdb8) || (a == 0x3fff && b < 0x1000);
    let local = six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local();
    local || six.is_unspecified() || six.is_multicast() || documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, appendix A.1: the first 32 octets of its output.
    #[test]
    fn a_derived_key_is_what_the_standard_says() {
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let key = hkdf(&salt, &[0x0b; 22], &info);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }
}
