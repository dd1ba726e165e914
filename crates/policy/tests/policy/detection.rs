//! What the heuristics make of prompts that people write.

use tollgate_policy::detect::{Task, is_code, language, task};

/// Prompts, and the task that each sets.
const PROMPTS: &[(&str, Task)] = &[
    ("Write a Python function that reverses a linked list.", Task::Code),
    ("Why does this raise a KeyError?\n\ndef get(d):\n    return d['x']\n\nget({})", Task::Code),
    ("Refactor this class to use dependency injection", Task::Code),
    ("What's a regex for email addresses?", Task::Code),
    ("Explain this SQL query: SELECT id FROM users WHERE age > 3;", Task::Code),
    ("Schreibe eine Funktion in Rust, die Primzahlen findet.", Task::Code),
    ("Écris un script bash qui renomme tous les fichiers.", Task::Code),
    ("Escribe un programa en Java que ordene una lista.", Task::Code),
    ("用Python写一个快速排序", Task::Code),
    ("Pythonで二分探索の関数を書いて", Task::Code),
    ("Fix this:\n```js\nfoo(\n```", Task::Code),
    ("Solve 3x + 5 = 20 for x.", Task::Math),
    ("What is the integral of x^2 from 0 to 3?", Task::Math),
    ("Calculate 15% of 240.", Task::Math),
    ("Prove that the square root of 2 is irrational.", Task::Math),
    ("Berechne die Ableitung von sin(x) * x.", Task::Math),
    ("Résous l'équation x² - 4 = 0.", Task::Math),
    ("Resuelve la ecuación 2x = 10.", Task::Math),
    ("计算 12 乘以 34", Task::Math),
    ("If 3 apples cost $2, how many apples can I buy for $10?", Task::Math),
    ("Translate the following into French: Good morning.", Task::Translation),
    ("Übersetze das ins Englische: Guten Tag", Task::Translation),
    ("Traduis en anglais : bonjour", Task::Translation),
    ("Traduce al inglés: buenos días", Task::Translation),
    ("把这句话翻译成英文：你好", Task::Translation),
    ("次の文を英語に翻訳してください", Task::Translation),
    ("Переведи на английский: доброе утро", Task::Translation),
    ("Summarize this article in three sentences.", Task::Summary),
    ("Give me a TL;DR of the text below.", Task::Summary),
    ("Fasse den folgenden Text zusammen.", Task::Summary),
    ("Résume ce document en cinq points.", Task::Summary),
    ("Resume el siguiente texto.", Task::Summary),
    ("总结一下这篇文章", Task::Summary),
    ("この記事を要約してください", Task::Summary),
    ("Extract all email addresses from the text below.", Task::Extraction),
    ("Extrahiere alle Namen aus dem Text.", Task::Extraction),
    ("Return the invoice number and total as JSON.", Task::Extraction),
    ("从下面的文本中提取日期", Task::Extraction),
    ("Classify this review as positive or negative: I loved it.", Task::Classification),
    ("What is the sentiment of this tweet?", Task::Classification),
    ("Klassifiziere die folgende Anfrage.", Task::Classification),
    ("Proofread this email for me.", Task::Editing),
    ("Rewrite this paragraph in a friendlier tone.", Task::Editing),
    ("Korrigiere die Rechtschreibung in diesem Satz.", Task::Editing),
    ("Corrige les fautes de ce texte.", Task::Editing),
    ("Write a short story about a dragon.", Task::Writing),
    ("Draft a cover letter for a nurse.", Task::Writing),
    ("Schreibe ein Gedicht über den Herbst.", Task::Writing),
    ("Écris un poème sur la mer.", Task::Writing),
    ("写一首关于春天的诗", Task::Writing),
    ("Hello, how are you?", Task::Chat),
    ("What is the capital of France?", Task::Chat),
    ("Wie wird das Wetter morgen?", Task::Chat),
    ("¿Qué me recomiendas para cenar?", Task::Chat),
    ("你好，你是谁？", Task::Chat),
    ("", Task::Chat),
];

