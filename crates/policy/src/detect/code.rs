//! Whether a text contains code.

use crate::call::{TEXT_BYTES_MAX, head};

/// How lines of code begin.
const BEGINNINGS: &[&str] = &[
    "def ",
    "class ",
    "import ",
    "from ",
    "fn ",
    "pub ",
    "impl ",
    "use ",
    "let ",
    "const ",
    "var ",
    "function ",
    "return ",
    "async ",
    "await ",
    "export ",
    "public ",
    "private ",
    "protected ",
    "static ",
    "void ",
    "int ",
    "#define",
    "package ",
    "func ",
    "type ",
    "struct ",
    "enum ",
    "interface ",
    "namespace ",
    "using ",
    "if (",
    "for (",
    "while (",
    "switch (",
    "} else",
    "elif ",
    "else:",
    "try:",
    "try {",
    "except ",
    "catch (",
    "print(",
    "console.",
    "System.out",
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "ALTER TABLE ",
    "WHERE ",
    "FROM ",
    "JOIN ",
    "GROUP BY ",
    "ORDER BY ",
    "$ ",
    "sudo ",
    "git ",
    "docker ",
    "npm ",
    "cargo ",
    "pip ",
    "<?php",
    "<!DOCTYPE",
    "<html",
    "<div",
    "<script",
    "@",
    "//",
    "/*",
    "#!/",
    "--- a/",
    "+++ b/",
    "@@ -",
    "  File \"",
    "\tat ",
    "    at ",
    "end",
    "module ",
    "require(",
    "require ",
    "val ",
    "fun ",
    "match ",
    "where ",
    "foreach ",
];

/// Beginnings that nothing but code has.
const SURE_BEGINNINGS: &[&str] = &[
    "diff --git ",
    "@@ -",
    "Traceback (most recent call last)",
    "#include ",
    "<?php",
    "<!DOCTYPE",
    "#!/",
];

/// What stands in code and seldom in prose.
const SIGNS: &[&str] = &[
    "();", ");", "{}", "=> ", "->", "::", "!=", "==", "+=", "&&", "||", "</", "/>", "[]", "({",
    "})", "()", "] =", " := ", "++;", "${", "%s", "\\n", "__init__", "self.", "this.", "std::",
    "&mut ",
];

/// How lines of code end.
const ENDS: &[char] = &[';', '{', '}', ')', ':', ',', '>'];

/// A line this long is prose or data.
const LINE_BYTES_MAX: usize = 400;

/// Whether the text contains code: a fenced block, or lines that look like code. A line counts when
/// two of three hold: it begins, ends or is built like code. Two such lines are enough, or one in
/// a text of hardly more.
pub fn is_code(text: &str) -> bool {
    let text = head(text, TEXT_BYTES_MAX);
    if text.match_indices("```").nth(1).is_some() {
        return true;
    }
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let code = lines().filter(|line| looks_like_code(line)).take(2).count();
    code == 2 || (code == 1 && lines().take(3).count() < 3)
}

fn looks_like_code(line: &str) -> bool {
    if line.len() > LINE_BYTES_MAX {
        return false;
    }
    let bare = line.trim();
    let is_sure = SURE_BEGINNINGS.iter().any(|it| bare.starts_with(it));
    let begins =
        BEGINNINGS.iter().any(|it| bare.starts_with(it.trim_start()) || line.starts_with(it));
    let ends = bare.ends_with(ENDS);
    let signs = SIGNS.iter().filter(|it| bare.contains(**it)).take(2).count();
    is_sure || usize::from(begins) + usize::from(ends) + signs >= 2
}
