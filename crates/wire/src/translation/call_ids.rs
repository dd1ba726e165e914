//! Ids for tool calls, in dialects where a call need not have one.
//!
//! Chat matches a result to its call by id alone. A call that came without one gets
//! `call_<n>`, counted over the conversation: the same conversation gets the same ids every time,
//! so what a provider cached of it stays valid.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

/// The ids of one conversation.
#[derive(Debug, Default)]
pub(crate) struct CallIds<'a> {
    /// Ids the client gave; none of them is made again.
    given: HashSet<Cow<'a, str>>,
    made: u64,
    /// Calls without a result so far, oldest first, and the same by name. A call that was
    /// answered out of its turn is passed over when it is reached.
    open: VecDeque<Cow<'a, str>>,
    open_by_name: HashMap<Cow<'a, str>, VecDeque<Cow<'a, str>>>,
    answered: HashSet<Cow<'a, str>>,
}

impl<'a> CallIds<'a> {
    /// Starts with the ids that calls of the conversation have.
    pub(crate) fn new(given: impl Iterator<Item = Cow<'a, str>>) -> Self {
        Self { given: given.filter(|id| !id.is_empty()).collect(), ..Self::default() }
    }

    /// The id of a call.
    pub(crate) fn of_call(
        &mut self,
        id: Option<&Cow<'a, str>>,
        name: &Cow<'a, str>,
    ) -> Cow<'a, str> {
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => id.clone(),
            None => self.make(),
        };
        self.answered.remove(&id);
        self.open.push_back(id.clone());
        self.open_by_name.entry(name.clone()).or_default().push_back(id.clone());
        id
    }

    /// The id of the call that a result answers: the one it names, else the oldest open call of
    /// the same tool, else, where the result names no tool, the oldest of all.
    pub(crate) fn of_result(
        &mut self,
        id: Option<&Cow<'a, str>>,
        name: Option<&Cow<'a, str>>,
    ) -> Cow<'a, str> {
        let id = id.filter(|id| !id.is_empty());
        if let Some(id) = id.filter(|id| self.given.contains(*id)) {
            self.answered.insert(id.clone());
            return id.clone();
        }
        let name = name.filter(|name| !name.is_empty());
        let oldest = match name {
            Some(name) => self.open_by_name.get_mut(name).and_then(|it| next(it, &self.answered)),
            None => next(&mut self.open, &self.answered),
        };
        let found = match (oldest, id) {
            (Some(oldest), _) => oldest,
            (None, Some(id)) => id.clone(),
            (None, None) => self.make(),
        };
        self.answered.insert(found.clone());
        found
    }

    fn make(&mut self) -> Cow<'a, str> {
        loop {
            let id = Cow::Owned(format!("call_{}", self.made));
            self.made = self.made.saturating_add(1);
            if !self.given.contains(&id) {
                return id;
            }
        }
    }
}

fn next<'a>(
    open: &mut VecDeque<Cow<'a, str>>,
    answered: &HashSet<Cow<'a, str>>,
) -> Option<Cow<'a, str>> {
    while let Some(id) = open.pop_front() {
        if !answered.contains(&id) {
            return Some(id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_find_their_calls_by_id_by_name_and_by_order() {
        let name = |name: &'static str| Cow::Borrowed(name);
        let mut ids = CallIds::new([name("call_1")].into_iter());
        assert_eq!(ids.of_call(None, &name("f")), "call_0");
        assert_eq!(ids.of_call(None, &name("f")), "call_2");
        assert_eq!(ids.of_call(Some(&name("call_1")), &name("g")), "call_1");
        assert_eq!(ids.of_result(Some(&name("call_1")), Some(&name("g"))), "call_1");
        assert_eq!(ids.of_result(None, Some(&name("f"))), "call_0");
        assert_eq!(ids.of_result(Some(&name("mine")), Some(&name("f"))), "call_2");
        assert_eq!(ids.of_call(None, &name("h")), "call_3");
        assert_eq!(ids.of_result(None, None), "call_3");
        assert_eq!(ids.of_result(Some(&name("orphan")), Some(&name("f"))), "orphan");
        assert_eq!(ids.of_result(None, Some(&name("f"))), "call_4");
    }
}
