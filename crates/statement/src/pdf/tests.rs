use tollgate_ledger::{AccountId, Balance, Kind, Movement};
use tollgate_types::{Month, Usd};

use super::*;
use crate::{Draft, UsageTable};

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn line(name: &str, (requests, prompt, completion): (u64, u64, u64), amount: &str) -> UsageLine {
    UsageLine {
        name: name.to_owned(),
        requests,
        prompt_tokens: prompt,
        completion_tokens: completion,
        amount: usd(amount),
    }
}

/// October 2026 with so many purchases of $20.
pub(crate) fn sample(purchases: u32) -> Statement {
    let month: Month = "2026-10".parse().unwrap();
    let account = AccountId::default();
    let mut entries = Vec::new();
    let opening = usd("100.5");
    let mut available = opening;
    for index in 0..purchases {
        let at = month.instants().start.plus_millis(86_400_000 * i64::from(index % 30 + 1));
        let id = format!("m{index}");
        let mut bought = Movement::new(&id, account.clone(), Kind::Purchase, usd("20"), at);
        bought.note = Some("=1+1, \"a\"".to_owned());
        let fee_id = format!("{id}/fee");
        let mut fee = Movement::new(&fee_id, account.clone(), Kind::Fee, usd("1.1"), at);
        fee.reference = Some(format!("pi_{index}"));
        entries.extend([bought, fee]);
        available = available.checked_add(usd("20")).unwrap();
    }
    let spent = usd("12.345678901");
    let opening = Balance { available: opening, credited: opening, ..Balance::default() };
    let closing = Balance {
        available: available.checked_sub(spent).unwrap(),
        credited: available,
        spent,
        ..Balance::default()
    };
    let by_model = [
        line("acme/large", (1_200, 3_400_000, 560_000), "12"),
        line("acme/small", (7, 800, 90), "0.345"),
    ];
    let by_department = [line("Forschung & Übersetzung", (1_000, 3_000_000, 500_000), "10.25")];
    Statement::new(Draft {
        installation: "Acme (Übersee) GmbH".to_owned(),
        account,
        month,
        sequence: Some(1),
        opening,
        told: None,
        closing,
        entries,
        usage: vec![
            UsageTable::new("model", by_model),
            UsageTable::new("x-department", by_department),
        ],
    })
    .unwrap()
}

/// What the pages show, in the order it is written.
fn shown(pdf: &[u8]) -> Vec<String> {
    let text: String = pdf.iter().map(|byte| char::from(*byte)).collect();
    let strings = text.split(" Tj").filter_map(|it| it.rsplit_once("Td\n").map(|(_, it)| it));
    strings.map(read).collect()
}

/// A string as PDF has it: in parentheses, or in hexadecimal.
fn read(string: &str) -> String {
    if let Some(digits) = string.strip_prefix('<') {
        let pairs = digits.trim_end_matches('>').as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        return pairs.map(|pair| char::from(byte(pair).unwrap())).collect();
    }
    let inner = string.strip_prefix('(').and_then(|it| it.strip_suffix(')')).unwrap();
    inner.replace("\\(", "(").replace("\\)", ")")
}

#[test]
fn a_statement_as_pdf() {
    let written = pdf(&sample(1)).unwrap();
    assert!(written.starts_with(b"%PDF-"));
    assert_eq!(written, pdf(&sample(1)).unwrap());
    let shown = shown(&written);
    for told in [
        "Acme (Übersee) GmbH",
        "Statement",
        "default",
        "default-2026-10-001",
        "2026-10-01 to 2026-10-31 (UTC)",
        "Opening balance",
        "100.50",
        "Usage",
        "-12.35",
        "-12.345678901",
        "Closing balance",
        "108.15",
        "108.154321099",
        "Platform fees",
        "Usage by x-department",
        "Forschung & Übersetzung",
        "3,400,000",
        "Page 1 of 1",
    ] {
        assert!(shown.iter().any(|it| it == told), "{told} is not in {shown:#?}");
    }
    // The opening balance is whole cents: nothing is beside it.
    assert!(!shown.iter().any(|it| it == "100.5"), "{shown:#?}");
}

#[test]
fn a_long_statement_has_several_pages_each_numbered_and_headed() {
    let shown = shown(&pdf(&sample(60)).unwrap());
    let pages = shown.iter().filter(|it| it.starts_with("Page ")).count();
    assert!(pages >= 3, "{pages}");
    for page in 1..=pages {
        assert!(shown.contains(&format!("Page {page} of {pages}")), "{page}");
    }
    // The header of the movements is on every page that has some.
    assert!(shown.iter().filter(|it| *it == "Kind").count() >= 2);
    assert_eq!(shown.iter().filter(|it| *it == "20.00").count(), 60);
    assert!(shown.iter().any(|it| it == "Acme (Übersee) GmbH \u{96} default-2026-10-001"));
}

#[test]
fn what_is_long_or_foreign_stays_on_its_page() {
    let mut draft_usage = vec![line(&"漢字x".repeat(200), (u64::MAX, u64::MAX, u64::MAX), "1")];
    draft_usage.push(line("(((", (1, 1, 1), "2"));
    let month: Month = "2026-02".parse().unwrap();
    let statement = Statement::new(Draft {
        installation: "W".repeat(300),
        account: AccountId::new(&"a".repeat(128)).unwrap(),
        month,
        sequence: None,
        opening: Balance::default(),
        told: None,
        closing: Balance::default(),
        entries: Vec::new(),
        usage: vec![UsageTable::new("model", draft_usage)],
    })
    .unwrap();
    let shown = shown(&pdf(&statement).unwrap());
    assert!(shown.iter().any(|it| it == "Preliminary"));
    assert!(shown.iter().any(|it| it == "2026-02-01 to 2026-02-28 (UTC)"));
    assert!(shown.iter().all(|it| it.len() < 200), "{shown:#?}");
}
