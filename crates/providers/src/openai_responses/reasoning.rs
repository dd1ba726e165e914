//! Whether and how to think, and thoughts that come back (contract §2.4).

use std::borrow::Cow;

use serde::Serialize;
use tollgate_wire::chat::{ChatParams, ReasoningDetail, ReasoningFormat, ReasoningKind};

use super::block::{Item, Thought};
use crate::Target;
use crate::encoding::takes;
use crate::openai_model::Model;

/// `reasoning`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct ReasoningObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
}

/// What to ask for; `None` leaves it to the model.
///
/// A summary is asked for whenever reasoning is, because it is all that can be seen of it. A
/// provider that refuses it says so with `reasoning.summary` among its refused parameters.
pub(super) fn asked<'a>(
    params: &'a ChatParams,
    target: &Target<'_>,
    model: Model,
) -> Option<ReasoningObject<'a>> {
    if !is_known(target, model) {
        return None;
    }
    let reasoning = &params.reasoning;
    let wanted = reasoning.wanted();
    let shown = !reasoning.exclude
        && wanted != Some(false)
        && !target.quirks.drop_params.iter().any(|it| it == "reasoning.summary");
    let by_default = (wanted == Some(true)).then_some("auto");
    let summary = reasoning.summary.as_deref().or(by_default).filter(|_| shown);
    let effort = model.asked(params, target);
    (effort.is_some() || summary.is_some()).then_some(ReasoningObject { effort, summary })
}

/// Whether the endpoint knows of reasoning at all: elsewhere, asking for its encrypted form is an
/// error.
pub(super) fn is_known(target: &Target<'_>, model: Model) -> bool {
    let listed = takes(target, "reasoning") || takes(target, "reasoning_effort");
    listed && model.reasons() != Some(false)
}

/// Thoughts of this provider family as the items they were, in order.
///
/// Nobody else's can be read there. An item with neither encrypted nor plain thoughts is left out:
/// the provider would look for it among what it stored, and it stored nothing.
pub(super) fn replayed(details: &[ReasoningDetail]) -> Vec<Item<'_>> {
    let mut thoughts: Vec<Gathered<'_>> = Vec::new();
    for detail in details.iter().filter(|it| it.format == ReasoningFormat::OpenAi) {
        if let Some(last) = thoughts.last_mut().filter(|last| last.continues_with(detail)) {
            last.take(detail);
            continue;
        }
        let mut gathered = Gathered::default();
        gathered.take(detail);
        thoughts.push(gathered);
    }
    thoughts.into_iter().filter_map(Gathered::item).collect()
}

/// The details of one item.
#[derive(Debug, Default)]
struct Gathered<'a> {
    id: Option<&'a str>,
    summary: Texts<'a>,
    content: Texts<'a>,
    encrypted: Option<&'a str>,
}

/// Texts by their index. A client may have kept the pieces of the stream, so pieces with one index
/// are one text.
#[derive(Debug, Default)]
struct Texts<'a>(Vec<(u32, Cow<'a, str>)>);

impl<'a> Gathered<'a> {
    /// Whether the detail is of the same item: it has the same id, or it is the seal of an item
    /// whose id is not known yet.
    fn continues_with(&self, detail: &ReasoningDetail) -> bool {
        let seals = detail.kind == ReasoningKind::Encrypted;
        match (self.id, detail.id.as_deref()) {
            (Some(ours), Some(its)) => ours == its && !(seals && self.encrypted.is_some()),
            (None, None) => self.encrypted.is_none(),
            (None, Some(_)) => seals && self.encrypted.is_none(),
            (Some(_), None) => false,
        }
    }

    fn take(&mut self, detail: &'a ReasoningDetail) {
        self.id = self.id.or(detail.id.as_deref());
        match detail.kind {
            ReasoningKind::Summary => self.summary.take(detail),
            ReasoningKind::Text => self.content.take(detail),
            ReasoningKind::Encrypted => {
                let data = detail.data.as_deref().filter(|data| !data.is_empty());
                self.encrypted = self.encrypted.or(data);
            }
            ReasoningKind::ServerToolCall => {}
        }
    }

    fn item(self) -> Option<Item<'a>> {
        let summary = self.summary.0.into_iter();
        let content = self.content.0.into_iter();
        let content: Vec<_> = content.map(|(_, text)| Thought::ReasoningText { text }).collect();
        (self.encrypted.is_some() || !content.is_empty()).then(|| Item::Reasoning {
            id: self.id.filter(|id| !id.is_empty()),
            summary: summary.map(|(_, text)| Thought::SummaryText { text }).collect(),
            content,
            encrypted_content: self.encrypted,
        })
    }
}

impl<'a> Texts<'a> {
    fn take(&mut self, detail: &'a ReasoningDetail) {
        match self.0.last_mut().filter(|(index, _)| *index == detail.index) {
            Some((_, text)) => text.to_mut().push_str(detail.text()),
            None => self.0.push((detail.index, Cow::Borrowed(detail.text()))),
        }
    }
}
