//! Forms as somebody else reads them (RFC 2046 §5.1, RFC 7578).

/// A part of a form.
#[derive(Debug)]
pub struct Part<'a> {
    /// Whether it is a file.
    pub is_file: bool,
    /// What it holds.
    pub content: &'a [u8],
}

/// Reads a form, and holds it to being one: a boundary that a header can carry, heads of one
/// disposition each, and nothing before, between or behind the parts.
pub fn parts<'a>(media_type: &str, body: &'a [u8]) -> Vec<Part<'a>> {
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!((1..=70).contains(&boundary.len()), "no boundary is that long");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    assert!(boundary.bytes().all(is_plain), "the boundary needs quotes");
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..]).expect("no first part");
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, delimiter.as_bytes()).expect("a part without an end");
        parts.push(read(&part[..end]));
        rest = &part[end + delimiter.len()..];
    }
    assert_eq!(rest, b"--\r\n", "the form does not end where it ends");
    parts
}

fn read(part: &[u8]) -> Part<'_> {
    let end = find(part, b"\r\n\r\n").expect("a part without a head");
    let head = str::from_utf8(&part[..end]).expect("a head that is no text");
    let mut lines = head.split("\r\n");
    let disposition = lines.next().unwrap();
    let quoted = disposition.strip_prefix("Content-Disposition: form-data; name=\"").unwrap();
    let quoted = quoted.strip_suffix('"').expect("a name without an end");
    let (name, file_name) = match quoted.split_once("\"; filename=\"") {
        Some((name, file_name)) => (name, Some(file_name)),
        None => (quoted, None),
    };
    for text in [Some(name), file_name].into_iter().flatten() {
        assert!(!text.contains(['"', '\r', '\n']), "a name breaks its quotes: {head:?}");
    }
    let more: Vec<&str> = lines.collect();
    let is_type = |line: &&str| line.starts_with("Content-Type: ") && !line.contains(['\r', '\n']);
    assert!(more.len() <= 1 && more.iter().all(is_type), "a head says too much: {head:?}");
    Part { is_file: file_name.is_some(), content: &part[end + 4..] }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
