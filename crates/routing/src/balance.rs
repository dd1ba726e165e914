//! Load balancing: a draw in which the cheap have the better chances (contract §5.3).

use crate::order::{Place, Step, Turn};

/// Draws the first of the plan among the endpoints that stand at its top for the same reasons, with
/// a chance by the inverse square of their price. The others follow by price.
pub(crate) fn draw(steps: &mut [Step], seed: u64) {
    // Callers' own keys stand before the draw, in their owner's order.
    let own = steps.iter().take_while(|it| it.turn() == Turn::OwnKey && it.demotion.is_none());
    let own = own.count();
    let Some(steps) = steps.get_mut(own..) else { return };
    let top = steps.first().filter(|it| it.demotion.is_none() && it.turn() == Turn::Shared);
    let Some(top) = top else { return };
    let (class, is_of_tier) = (top.class, top.is_of_tier);
    let is_peer = |step: &Step| {
        step.demotion.is_none()
            && step.turn() == Turn::Shared
            && step.class == class
            && step.is_of_tier == is_of_tier
    };
    let peers = steps.iter().take_while(|step| is_peer(step)).count();
    let Some(pool) = steps.get_mut(..peers) else { return };
    // Sorted by price: the first is the cheapest.
    let Some(cheapest) = pool.first().and_then(|step| step.price) else { return };
    let total: f64 = pool.iter().map(|step| weight(step, cheapest)).sum();
    let mut left = uniform(seed) * total;
    let drawn = pool.iter().position(|step| {
        left -= weight(step, cheapest);
        left < 0.0
    });
    // Rounding may leave a rest: the first has the best chance anyhow.
    let drawn = drawn.unwrap_or(0);
    let Some(chosen) = pool.get_mut(..=drawn) else { return };
    chosen.rotate_right(1);
    if let Some(first) = pool.first_mut() {
        first.place = Place::Drawn { chance: weight(first, cheapest) / total };
    }
}

/// The inverse square of the price, as a share of the cheapest one's. What is free is drawn among
/// the free; what has no price is never drawn.
fn weight(step: &Step, cheapest: u128) -> f64 {
    match step.price {
        None => 0.0,
        Some(price) if price == cheapest => 1.0,
        Some(price) => (picos(cheapest) / picos(price)).powi(2),
    }
}

fn picos(price: u128) -> f64 {
    // Beyond 2^64 pico-dollars, eighteen million dollars, all calls are equally dear.
    let price = u64::try_from(price).unwrap_or(u64::MAX);
    let (high, low) = (price >> 32, price & u64::from(u32::MAX));
    let part = |it: u64| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

/// A number from 0 to 1 that depends on the seed alone: SplitMix64's finaliser (Steele, Lea and
/// Flood, 2014), of which the upper half is taken.
fn uniform(seed: u64) -> f64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / 4_294_967_296.0
}
