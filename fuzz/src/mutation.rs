//! Mutations of JSON, alone or in a stream. Bytes changed at random mostly break it, and behind
//! the first parser nothing new is seen; these keep it whole and change what it says.
//!
//! Values are found wherever they are: in a body, in a line of a stream, in a section of a script.
//! What is no JSON is mutated too, only less cleverly.

use std::ops::Range;

use libfuzzer_sys::fuzzer_mutate;

/// What any value may become.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "1.5",
    "2.0",
    "1e999",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "\"\"",
    "\"0\"",
    "\"x\"",
    "\"\\u00e9\\n\"",
    "\"\\ud800\"",
    "\"AAAA\"",
    "\"data:image/png;base64,AAAA\"",
    "\"https://x.test/a\"",
    "\"error\"",
    "[]",
    "[null]",
    "{}",
    "{\"error\":\"x\"}",
];

/// Mutates an input: half of the time as libFuzzer does, else by values, members and lines.
/// Returns the new size.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed));
    if size < 2 || dice.roll(2) == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut input = data[..size].to_vec();
    // Several at once get over what one alone does not.
    for _ in 0..=dice.roll(3) {
        input = changed(&input, &mut dice);
    }
    let size = input.len().min(max_size);
    data[..size].copy_from_slice(&input[..size]);
    size
}

/// Enough randomness for this: `SplitMix64`.
struct Dice(u64);

impl Dice {
    /// A number below `sides`, or 0.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default();
        bits % sides.max(1)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.roll(all.len()))
    }
}

fn changed(input: &[u8], dice: &mut Dice) -> Vec<u8> {
    let whole = || input.to_vec();
    let way = dice.roll(10);
    if way < 3 {
        return by_lines(input, dice).unwrap_or_else(whole);
    }
    let values = values(input);
    let Some(value) = dice.pick(&values).cloned() else { return whole() };
    match way {
        3 | 4 => with(input, value, dice.pick(VALUES).map_or(b"", |it| it.as_bytes())),
        5 | 6 => match dice.pick(&values) {
            Some(other) => with(input, value, &input[other.clone()]),
            None => whole(),
        },
        7 => without(input, &member(input, &values, &value)),
        8 => {
            let member = member(input, &values, &value);
            let copy = [&input[member.clone()], b",", &input[member.clone()]].concat();
            with(input, member, &copy)
        }
        _ => input[..value.end].to_vec(),
    }
}

fn with(input: &[u8], place: Range<usize>, new: &[u8]) -> Vec<u8> {
    [&input[..place.start], new, &input[place.end..]].concat()
}

/// The input without a value and the comma beside it.
fn without(input: &[u8], place: &Range<usize>) -> Vec<u8> {
    let (before, behind) = (&input[..place.start], &input[place.end..]);
    if behind.first() == Some(&b',') {
        return [before, &behind[1..]].concat();
    }
    [before.strip_suffix(b",").unwrap_or(before), behind].concat()
}

/// A value with its name.
fn member(input: &[u8], values: &[Range<usize>], value: &Range<usize>) -> Range<usize> {
    let before = input[..value.start].trim_ascii_end();
    let name = before.strip_suffix(b":").map(|name| name.trim_ascii_end().len());
    let name = name.and_then(|end| values.iter().find(|it| it.end == end));
    name.map_or(value.clone(), |name| name.start..value.end)
}

/// Where values are: texts, words and numbers, arrays and objects.
fn values(input: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(byte) = input.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at = end_of_text(input, at);
                found.push(start..at);
            }
            b'[' | b'{' => open.push(start),
            b']' | b'}' => found.extend(open.pop().map(|start| start..at)),
            byte if is_word(*byte) => {
                let word = input[start..].iter().take_while(|byte| is_word(**byte));
                at = start + word.count();
                found.push(start..at);
            }
            _ => {}
        }
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)
}

fn end_of_text(input: &[u8], mut at: usize) -> usize {
    while let Some(byte) = input.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    input.len()
}

/// Leaves a line, an event or a section out, gives it twice, or puts it elsewhere.
fn by_lines(input: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let separator: &[u8] = match dice.roll(3) {
        0 if input.contains(&0x1e) => b"\x1e",
        0 | 1 => b"\n\n",
        _ => b"\n",
    };
    let mut pieces = split(input, separator);
    if pieces.len() < 2 {
        return None;
    }
    let (one, other) = (dice.roll(pieces.len()), dice.roll(pieces.len()));
    match dice.roll(4) {
        0 => drop(pieces.remove(one)),
        1 => pieces.insert(other, pieces[one]),
        2 => pieces.swap(one, other),
        _ => pieces.truncate(one + 1),
    }
    Some(pieces.join(separator))
}

fn split<'a>(mut input: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let find = |text: &[u8]| text.windows(separator.len()).position(|it| it == separator);
    while let Some(at) = find(input) {
        pieces.push(&input[..at]);
        input = &input[at + separator.len()..];
    }
    pieces.push(input);
    pieces
}
