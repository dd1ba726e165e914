//! The in-memory stores pass the suite that every backend passes.

use std::future::{Ready, ready};

use tollgate_store::{MemoryStore, Stores};

fn fresh_stores() -> Ready<Stores> {
    ready(MemoryStore::new().into_shared_stores())
}

tollgate_store::conformance_suite!(fresh_stores);
tollgate_store::sharing_suite!(fresh_stores);
