//! [`Map`]: pairs in the order of their keys, in the detector's own memory.
//!
//! The keys are in one array, each beside a pointer to its value. A search is binary. An insertion
//! or a removal moves at most 16 bytes for each later key: with a thousand sleeping threads this
//! costs less than one sleep.

use std::fmt;

use super::List;

/// Pairs in the order of their keys.
pub(crate) struct Map<K, V> {
    pairs: List<(K, Boxed<V>)>,
}

/// A value in memory of its own: a list of one.
type Boxed<V> = List<V>;

impl<K: Ord + Copy, V> Map<K, V> {
    pub(crate) const fn new() -> Self {
        Self { pairs: List::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    fn find(&self, key: K) -> Result<usize, usize> {
        self.pairs.binary_search_by_key(&key, |pair| pair.0)
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.pairs[at].1[0])
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.pairs[at].1[0])
    }

    pub(crate) fn contains_key(&self, key: K) -> bool {
        self.find(key).is_ok()
    }

    /// Returns the previous value.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(key) {
            Ok(at) => Some(std::mem::replace(&mut self.pairs[at].1[0], value)),
            Err(at) => {
                self.pairs.insert(at, (key, Boxed::from([value])));
                None
            }
        }
    }

    /// The value, which is the default if there was none.
    pub(crate) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let at = match self.find(key) {
            Ok(at) => at,
            Err(at) => {
                self.pairs.insert(at, (key, Boxed::from([V::default()])));
                at
            }
        };
        &mut self.pairs[at].1[0]
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let at = self.find(key).ok()?;
        self.pairs.remove(at).1.pop()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.pairs.iter().map(|(key, value)| (*key, &value[0]))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        self.pairs.iter().map(|pair| pair.0)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.pairs.iter().map(|pair| &pair.1[0])
    }
}

impl<K: Ord + Copy + fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Map;
    use std::collections::BTreeMap;

    #[test]
    fn it_does_what_a_btree_map_does() {
        let (mut map, mut tree) = (Map::new(), BTreeMap::new());
        for n in 0..1_000_u64 {
            let key = n * 31 % 97;
            match n % 4 {
                0 => assert_eq!(map.insert(key, n), tree.insert(key, n)),
                1 => assert_eq!(map.remove(key), tree.remove(&key)),
                2 => {
                    *map.entry(key) += 1;
                    *tree.entry(key).or_default() += 1;
                }
                _ => assert_eq!(map.get_mut(key), tree.get_mut(&key)),
            }
            assert_eq!(map.get(key), tree.get(&key));
            assert_eq!((map.contains_key(key), map.len()), (tree.contains_key(&key), tree.len()));
        }
        assert!(map.keys().eq(tree.keys().copied()) && map.values().eq(tree.values()));
    }
}
