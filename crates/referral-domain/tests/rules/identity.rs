//! Personal things are folded, then hashed under a key; addresses that say nothing are dropped.

use std::net::IpAddr;

use proptest::prelude::*;
use referral_domain::identity::{IdentityKey, evident_ip, fold_email, fold_ip};

fn key(byte: u8) -> IdentityKey {
    IdentityKey::new(&[byte; 32]).expect("32 bytes")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn one_mailbox_has_one_spelling() {
    for (written, folded) in [
        ("ben@example.com", "ben@example.com"),
        (" Ben@Example.COM ", "ben@example.com"),
        ("ben+promo@example.com", "ben@example.com"),
        ("ben+a+b@example.com", "ben@example.com"),
        ("b.en@example.com", "b.en@example.com"),
        ("b.e.n@gmail.com", "ben@gmail.com"),
        ("B.en+x.y@googlemail.com", "ben@gmail.com"),
        ("ben@gmail.com.example.com", "ben@gmail.com.example.com"),
        ("b.en@mail.gmail.com", "b.en@mail.gmail.com"),
        ("ÉVA@exämple.com", "éva@exämple.com"),
    ] {
        assert_eq!(fold_email(written).as_deref(), Some(folded), "{written}");
    }
}

#[test]
fn what_is_no_address_has_no_spelling() {
    let list = "|ben|@|@example.com|ben@|ben@localhost|+tag@example.com|be n@example.com|ben@exa mple.com|\
        ben\n@example.com|a\u{0}@example.com|...@gmail.com|.+x@googlemail.com";
    for text in list.split('|') {
        assert_eq!(fold_email(text), None, "{text:?}");
        assert_eq!(key(1).email(text), None);
    }
}

#[test]
fn a_hash_depends_on_the_key_and_on_what_is_hashed() {
    assert_eq!(key(1).email("Ben@example.com"), key(1).email("ben+x@example.com"));
    assert_ne!(key(1).email("ben@example.com"), key(1).email("eva@example.com"));
    assert_ne!(key(1).email("ben@example.com"), key(2).email("ben@example.com"));
    assert_ne!(key(1).payment("card"), key(1).payment("Card"), "a fingerprint is not folded");
    assert_ne!(key(1).payment("card"), key(2).payment("card"));
    assert_ne!(Some(key(1).payment("ben@example.com")), key(1).email("ben@example.com"), "kinds are apart");
}

#[test]
fn a_key_is_at_least_32_bytes_and_never_printed() {
    assert!(IdentityKey::new(&[7; 31]).is_none() && IdentityKey::new(&[7; 33]).is_some());
    assert_eq!(format!("{:?}", key(7)), "IdentityKey(redacted)");
}

#[test]
fn an_address_in_disguise_is_folded_to_its_ipv4() {
    for (written, folded) in [
        ("8.8.4.4", "8.8.4.4"),
        ("::ffff:8.8.4.4", "8.8.4.4"),
        ("2002:0808:0404::1", "8.8.4.4"),
        ("64:ff9b::8.8.4.4", "8.8.4.4"),
        ("64:ff9b:1::8.8.4.4", "64:ff9b:1::808:404"),
        ("::8.8.4.4", "::808:404"),
        ("2a00:1450::1", "2a00:1450::1"),
    ] {
        assert_eq!(fold_ip(ip(written)), ip(folded), "{written}");
    }
}

#[test]
fn an_address_that_says_nothing_about_a_person_is_no_evidence() {
    let list = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.9.9.9 \
        169.254.1.1 172.16.0.0 172.31.255.255 192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 \
        198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 \
        fc00::1 fdff::1 fe80::1 febf::1 ff02::1 2001:db8::1 2001:db8:ffff::1 3fff::1 3fff:0fff::1 \
        ::ffff:10.0.0.1 ::ffff:100.64.0.1 2002:7f00:0001::1 2002:cb00:7107:: 64:ff9b::192.168.0.1 \
        64:ff9b::198.51.100.1";
    for text in list.split_whitespace() {
        assert_eq!(evident_ip(ip(text)), None, "{text}");
    }
}

#[test]
fn the_neighbours_of_those_ranges_are_evidence() {
    let list = "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 \
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1 192.167.1.1 \
        198.17.255.255 198.20.0.0 198.51.99.1 203.0.112.1 223.255.255.255 2001:db7::1 2001:db9::1 \
        3fff:1000::1 2a00:1450::1 fec0::1";
    for text in list.split_whitespace() {
        assert_eq!(evident_ip(ip(text)), Some(ip(text)), "{text}");
    }
}

proptest! {
    #[test]
    fn folding_a_mailbox_twice_changes_nothing(
        local in "[A-Za-z.+]{1,8}", domain in "(gmail|googlemail|acme)\\.com",
    ) {
        if let Some(folded) = fold_email(&format!("{local}@{domain}")) {
            prop_assert_eq!(fold_email(&folded), Some(folded.clone()));
        }
    }

    #[test]
    fn every_disguise_of_an_ipv4_is_as_evident_as_the_address(bits in any::<u32>()) {
        let four = std::net::Ipv4Addr::from(bits);
        let (high, low) = (bits >> 16, bits & 0xffff);
        let plain = evident_ip(four.into());
        for disguise in [
            format!("::ffff:{four}"), format!("64:ff9b::{four}"), format!("2002:{high:x}:{low:x}::1"),
        ] {
            prop_assert_eq!(evident_ip(ip(&disguise)), plain, "{}", disguise);
        }
        prop_assert_eq!(plain.map(fold_ip), plain);
    }
}
