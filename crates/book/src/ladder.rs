//! Which prices of a side have a level, and which level: a tree of 64-way nodes with bitmaps.
//!
//! A price is a key of 64 bits of which the least is the best; a node resolves six of them, and the lowest nodes lead to
//! levels. A tree is only as high as its prices differ, and however high it is, a small table of the nodes two steps
//! above the levels knows the way for 4,096 neighbouring prices at once. A node whose last level goes stays where it
//! is, because the next order often comes back to it; when new nodes are wanted and the old ones have doubled since,
//! the empty ones are swept up and used again. So the nodes are at most about twice what the levels need, and a book that
//! is warm allocates nothing.

use base::Side;

/// No node, no level, no order.
pub(crate) const NONE: u32 = u32::MAX;
/// Bits of a key that a node resolves.
const STEP: u32 = 6;
/// Nodes from the top to the bottom of the highest tree: 64 bits, six at a time.
const HEIGHT_MAX: usize = 11;
/// How many nodes two steps above the levels a side remembers.
const FINGERS: usize = 16;
/// How many nodes may be kept for one that leads to a level.
const SPARE_SHARE: usize = 4;
/// Fewer nodes than this are not worth sweeping.
const SWEEP_MIN: usize = 2_048;

/// The nodes of both trees. Each resolves six bits of the key. Which of its children lead to a level, directly or not, stands in a
/// table of its own, so small that it stays in the nearest cache: whoever comes by touches one line of the children.
#[derive(Clone, Debug, Default)]
struct Nodes {
    bits: Vec<u64>,
    children: Vec<[u32; 64]>,
}

impl Nodes {
    #[inline]
    fn child(&self, node: u32, turn: usize) -> u32 {
        self.children[node as usize][turn]
    }

    #[inline]
    fn bits(&self, node: u32) -> u64 {
        self.bits[node as usize]
    }

    #[inline]
    fn child_mut(&mut self, node: u32, turn: usize) -> &mut u32 {
        &mut self.children[node as usize][turn]
    }

    #[inline]
    fn bits_mut(&mut self, node: u32) -> &mut u64 {
        &mut self.bits[node as usize]
    }

    const fn heap_bytes(&self) -> usize {
        self.bits.capacity() * size_of::<u64>() + self.children.capacity() * size_of::<[u32; 64]>()
    }
}

/// One side's tree.
#[derive(Clone, Debug)]
struct Tree {
    root: u32,
    /// Nodes on every way from the root to a level: at least 2, or 0 when there is no root.
    height: u32,
    /// The bits of the keys above the root.
    prefix: u64,
    tags: [u64; FINGERS],
    fingers: [u32; FINGERS],
}

impl Tree {
    const EMPTY: Self =
        Self { root: NONE, height: 0, prefix: 0, tags: [0; FINGERS], fingers: [NONE; FINGERS] };
}

/// The way to a key: the node above its level, and the node above that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    leaf: u32,
    middle: u32,
}

/// The trees of both sides.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    nodes: Nodes,
    /// Nodes in no tree, all empty.
    spare: Vec<u32>,
    /// How many nodes there may be before the empty ones are swept up.
    sweep_at: usize,
    trees: [Tree; 2],
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            nodes: Nodes::default(),
            spare: Vec::new(),
            sweep_at: SWEEP_MIN,
            trees: [Tree::EMPTY, Tree::EMPTY],
        }
    }
}

/// `key` without its lowest `nodes` steps.
const fn above(key: u64, nodes: u32) -> u64 {
    if STEP * nodes >= u64::BITS { 0 } else { key >> (STEP * nodes) }
}

/// Which child of a node leads to the key, where `below` nodes follow on the way.
#[inline]
const fn turn(key: u64, below: u32) -> usize {
    ((key >> (STEP * below)) & 63) as usize
}

/// Where a side remembers the node two steps above a key, and which keys it stands for.
#[inline]
const fn finger(key: u64) -> (usize, u64) {
    let tag = key >> (2 * STEP);
    ((tag % FINGERS as u64) as usize, tag)
}

impl Ladder {
    pub(crate) const fn heap_bytes(&self) -> usize {
        self.nodes.heap_bytes() + self.spare.capacity() * size_of::<u32>()
    }

    /// The level at a key; [`NONE`] if there is none.
    #[inline]
    pub(crate) fn find(&self, side: Side, key: u64) -> u32 {
        self.way(side, key).map_or(NONE, |way| self.level(way, key))
    }

    /// The level at the end of a way.
    #[inline]
    pub(crate) fn level(&self, way: Way, key: u64) -> u32 {
        self.nodes.child(way.leaf, turn(key, 0))
    }

