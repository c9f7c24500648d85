//! Bytes as text: lower-case hexadecimal.

/// Bytes as lower-case hexadecimal.
///
/// ```
/// use referral_proof::text::{hash, hex};
/// assert_eq!(hex(&[0x0a, 0xff]), "0aff");
/// assert_eq!(hash(&hex(&[7; 32])), Some([7; 32]));
/// ```
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 0x0f)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Bytes from hexadecimal of either case; `None` for anything else, another length included.
#[must_use]
pub fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

/// A hash from its hexadecimal.
#[must_use]
pub fn hash(text: &str) -> Option<crate::Hash> {
    bytes(text)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hexadecimal_of_the_right_length_is_read() {
        assert_eq!(bytes::<2>("0aFf"), Some([0x0a, 0xff]));
        for wrong in ["", "0af", "0affa", "0ag0", "é0a", "+1+1"] {
            assert_eq!(bytes::<2>(wrong), None, "{wrong}");
        }
    }
}
