//! What answers have besides words.

use crate::clients::{Client, Extra};
use crate::question::{Flaw, Proof, Question, must, same};
use crate::world::Ask;

fn asking(ask: &Ask<'_>, model: &'static str, extras: &[Extra]) -> Question {
    let turns = vec![ask.user("Hello")];
    Question { model, turns, extras: extras.to_vec(), ..Question::default() }
}

pub(super) async fn picture(ask: &mut Ask<'_>) -> Proof {
    let heard = ask.hear(&asking(ask, "draw", &[Extra::Pictures])).await?;
    same("text", &heard.text, &ask.marked("Hello"))?;
    // How every PNG begins.
    let [picture] = heard.pictures.as_slice() else {
        return Err(Flaw::Wrong(format!("pictures: {:?}", heard.pictures)));
    };
    must(picture.starts_with("iVBORw0KGgo"), || format!("not a picture: {picture}"))
}

pub(super) async fn sound(ask: &mut Ask<'_>) -> Proof {
    let heard = ask.hear(&asking(ask, "speak", &[Extra::Sound])).await?;
    same("sound", &heard.sound.as_str(), &"AAD/fw==")
}

pub(super) async fn sources(ask: &mut Ask<'_>) -> Proof {
    if matches!(ask.client, Client::Completions | Client::Ollama) {
        return Err(Flaw::Unsayable("an answer names no sources"));
    }
    let heard = ask.hear(&asking(ask, "cite", &[])).await?;
    same("text", &heard.text, &ask.marked("Hello"))?;
    same("sources", &heard.sources, &vec!["https://example.org/sky".to_owned()])
}

/// Every token is told with its probability.
pub(super) async fn logprobs(ask: &mut Ask<'_>) -> Proof {
    let heard = ask.hear(&asking(ask, "echo", &[Extra::Logprobs])).await?;
    same("text", &heard.text, &ask.marked("Hello"))?;
    same("tokens", &heard.weighed, &heard.text)
}
