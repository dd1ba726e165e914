//! A journal held against a model of it: whatever happens, the next start is handed what was
//! appended, less the segments that are gone, in order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use tollgate_journal::{Journal, Receipt, Settings};

use super::{copied, entries, next_start, segments};

const SETTINGS: Settings = Settings { segment_bytes: 200, keeps_spare: false };

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Apply(Index),
    Forget(Index),
    Sync,
    Crash { finished: bool },
    Close { finished: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..150_usize).prop_map(Step::Append),
        8 => any::<Index>().prop_map(Step::Apply),
        1 => any::<Index>().prop_map(Step::Forget),
        1 => Just(Step::Sync),
        1 => any::<bool>().prop_map(|finished| Step::Crash { finished }),
        1 => any::<bool>().prop_map(|finished| Step::Close { finished }),
    ]
}

/// What a segment is thought to hold.
#[derive(Debug, Default)]
struct Segment {
    entries: Vec<Vec<u8>>,
    unapplied: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Model {
    segments: BTreeMap<u32, Segment>,
    current: u32,
    appended: u32,
}

impl Model {
    fn begin(&mut self) {
        self.current += 1;
        self.segments.insert(self.current, Segment { bytes: 16, ..Segment::default() });
    }

    fn leave(&mut self) {
        if self.segments[&self.current].unapplied == 0 {
            self.segments.remove(&self.current);
        }
    }

    fn append(&mut self, length: usize) -> Vec<u8> {
        self.appended += 1;
        let mut entry = self.appended.to_le_bytes().to_vec();
        entry.resize(4 + length, 0);
        let bytes = self.segments[&self.current].bytes;
        if bytes > 16 && bytes + 16 + entry.len() > 200 {
            self.leave();
            self.begin();
        }
        let segment = self.segments.get_mut(&self.current).unwrap();
        segment.bytes += 16 + entry.len();
        segment.unapplied += 1;
        segment.entries.push(entry.clone());
        entry
    }

    fn apply(&mut self, number: u32) {
        let segment = self.segments.get_mut(&number).unwrap();
        segment.unapplied -= 1;
        if segment.unapplied == 0 && number != self.current {
            self.segments.remove(&number);
        }
    }

    fn entries(&self) -> Vec<Vec<u8>> {
        self.segments.values().flat_map(|it| it.entries.clone()).collect()
    }

    fn bytes(&self) -> usize {
        self.segments.values().map(|it| it.bytes).sum()
    }
}

/// The journal, its model, and the receipts with their segments.
struct World {
    folder: tempfile::TempDir,
    journal: Option<Journal>,
    receipts: Vec<(Receipt, u32)>,
    model: Model,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path(), SETTINGS).unwrap();
        let mut model = Model::default();
        model.begin();
        Self { folder, journal: Some(journal), receipts: Vec::new(), model }
    }

    fn take(&mut self, which: Index) -> Option<(Receipt, u32)> {
        let count = self.receipts.len();
        (count > 0).then(|| self.receipts.swap_remove(which.index(count)))
    }

    fn happen(&mut self, step: &Step) {
        let journal = self.journal.as_ref().unwrap();
        match step {
            Step::Append(length) => {
                let entry = self.model.append(*length);
                self.receipts.push((journal.append(&entry).unwrap(), self.model.current));
            }
            Step::Apply(which) => {
                if let Some((receipt, number)) = self.take(*which) {
                    receipt.applied();
                    self.model.apply(number);
                }
            }
            Step::Forget(which) => drop(self.take(*which)),
            Step::Sync => journal.sync().unwrap(),
            Step::Crash { finished } => {
                // The folder as it is at this instant; nobody says goodbye to it.
                let copy = copied(self.folder.path());
                self.receipts.clear();
                self.folder = copy;
                self.start(*finished);
            }
            Step::Close { finished } => {
                self.receipts.clear();
                self.journal.take().unwrap().close().unwrap();
                self.model.leave();
                self.start(*finished);
            }
        }
    }

    fn start(&mut self, finished: bool) {
        let (journal, mut replay) = Journal::open(self.folder.path(), SETTINGS).unwrap();
        assert_eq!(entries(&mut replay), self.model.entries());
        if finished {
            replay.finished().unwrap();
            self.model.segments.clear();
        }
        self.model.begin();
        self.journal = Some(journal);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let (entries, replayed) = next_start(self.folder.path());
        prop_assert_eq!(entries, self.model.entries());
        prop_assert_eq!((replayed.torn_bytes, replayed.damaged_bytes), (0, 0));
        prop_assert_eq!(segments(self.folder.path()).len(), self.model.segments.len());
        let bytes = u64::try_from(self.model.bytes()).unwrap();
        prop_assert_eq!(self.journal.as_ref().unwrap().bytes(), bytes);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_next_start_is_handed_what_was_not_applied(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.happen(step);
            world.check()?;
        }
    }
}
