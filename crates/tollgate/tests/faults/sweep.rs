//! Breaks at the bytes of an answer: at every one with `FAULTS=every`, else at as many as there is
//! time for.

use crate::cell::{Ask, Became, Proven};
use crate::question::{Flaw, Proof, must, same};
use crate::world::World;

/// Whether an answer is streamed, whether nobody takes over, and at about how many bytes it breaks
/// off.
const SWEEPS: [(bool, bool, usize); 4] =
    [(true, false, 240), (true, true, 60), (false, false, 60), (false, true, 30)];

/// How it breaks off, in turns. What a reset takes back was as if it had broken off earlier.
const KINDS: [&str; 3] = ["end", "cut", "reset"];

/// Proves them for one client at one provider.
pub(crate) async fn all(world: &World) -> Vec<Proven> {
    let mut proven = Vec::new();
    let every = std::env::var_os("FAULTS").is_some();
    for (index, (streamed, alone, places)) in SWEEPS.into_iter().enumerate() {
        let form = if streamed { "stream" } else { "whole answer" };
        let company = if alone { ", nobody else there" } else { "" };
        let often = if every { "every byte" } else { "many bytes" };
        let row = (2_000 + index, format!("broken off at {often} of a {form}{company}"));
        let ask = Ask { world, provider: "first", alone, streamed };
        let sign = sweep(ask, if every { usize::MAX } else { places }).await;
        proven.push(Proven { row, client: world.client, place: world.place, sign });
    }
    proven
}

/// Breaks off everywhere. The more of an answer came, the more is kept of it: it is replaced, then
/// continued, then whole.
async fn sweep(ask: Ask<'_>, places: usize) -> Proof<String> {
    let first = &ask.world.first;
    first.script("").unwrap();
    let before = first.bytes_sent();
    same("undisturbed", &ask.prove().await?.became, &Became::Whole)?;
    let length = usize::try_from(first.bytes_sent() - before).unwrap();
    let step = length.div_ceil(places).max(1);
    let (mut replaced, mut continued, mut whole) = (0, 0, 0);
    let mut least = Became::Replaced;
    for (turn, at) in (0..=length).step_by(step).enumerate() {
        let kind = KINDS[turn % KINDS.len()];
        first.script(&format!("{kind}-at:{at}")).unwrap();
        let wrong = |what: String| Flaw::Wrong(format!("{kind}-at:{at} of {length}: {what}"));
        let told = ask.prove().await.map_err(|flaw| wrong(flaw.text()))?;
        if kind != "reset" {
            let is_lost = told.became < least;
            must(!is_lost, || format!("{kind}-at:{at} of {length}: {told:?} after {least:?}"))?;
            least = told.became;
        }
        match told.became {
            Became::Replaced => replaced += 1,
            Became::Continued => continued += 1,
            Became::Whole => whole += 1,
        }
    }
    // The last byte is where an answer may still be lost or told twice.
    first.script(&format!("end-at:{}", length - 1)).unwrap();
    ask.prove().await?;
    must(replaced > 0, || "never replaced".to_owned())?;
    must(!ask.streamed || continued > 0, || "never continued".to_owned())?;
    Ok(format!("{replaced} + {continued} + {whole}"))
}
