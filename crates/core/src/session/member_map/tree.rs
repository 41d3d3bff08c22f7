//! A sorted map whose clones share what is the same in both.
//!
//! A tree of small nodes, all leaves as deep as each other. A change copies the nodes on the way to
//! its entry and leaves the others to whoever has them too, so that its cost grows with the
//! logarithm of the size. Every node knows the sum of what is below it. Sparse nodes are not joined,
//! because what is left of old keys goes sooner or later, and an empty node goes with it.

use std::sync::Arc;

mod difference;
mod iter;

pub(in crate::session) use iter::Iter;

/// Most entries of a leaf, and most children of a branch.
const WIDTH: usize = 16;

/// What is counted of values.
pub(in crate::session) trait Sum<V>: Clone + Default {
    /// Counts one value.
    fn add_value(&mut self, value: &V);
    /// Counts what another sum has counted.
    fn add(&mut self, other: &Self);
}

/// Nothing is counted.
impl<V> Sum<V> for () {
    fn add_value(&mut self, _: &V) {}

    fn add(&mut self, (): &Self) {}
}

/// A sorted map with the sum of its values.
#[derive(Debug, Clone)]
pub(in crate::session) struct Tree<K, V, S = ()> {
    root: Arc<Node<K, V, S>>,
}

#[derive(Debug, Clone)]
struct Node<K, V, S> {
    sum: S,
    content: Content<K, V, S>,
}

#[derive(Debug, Clone)]
enum Content<K, V, S> {
    Leaf(Vec<(K, V)>),
    /// Each child with a key that none of its own is below, and all of the child before are. The
    /// first child takes whatever is below the others.
    Branch(Vec<Child<K, V, S>>),
}

type Child<K, V, S> = (K, Arc<Node<K, V, S>>);

impl<K, V, S: Default> Default for Tree<K, V, S> {
    fn default() -> Self {
        let root = Node {
            sum: S::default(),
            content: Content::Leaf(Vec::new()),
        };
        Self {
            root: Arc::new(root),
        }
    }
}

/// Reading.
impl<K: Copy + Ord, V, S> Tree<K, V, S> {
    /// The sum of all values.
    pub(in crate::session) fn sum(&self) -> &S {
        &self.root.sum
    }

    /// The value of a key.
    pub(in crate::session) fn get(&self, key: K) -> Option<&V> {
        let mut node = &self.root;
        loop {
            match &node.content {
                Content::Branch(children) => node = &children.get(child(children, key))?.1,
                Content::Leaf(entries) => {
                    let place = entries.binary_search_by_key(&key, |(key, _)| *key).ok()?;
                    return entries.get(place).map(|(_, value)| value);
                }
            }
        }
    }

    /// All entries, in the order of their keys.
    pub(in crate::session) fn iter(&self) -> Iter<'_, K, V, S> {
        Iter::of(&self.root)
    }

    /// The entries from a key on, in the order of their keys.
    pub(in crate::session) fn iter_from(&self, key: K) -> Iter<'_, K, V, S> {
        Iter::from(&self.root, key)
    }

    /// The first entry that is looked for, where every node of which the sum says so has one.
    pub(in crate::session) fn first_where(
        &self,
        has_it: impl Fn(&S) -> bool,
        is_it: impl Fn(&V) -> bool,
    ) -> Option<&K> {
        let mut node = &self.root;
        loop {
            match &node.content {
                Content::Branch(children) => {
                    let mut children = children.iter();
                    node = &children.find(|(_, child)| has_it(&child.sum))?.1;
                }
                Content::Leaf(entries) => {
                    let mut entries = entries.iter();
                    return entries.find(|(_, value)| is_it(value)).map(|(key, _)| key);
                }
            }
        }
    }

    /// Visits the entries of all leaves below nodes of which the sum says that somebody there is
    /// looked for.
    pub(in crate::session) fn visit_where<'a>(
        &'a self,
        is_wanted: impl Fn(&S) -> bool,
        mut visit: impl FnMut(&'a K, &'a V),
    ) {
        self.root.visit_where(&is_wanted, &mut visit);
    }
}

/// Changing.
impl<K: Copy + Ord, V: Clone, S: Sum<V>> Tree<K, V, S> {
    /// A map of entries in the order of their keys, each of which there is once.
    pub(in crate::session) fn from_sorted(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut level = grouped(entries, |entries| {
            let first = entries.first().map(|(key, _)| *key)?;
            Some((first, Arc::new(Node::of(Content::Leaf(entries)))))
        });
        while 1 < level.len() {
            level = grouped(level, |children| {
                let first = children.first().map(|(key, _)| *key)?;
                Some((first, Arc::new(Node::of(Content::Branch(children)))))
            });
        }
        let root = level.pop().map(|(_, root)| Self { root });
        root.unwrap_or_default()
    }

