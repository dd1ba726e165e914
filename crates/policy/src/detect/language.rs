//! Which language a text is in.

use whatlang::Lang;

use crate::call::head;

/// How much of a text is looked at.
const BYTES_MAX: usize = 4 * 1024;

/// Languages, by ISO 639-1.
const CODES: &[(Lang, &str)] = &[
    (Lang::Epo, "eo"),
    (Lang::Eng, "en"),
    (Lang::Rus, "ru"),
    (Lang::Cmn, "zh"),
    (Lang::Spa, "es"),
    (Lang::Por, "pt"),
    (Lang::Ita, "it"),
    (Lang::Ben, "bn"),
    (Lang::Fra, "fr"),
    (Lang::Deu, "de"),
    (Lang::Ukr, "uk"),
    (Lang::Kat, "ka"),
    (Lang::Ara, "ar"),
    (Lang::Hin, "hi"),
    (Lang::Jpn, "ja"),
    (Lang::Heb, "he"),
    (Lang::Yid, "yi"),
    (Lang::Pol, "pl"),
    (Lang::Amh, "am"),
    (Lang::Jav, "jv"),
    (Lang::Kor, "ko"),
    (Lang::Nob, "nb"),
    (Lang::Dan, "da"),
    (Lang::Swe, "sv"),
    (Lang::Fin, "fi"),
    (Lang::Tur, "tr"),
    (Lang::Nld, "nl"),
    (Lang::Hun, "hu"),
    (Lang::Ces, "cs"),
    (Lang::Ell, "el"),
    (Lang::Bul, "bg"),
    (Lang::Bel, "be"),
    (Lang::Mar, "mr"),
    (Lang::Kan, "kn"),
    (Lang::Ron, "ro"),
    (Lang::Slv, "sl"),
    (Lang::Hrv, "hr"),
    (Lang::Srp, "sr"),
    (Lang::Mkd, "mk"),
    (Lang::Lit, "lt"),
    (Lang::Lav, "lv"),
    (Lang::Est, "et"),
    (Lang::Tam, "ta"),
    (Lang::Vie, "vi"),
    (Lang::Urd, "ur"),
    (Lang::Tha, "th"),
    (Lang::Guj, "gu"),
    (Lang::Uzb, "uz"),
    (Lang::Pan, "pa"),
    (Lang::Aze, "az"),
    (Lang::Ind, "id"),
    (Lang::Tel, "te"),
    (Lang::Pes, "fa"),
    (Lang::Mal, "ml"),
    (Lang::Ori, "or"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Sin, "si"),
    (Lang::Khm, "km"),
    (Lang::Tuk, "tk"),
    (Lang::Aka, "ak"),
    (Lang::Zul, "zu"),
    (Lang::Sna, "sn"),
    (Lang::Afr, "af"),
    (Lang::Lat, "la"),
    (Lang::Slk, "sk"),
    (Lang::Cat, "ca"),
    (Lang::Tgl, "tl"),
    (Lang::Hye, "hy"),
];

/// The languages that are told apart, by ISO 639-1.
pub const LANGUAGES: &[&str] = {
    const NAMES: [&str; CODES.len()] = {
        let mut names = [""; CODES.len()];
        let (mut rest, mut left) = (CODES, names.as_mut_slice());
        while let ([(_, name), more @ ..], [slot, others @ ..]) = (rest, left) {
            *slot = name;
            (rest, left) = (more, others);
        }
        names
    };
    &NAMES
};

