//! From what the operator wrote to a server that can be connected to.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::OpenError;

/// Whether a location is the URL of a Postgres database.
pub fn is_postgres(location: &str) -> bool {
    location.starts_with("postgres://") || location.starts_with("postgresql://")
}

/// Whether a location can be read, without looking whether anybody is there.
pub fn check(location: &str) -> Result<(), OpenError> {
    parse(location).map(drop)
}

/// A location as it may be shown: without passwords, wherever they stand in it.
pub fn without_password(location: &str) -> String {
    let Some((scheme, rest)) = location.split_once("://") else { return location.to_owned() };
    let (before, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    // A password may hold an unescaped `@` or `/`: what is before the last `@` is not the host.
    let before = match before.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => format!("{user}@{host}"),
        },
        None => before.to_owned(),
    };
    let Some(query) = query else { return format!("{scheme}://{before}") };
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(shown).collect();
    format!("{scheme}://{before}?{}", query.join("&"))
}

/// Where a database is, and how it is called in messages.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) options: PgConnectOptions,
    /// The server and the database, without user and password.
    pub(crate) place: String,
}

/// Reads a URL. What it leaves open is taken from the variables of `libpq` (`PGPASSWORD` and so
/// on), as every Postgres client does.
pub(crate) fn parse(location: &str) -> Result<Location, OpenError> {
    let wrong = |why: &str| OpenError::Location { why: why.to_owned() };
    if !is_postgres(location) {
        return Err(wrong("it does not begin with postgres://"));
    }
    let options = PgConnectOptions::from_str(location).map_err(|error| match error {
        // These name the parameter, or the part of the URL, and no values of it but of sslmode.
        sqlx::Error::Configuration(cause) => wrong(&cause.to_string()),
        _ => wrong("it can't be read"),
    })?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err(wrong("it names no database: postgres://user@host/DATABASE"));
    }
    let options = if options.get_application_name().is_none() {
        options.application_name("tollgate")
    } else {
        options
    };
    let database = options.get_database().unwrap_or_default();
    let place = match options.get_socket() {
        Some(socket) => format!("{database} at {}", socket.display()),
        None => format!("{database} at {}:{}", options.get_host(), options.get_port()),
    };
    Ok(Location { options: options.disable_statement_logging(), place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_names_a_server_and_a_database() {
        let location = parse("postgres://me:hunter2@db.example:6543/tollgate?sslmode=require");
        assert_eq!(location.unwrap().place, "tollgate at db.example:6543");
        for location in [
            "",
            "data/tollgate.db",
            "mysql://me@host/db",
            "postgres://me:hunter2@host",
            "postgres://me:hunter2@host/db?sslmode=sometimes",
            "postgres://me:hunter2@host:port/db",
        ] {
            let error = parse(location).unwrap_err();
            assert!(matches!(error, OpenError::Location { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_shown_location_has_no_password() {
        for (location, shown) in [
            ("postgres://me:hunter2@host/db", "postgres://me:***@host/db"),
            ("postgres://me@host:1/db?sslmode=require", "postgres://me@host:1/db?sslmode=require"),
            ("postgres://me:h@nter2@host/db", "postgres://me:***@host/db"),
            ("postgres://host/db?password=hunter2&a=b", "postgres://host/db?password=***&a=b"),
            ("sqlite://./data/tollgate.db", "sqlite://./data/tollgate.db"),
            ("data/tollgate.db", "data/tollgate.db"),
        ] {
            assert_eq!(without_password(location), shown);
        }
    }
}
