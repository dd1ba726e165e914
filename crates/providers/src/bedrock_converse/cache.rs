//! How many prompt-cache markers a request may have.

use super::conversation::Conversation;
use super::tools::Offer;

/// Most markers in one request; more are refused.
const MARKERS_MAX: usize = 4;

/// Keeps the last markers, in the order in which the cache reads the request: a later marker
/// covers what an earlier one does.
pub(super) fn bound(tools: &mut Vec<Offer<'_>>, conversation: &mut Conversation<'_>) {
    let in_tools = tools.iter().filter(|it| it.is_marker()).count();
    let Conversation { system, turns, .. } = conversation;
    let blocks = system.iter().chain(turns.iter().flat_map(|turn| &turn.content));
    let in_blocks = blocks.filter(|it| it.is_marker()).count();
    let mut surplus = in_tools.saturating_add(in_blocks).saturating_sub(MARKERS_MAX);
    let mut stays = |is_marker: bool| {
        let goes = is_marker && surplus > 0;
        surplus -= usize::from(goes);
        !goes
    };
    tools.retain(|it| stays(it.is_marker()));
    system.retain(|it| stays(it.is_marker()));
    for turn in turns {
        turn.content.retain(|it| stays(it.is_marker()));
    }
}