    /// Sets the value of a key; the one that it had.
    pub(in crate::session) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (former, split) = Arc::make_mut(&mut self.root).insert(key, value);
        if let Some(upper) = split {
            let lower = std::mem::take(self).root;
            // Nobody asks for the key of a first child.
            let children = vec![(upper.0, lower), upper];
            self.root = Arc::new(Node::of(Content::Branch(children)));
        }
        former
    }

    /// Takes a key away; the value that it had.
    pub(in crate::session) fn remove(&mut self, key: K) -> Option<V> {
        self.get(key)?;
        let value = Arc::make_mut(&mut self.root).remove(key);
        while let Content::Branch(children) = &mut Arc::make_mut(&mut self.root).content {
            match children.len() {
                0 => *self = Self::default(),
                1 => self.root = children.remove(0).1,
                _ => break,
            }
        }
        value
    }

    /// Changes the value of a key; `None` when it has none.
    pub(in crate::session) fn update<R>(
        &mut self,
        key: K,
        change: impl FnOnce(&mut V) -> R,
    ) -> Option<R> {
        self.get(key)?;
        Arc::make_mut(&mut self.root).update(key, change)
    }
}

impl<K: Copy + Ord, V, S> Node<K, V, S> {
    fn visit_where<'a>(
        &'a self,
        is_wanted: &impl Fn(&S) -> bool,
        visit: &mut impl FnMut(&'a K, &'a V),
    ) {
        if !is_wanted(&self.sum) {
            return;
        }
        match &self.content {
            Content::Leaf(entries) => entries.iter().for_each(|(key, value)| visit(key, value)),
            Content::Branch(children) => {
                for (_, child) in children {
                    child.visit_where(is_wanted, visit);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            Content::Leaf(entries) => entries.is_empty(),
            Content::Branch(children) => children.is_empty(),
        }
    }
}

impl<K: Copy + Ord, V: Clone, S: Sum<V>> Node<K, V, S> {
    fn of(content: Content<K, V, S>) -> Self {
        let sum = sum_of(&content);
        Self { sum, content }
    }

    /// The value that the key had, and the upper part of the node if it would have become too wide.
    fn insert(&mut self, key: K, value: V) -> (Option<V>, Option<Child<K, V, S>>) {
        let mut former = None;
        let upper = match &mut self.content {
            Content::Leaf(entries) => match entries.binary_search_by_key(&key, |(key, _)| *key) {
                Ok(place) => {
                    let there = entries.get_mut(place);
                    former = there.map(|(_, it)| std::mem::replace(it, value));
                    None
                }
                Err(place) => put(entries, place, (key, value)).map(Content::Leaf),
            },
            Content::Branch(children) => {
                let place = child(children, key);
                let split = children.get_mut(place).and_then(|(_, child)| {
                    let (found, split) = Arc::make_mut(child).insert(key, value);
                    former = found;
                    split
                });
                let upper = split.and_then(|split| put(children, place + 1, split));
                upper.map(Content::Branch)
            }
        };
        self.sum = sum_of(&self.content);
        let split = upper.and_then(|content| {
            let first = match &content {
                Content::Leaf(entries) => entries.first().map(|(key, _)| *key),
                Content::Branch(children) => children.first().map(|(key, _)| *key),
            };
            Some((first?, Arc::new(Self::of(content))))
        });
        (former, split)
    }

    fn remove(&mut self, key: K) -> Option<V> {
        let removed = match &mut self.content {
            Content::Leaf(entries) => {
                let place = entries.binary_search_by_key(&key, |(key, _)| *key).ok()?;
                Some(entries.remove(place).1)
            }
            Content::Branch(children) => {
                let place = child(children, key);
                let (_, child) = children.get_mut(place)?;
                let removed = Arc::make_mut(child).remove(key);
                if child.is_empty() {
                    children.remove(place);
                }
                removed
            }
        };
        self.sum = sum_of(&self.content);
        removed
    }

    fn update<R>(&mut self, key: K, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        let result = match &mut self.content {
            Content::Leaf(entries) => {
                let place = entries.binary_search_by_key(&key, |(key, _)| *key).ok()?;
                Some(change(&mut entries.get_mut(place)?.1))
            }
            Content::Branch(children) => {
                let place = child(children, key);
                Arc::make_mut(&mut children.get_mut(place)?.1).update(key, change)
            }
        };
        self.sum = sum_of(&self.content);
        result
    }
}

fn sum_of<K, V, S: Sum<V>>(content: &Content<K, V, S>) -> S {
    let mut sum = S::default();
    match content {
        Content::Leaf(entries) => entries.iter().for_each(|(_, value)| sum.add_value(value)),
        Content::Branch(children) => children.iter().for_each(|(_, child)| sum.add(&child.sum)),
    }
    sum
}

/// The place of the child in which a key is, if it is anywhere.
fn child<K: Ord + Copy, T>(children: &[(K, T)], key: K) -> usize {
    let begins = |(first, _): &(K, T)| *first <= key;
    let others = children.get(1..).unwrap_or_default();
    others.partition_point(begins)
}

/// Puts something at a place, and splits off the upper part of what has become too wide.
///
/// Whoever only ever appends leaves full nodes behind.
fn put<T>(items: &mut Vec<T>, place: usize, item: T) -> Option<Vec<T>> {
    let appends = place == items.len();
    items.reserve_exact(1);
    items.insert(place, item);
    let keep = if appends { WIDTH } else { WIDTH / 2 };
    (WIDTH < items.len()).then(|| items.split_off(keep))
}

fn grouped<T, U>(items: impl IntoIterator<Item = T>, node: impl Fn(Vec<T>) -> Option<U>) -> Vec<U> {
    let mut items = items.into_iter();
    std::iter::from_fn(|| {
        let mut group = Vec::new();
        group.extend(items.by_ref().take(WIDTH));
        group.shrink_to_fit();
        node(group)
    })
    .collect()
}
