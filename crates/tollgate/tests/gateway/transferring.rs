//! Credit from one account to another, and back to whoever paid for it, at the command line.

use serde_json::json;

use crate::home::Home;

#[test]
fn credit_moves_once_and_no_more_than_there_is() {
    let home = Home::new();
    home.does(&["credits", "add", "25"]);
    let moved = ["credits", "transfer", "10", "--from", "default", "--to", "research"];
    let named = [&moved[..], &["--id", "move-1", "--note", "for May"]].concat();
    let said = home.does(&named);
    assert!(said.contains("$15") && said.contains("$10"), "{said}");
    // The same again changes nothing; another under its name is refused.
    assert!(home.does(&named).contains("was made before; nothing has changed"));
    for (arguments, expected) in [
        (["9", "default", "research", "move-1"], "is the name of another addition"),
        (["15.01", "default", "research", "move-2"], "has $15 available, less than $15.01"),
        (["0", "default", "research", "move-2"], "there is nothing to move"),
        (["1", "default", "default", "move-2"], "are one account"),
        (["1", "default", "research", "gen-1-x"], "that the ledger gives itself"),
        (["1", "default", "research", "stripe/pi_1"], "what the payment provider tells of"),
    ] {
        let [amount, from, to, id] = arguments;
        let refused =
            home.run(&["credits", "transfer", amount, "--from", from, "--to", to, "--id", id]);
        assert_eq!(refused.code, Some(1), "{arguments:?}: {}", refused.out);
        assert!(refused.err.contains(expected), "{arguments:?}: {}", refused.err);
    }
    home.does(&moved);
    for (account, balance) in [("default", "5"), ("research", "20")] {
        let shown = home.json(&["credits", "show", "--account", account, "--json"]);
        assert_eq!(shown["balance"], json!(balance), "{account}");
    }
    let audit = home.does(&["ledger", "audit"]);
    assert_eq!(audit.matches("balanced").count(), 2, "{audit}");
}

/// What was bought by hand goes back by hand, no more than was bought or is there, the fee with the
/// last of it.
#[test]
fn credit_that_was_entered_by_hand_goes_back() {
    let home = Home::new();
    home.file("[billing]\nenabled = true\nplatform_fee = true\n");
    home.does(&["credits", "add", "20", "--id", "invoice-7"]);
    home.does(&["credits", "add", "1", "--promotional"]);
    let refund = |more: &[&str]| home.run(&[&["credits", "refund", "invoice-7"], more].concat());
    let part = refund(&["--amount", "5", "--id", "r1"]);
    assert!(part.out.contains("$16"), "{} {}", part.out, part.err);
    let again = refund(&["--amount", "5", "--id", "r1"]);
    assert!(again.out.contains("was made before; nothing has changed"), "{}", again.err);
    for (more, expected) in [
        (&["--amount", "15.01"][..], "$15 of invoice-7 is left to give back, less than $15.01"),
        (&["--amount", "0"], "--amount: must be more than nothing"),
        (&["--amount", "6", "--id", "r1"], "is the name of another addition"),
        (&["--id", "gen-1-x"], "that the ledger gives itself"),
    ] {
        let refused = refund(more);
        assert_eq!(refused.code, Some(1), "{more:?}: {}", refused.out);
        assert!(refused.err.contains(expected), "{more:?}: {}", refused.err);
    }
    home.does(&["credits", "transfer", "2", "--from", "default", "--to", "research"]);
    let refused = refund(&[]);
    assert!(refused.err.contains("has $14 available, less than $15"), "{}", refused.err);
    home.does(&["credits", "transfer", "2", "--from", "research", "--to", "default"]);
    let all = refund(&["--json"]);
    assert!(all.out.contains("\"balance\": \"1\""), "{} {}", all.out, all.err);
    assert!(refund(&[]).err.contains("nothing is left of invoice-7"));
    let shown = home.does(&["ledger", "show"]);
    for (kind, amount) in [("refund", "$15"), ("fee_reversal", "$1.1")] {
        let is_it = |line: &&str| line.contains(kind) && line.contains(amount);
        assert!(shown.lines().any(|line| is_it(&line)), "{kind}: {shown}");
    }
    assert!(home.does(&["ledger", "audit"]).contains("balanced"));
    // What nobody has entered is the payment provider's to know.
    home.does(&["credits", "add", "1", "--promotional", "--id", "gift"]);
    let given = home.run(&["credits", "refund", "gift"]);
    assert!(given.err.contains("gift is a promotional, and not a purchase"), "{}", given.err);
    let unknown = home.run(&["credits", "refund", "invoice-8"]);
    assert!(unknown.err.contains("no payment provider is set up"), "{}", unknown.err);
}
