//! Tests of the table and of what it is looked up for.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::table::{compress, is_dashboard, rows, source};

const FILES: &[File] = &[
    File { path: "assets/app-1.js", bytes: b"let a", is_gzip: false, etag: "\"1\"" },
    File { path: "favicon.svg", bytes: b"<svg/>", is_gzip: false, etag: "\"2\"" },
    File {
        path: "index.html",
        bytes: b"<!doctype html><html><head><title>T</title>",
        is_gzip: false,
        etag: "\"3\"",
    },
];

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_folder_becomes_a_sorted_table() {
    let dist = folder(&[
        ("index.html", "<head>"),
        ("assets/b.css", "b"),
        ("assets/a.js", "a"),
        ("assets/fonts/plex.woff2", "w"),
        (".sources", "for tools"),
        ("assets/.cache", "for tools"),
    ]);
    assert!(is_dashboard(dist.path()));
    let found = rows(dist.path()).unwrap();
    let paths: Vec<&str> = found.iter().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["assets/a.js", "assets/b.css", "assets/fonts/plex.woff2", "index.html"]);
    let table = source(&found);
    assert!(table.starts_with("&[\n    File { path: \"assets/a.js\", bytes: include_bytes!(\"/"));
    assert_eq!(table.matches("include_bytes!").count(), 4);
    // As it is compiled, a path is in the order that is searched.
    assert_eq!(source(&[]), "&[\n]");
}

#[test]
fn what_gets_shorter_is_kept_compressed() {
    let long = "let a = 1;\n".repeat(100);
    let dist = folder(&[("index.html", "<head>"), ("assets/a.js", &long)]);
    let mut found = rows(dist.path()).unwrap();
    let (kept, tags) = (TempDir::new().unwrap(), found.clone());
    compress(&mut found, kept.path()).unwrap();
    let compressed: Vec<bool> = found.iter().map(|row| row.is_gzip).collect();
    assert_eq!(compressed, [true, false]);
    // The tag is that of the content, however it is kept.
    assert!(found.iter().zip(&tags).all(|(row, before)| row.etag == before.etag));
    let bytes = fs::read(&found[0].place).unwrap().leak();
    assert!(bytes.len() < 100, "{}", bytes.len());
    let file = File { path: "assets/a.js", bytes, is_gzip: true, etag: "" };
    assert_eq!(*file.plain(), *long.as_bytes());
    assert!(source(&found).contains("is_gzip: true"));
}

#[test]
fn without_a_page_there_is_no_dashboard() {
    assert!(!is_dashboard(folder(&[("assets/a.js", "a")]).path()));
    assert!(!is_dashboard(TempDir::new().unwrap().path().join("dist").as_path()));
    assert!(rows(TempDir::new().unwrap().path().join("dist").as_path()).is_err());
    assert_eq!(Dashboard::of(&[]).index("/gateway"), None);
}

#[test]
fn what_changes_has_another_tag() {
    assert_eq!(etag(b""), "\"0-cbf29ce484222325\"");
    assert_eq!(etag(b"a"), "\"1-af63dc4c8601ec8c\"");
    assert_ne!(etag(b"ab"), etag(b"ba"));
}

#[test]
fn files_are_found_by_their_whole_path() {
    let dashboard = Dashboard::of(FILES);
    assert_eq!(dashboard.find("assets/app-1.js").map(|file| file.bytes), Some(&b"let a"[..]));
    for nowhere in ["", "assets", "assets/", "assets/app-1.jsx", "/index.html", "../index.html"] {
        assert_eq!(dashboard.find(nowhere), None, "{nowhere}");
    }
}

#[test]
fn what_was_built_can_be_searched() {
    let files = Dashboard::built().files;
    assert!(files.is_sorted_by_key(|file| file.path));
    for file in files {
        assert_eq!(etag(&file.plain()), file.etag, "{}", file.path);
        assert_eq!(Dashboard::built().find(file.path), Some(file));
    }
}

#[test]
fn a_page_knows_where_it_is_reached() {
    for (page, prefix, expected) in [
        (r#"<head><base href="./"><a>"#, "", r#"<head><base href="/"><a>"#),
        (r#"<head><base href="./"><a>"#, "/gw/llm", r#"<head><base href="/gw/llm/"><a>"#),
        ("<html><head><title>", "/gw", r#"<html><head><base href="/gw/"><title>"#),
        ("bare", "", r#"<base href="/">bare"#),
    ] {
        assert_eq!(with_base(page, prefix), expected);
    }
    let index = Dashboard::of(FILES).index("/gw").unwrap();
    assert!(index.contains(r#"<head><base href="/gw/"><title>"#), "{index}");
}

#[test]
fn files_are_told_by_their_names() {
    for (path, expected) in [
        ("assets/app-4f2a.js", "text/javascript; charset=utf-8"),
        ("assets/app.css", "text/css; charset=utf-8"),
        ("assets/plex.woff2", "font/woff2"),
        ("favicon.svg", "image/svg+xml"),
        ("LICENSE", "application/octet-stream"),
    ] {
        assert_eq!(media_type(path), expected, "{path}");
    }
}
