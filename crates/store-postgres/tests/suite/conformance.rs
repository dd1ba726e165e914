use crate::fixture::fresh;

tollgate_store::conformance_suite!(fresh);
