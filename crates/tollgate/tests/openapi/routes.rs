//! The routes as the router's source has them, and the list of those that generate: a router can't
//! be asked for its routes.

/// The function that makes the router.
fn source() -> &'static str {
    let file = include_str!("../../../api/src/router.rs");
    let (_, from) = file.split_once("pub(crate) fn router(").unwrap();
    from.split_once("\n}\n").unwrap().0
}

/// One method of one path, as axum writes it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: String,
    template: String,
}

#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) routes: Vec<Route>,
    /// How many calls of `route` they come from.
    pub(crate) lines: usize,
}

/// How many calls of `route` the source has.
pub(crate) fn lines() -> usize {
    source().matches(".route(").count()
}

/// Reads `let NAME = Router::new().route("PATH", METHOD(…))…` and `.nest("PREFIX", NAME)`.
pub(crate) fn routes() -> Routes {
    let statements = source().split(";\n");
    let mut found = Routes { routes: generating(), lines: 0 };
    for statement in statements.filter(|it| it.contains(".route(")) {
        let name = statement.rsplit("let ").next().and_then(|it| it.split_once(" = "));
        // The last statement of the function has no name.
        let name = name.map(|it| it.0).filter(|it| statement.contains(&format!("let {it} =")));
        let prefix = name.map_or("", prefix_of);
        for call in statement.split(".route(").skip(1) {
            found.lines += 1;
            let path = call.split('"').nth(1).unwrap();
            for method in ["get", "post", "patch", "delete", "put"] {
                if call.contains(&format!("{method}(on::")) {
                    let (method, template) = (method.to_uppercase(), format!("{prefix}{path}"));
                    found.routes.push(Route { method, template });
                }
            }
        }
    }
    found
}

/// The routes of the list of calls that generate.
fn generating() -> Vec<Route> {
    let file = include_str!("../../../api/src/handlers/generate.rs");
    let (_, from) = file.split_once("const GENERATING").unwrap();
    let list = from.split_once("];").unwrap().0;
    let paths: Vec<&str> =
        list.split("(\"").skip(1).map(|it| it.split_once('"').unwrap().0).collect();
    assert!(list.contains(&format!("; {}]", paths.len())), "{list}");
    let post = |path: &str| Route { method: "POST".to_owned(), template: path.to_owned() };
    paths.into_iter().map(post).collect()
}

fn prefix_of(name: &str) -> &'static str {
    let nested = source().split(".nest(").skip(1).find_map(|call| {
        let (prefix, rest) = call.split_once(", ")?;
        let rest = rest.split(".nest(").next()?.split(".route(").next()?;
        let is_it = rest.contains(&format!("{name})")) || rest.contains(&format!("{name},"));
        let is_it = is_it || rest.contains(&format!("{name}.merge("));
        is_it.then(|| prefix.trim().trim_matches('"'))
    });
    nested.unwrap_or_else(|| panic!("{name} is not nested anywhere"))
}

impl Route {
    /// Whether this route answers for a path.
    pub(crate) fn takes(&self, path: &str) -> bool {
        let mut wanted = path.split('/');
        for segment in self.template.split('/') {
            if segment.starts_with("{*") {
                return wanted.next().is_some();
            }
            match wanted.next() {
                Some(it) if segment.starts_with('{') && !it.is_empty() => {}
                Some(it) if it == segment => {}
                _ => return false,
            }
        }
        wanted.next().is_none()
    }
}

/// Paths that a documented one stands for. A model's name may or may not have a slash.
pub(crate) fn examples(documented: &str) -> Vec<String> {
    let filled = documented.replace("{author}", "tollgate").replace("{slug}", "image");
    let filled = filled.replace("{version}", "1").replace("{month}", "2026-10");
    let filled = filled.replace("{hash}", &"0".repeat(64));
    if !filled.contains("{model}") {
        return vec![filled];
    }
    ["echo", "tollgate/echo"].map(|model| filled.replace("{model}", model)).to_vec()
}
