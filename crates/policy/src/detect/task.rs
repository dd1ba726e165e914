//! Which task a prompt sets.

use super::code::is_code;
use crate::call::head;

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Writing, explaining or mending programs.
    Code,
    /// Calculating and proving.
    Math,
    /// From one language into another.
    Translation,
    /// Saying a long text in short.
    Summary,
    /// Taking data out of a text.
    Extraction,
    /// Sorting a text into classes.
    Classification,
    /// Mending or changing the words of a text.
    Editing,
    /// Letters, stories, articles.
    Writing,
    /// Everything else.
    Chat,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 9] = [
        Self::Code,
        Self::Math,
        Self::Translation,
        Self::Summary,
        Self::Extraction,
        Self::Classification,
        Self::Editing,
        Self::Writing,
        Self::Chat,
    ];

    /// The names of all.
    pub const NAMES: [&'static str; 9] = [
        "code",
        "math",
        "translation",
        "summary",
        "extraction",
        "classification",
        "editing",
        "writing",
        "chat",
    ];

    /// Its name in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Math => "math",
            Self::Translation => "translation",
            Self::Summary => "summary",
            Self::Extraction => "extraction",
            Self::Classification => "classification",
            Self::Editing => "editing",
            Self::Writing => "writing",
            Self::Chat => "chat",
        }
    }
}

/// How much of the beginning of a text says what to do.
const BEGINNING_BYTES: usize = 240;
/// How much of a text is looked at.
const BYTES_MAX: usize = 4 * 1024;

/// Words that tell of a task, in lower case, in English, German, French, Spanish, Portuguese,
/// Italian, Chinese and Japanese. Where several tasks are told of, the one that stands first in
/// the text counts: what comes later is what the task is about.
const TELLING: &[(Task, &[&str])] = &[
    (
        Task::Translation,
        &[
            "translate",
            "translation of",
            "übersetz",
            "tradui",
            "traduce",
            "traduc",
            "traduz",
            "traduir",
            "翻译",
            "翻譯",
            "翻訳",
            "перевед",
            "in english?",
            "auf englisch",
            "auf deutsch",
            "en anglais",
            "en inglés",
        ],
    ),
    (
        Task::Summary,
        &[
            "summar",
            "tl;dr",
            "tldr",
            "in a nutshell",
            "key points",
            "key takeaways",
            "zusammenfass",
            "fasse ",
            "fass ",
            "résum",
            "resum",
            "riassum",
            "总结",
            "總結",
            "概括",
            "摘要",
            "要約",
            "まとめて",
            "кратко излож",
            "in one paragraph",
        ],
    ),
    (
        Task::Code,
        &[
            "python",
            "javascript",
            "typescript",
            "rust",
            "golang",
            "java",
            "c++",
            "c#",
            "sql",
            "regex",
            "regular expression",
            "bash",
            "shell script",
            "html",
            "css",
            "unit test",
            "function that",
            "funktion, die",
            "fonction qui",
            "función que",
            "função que",
            "write a script",
            "write a program",
            "source code",
            "debug",
            "refactor",
            "stack trace",
            "compile",
            "compiler",
            "algorithm",
            "api endpoint",
            "docker",
            "kubernetes",
            "git ",
            "programm",
            "代码",
            "编程",
            "函数",
            "コード",
            "関数",
            "exception",
            "null pointer",
            "segfault",
            "leetcode",
            "dockerfile",
            "react component",
            "async ",
        ],
    ),
    (
        Task::Math,
        &[
            "solve",
            "calculate",
            "compute",
            "equation",
            "integral",
            "derivative",
            "prove that",
            "probability that",
            "what is the sum",
            "percent of",
            "% of",
            "how many",
            "square root",
            "theorem",
            "matrix",
            "berechne",
            "löse ",
            "gleichung",
            "ableitung",
            "beweise",
            "wie viele",
            "calcule",
            "résous",
            "équation",
            "calcula ",
            "resuelve",
            "ecuación",
            "calcola",
            "risolvi",
            "equação",
            "计算",
            "方程",
            "证明",
            "計算",
            "方程式",
            "реши",
            "вычисли",
        ],
    ),
    (
        Task::Extraction,
        &[
            "extract",
            "pull out",
            "list all the names",
            "find all the",
            "parse the following",
            "as json",
            "into json",
            "extrahier",
            "extrais",
            "extrae",
            "extrai",
            "estrai",
            "提取",
            "抽出",
            "извлеки",
        ],
    ),
    (
        Task::Classification,
        &[
            "classif",
            "categorize",
            "categorise",
            "sentiment",
            "label the",
            "label this",
            "spam or not",
            "positive or negative",
            "which category",
            "klassifizier",
            "kategorie",
            "catégori",
            "clasifica",
            "classifica",
            "分类",
            "情感",
            "分類",
            "which of the following labels",
        ],
    ),
    (
        Task::Editing,
        &[
            "proofread",
            "rewrite",
            "rephrase",
            "paraphrase",
            "improve the wording",
            "correct the grammar",
            "fix the grammar",
            "grammar",
            "make this sound",
            "make it sound",
            "korrigier",
            "formuliere",
            "überarbeite",
            "corrige",
            "reformul",
            "reescrib",
            "correggi",
            "reescreva",
            "润色",
            "改写",
            "修改",
            "添削",
            "校正",
            "исправь",
        ],
    ),
    (
        Task::Writing,
        &[
            "write a",
            "write an",
            "write me",
            "compose",
            "draft",
            "poem",
            "short story",
            "essay",
            "blog post",
            "cover letter",
            "schreib",
            "gedicht",
            "verfasse",
            "entwirf",
            "écris",
            "rédige",
            "poème",
            "escribe",
            "redacta",
            "poema",
            "scrivi",
            "escreva",
            "写一",
            "写首",
            "作文",
            "書いて",
            "小説",
            "напиши",
        ],
    ),
];

