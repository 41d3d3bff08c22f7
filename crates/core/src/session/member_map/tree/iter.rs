//! Walking through all entries.

use std::slice;

use super::{Child, Content, Node, child};

/// All entries of a tree, in the order of their keys.
#[derive(Debug)]
pub(in crate::session) struct Iter<'a, K, V, S> {
    /// What is still to come of the branches on the way to the leaf.
    branches: Vec<slice::Iter<'a, Child<K, V, S>>>,
    entries: slice::Iter<'a, (K, V)>,
}

impl<'a, K, V, S> Iter<'a, K, V, S> {
    pub(super) fn of(root: &'a Node<K, V, S>) -> Self {
        let (branches, entries) = match &root.content {
            Content::Leaf(entries) => (Vec::new(), entries.iter()),
            Content::Branch(children) => (vec![children.iter()], [].iter()),
        };
        Self { branches, entries }
    }

    /// Only those that are not below a key.
    pub(super) fn from(root: &'a Node<K, V, S>, key: K) -> Self
    where
        K: Copy + Ord,
    {
        let (mut node, mut branches) = (root, Vec::new());
        loop {
            match &node.content {
                Content::Leaf(entries) => {
                    let below = entries.partition_point(|(other, _)| *other < key);
                    let entries = entries.get(below..).unwrap_or_default().iter();
                    return Self { branches, entries };
                }
                Content::Branch(children) => {
                    let mut rest = children
                        .get(child(children, key)..)
                        .unwrap_or_default()
                        .iter();
                    let next = rest.next();
                    branches.push(rest);
                    let Some((_, next)) = next else {
                        let entries = [].iter();
                        return Self { branches, entries };
                    };
                    node = next;
                }
            }
        }
    }
}

impl<K, V, S> Clone for Iter<'_, K, V, S> {
    fn clone(&self) -> Self {
        Self {
            branches: self.branches.clone(),
            entries: self.entries.clone(),
        }
    }
}

impl<'a, K, V, S> Iterator for Iter<'a, K, V, S> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                return Some((key, value));
            }
            match self.branches.last_mut()?.next() {
                None => {
                    self.branches.pop();
                }
                Some((_, child)) => match &child.content {
                    Content::Leaf(entries) => self.entries = entries.iter(),
                    Content::Branch(children) => self.branches.push(children.iter()),
                },
            }
        }
    }
}
