//! Subtitles as players read them: `SubRip`, and WebVTT
//! (<https://www.w3.org/TR/webvtt1/#file-parsing>).

/// Holds subtitles to being `count` ones, or any number: blocks of a timing and its text, numbered
/// in `SubRip`, none of which begins before the other ends what it says.
pub fn check(text: &str, is_web: bool, count: Option<usize>) {
    // What ends a line: a player takes a carriage return alone for one.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.split('\n') {
        match blocks.last_mut() {
            Some(block) if !line.is_empty() => block.push(line),
            _ => blocks.push(Vec::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    let mut blocks = blocks.into_iter();
    if is_web {
        assert_eq!(blocks.next(), Some(vec!["WEBVTT"]), "the file does not say what it is");
    }
    let mut cues = 0;
    for block in blocks {
        cues += 1;
        let lines = if is_web {
            &block[..]
        } else {
            assert_eq!(block[0], cues.to_string(), "a number is wrong: {text:?}");
            &block[1..]
        };
        let timing = lines.first().and_then(|line| line.split_once(" --> "));
        let (start, end) = timing.unwrap_or_else(|| panic!("a subtitle has no times: {text:?}"));
        let point = if is_web { '.' } else { ',' };
        assert!(clock(start, point) <= clock(end, point), "it ends before it begins: {text:?}");
        let is_plain = |line: &&str| !is_web || !line.contains("-->") && !line.contains('<');
        assert!(lines[1..].iter().all(is_plain), "a text is more: {text:?}");
    }
    assert!(count.is_none_or(|count| count == cues), "{cues} subtitles of {count:?}: {text:?}");
}

/// Milliseconds of `00:01:02,345`.
fn clock(text: &str, point: char) -> u128 {
    let (rest, milliseconds) = text.split_once(point).unwrap_or_else(|| panic!("{text:?}"));
    let numbers: Vec<&str> = rest.split(':').collect();
    assert!(numbers.len() == 3 && milliseconds.len() == 3, "{text:?} is no time");
    let read = |text: &str| -> u128 { text.parse().unwrap() };
    let (hours, minutes, seconds) = (read(numbers[0]), read(numbers[1]), read(numbers[2]));
    assert!(minutes < 60 && seconds < 60, "{text:?} is no time");
    ((hours * 60 + minutes) * 60 + seconds) * 1_000 + read(milliseconds)
}
