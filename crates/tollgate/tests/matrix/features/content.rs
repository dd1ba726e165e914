//! What stands in messages.

use crate::clients::Client;
use crate::media::{FILM, IMAGE, PDF, SOUND, base64};
use crate::question::{Finish, Part, Proof, Question, Turn, list, must, parsed, same, text as at};
use crate::world::{Ask, takes_image_urls};

pub(super) async fn text(ask: &mut Ask<'_>) -> Proof {
    let said = "Grüße, \"世界\" \u{1F30D}\n\tund zurück \\ </end>";
    let question = Question { model: "echo", turns: vec![ask.user(said)], ..Question::default() };
    let heard = ask.hear(&question).await?;
    same("text", &heard.text, &ask.marked(said))?;
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    if ask.client == Client::Gemini && ask.streamed {
        same("text of an array", &array(ask, &question).await?, &heard.text)?;
    }
    let prose = Question { model: "prose", ..question };
    let heard = ask.hear(&prose).await?;
    must(heard.text.len() > 200, || format!("prose: {}", heard.text))
}

/// Without `alt=sse`, a stream of Gemini is one JSON array.
async fn array(ask: &Ask<'_>, question: &Question) -> Proof<String> {
    let reply = ask.send_as(question, |sent| {
        sent.path = sent.path.replace("?alt=sse", "");
    });
    let reply = reply.await?;
    same("content-type", &reply.header("content-type"), &Some("application/json"))?;
    let items = parsed(&reply.text())?;
    let parts = list(&items, "").flat_map(|item| list(item, "/candidates/0/content/parts"));
    Ok(parts.map(|part| at(part, "/text")).collect())
}

pub(super) async fn system(ask: &mut Ask<'_>) -> Proof {
    let rule = format!("Be brief in {} always.", ask.marker);
    let turns = vec![ask.user("Hello")];
    let system = Some(rule.clone());
    let question = Question { model: "echo", system, turns, ..Question::default() };
    let heard = ask.hear(&question).await?;
    same("text", &heard.text, &ask.marked("Hello"))?;
    let upstream = ask.upstream_text()?;
    let times = upstream.matches(&rule).count();
    must(times == 1, || format!("the system prompt arrived {times} times: {upstream}"))
}

pub(super) async fn turns(ask: &mut Ask<'_>) -> Proof {
    let between = Turn::Said(ask.marked("in between"));
    let turns = vec![ask.user("first"), between, ask.user("second")];
    let heard = ask.hear(&Question { model: "echo", turns, ..Question::default() }).await?;
    same("text", &heard.text, &ask.marked("second"))?;
    in_order(ask, &["first", "in between", "second"])
}

/// Protocols whose turns must alternate get both in one.
pub(super) async fn two_users(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("first"), ask.user("second")];
    let heard = ask.hear(&Question { model: "echo", turns, ..Question::default() }).await?;
    must(heard.text.ends_with(&ask.marked("second")), || format!("text: {}", heard.text))?;
    in_order(ask, &["first", "second"])
}

/// Some protocols want the user to begin.
pub(super) async fn assistant_first(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![Turn::Said(ask.marked("What can I do?")), ask.user("Hello")];
    let heard = ask.hear(&Question { model: "echo", turns, ..Question::default() }).await?;
    same("text", &heard.text, &ask.marked("Hello"))?;
    in_order(ask, &["What can I do?", "Hello"])
}

pub(super) async fn prefill(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("one two three four"), Turn::Said(ask.marked("one two"))];
    let heard = ask.hear(&Question { model: "echo", turns, ..Question::default() }).await?;
    same("text", &heard.text.as_str(), &" three four")
}

/// Marked texts reached the provider, one behind the other.
fn in_order(ask: &Ask<'_>, texts: &[&str]) -> Proof {
    let upstream = ask.upstream_text()?;
    let places: Vec<Option<usize>> =
        texts.iter().map(|text| upstream.find(&ask.marked(text))).collect();
    let ordered = places.iter().all(Option::is_some) && places.is_sorted();
    must(ordered, || format!("turns are missing or out of order: {upstream}"))
}

pub(super) async fn image(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![Turn::User(vec![Part::Text(ask.marked("Look")), Part::Image])];
    let heard = ask.hear(&Question { model: "vision", turns, ..Question::default() }).await?;
    let seen = format!("I see one image.\n[image: image/png, {} bytes]", IMAGE.len());
    same("text", &heard.text, &seen)
}

pub(super) async fn image_url(ask: &mut Ask<'_>) -> Proof {
    let url = ask.world.image_url();
    let parts = vec![Part::Text(ask.marked("Look")), Part::ImageUrl(url.clone())];
    let question =
        Question { model: "vision", turns: vec![Turn::User(parts)], ..Question::default() };
    let heard = ask.hear(&question).await?;
    let seen = if takes_image_urls(ask.protocol) {
        format!("I see one image.\n[image: {url}]")
    } else {
        format!("I see one image.\n[image: image/png, {} bytes]", IMAGE.len())
    };
    same("text", &heard.text, &seen)
}

pub(super) async fn audio(ask: &mut Ask<'_>) -> Proof {
    inside(ask, Part::Sound, SOUND).await
}

pub(super) async fn video(ask: &mut Ask<'_>) -> Proof {
    inside(ask, Part::Film, FILM).await
}

/// Bytes that stand in the request reach the provider.
async fn inside(ask: &mut Ask<'_>, part: Part, bytes: &[u8]) -> Proof {
    let turns = vec![Turn::User(vec![Part::Text(ask.marked("Look")), part])];
    ask.hear(&Question { model: "prose", turns, ..Question::default() }).await?;
    let upstream = ask.upstream_text()?;
    must(upstream.contains(&base64(bytes)), || format!("they did not arrive: {upstream}"))
}

pub(super) async fn pdf(ask: &mut Ask<'_>) -> Proof {
    inside(ask, Part::Pdf, PDF).await
}
