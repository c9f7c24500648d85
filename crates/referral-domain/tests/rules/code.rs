//! Codes: one folded form for all spellings, draws that spell nothing, and when a code may be used.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use referral_domain::code::{
    ABBREVIATIONS, ALPHABET, Code, CodeText, FoldedCode, LONGEST, SHORTEST, Unusable,
};
use referral_domain::port::Chance;

use crate::made::{NOW, code};

const DRAWS: usize = 1_000_000;

/// `SplitMix64`: even, and the same on every run.
struct Seeded(AtomicU64);

impl Chance for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut word = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Gives these bytes over and over.
struct Scripted(Vec<u8>, AtomicU64);

impl Chance for Scripted {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let next = usize::try_from(self.1.fetch_add(1, Ordering::Relaxed)).expect("small");
            *byte = self.0[next % self.0.len()];
        }
    }
}

/// Stems by their first three letters.
struct Stems(Vec<Vec<&'static str>>, usize);

impl Stems {
    fn committed() -> Self {
        let lines =
            include_str!("stems.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut stems = Self(vec![Vec::new(); 36 * 36 * 36], 0);
        for stem in lines {
            assert!(stem.len() >= 3 && stem.bytes().all(|b| b.is_ascii_uppercase()), "{stem:?} is no stem");
            stems.0[place(stem.as_bytes())].push(stem);
            stems.1 += 1;
        }
        stems
    }

    fn in_text(&self, text: &str) -> Option<&'static str> {
        (0..text.len() - 2).find_map(|at| {
            let rest = &text[at..];
            self.0[place(rest.as_bytes())].iter().copied().find(|stem| rest.starts_with(stem))
        })
    }
}

fn place(text: &[u8]) -> usize {
    text[..3].iter().fold(0, |sum, byte| {
        sum * 36 + usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 10 })
    })
}

fn bytes_of(word: &str) -> Vec<u8> {
    let at = |letter: u8| ALPHABET.iter().position(|it| *it == letter).expect("in the alphabet");
    word.bytes().map(|letter| u8::try_from(at(letter)).expect("25 letters")).collect()
}

