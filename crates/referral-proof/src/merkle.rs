//! Merkle trees as in RFC 6962, section 2.1: a root for many leaves, and for each leaf a path of at most
//! `log2(leaves)` hashes that leads from it to the root.

use sha2::{Digest, Sha256};

use crate::Hash;

/// The first byte of what a node hashes (RFC 6962, section 2.1).
const NODE: u8 = 0x01;

/// The hash of a node over its two children.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// A tree that grows leaf by leaf. It keeps one hash for each bit of its count: memory is flat.
///
/// ```
/// use referral_proof::merkle::{Tree, path, root_from};
/// let leaves = [[1; 32], [2; 32], [3; 32]];
/// let mut tree = Tree::default();
/// leaves.iter().for_each(|leaf| tree.push(*leaf));
/// let root = tree.root();
/// assert_eq!(root_from(&leaves[2], 2, 3, &path(&leaves, 2)), root);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    /// Roots of full subtrees, largest first: one for each bit of `count`.
    peaks: Vec<Hash>,
    count: u64,
}

impl Tree {
    /// Adds a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one of the count is a full subtree as large as what is carried.
        for _ in 0..self.count.trailing_ones() {
            let left = self.peaks.pop().unwrap_or_default();
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.count += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The root; `None` of no leaves.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.peaks.iter().copied().rev().reduce(|right, left| node(&left, &right))
    }
}

/// The root over these leaves; `None` of none.
#[must_use]
pub fn root(leaves: &[Hash]) -> Option<Hash> {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// The path of the leaf at `position`, from the leaf upward; empty when there is no such leaf.
#[must_use]
pub fn path(leaves: &[Hash], position: usize) -> Vec<Hash> {
    if leaves.len() < 2 || position >= leaves.len() {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (within, position, sibling) =
        if position < left.len() { (left, position, right) } else { (right, position - left.len(), left) };
    let mut path = path(within, position);
    path.extend(root(sibling));
    path
}

/// The largest power of two below a number of at least 2.
const fn half(count: usize) -> usize {
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

/// The root that a path leads to from a leaf (RFC 9162, section 2.1.3.2); `None` when the path is too long or too short
/// for a tree of so many leaves.
#[must_use]
pub fn root_from(leaf: &Hash, position: u64, count: u64, path: &[Hash]) -> Option<Hash> {
    if position >= count {
        return None;
    }
    let (mut at, mut last, mut hash) = (position, count - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            // `at` is not 0 here: it is odd, or equals `last`. Levels where it has no sibling are passed over.
            let skipped = at.trailing_zeros();
            (at, last) = (at >> skipped, last >> skipped);
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::text::hex;

    /// The tree hash of RFC 6962 over the one-byte inputs 0, 1, 2 and so on, as Python computes it by the recursive
    /// definition:
    ///
    /// ```python
    /// import hashlib
    /// sha = lambda b: hashlib.sha256(b).digest()
    /// def mth(d):
    ///     if len(d) == 1: return sha(b"\x00" + d[0])
    ///     k = 1
    ///     while k * 2 < len(d): k *= 2
    ///     return sha(b"\x01" + mth(d[:k]) + mth(d[k:]))
    /// for n in (1, 2, 3, 5, 7, 8): print(n, mth([bytes([i]) for i in range(n)]).hex())
    /// ```
    const ROOTS: [(u8, &str); 6] = [
        (1, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
        (2, "a20bf9a7cc2dc8a08f5f415a71b19f6ac427bab54d24eec868b5d3103449953a"),
        (3, "3b6cccd7e3e023ff393006f030315ee7ad9eb111b022b41fba7e5b7a3973f688"),
        (5, "b855b42d6c30f5b087e05266783fbd6e394f7b926013ccaa67700a8b0c5a596f"),
        (7, "3560191803028444b232018ac047fdb561c09c23a7a6876c85e08b5e4d48e9f3"),
        (8, "ef7f49b620f6c7ea9b963a214da34b5021c6ded8ed57734380a311ab726aa907"),
    ];

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| Sha256::digest([&[0], n.to_be_bytes().as_slice()].concat()).into()).collect()
    }

    #[test]
    fn roots_are_those_computed_elsewhere() {
        for (count, expected) in ROOTS {
            let leaves: Vec<Hash> = (0..count).map(|n| Sha256::digest([0, n]).into()).collect();
            assert_eq!(hex(&root(&leaves).expect("a root")), expected, "{count}");
        }
        assert_eq!(root(&[]), None);
    }

    #[test]
    fn a_node_cannot_be_passed_off_as_a_leaf() {
        let [left, right] = [[1; 32], [2; 32]];
        let as_leaf: Hash = Sha256::digest([&[0], left.as_slice(), right.as_slice()].concat()).into();
        assert_ne!(node(&left, &right), as_leaf);
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_included_and_no_other_position_fits() {
        let mut proven = 0;
        for count in 1..=40 {
            let leaves = leaves(count);
            let root = root(&leaves);
            for (position, leaf) in (0..).zip(&leaves) {
                let path = path(&leaves, usize::try_from(position).expect("small"));
                for claimed in 0..count {
                    let fits = root_from(leaf, claimed, count, &path) == root;
                    assert_eq!(fits, claimed == position, "{position} of {count}, claimed {claimed}");
                }
                proven += 1;
            }
        }
        assert_eq!(proven, 40 * 41 / 2);
    }

    #[test]
    fn a_path_that_is_too_long_or_too_short_leads_nowhere() {
        let leaves = leaves(5);
        let path = path(&leaves, 1);
        let longer = [path.clone(), vec![[0; 32]]].concat();
        assert_eq!(root_from(&leaves[1], 1, 5, &longer), None);
        assert_eq!(root_from(&leaves[1], 1, 5, &path[..2]), None);
        assert_eq!(root_from(&leaves[1], 5, 5, &path), None, "there is no sixth");
        assert_eq!(root_from(&leaves[0], 0, 0, &[]), None, "nothing is in an empty tree");
    }

    proptest! {
        #[test]
        fn any_leaf_is_included_and_any_flipped_bit_is_not(
            (count, position) in (1_u64..600).prop_flat_map(|count| (Just(count), 0..count)),
            part in any::<prop::sample::Index>(), bit in 0_usize..256,
        ) {
            let leaves = leaves(count);
            let (root, at) = (root(&leaves), usize::try_from(position).expect("small"));
            let (mut leaf, mut path) = (leaves[at], path(&leaves, at));
            prop_assert_eq!(root_from(&leaf, position, count, &path), root);
            match part.index(path.len() + 1) {
                0 => leaf[bit / 8] ^= 1 << (bit % 8),
                n => path[n - 1][bit / 8] ^= 1 << (bit % 8),
            }
            prop_assert_ne!(root_from(&leaf, position, count, &path), root);
        }

        #[test]
        fn a_tree_that_grows_has_the_root_of_the_recursive_definition(count in 1_u64..300) {
            fn defined(leaves: &[Hash]) -> Hash {
                match leaves {
                    [leaf] => *leaf,
                    _ => {
                        let (left, right) = leaves.split_at(half(leaves.len()));
                        node(&defined(left), &defined(right))
                    }
                }
            }
            let leaves = leaves(count);
            prop_assert_eq!(root(&leaves), Some(defined(&leaves)));
        }
    }
}