/// Words that sentences of a language are full of. Trigrams, which tell languages apart in longer
/// texts, are not sure of a single question.
const COMMON: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "the", "is", "are", "of", "to", "and", "what", "how", "a", "an", "for", "with", "you",
            "this", "that", "please", "my", "it", "does", "write",
        ],
    ),
    (
        "de",
        &[
            "der", "die", "das", "ist", "und", "wie", "was", "ein", "eine", "für", "mit", "nicht",
            "ich", "bitte", "den", "dem", "auf", "zu", "wird", "von",
        ],
    ),
    (
        "fr",
        &[
            "le", "la", "les", "est", "et", "quelle", "quel", "une", "un", "des", "du", "pour",
            "avec", "je", "que", "dans", "sur", "façon", "comment", "vous",
        ],
    ),
    (
        "es",
        &[
            "el", "la", "los", "es", "y", "cuál", "qué", "una", "un", "para", "con", "cómo", "por",
            "del", "las", "en", "mi", "de", "puedo", "está",
        ],
    ),
    (
        "pt",
        &[
            "o", "os", "é", "e", "qual", "uma", "um", "para", "com", "como", "não", "do", "da",
            "em", "você", "que", "dos", "das", "por", "está",
        ],
    ),
    (
        "it",
        &[
            "il", "lo", "gli", "è", "e", "qual", "una", "un", "per", "con", "come", "non", "di",
            "del", "della", "che", "sono", "modo", "mi", "cosa",
        ],
    ),
    (
        "nl",
        &[
            "de", "het", "een", "is", "en", "wat", "hoe", "van", "voor", "met", "niet", "ik", "om",
            "te", "op", "dat", "zijn", "kan", "je", "beste",
        ],
    ),
    (
        "pl",
        &[
            "jest", "i", "jak", "co", "na", "się", "nie", "w", "z", "do", "że", "jaki", "jaka",
            "dla", "mi", "żeby", "to", "czy", "o", "po",
        ],
    ),
    (
        "sv",
        &[
            "är", "och", "en", "ett", "det", "att", "hur", "vad", "för", "med", "inte", "jag",
            "på", "av", "som", "den", "till", "bästa", "kan", "om",
        ],
    ),
    (
        "tr",
        &[
            "bir", "ve", "için", "nasıl", "ne", "nedir", "bu", "ile", "en", "mi", "da", "de",
            "çok", "olan", "ben", "var", "yolu", "mı", "gibi", "daha",
        ],
    ),
    (
        "ru",
        &[
            "и",
            "не",
            "на",
            "что",
            "как",
            "это",
            "для",
            "какой",
            "мне",
            "по",
            "из",
            "есть",
            "лучший",
            "чтобы",
            "ли",
            "где",
            "мы",
            "вы",
            "я",
            "способ",
        ],
    ),
    (
        "uk",
        &[
            "і",
            "не",
            "на",
            "що",
            "як",
            "це",
            "для",
            "який",
            "мені",
            "та",
            "є",
            "чи",
            "щоб",
            "про",
            "від",
            "ми",
            "ви",
            "я",
            "де",
            "спосіб",
        ],
    ),
    (
        "hi",
        &[
            "है",
            "का",
            "के",
            "की",
            "में",
            "से",
            "और",
            "क्या",
            "को",
            "पर",
            "यह",
            "नहीं",
            "हैं",
            "एक",
            "लिए",
            "मैं",
            "कैसे",
            "सबसे",
            "करें",
            "मुझे",
        ],
    ),
];

/// The language of the first 4 KiB, by ISO 639-1; nothing where that would be a guess, as with a
/// word or two.
pub fn language(text: &str) -> Option<&'static str> {
    let text = head(text, BYTES_MAX);
    let found = whatlang::detect(text)?;
    if !found.is_reliable() {
        return by_common_words(text);
    }
    let lang = found.lang();
    CODES.iter().find(|(known, _)| *known == lang).map(|(_, code)| *code)
}

/// How many common words tell.
const TELLING: usize = 2;

/// The language that has more of the text's words among its common ones than any other.
fn by_common_words(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let words = || lower.split(|it: char| !it.is_alphabetic());
    let mut best = (0, None);
    let mut second = 0;
    for (code, common) in COMMON {
        let count = words().filter(|word| common.contains(word)).count();
        if count > best.0 {
            second = best.0;
            best = (count, Some(*code));
        } else {
            second = second.max(count);
        }
    }
    best.1.filter(|_| best.0 >= TELLING && best.0 > second)
}