/// Which task a prompt sets: what its beginning tells of first; else code where there is some, else
/// what the rest tells of first. A request for structured output that says nothing else is
/// extraction. Chat when nothing tells.
pub fn task(text: &str, parameters: &[&str]) -> Task {
    let lower = head(text, BYTES_MAX).to_lowercase();
    let beginning = head(&lower, BEGINNING_BYTES);
    if let Some(task) = told(beginning) {
        return task;
    }
    if is_code(text) {
        return Task::Code;
    }
    let is_structured = || parameters.contains(&"response_format").then_some(Task::Extraction);
    told(&lower).or_else(is_structured).unwrap_or(Task::Chat)
}

/// The task whose words stand first. What writes a program is code, not writing.
fn told(text: &str) -> Option<Task> {
    let found = TELLING.iter().filter_map(|(task, words)| {
        let first = words.iter().filter_map(|word| place(text, word)).min()?;
        Some((first, *task))
    });
    let (_, task) = found.min_by_key(|(at, _)| *at)?;
    let writes_code = task == Task::Writing && tells(Task::Code, text);
    Some(if writes_code { Task::Code } else { task })
}

fn tells(task: Task, text: &str) -> bool {
    let words = TELLING.iter().filter(|(known, _)| *known == task).flat_map(|(_, words)| *words);
    words.into_iter().any(|word| place(text, word).is_some())
}

/// Where a word begins first: not inside of another, but in scripts that are written without
/// spaces.
fn place(text: &str, word: &str) -> Option<usize> {
    let is_spaced = |it: char| it.is_alphanumeric() && it < '\u{2e80}';
    let begins_a_word = |(at, _): &(usize, &str)| {
        let before = text.get(..*at).and_then(|it| it.chars().next_back());
        !(before.is_some_and(is_spaced) && word.starts_with(is_spaced))
    };
    text.match_indices(word).find(begins_a_word).map(|(at, _)| at)
}