    /// The way to a key, if there is one.
    #[inline]
    pub(crate) fn way(&self, side: Side, key: u64) -> Option<Way> {
        let tree = &self.trees[side as usize];
        let (place, tag) = finger(key);
        let known = if tree.tags[place] == tag { tree.fingers[place] } else { NONE };
        let middle = if known == NONE { self.walk(tree, key) } else { known };
        if middle == NONE {
            return None;
        }
        let leaf = self.nodes.child(middle, turn(key, 1));
        (leaf != NONE).then_some(Way { leaf, middle })
    }

    /// The node two steps above the key, from the root.
    #[inline(never)]
    fn walk(&self, tree: &Tree, key: u64) -> u32 {
        if tree.height == 0 || above(key, tree.height) != tree.prefix {
            return NONE;
        }
        let mut node = tree.root;
        for below in (2..tree.height).rev() {
            node = self.nodes.child(node, turn(key, below));
            if node == NONE {
                break;
            }
        }
        node
    }

    /// The way to a key, laid where it is missing.
    #[inline]
    pub(crate) fn lay(&mut self, side: Side, key: u64) -> Way {
        let tree = &self.trees[side as usize];
        let (place, tag) = finger(key);
        if tree.tags[place] == tag && tree.fingers[place] != NONE {
            let middle = tree.fingers[place];
            let leaf = self.nodes.child(middle, turn(key, 1));
            if leaf != NONE {
                return Way { leaf, middle };
            }
        }
        self.lay_from_root(side, key)
    }

    #[inline(never)]
    fn lay_from_root(&mut self, side: Side, key: u64) -> Way {
        if self.spare.is_empty() && self.nodes.bits.len() >= self.sweep_at {
            self.sweep();
        }
        self.raise(side, key);
        let Tree { root, height, .. } = self.trees[side as usize];
        let mut middle = root;
        for below in (2..height).rev() {
            middle = self.child_or_new(middle, turn(key, below));
        }
        let leaf = self.child_or_new(middle, turn(key, 1));
        let (place, tag) = finger(key);
        let tree = &mut self.trees[side as usize];
        (tree.tags[place], tree.fingers[place]) = (tag, middle);
        Way { leaf, middle }
    }

    /// Puts roots on top of the root until the key is below it.
    fn raise(&mut self, side: Side, key: u64) {
        if self.trees[side as usize].height == 0 {
            let root = self.take();
            self.trees[side as usize] = Tree { root, height: 2, prefix: above(key, 2), ..Tree::EMPTY };
        }
        loop {
            let Tree { root: old, height, prefix, .. } = self.trees[side as usize];
            if above(key, height) == prefix {
                return;
            }
            let root = self.take();
            let place = turn(prefix, 0);
            let leads = u64::from(self.nodes.bits(old) != 0);
            *self.nodes.child_mut(root, place) = old;
            *self.nodes.bits_mut(root) = leads << place;
            let tree = &mut self.trees[side as usize];
            (tree.root, tree.height, tree.prefix) = (root, height + 1, prefix >> STEP);
        }
    }

    fn child_or_new(&mut self, node: u32, place: usize) -> u32 {
        let child = self.nodes.child(node, place);
        if child != NONE {
            return child;
        }
        let child = self.take();
        *self.nodes.child_mut(node, place) = child;
        child
    }

    /// An empty node that is in no tree.
    fn take(&mut self) -> u32 {
        self.spare.pop().unwrap_or_else(|| {
            self.nodes.bits.push(0);
            self.nodes.children.push([NONE; 64]);
            u32::try_from(self.nodes.bits.len() - 1).unwrap_or(NONE) // 2^32 nodes are a tebibyte
        })
    }

    /// There is a level at the key now. The steps are the same whether or not something stood nearby: as good as random where a book is
    /// thin, and a wrong guess of the processor costs more than the few instructions that a question would save.
    #[inline]
    pub(crate) fn set(&mut self, side: Side, key: u64, way: Way, level: u32) {
        *self.nodes.child_mut(way.leaf, turn(key, 0)) = level;
        *self.nodes.bits_mut(way.leaf) |= 1 << turn(key, 0);
        let middle = self.nodes.bits_mut(way.middle);
        let was = *middle;
        *middle |= 1 << turn(key, 1);
        let Tree { root, height, .. } = self.trees[side as usize];
        if height == 3 {
            *self.nodes.bits_mut(root) |= 1 << turn(key, 2);
        } else if was == 0 {
            self.set_above(side, key);
        }
    }

    #[inline(never)]
    fn set_above(&mut self, side: Side, key: u64) {
        let Tree { root, height, .. } = self.trees[side as usize];
        let mut node = root;
        for below in (2..height).rev() {
            *self.nodes.bits_mut(node) |= 1 << turn(key, below);
            node = self.nodes.child(node, turn(key, below));
        }
    }

