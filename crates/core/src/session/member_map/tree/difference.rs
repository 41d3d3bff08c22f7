//! What lies between two states of a tree.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Child, Content, Node, Tree};

/// A key whose values in two states are not the same.
pub(in crate::session) type Difference<'a, K, V> = (&'a K, Option<&'a V>, Option<&'a V>);

impl<K: Ord, V, S> Tree<K, V, S> {
    /// What is not the same as in an earlier state, in the order of the keys. Nodes that both states
    /// share are passed over.
    pub(in crate::session) fn differences<'a>(
        &'a self,
        before: &'a Self,
        is_same: impl Fn(&V, &V) -> bool,
    ) -> Vec<Difference<'a, K, V>> {
        let mut found = Vec::new();
        if Arc::ptr_eq(&self.root, &before.root) {
            return found;
        }
        let (mut old, mut new) = (Walk::into(&before.root), Walk::into(&self.root));
        loop {
            match (old.node(), new.node()) {
                (Some(one), Some(two)) if Arc::ptr_eq(one, two) => {
                    old.pass();
                    new.pass();
                }
                // What both share is in both at the same height above the leaves.
                (Some(one), Some(two)) => {
                    let order = height(one).cmp(&height(two));
                    if order.is_ge() {
                        old.enter();
                    }
                    if order.is_le() {
                        new.enter();
                    }
                }
                (Some(_), None) => old.enter(),
                (None, Some(_)) => new.enter(),
                (None, None) => {
                    let (one, two) = (old.entries.first(), new.entries.first());
                    let order = match (one, two) {
                        (None, None) => return found,
                        (Some((one, _)), Some((two, _))) => one.cmp(two),
                        (Some(_), None) => Ordering::Less,
                        (None, Some(_)) => Ordering::Greater,
                    };
                    let one = one.filter(|_| order.is_le());
                    let two = two.filter(|_| order.is_ge());
                    let values = (one.map(|it| &it.1), two.map(|it| &it.1));
                    let differs = !matches!(values, (Some(one), Some(two)) if is_same(one, two));
                    let key = one.or(two).map(|it| &it.0).filter(|_| differs);
                    found.extend(key.map(|key| (key, values.0, values.1)));
                    if one.is_some() {
                        old.pass();
                    }
                    if two.is_some() {
                        new.pass();
                    }
                }
            }
        }
    }
}

/// What is to come of a tree.
struct Walk<'a, K, V, S> {
    /// Of the leaf that was entered.
    entries: &'a [(K, V)],
    /// Of the branches that were entered, the last first; none is empty.
    branches: Vec<&'a [Child<K, V, S>]>,
}

impl<'a, K, V, S> Walk<'a, K, V, S> {
    fn into(root: &'a Node<K, V, S>) -> Self {
        let mut walk = Self {
            entries: &[],
            branches: Vec::new(),
        };
        walk.add(root);
        walk
    }

    fn add(&mut self, node: &'a Node<K, V, S>) {
        match &node.content {
            Content::Leaf(entries) => self.entries = entries,
            Content::Branch(children) => self.branches.push(children),
        }
    }

    /// The node that is next, if it is not an entry.
    fn node(&self) -> Option<&'a Arc<Node<K, V, S>>> {
        if !self.entries.is_empty() {
            return None;
        }
        let (_, child) = self.branches.last()?.first()?;
        Some(child)
    }

    /// Leaves what is next behind.
    fn pass(&mut self) {
        if let Some((_, rest)) = self.entries.split_first() {
            self.entries = rest;
        } else if let Some((_, rest)) = self.branches.pop().and_then(<[_]>::split_first) {
            self.branches
                .extend(Some(rest).filter(|rest| !rest.is_empty()));
        }
    }

    /// Goes on with what is in the next node.
    fn enter(&mut self) {
        if let Some(node) = self.node() {
            self.pass();
            self.add(node);
        }
    }
}

/// How far the leaves are below a node.
fn height<K, V, S>(mut node: &Node<K, V, S>) -> usize {
    let mut height = 0;
    while let Content::Branch(children) = &node.content {
        let Some((_, first)) = children.first() else {
            break;
        };
        height += 1;
        node = first;
    }
    height
}
