//! Prompt-cache markers (contract §2.5, §6.1).

use tollgate_wire::chat::CacheControl;

use super::block::Block;
use super::conversation::{Conversation, Turn};
use super::tools::ToolObject;

/// Most markers in one request; more are refused.
const MARKERS_MAX: usize = 4;

/// Turns the marker for the whole request into one behind its last block, where the protocol's own
/// top-level marker would be: providers that imitate the protocol know only the latter form.
pub(super) fn mark_end<'a>(turns: &mut [Turn<'a>], whole: Option<&'a CacheControl>) {
    let Some(whole) = whole else { return };
    let mut last = turns.iter_mut().rev().flat_map(|turn| turn.content.iter_mut().rev());
    if let Some(slot) = last.find_map(Block::marker) {
        slot.get_or_insert(whole);
    }
}

/// Keeps the last markers, in the order in which the cache reads the request: a later marker
/// covers what an earlier one does.
pub(super) fn bound<'a>(tools: &mut [ToolObject<'a>], conversation: &mut Conversation<'a>) {
    let in_tools = tools.iter_mut().map(|tool| &mut tool.cache_control);
    let in_system = conversation.system.iter_mut().filter_map(Block::marker);
    let in_turns = conversation.turns.iter_mut().flat_map(|turn| &mut turn.content);
    let in_order = in_tools.chain(in_system).chain(in_turns.filter_map(Block::marker));
    let mut set: Vec<_> = in_order.filter(|slot| slot.is_some()).collect();
    let surplus = set.len().saturating_sub(MARKERS_MAX);
    for slot in set.iter_mut().take(surplus) {
        **slot = None;
    }
}
