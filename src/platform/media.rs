//! Finds the file of a container that an item names. Exports name files by paths of the export's first making, or by their
//! last part alone, and in an export of several parts a picture may lie in another part than its post.

use std::collections::BTreeMap;

use crate::platform::container::Container;

/// The numbers of a container's files by the last part of their names.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<String, Vec<(String, usize)>>);

impl Files {
    /// The files of `container`.
    pub(crate) fn of(container: &Container) -> Self {
        let mut files: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
        if !container.is_single() {
            for (number, member) in container.members().iter().enumerate() {
                let entry = files.entry(last(&member.name).to_owned()).or_default();
                entry.push((member.name.clone(), number));
            }
        }
        Self(files)
    }

    /// Whether there are files beside the one that is read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file that `path` names: the one whose folders agree with it furthest. `None` where there is none, or where two
    /// agree equally far: nothing is guessed.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        let candidates = self.0.get(last(path))?;
        let agreement = |name: &str| {
            let pairs = name.rsplit('/').zip(path.rsplit('/'));
            pairs.take_while(|(one, other)| one == other).count()
        };
        let best = candidates.iter().map(|(name, _)| agreement(name)).max()?;
        // Numbered files of two albums may have one name: the folder has to agree where it is told.
        if best < path.split('/').count().min(2) {
            return None;
        }
        let mut found = candidates
            .iter()
            .filter(|(name, _)| agreement(name) == best);
        match (found.next(), found.next()) {
            (Some((_, number)), None) => Some(*number),
            _ => None,
        }
    }
}

/// The last part of a path.
pub(crate) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_folders_and_never_guessed() {
        let names = ["a/1.jpg", "b/1.jpg", "b/x/2.jpg"];
        let mut files = Files::default();
        for (number, name) in names.iter().enumerate() {
            let entry = files.0.entry(last(name).to_owned()).or_default();
            entry.push(((*name).to_owned(), number));
        }
        assert_eq!(files.find("b/1.jpg"), Some(1));
        assert_eq!(files.find("old_export/a/1.jpg"), Some(0));
        assert_eq!(files.find("1.jpg"), None);
        assert_eq!(files.find("c/1.jpg"), None);
        assert_eq!(files.find("2.jpg"), Some(2));
        assert_eq!(files.find("y/2.jpg"), None);
        assert_eq!(files.find("3.jpg"), None);
    }
}