#[test]
fn tasks_of_prompts_in_several_languages() {
    for (prompt, expected) in PROMPTS {
        assert_eq!(task(prompt, &[]), *expected, "{prompt}");
    }
    assert_eq!(task("Here is a contract.", &["response_format"]), Task::Extraction);
    assert_eq!(task("Solve 3x = 6.", &["response_format"]), Task::Math);
}

#[test]
fn names_of_tasks_are_those_of_rules() {
    for (task, name) in Task::ALL.into_iter().zip(Task::NAMES) {
        assert_eq!(task.as_str(), name);
    }
}

#[test]
fn code_is_told_from_prose() {
    for (text, expected) in [
        ("```\nanything\n```", true),
        ("fn main() {\n    println!(\"hi\");\n}", true),
        ("def f(x):\n    return x + 1", true),
        ("const a = () => {\n  return 1;\n};", true),
        ("#include <stdio.h>\nint main() { return 0; }", true),
        ("SELECT a, b FROM t WHERE a = 1;", true),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@", true),
        (
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nKeyError",
            true,
        ),
        ("public class A {\n    private int x;\n}", true),
        ("<div>\n  <script src=\"a.js\"></script>\n</div>", true),
        ("Please fix this: for (int i = 0; i < n; i++) { sum += a[i]; }", true),
        ("What is the capital of France?", false),
        ("Dear Sir,\n\nI am writing to you: please call back.\n\nYours,\nAda", false),
        ("Shopping:\n- milk,\n- bread,\n- eggs", false),
        ("Use the stairs; they are near.\nFrom there, turn left (or right)", false),
        ("Import duties rose in May; let us discuss.", false),
        ("你好，世界。今天天气很好。", false),
        ("", false),
    ] {
        assert_eq!(is_code(text), expected, "{text}");
    }
}

#[test]
fn languages_of_sentences() {
    for (text, expected) in [
        ("What is the best way to learn how to play the piano?", Some("en")),
        ("Wie komme ich morgen früh am besten zum Bahnhof?", Some("de")),
        ("Quelle est la meilleure façon d'apprendre le piano ?", Some("fr")),
        ("¿Cuál es la mejor manera de aprender a tocar el piano?", Some("es")),
        ("Qual è il modo migliore per imparare a suonare il pianoforte?", Some("it")),
        ("Qual é a melhor maneira de aprender a tocar piano e não desistir?", Some("pt")),
        ("Wat is de beste manier om piano te leren spelen?", Some("nl")),
        ("Jaki jest najlepszy sposób, żeby nauczyć się grać na pianinie?", Some("pl")),
        ("Какой лучший способ научиться играть на пианино?", Some("ru")),
        ("Який найкращий спосіб навчитися грати на піаніно?", Some("uk")),
        ("学习弹钢琴最好的方法是什么？", Some("zh")),
        ("ピアノを習う一番いい方法は何ですか。", Some("ja")),
        ("피아노를 배우는 가장 좋은 방법은 무엇인가요?", Some("ko")),
        ("ما هي أفضل طريقة لتعلم العزف على البيانو؟", Some("ar")),
        ("पियानो बजाना सीखने का सबसे अच्छा तरीका क्या है?", Some("hi")),
        ("Piyano çalmayı öğrenmenin en iyi yolu nedir?", Some("tr")),
        ("Ποιος είναι ο καλύτερος τρόπος να μάθω πιάνο;", Some("el")),
        ("ok", None),
        ("42", None),
        ("", None),
    ] {
        assert_eq!(language(text), expected, "{text}");
    }
    // Only the beginning counts.
    let long = "This is an English sentence that goes on and on for a while. ".repeat(80)
        + &"Dieser Satz ist deutsch und steht weit hinten im Text. ".repeat(400);
    assert_eq!(language(&long), Some("en"));
}