#[test]
fn a_million_draws_hold_no_stem_of_three_languages_and_every_letter_equally_often() {
    let (stems, chance) = (Stems::committed(), Seeded(AtomicU64::new(1)));
    let mut counts = [[0_usize; 128]; SHORTEST];
    let mut hits = Vec::new();
    for _ in 0..DRAWS {
        let drawn = CodeText::draw(&chance, SHORTEST);
        hits.extend(stems.in_text(drawn.as_str()));
        drawn.as_str().bytes().zip(&mut counts).for_each(|(letter, row)| row[usize::from(letter)] += 1);
    }
    println!("codes: draws={DRAWS} stems={} hits={}", stems.1, hits.len());
    assert_eq!(hits, Vec::<&str>::new());
    for row in counts {
        let (even, known) = (DRAWS / ALPHABET.len(), ALPHABET.iter().map(|letter| row[usize::from(*letter)]));
        assert_eq!(known.clone().sum::<usize>(), DRAWS, "letters of the alphabet alone");
        assert!(
            known.clone().all(|count| count.abs_diff(even) < even / 40),
            "{:?}",
            known.collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_same_search_finds_stems_when_vowels_are_drawn() {
    let (stems, chance, mut hits) = (Stems::committed(), Seeded(AtomicU64::new(1)), 0_usize);
    for _ in 0..DRAWS / 10 {
        let mut letters = [0_u8; SHORTEST];
        chance.fill(&mut letters);
        let text: String = letters.iter().map(|byte| char::from(b'A' + byte % 26)).collect();
        hits += usize::from(stems.in_text(&text).is_some());
    }
    println!("codes: control draws={} hits={hits}", DRAWS / 10);
    assert!(hits > DRAWS / 1_000, "{hits} hits: the search finds nothing");
}

#[test]
fn the_stems_are_hundreds_and_the_ones_without_vowels_are_redrawn() {
    let stems = Stems::committed();
    let bare = |stem: &&str| stem.bytes().all(|letter| ALPHABET.contains(&letter));
    let bare: Vec<_> = stems.0.iter().flatten().copied().filter(bare).collect();
    assert!(stems.1 >= 400 && bare.len() >= 30, "{} stems, {} without a vowel", stems.1, bare.len());
    let redrawn = |stem: &str| ABBREVIATIONS.iter().any(|word| stem.contains(word));
    assert_eq!(bare.into_iter().filter(|stem| !redrawn(stem)).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_draw_that_holds_an_abbreviation_is_drawn_again() {
    for word in ABBREVIATIONS {
        let mut script = bytes_of(&format!("2{word:5<7}"));
        script.resize(16, 250);
        script.extend(bytes_of("K7WQ2M9XK7WQ2M9X"));
        assert_eq!(CodeText::draw(&Scripted(script, AtomicU64::new(0)), 8).as_str(), "K7WQ2M9X", "{word}");
    }
}

#[test]
fn bytes_that_would_favour_a_letter_are_thrown_away() {
    let script = vec![250, 251, 252, 253, 254, 255, 249, 24, 0, 225];
    assert_eq!(CodeText::draw(&Scripted(script, AtomicU64::new(0)), 8).as_str(), "ZZ22ZZ22");
}

#[test]
fn a_draw_is_8_to_12_letters_long() {
    let chance = Seeded(AtomicU64::new(9));
    for (asked, drawn) in [(0, SHORTEST), (8, 8), (9, 9), (12, 12), (13, LONGEST), (usize::MAX, LONGEST)] {
        assert_eq!(CodeText::draw(&chance, asked).as_str().len(), drawn);
    }
}

#[test]
fn no_letter_of_the_alphabet_is_a_vowel_or_read_as_another() {
    assert!(ALPHABET.windows(2).all(|pair| pair[0] < pair[1]), "each once, in order");
    assert!(!ALPHABET.iter().any(|letter| b"AEIOU01L34V".contains(letter)));
}

#[test]
fn spellings_of_one_code_fold_alike() {
    for (typed, folded) in [
        ("k7wq2m9x", "K7WQ2M9X"),
        (" K7WQ-2M9X ", "K7WQ2M9X"),
        ("K7 WQ\u{a0}2M\t9X", "K7WQ2M9X"),
        ("oil", "011"),
        ("O0Il1L", "001111"),
        ("a", "A"),
    ] {
        assert_eq!(FoldedCode::fold(typed).as_ref().map(FoldedCode::as_str), Some(folded), "{typed:?}");
    }
    for typed in ["", " ", "---", "a_b", "a.b", "ça", "ＡＢＣＤ", "ſabc", "A\u{0}B", &"A".repeat(25)] {
        assert_eq!(FoldedCode::fold(typed), None, "{typed:?}");
    }
}

#[test]
fn a_vanity_code_has_4_to_24_characters_that_count() {
    for (typed, shown) in [("ana-2026", "ANA-2026"), (" an a1 ", "ANA1"), ("A-N-A-1", "A-N-A-1")] {
        assert_eq!(CodeText::parse(typed).map(|code| code.to_string()).as_deref(), Some(shown));
    }
    assert!(CodeText::parse(&"A".repeat(24)).is_some() && CodeText::parse(&"A-".repeat(24)).is_some());
    for typed in ["", "ANA", "A-N-A", "    ", "ANA!", "ANÄ1", &"A".repeat(25)] {
        assert_eq!(CodeText::parse(typed), None, "{typed:?}");
    }
}

#[test]
fn the_first_reason_why_a_code_may_not_be_used_is_told() {
    let spent = Code { uses: 3, max_uses: Some(3), ..code() };
    let old = Code { expires_at: Some(NOW), ..spent.clone() };
    let off = Code { active: false, ..old.clone() };
    assert_eq!(off.usable(NOW), Err(Unusable::Inactive));
    assert_eq!(old.usable(NOW), Err(Unusable::Expired), "from that instant on");
    assert_eq!(old.usable(NOW.plus_micros(-1)), Err(Unusable::Exhausted), "until then it counts uses");
    assert_eq!(spent.usable(NOW), Err(Unusable::Exhausted));
    assert_eq!(Code { max_uses: Some(4), ..spent }.usable(NOW), Ok(()));
    assert_eq!(Code { uses: u32::MAX, ..code() }.usable(NOW), Ok(()));
}

proptest! {
    #[test]
    fn folding_twice_is_folding_once(text in "[A-Za-z0-9 -]{0,30}|\\PC{0,12}") {
        if let Some(folded) = FoldedCode::fold(&text) {
            prop_assert_eq!(FoldedCode::fold(folded.as_str()), Some(folded.clone()));
            let legal = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"OIL".contains(&b));
            prop_assert!(folded.as_str().bytes().all(legal));
        }
    }

    #[test]
    fn a_code_typed_by_ear_is_the_same_code(text in "[A-Z0-9]{4,24}", lower in any::<bool>(), at in 0..4_usize) {
        let mut typed = text.replace('0', "O").replace('1', "l");
        typed.insert(at, if lower { ' ' } else { '-' });
        let typed = if lower { typed.to_lowercase() } else { typed };
        let (code, heard) = (CodeText::parse(&text), CodeText::parse(&typed));
        prop_assert!(code.is_some());
        prop_assert_eq!(code.map(|it| it.folded()), heard.map(|it| it.folded()));
        prop_assert_eq!(FoldedCode::fold(&typed), CodeText::parse(&text).map(|it| it.folded()));
    }

    #[test]
    fn a_drawn_code_reads_back_as_itself(seed in any::<u64>(), length in 8..=12_usize) {
        let drawn = CodeText::draw(&Seeded(AtomicU64::new(seed)), length);
        prop_assert_eq!(drawn.as_str().len(), length);
        prop_assert!(drawn.folded().as_str() == drawn.as_str());
        prop_assert_eq!(CodeText::parse(drawn.as_str()), Some(drawn));
    }
}