    /// There is no level at the key any more. Again nothing is guessed.
    #[inline]
    pub(crate) fn clear(&mut self, side: Side, key: u64) {
        let Some(way) = self.way(side, key) else { return };
        *self.nodes.child_mut(way.leaf, turn(key, 0)) = NONE;
        let leaf = self.nodes.bits_mut(way.leaf);
        *leaf &= !(1 << turn(key, 0));
        let gone = *leaf == 0;
        let middle = self.nodes.bits_mut(way.middle);
        *middle &= !(u64::from(gone) << turn(key, 1));
        let gone = *middle == 0;
        let Tree { root, height, .. } = self.trees[side as usize];
        if height == 3 {
            *self.nodes.bits_mut(root) &= !(u64::from(gone) << turn(key, 2));
        } else if gone {
            self.clear_above(side, key);
        }
    }

    #[inline(never)]
    fn clear_above(&mut self, side: Side, key: u64) {
        let Tree { root, height, .. } = self.trees[side as usize];
        let mut path = [NONE; HEIGHT_MAX];
        let mut node = root;
        for below in (2..height).rev() {
            path[below as usize] = node;
            node = self.nodes.child(node, turn(key, below));
        }
        for below in 2..height {
            let above = self.nodes.bits_mut(path[below as usize]);
            *above &= !(1 << turn(key, below));
            if *above != 0 {
                return;
            }
        }
    }

    /// The first key of a side that is not before `from`, and its level.
    pub(crate) fn seek(&self, side: Side, from: u64) -> Option<(u64, u32)> {
        let Tree { root, height, prefix, .. } = self.trees[side as usize];
        if height == 0 || above(from, height) > prefix {
            return None;
        }
        if above(from, height) < prefix {
            return self.least(root, prefix, height);
        }
        let mut path = [NONE; HEIGHT_MAX];
        let (mut node, mut below) = (root, height - 1);
        // Down along the key as far as something stands there,
        loop {
            path[below as usize] = node;
            let place = turn(from, below);
            if self.nodes.bits(node) & 1 << place == 0 {
                break;
            }
            node = self.nodes.child(node, place);
            if below == 0 {
                return Some((from, node));
            }
            below -= 1;
        }
        // then up until something stands behind it, and down to the first of that.
        while below < height {
            let node = path[below as usize];
            let behind = self.nodes.bits(node) & (u64::MAX << turn(from, below) << 1);
            if behind != 0 {
                let place = behind.trailing_zeros();
                let start = above(from, below + 1) << STEP | u64::from(place);
                return self.least(self.nodes.child(node, place as usize), start, below);
            }
            below += 1;
        }
        None
    }

    /// The first key below a node with `height` nodes (itself among them) to its levels; `prefix` is what is above them.
    fn least(&self, mut node: u32, mut prefix: u64, height: u32) -> Option<(u64, u32)> {
        for _ in 0..height {
            let bits = self.nodes.bits(node);
            if bits == 0 {
                return None;
            }
            let place = bits.trailing_zeros();
            prefix = prefix << STEP | u64::from(place);
            node = self.nodes.child(node, place as usize);
        }
        Some((prefix, node))
    }

    /// Takes every empty node out of its tree.
    fn sweep(&mut self) {
        for side in 0..2 {
            let Tree { mut root, mut height, mut prefix, .. } = self.trees[side];
            if height == 0 {
                continue;
            }
            if self.nodes.bits(root) == 0 {
                self.prune(root, height);
                self.spare.push(root);
                self.trees[side] = Tree::EMPTY;
                continue;
            }
            self.prune(root, height);
            while height > 2 && self.nodes.bits(root).is_power_of_two() {
                let place = self.nodes.bits(root).trailing_zeros();
                let child = self.nodes.child(root, place as usize);
                *self.nodes.child_mut(root, place as usize) = NONE;
                *self.nodes.bits_mut(root) = 0;
                self.spare.push(root);
                (root, height, prefix) = (child, height - 1, prefix << STEP | u64::from(place));
            }
            self.trees[side] = Tree { root, height, prefix, ..Tree::EMPTY };
        }
        let at_work = self.nodes.bits.len() - self.spare.len();
        self.sweep_at = (SPARE_SHARE * at_work).max(SWEEP_MIN);
    }

    /// Takes the empty nodes below a node away from it.
    fn prune(&mut self, node: u32, height: u32) {
        if height < 2 {
            return;
        }
        for place in 0..64 {
            let child = self.nodes.child(node, place);
            if child == NONE {
                continue;
            }
            self.prune(child, height - 1);
            if self.nodes.bits(child) == 0 {
                *self.nodes.child_mut(node, place) = NONE;
                self.spare.push(child);
            }
        }
    }
}
