//! The program as `make bench` runs it, but without the gateway: real processes, real sockets.

use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn the_baselines_answer_everything_completely() {
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result.json");
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate-bench"))
        .args(["--targets", "direct,proxy,proxy-parse", "--cells", "c1,r50,s1,c2+150k,s2+tls"])
        .args(["--seconds", "1", "--rounds", "1", "--pin", "off", "--json"])
        .arg(&result)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(&result).unwrap()).unwrap();
    let measurements = report["measurements"].as_array().unwrap();
    // The load itself speaks no TLS, so there is one direct cell less.
    assert_eq!(measurements.len(), 14, "{said}");
    for it in measurements {
        let answers = it["answers"].as_u64().unwrap();
        assert!(answers > 0 && it["errors"] == 0, "{it}");
        assert_eq!(it["upstream_requests"], answers, "{it}");
        assert!(it["latency"]["p50_us"].as_f64().unwrap() > 0.0, "{it}");
        if it["cell"] == "s1" || it["cell"] == "s2+tls" {
            let each = (&it["wrong_text"], &it["without_done"], &it["without_usage"]);
            assert!(each.0 == 0 && each.1 == 0 && each.2 == 0, "{it}");
            assert_eq!(it["events_per_stream"], 100.0, "{it}");
            assert!(it["gaps"]["p50_us"].as_f64().is_some(), "{it}");
        }
        if it["cell"] == "r50" {
            assert_eq!(it["due"], 50, "{it}");
        }
    }
    // All that it has targets for was not there.
    let targets = report["targets"].as_array().unwrap();
    assert!(targets.iter().all(|it| it["met"].is_null()), "{targets:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    for word in ["c1 ·", "r50 ·", "s1 ·", "c2+150k ·", "s2+tls ·", "proxy-parse", "peak MiB"] {
        assert!(table.contains(word), "{word} in {table}");
    }
}

#[test]
fn a_gateway_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate-bench"))
        .args(["--gateway", "no/such/program", "--targets", "gateway", "--pin", "off"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no/such/program"), "{said}");
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate-bench"))
        .args(["failover", "--gateway", "no/such/program", "--calls", "1"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no/such/program"), "{said}");
}

#[test]
fn a_role_ends_with_its_parent() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tollgate-bench"))
        .arg("upstream")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
