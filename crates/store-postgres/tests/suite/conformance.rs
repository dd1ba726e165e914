use crate::fixture::fresh;

tollgate_store::conformance_suite!(fresh);
tollgate_store::sharing_suite!(fresh);
