//! What stands in a Markdown file between fences.

use std::fs;
use std::path::Path;

/// One fenced block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// The word after the opening fence.
    pub(crate) language: String,
    pub(crate) text: String,
    /// The line of its opening fence, from 1.
    pub(crate) line: usize,
}

/// The blocks of a file of the checkout, in order.
pub(crate) fn blocks(file: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text)
}

fn parse(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                blocks.push(Block { language: language.to_owned(), text: String::new(), line: index + 1 });
            }
            (None, true) => blocks.iter_mut().last().expect("one is open").text += &format!("{line}\n"),
            (Some(_), true) | (None, false) => {}
        }
        open ^= line.starts_with("```");
    }
    assert!(!open, "a fence is never closed");
    blocks
}

#[test]
fn blocks_are_found_with_their_language_and_line() {
    let found = parse("a\n```sh\none\n\ntwo\n```\nb\n```json\n{}\n```\n");
    let block =
        |language: &str, text: &str, line| Block { language: language.into(), text: text.into(), line };
    assert_eq!(found, [block("sh", "one\n\ntwo\n", 2), block("json", "{}\n", 8)]);
}
