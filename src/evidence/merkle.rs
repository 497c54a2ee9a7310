//! RFC 6962 §2.1: Merkle trees over SHA-256, with audit paths and consistency proofs.

use sha2::{Digest as _, Sha256};

/// A SHA-256 node.
pub type Hash = [u8; 32];

/// The hash of a leaf: `SHA-256(0x00 || data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(data);
    hasher.finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// A tree that grows at its end and keeps only the roots of its full subtrees.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// Roots of full subtrees, largest first; one for each set bit of `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf with this data.
    pub fn push(&mut self, data: &[u8]) {
        self.push_hash(leaf_hash(data));
    }

    /// Appends a leaf whose hash is known.
    pub fn push_hash(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut merges = self.size.trailing_ones();
        while merges > 0 {
            let left = self
                .peaks
                .pop()
                .expect("a set bit of the size has its peak");
            hash = node_hash(&left, &hash);
            merges -= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root; of an empty tree the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return Sha256::digest([]).into();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The root over leaves with this data.
pub fn root<'a>(leaves: impl Iterator<Item = &'a [u8]>) -> Hash {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push(leaf);
    }
    tree.root()
}

/// The audit path of leaf `index` (RFC 6962 §2.1.1), from the leaf's sibling up; `None` when there is no such leaf.
pub fn audit_path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut leaves, mut index) = (leaves, index);
    while leaves.len() > 1 {
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        if index < split {
            path.push(root_of(right));
            leaves = left;
        } else {
            path.push(root_of(left));
            leaves = right;
            index -= split;
        }
    }
    path.reverse();
    Some(path)
}

/// The root over leaves whose hashes are known.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push_hash(*leaf);
    }
    tree.root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    /// The reference implementation's test data (certificate-transparency, `merkle_tree_test.cc`).
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_agree_with_the_published_vectors() {
        let mut tree = Tree::default();
        assert_eq!(
            hex::encode(tree.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (leaf, root) in LEAVES.iter().zip(ROOTS) {
            tree.push(&hex::decode(leaf).unwrap());
            assert_eq!(hex::encode(tree.root()), root);
        }
    }

    proptest! {
        #[test]
        fn audit_paths_agree_with_another_implementation(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..60),
            pick in any::<prop::sample::Index>(),
        ) {
            let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            for leaf in &leaves {
                other.push(leaf.clone());
            }
            let index = pick.index(leaves.len());
            let theirs = other.prove_inclusion(index);
            let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
            let ours = audit_path(&hashes, index).expect("the leaf is there");
            prop_assert_eq!(ours.concat(), theirs.as_bytes().to_vec());
            prop_assert_eq!(audit_path(&hashes, leaves.len()), None);
        }

        #[test]
        fn roots_agree_with_another_implementation(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..60)) {
            let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            for leaf in &leaves {
                other.push(leaf.clone());
            }
            let ours = root(leaves.iter().map(Vec::as_slice));
            let theirs = other.root();
            prop_assert_eq!(ours.as_slice(), theirs.as_bytes().as_slice());
        }
    }
}
