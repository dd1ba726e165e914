//! Credit from one account to another, at the command line.

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
